"""A study that is opened twice: the second opener sees what the first does, and may go on after."""

from __future__ import annotations

import queue
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.events import (
    Event,
    HolderChanged,
    StopReason,
    StudyState,
    TrialFinished,
    TrialReported,
    TrialStarted,
)
from engine.study import LockedError, Study
from engine.trial import TrialState
from tests.engine.simulation import make_spec
from tests.gui.windows import program_in

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0


def start(study: Path) -> subprocess.Popen[str]:
    """Somebody else, who runs the study."""
    command = [sys.executable, str(ROOT / "main.py"), "--headless", str(study)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def drain(events: queue.SimpleQueue[Event]) -> list[Any]:
    found = []
    while not events.empty():
        found.append(events.get_nowait())
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "quick.tune"
    Study.create(path, make_spec("grid", "trials = 6")).close()
    return path


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A study that is not finished before the test is."""
    path = tmp_path / "endless.tune"
    Study.create(path, make_spec("random", "trials = 10000")).close()
    return path


@pytest.fixture
def reader(path: Path) -> Iterator[Study]:
    """The study, opened by us before somebody else runs it."""
    study = Study.open(path)
    yield study
    study.close()


def test_that_the_second_opener_hears_all_and_may_go_on_when_the_first_lets_go(
    path: Path, reader: Study
) -> None:
    snapshot, events = reader.subscribe()
    assert snapshot.read_only_because == ""
    reader.read_along()
    other = start(path)
    until(lambda: "is being run by" in reader.subscribe()[0].read_only_because)
    with pytest.raises(LockedError, match=r"quick\.tune is being run by"):
        reader.start()
    assert other.communicate(timeout=PATIENCE_S)[1] == ""
    until(lambda: reader.state is StudyState.FINISHED)
    until(lambda: reader.subscribe()[0].read_only_because == "")
    assert [p.name for p in path.parent.glob("quick.tune*") if p.is_file()] == ["quick.tune"]
    heard = drain(events)
    held = [event.read_only_because for event in heard if isinstance(event, HolderChanged)]
    assert "is being run by" in held[0]
    assert held[-1] == ""
    for kind in (TrialStarted, TrialFinished):
        assert sorted(e.trial.number for e in heard if isinstance(e, kind)) == list(range(6))
    assert sum(isinstance(event, TrialReported) for event in heard) == 18
    assert reader.best is not None
    assert reader.best.test
    again = Study.open(path)
    assert reader.trials == again.trials
    assert reader.best == again.best
    assert reader.elapsed == again.elapsed
    again_snapshot, now = again.subscribe()[0], reader.subscribe()[0]
    assert now.reports == again_snapshot.reports
    assert now.log == again_snapshot.log
    again.close()
    reader.extend(7)
    reader.start()
    assert reader.wait(PATIENCE_S)
    assert [t.state for t in reader.trials] == [TrialState.COMPLETE] * 7
    mine = drain(events)
    assert [e.trial.number for e in mine if isinstance(e, TrialFinished)] == [6]


def test_that_a_holder_that_is_killed_is_said_to_have_ended_and_its_study_goes_on(
    endless: Path,
) -> None:
    reader = Study.open(endless)
    reader.read_along()
    other = start(endless)
    until(lambda: any(trial.state is TrialState.COMPLETE for trial in reader.trials))
    assert reader.state is StudyState.RUNNING
    other.kill()
    other.communicate()
    until(lambda: reader.reason is StopReason.KILLED)
    done = {t.number: t.finished for t in reader.trials if t.state is TrialState.COMPLETE}
    reader.start()
    until(lambda: sum(t.state is TrialState.COMPLETE for t in reader.trials) > len(done))
    reader.close()
    assert reader.state is StudyState.STOPPED
    finished = {trial.number: trial.finished for trial in reader.trials}
    assert done.items() <= finished.items()
    assert len(finished) == len(reader.trials)


def test_that_a_study_that_was_opened_before_somebody_else_ran_it_starts_from_what_is_there(
    path: Path, reader: Study
) -> None:
    other = start(path)
    assert other.communicate(timeout=PATIENCE_S)[1] == ""
    assert reader.trials == ()
    reader.extend(7)  # it reads what has happened, though it did not read along
    assert len(reader.trials) == 6
    reader.start()
    assert reader.wait(PATIENCE_S)
    assert [t.state for t in reader.trials] == [TrialState.COMPLETE] * 7


def test_that_a_second_window_shows_what_the_first_does_and_commands_nothing(
    qtbot: Any, endless: Path, tmp_path: Path
) -> None:
    other = start(endless)
    with program_in(tmp_path) as program:
        program.open(endless)
        qtbot.waitUntil(lambda: program.studies.current is not None)
        entry = program.studies.current
        model, strip = entry.model, program.window.strip
        qtbot.waitUntil(lambda: model.state is StudyState.RUNNING and model.progress()[0] > 1)
        assert "is being run by" in model.read_only_because
        assert not program.window.commands.stop.isEnabled()
        assert not strip._pause.isEnabled()
        assert not strip._stop.isEnabled()
        assert program.studies.active() == []
        assert not program.studies.is_computing()
        other.terminate()
        qtbot.waitUntil(lambda: model.state is StudyState.STOPPED)
        qtbot.waitUntil(lambda: model.read_only_because == "")
        assert program.watching.can_start_current()
        assert program.window.commands.extend.isEnabled()
    assert other.communicate(timeout=PATIENCE_S)[1] == ""
