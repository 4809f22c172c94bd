"""Executors over odd workers, which leave nothing behind."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.executors import child, local, script_launch, watch
from engine.executors.family import marked, new_mark
from engine.executors.guard import guard
from tests.faults.executor_bench import Bench, gone

WORKER = Path(__file__).with_name("odd_worker.py")


@pytest.fixture
def open_bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Bench]]:
    """Opens benches; fails the test after which a process or a file handle of theirs is left."""
    monkeypatch.setattr(local, "own_command", lambda role: [sys.executable, str(WORKER)])
    monkeypatch.setattr(script_launch, "WORKER", WORKER)
    monkeypatch.setattr(watch, "STOP_GRACE", 0.5)
    marks: list[str] = []
    monkeypatch.setattr(child, "new_mark", lambda: marks.append(new_mark()) or marks[-1])
    guard()
    handles = _handles()
    benches: list[Bench] = []

    def open_one(**options: Any) -> Bench:
        benches.append(Bench(tmp_path, **options))
        return benches[-1]

    yield open_one
    for bench in benches:
        bench.executor.close()
    assert all(gone(number) for number in marked(marks))
    assert _handles() <= handles  # fewer: processes of earlier tests were seen to be over


def _handles() -> int:
    me = psutil.Process()
    return me.num_handles() if sys.platform == "win32" else me.num_fds()
