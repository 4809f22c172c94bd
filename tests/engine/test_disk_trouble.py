"""A study whose disk refuses, in virtual time: it pauses itself, keeps everything, and goes on."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.commands import Enqueue, Pause, Resume, Stop
from engine.events import (
    Event,
    Logged,
    StopReason,
    StudyState,
    StudyStateChanged,
    TrialFinished,
)
from engine.store import DiskError, Store
from engine.trial import TrialState, in_order_of_ending
from tests.engine.simulation import Behaviour, Simulation, make_spec

LONG = "x" * 9_000
FULL = "The disk is full, so study.tune cannot be written"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "study.tune"


def simulate(path: Path, trials: int = 6, workers: int = 1) -> Simulation:
    """A study of trials that take 10 s each."""
    return Simulation(path, make_spec(budget=f"trials = {trials}", workers=workers))


def at(simulation: Simulation, seconds: float, act: Callable[[], object]) -> None:
    simulation.clock.after(seconds, act)


def fill_the_disk(simulation: Simulation) -> None:
    """From now on SQLite refuses as it does when the disk is full."""
    connection = simulation.store._connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    simulation.store.put_log(Logged(0.0, "info", LONG))  # more than the last page has room for


def make_room(simulation: Simulation) -> None:
    simulation.store._connection.execute("PRAGMA max_page_count = 1000000")


def states(events: list[Event]) -> list[StudyStateChanged]:
    return [event for event in events if isinstance(event, StudyStateChanged)]


def whole(path: Path, simulation: Simulation) -> bool:
    """Whether everything that the study knows is in its file."""
    store, ledger = Store.open(path), simulation.ledger
    with store.one_moment():
        same = store.trials() == ledger.all_trials()
        reports = {number: tuple(items) for number, items in ledger.reports.items()}
        return same and store.reports() == reports and store.condition()[0] is ledger.state


def test_that_a_full_disk_pauses_the_study_until_there_is_room(path: Path) -> None:
    simulation = simulate(path)
    at(simulation, 15, lambda: fill_the_disk(simulation))
    at(simulation, 500, lambda: make_room(simulation))
    events = simulation.run()
    seen = states(events)
    assert [event.state for event in seen] == [
        StudyState.WAITING,
        StudyState.RUNNING,
        StudyState.PAUSED,
        StudyState.PAUSED,
        StudyState.RUNNING,
        StudyState.FINISHED,
    ]
    assert seen[2].message == (
        f"{FULL}: what happens now is not yet saved, but kept in memory. "
        "Make room; it goes on by itself."
    )
    assert seen[3].message == (
        f"{FULL}: 1 trial is not yet saved, but kept in memory. Make room; it goes on by itself."
    )
    assert seen[4].message == ""
    started = [trial.started for trial in simulation.ledger.all_trials()]
    assert started[2] - started[1] > 480
    assert simulation.ledger.elapsed() < 100
    assert [t.state for t in simulation.ledger.all_trials()] == [TrialState.COMPLETE] * 6
    assert whole(path, simulation)


def test_that_a_trial_that_is_not_yet_saved_is_shown_and_named_so(path: Path) -> None:
    simulation = simulate(path, workers=3)
    at(simulation, 5, lambda: fill_the_disk(simulation))
    at(simulation, 60, lambda: make_room(simulation))
    events = simulation.run()
    shown = [
        e.message if isinstance(e, StudyStateChanged) else e.trial.number
        for e in events
        if isinstance(e, StudyStateChanged | TrialFinished)
    ]
    three = shown.index(
        f"{FULL}: 3 trials are not yet saved, but kept in memory. Make room; it goes on by itself."
    )
    assert {0, 1} <= set(shown[:three])
    assert whole(path, simulation)


def test_that_the_order_of_finishing_outlives_the_trouble(path: Path) -> None:
    slow = Behaviour(seconds=lambda params: 10.0 + 1e5 * params["lr"])
    simulation = Simulation(path, make_spec(budget="trials = 9", workers=3), slow)
    at(simulation, 5, lambda: fill_the_disk(simulation))
    at(simulation, 20_000, lambda: make_room(simulation))
    events = simulation.run()
    heard = [e.trial.number for e in events if isinstance(e, TrialFinished)]
    assert heard != sorted(heard)
    store = Store.open(path)
    assert [t.number for t in in_order_of_ending(store.trials())] == heard
    store.rest()


def test_that_trouble_is_logged_once_and_its_end_too(path: Path) -> None:
    simulation = simulate(path)
    at(simulation, 15, lambda: fill_the_disk(simulation))
    at(simulation, 500, lambda: make_room(simulation))
    texts = [e.text for e in simulation.run() if isinstance(e, Logged) and e.number is None]
    assert sum(text.startswith(FULL) for text in texts) == 1
    assert texts.count("study.tune is written again; nothing was lost.") == 1


def test_that_a_study_that_the_user_paused_stays_so_when_the_trouble_is_over(path: Path) -> None:
    simulation = simulate(path)
    at(simulation, 15, lambda: fill_the_disk(simulation))
    simulation.command_at(100, Pause())
    at(simulation, 200, lambda: make_room(simulation))
    simulation.command_at(1000, Resume())
    seen = states(simulation.run())
    messages = [event.message for event in seen if event.state is StudyState.PAUSED]
    assert messages[-2].endswith("Make room; it is saved by itself.")
    assert messages[-1] == ""
    started = [trial.started for trial in simulation.ledger.all_trials()]
    assert started[2] - started[0] == pytest.approx(1000)
    assert whole(path, simulation)


def test_that_resuming_tries_the_disk_at_once_and_waits_on_where_it_refuses(path: Path) -> None:
    simulation = simulate(path)
    at(simulation, 15, lambda: fill_the_disk(simulation))
    simulation.command_at(100.1, Resume())
    at(simulation, 200.5, lambda: make_room(simulation))
    simulation.command_at(200.6, Resume())
    simulation.run()
    started = [trial.started for trial in simulation.ledger.all_trials()]
    assert started[2] - started[0] == pytest.approx(200.6)
    assert whole(path, simulation)


def test_that_a_study_waits_for_the_disk_before_it_is_called_finished(path: Path) -> None:
    simulation = simulate(path, trials=2)
    at(simulation, 15, lambda: fill_the_disk(simulation))
    at(simulation, 500, lambda: make_room(simulation))
    seen = states(simulation.run())
    assert seen[-2].state is StudyState.RUNNING
    assert seen[-1] == StudyStateChanged(
        StudyState.FINISHED, StopReason.TRIALS, "All 2 trials are done."
    )
    assert whole(path, simulation)


def test_that_a_study_that_is_stopped_in_trouble_keeps_what_it_has_for_a_last_try(
    path: Path,
) -> None:
    simulation = simulate(path)
    at(simulation, 15, lambda: fill_the_disk(simulation))
    simulation.command_at(100, Stop())
    simulation.loop.run()
    last = states(simulation.events())[-1]
    assert (last.state, last.reason) == (StudyState.STOPPED, StopReason.ERROR)
    assert last.message == (
        f"Stopped by you; it can be gone on with. {FULL}: 1 trial is not yet saved, but kept in "
        "memory. Make room, then close the study or go on with it."
    )
    assert not whole(path, simulation)
    make_room(simulation)
    simulation.store.close()
    assert whole(path, simulation)
    again = simulate(path)
    again.run()
    assert [trial.number for trial in again.behaviour.submitted] == [2, 3, 4, 5]


def test_that_a_study_that_has_reached_its_target_can_be_stopped_in_trouble(path: Path) -> None:
    simulation = Simulation(path, make_spec(budget="trials = 9\ntarget = 1000.0"))
    at(simulation, 5, lambda: fill_the_disk(simulation))
    simulation.command_at(100, Stop())
    simulation.loop.run()
    assert simulation.ledger.state is StudyState.STOPPED
    make_room(simulation)
    simulation.store.close()
    assert whole(path, simulation)


def test_that_what_is_asked_of_a_study_at_rest_is_kept_where_the_disk_refuses(path: Path) -> None:
    simulation = simulate(path)
    fill_the_disk(simulation)
    with pytest.raises(DiskError, match=FULL):
        simulation.loop.carry_out(Enqueue({"lr": 1e-3, "batch_size": 64}))
    assert simulation.ledger.message == ""
    make_room(simulation)
    simulation.store.close()
    assert [trial.state for trial in Store.open(path).trials()] == [TrialState.QUEUED]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows deletes no file that is open")
@pytest.mark.parametrize("command", [Resume(), Stop()])
def test_that_a_study_whose_file_is_deleted_is_written_anew_at_a_command(
    path: Path, command: object
) -> None:
    simulation = simulate(path)
    at(simulation, 15, path.unlink)
    simulation.command_at(100, command)
    events = simulation.run()
    message = next(e.message for e in states(events) if e.state is StudyState.PAUSED)
    assert message.startswith("study.tune was moved or deleted: ")
    assert whole(path, simulation)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows deletes no file that is open")
def test_that_an_older_copy_that_is_put_back_is_brought_up_to_date(path: Path) -> None:
    simulation = simulate(path)
    copy = path.with_name("copy.tune")
    at(simulation, 15, lambda: shutil.copy(path, copy))
    at(simulation, 35, path.unlink)
    at(simulation, 200, lambda: copy.rename(path))
    simulation.run()
    assert simulation.ledger.state is StudyState.FINISHED
    assert whole(path, simulation)


def test_that_a_clock_that_runs_backwards_changes_nothing(path: Path, tmp_path: Path) -> None:
    reference = simulate(tmp_path / "reference.tune", workers=2)
    reference.run()
    first = simulate(path, workers=2)
    first.clock.time = lambda: -first.clock.now  # monotonic() goes on as it should
    first.command_at(25, Stop())
    heard = [e.trial.number for e in first.run() if isinstance(e, TrialFinished)]
    times = [t.finished for t in first.ledger.all_trials() if t.finished is not None]
    assert times == sorted(times, reverse=True)
    store = Store.open(path)
    ended = [t.number for t in in_order_of_ending(store.trials())]
    assert ended == [n for n in heard if n not in (4, 5)]
    assert [line.time for line in store.log()] == sorted(
        (line.time for line in store.log()), reverse=True
    )
    store.rest()
    second = simulate(path, workers=2)
    second.clock.time = lambda: -2 * second.clock.now
    second.run()
    assert [(t.params, t.value, t.state) for t in second.ledger.all_trials()] == [
        (t.params, t.value, t.state) for t in reference.ledger.all_trials()
    ]
    assert whole(path, second)
