"""What holds for every test: no screen, folders of its own, and nothing left behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import platformdirs
import pytest

from tests.leaks import Belongings

PATIENCE_MS = 30_000

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
for _threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")  # as the program has it; more get in each other's way


@pytest.fixture
def qtbot(qtbot: Any) -> Any:
    """pytest-qt's own, which waits longer before it gives up: machines may be slow or busy."""
    for name in ("waitUntil", "waitSignal", "waitSignals", "waitExposed"):
        setattr(qtbot, name, partial(getattr(qtbot, name), timeout=PATIENCE_MS))
    return qtbot


@pytest.fixture(autouse=True)
def _folders_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings, logs and studies go below `tmp_path`, in this process and in its children."""
    for kind in ("config", "documents", "log", "data", "state", "cache"):
        folder = tmp_path / f"user-{kind}"
        monkeypatch.setattr(platformdirs, f"user_{kind}_dir", lambda *_, f=folder, **__: str(f))
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    monkeypatch.setenv("XDG_DOCUMENTS_DIR", str(tmp_path / "user-documents"))


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    """Fails the test after which a window, timer, thread or child process is still there."""
    before = Belongings()
    yield
    if left := before.left_behind():
        pytest.fail("left behind: " + "; ".join(left), pytrace=False)
