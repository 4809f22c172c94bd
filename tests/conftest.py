"""What holds for every test: no screen, folders of its own, and nothing left behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pytest

from tests.leaks import Belongings

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


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
