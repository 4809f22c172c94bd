"""A study as the rest of the program commands it: create, open, start, pause, stop, look.

Commands return at once; the study thread (study_thread.py) carries them out.
"""

from __future__ import annotations

import queue
from pathlib import Path

from engine import commands
from engine.assembly import task_of
from engine.changes import changed, slots_of
from engine.checkpoints import Checkpoints
from engine.clock import Clock
from engine.events import Event, StopReason, StudySnapshot, StudyState
from engine.ledger import Ledger
from engine.one_trial import command_of
from engine.reading_along import ReadingAlong, held_by
from engine.space import SearchSpace
from engine.spec import Budget, Limits, StudySpec
from engine.stop_rules import StopRules
from engine.store import LockedError, Store, StoreError
from engine.study_thread import StudyThread
from engine.tasks.check import check
from engine.trial import Params, Trial, TrialState

__all__ = ["LockedError", "StoreError", "Study", "StudyError"]


_LIFTED: dict[StopReason | None, dict[str, None]] = {
    StopReason.SECONDS: {"seconds": None},
    StopReason.TARGET: {"target": None},
}


class StudyError(RuntimeError):
    """Something was asked of a study that it cannot do now: one sentence."""


class Study:
    """One study: its file, its records, and the thread that runs it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        with store.one_moment():
            self._ledger = Ledger(store.path, store.spec(), Clock())
            self._ledger.fill(store.trials(), store.reports(), store.log(), store.condition())
            self._along = ReadingAlong(self._ledger, store)
        self._thread = StudyThread(self._ledger, store, self._along)
        self._ledger.workers = self.workers
        self._ledger.read_only_because = held_by(store.holder())

    @classmethod
    def create(cls, path: Path | str, spec: StudySpec) -> Study:
        """A new study in a new file. Raises StoreError, or what is wrong with the task's data."""
        check(spec.task, spec.base, spec.space)
        return cls(Store.create(Path(path), spec))

    @classmethod
    def open(cls, path: Path | str) -> Study:
        """An existing study. Starts nothing and changes nothing. Raises StoreError."""
        return cls(Store.open(Path(path)))

    # Looking

    @property
    def path(self) -> Path:
        """The study's file."""
        return self._ledger.path

    @property
    def spec(self) -> StudySpec:
        """What the user wrote."""
        return self._ledger.spec

    @property
    def state(self) -> StudyState:
        """Where the study stands."""
        return self._ledger.state

    @property
    def trials(self) -> tuple[Trial, ...]:
        """All trials by number."""
        return self._ledger.all_trials()

    @property
    def best(self) -> Trial | None:
        """The best complete trial so far."""
        return self._ledger.best

    @property
    def reason(self) -> StopReason | None:
        """Why the study stopped, where it did."""
        return self._ledger.reason

    @property
    def message(self) -> str:
        """The study's state in one sentence, empty where there is nothing to say."""
        return self._ledger.message

    @property
    def elapsed(self) -> float:
        """Seconds that the study has run so far, pauses aside."""
        return self._ledger.elapsed()

    @property
    def workers(self) -> int:
        """How many trials run at the same time."""
        return len(slots_of(self.spec))

    def processes(self) -> dict[int, int]:
        """The process of each worker, by the worker's number; none while nothing is at work."""
        return self._thread.processes()

    def subscribe(self) -> tuple[StudySnapshot, queue.SimpleQueue[Event]]:
        """The study as it is, and a queue that receives every event from now on."""
        return self._ledger.subscribe()

    def unsubscribe(self, listener: queue.SimpleQueue[Event]) -> None:
        """Send no more events to a queue that `subscribe` gave."""
        self._ledger.unsubscribe(listener)

    def read_along(self) -> None:
        """Publish what somebody else does to the study, too, until it is closed."""
        self._along.begin()

    # Commanding

    def start(self, share: bool = False) -> None:
        """Begin or go on. Waits for its devices unless they are free or `share` is true.

        Raises LockedError when somebody else runs the study, StudyError when it is finished.
        """
        if self._thread.is_at_work:
            return
        self.wait()
        self._check_that_it_can_go_on()
        self._thread.take_hold()
        self._check_that_it_can_go_on()  # somebody else may have finished it meanwhile
        self._thread.begin(share)

    def _check_that_it_can_go_on(self) -> None:
        if self.state is StudyState.FINISHED and not self.has_more_to_do():
            if self._store.is_saved:
                self._store.close()
            raise StudyError(f"{self.path.name} is finished; give it more trials to go on.")

    def has_more_to_do(self) -> bool:
        """Whether the study, had it ended by its budget, would go on by what that is now.

        What a person has added is run in any case.
        """
        is_waiting = any(trial.state is TrialState.QUEUED for trial in self.trials)
        return is_waiting or StopRules(self._ledger).allow_more()

    def extend(self, trials: int) -> None:
        """Let the study have `trials` trials in all.

        A time or a target that has ended it is lifted: it is what the study goes on after.
        Raises StoreError where its file cannot be written.
        """
        lifted = _LIFTED.get(self.reason, {})
        self.change(budget=Budget(**{**dict(self.spec.budget), "trials": trials, **lifted}))

    def change(
        self,
        limits: Limits | None = None,
        workers: int | None = None,
        budget: Budget | None = None,
        space: SearchSpace | None = None,
    ) -> None:
        """Have the study go by other terms from now on, whether it runs or not.

        Trials that run end by the old ones; what they and earlier trials found still teaches the
        method, where it lies in the new space. A changed limit or number of workers holds once the
        running trials have ended. Raises SpecError, what is wrong with the task's data for a space,
        and StoreError where the file of a study that is not at work cannot be written.
        """
        change = commands.Change(limits, workers, budget, space)
        spec = changed(self.spec, change)
        if space is not None:
            check(spec.task, spec.base, spec.space)
        self._thread.ask(change)

    def share_devices(self) -> None:
        """Wait no longer for the devices: use them beside whoever has them."""
        self._thread.share_devices()

    def pause(self, now: bool = False) -> None:
        """Start no new trials. Those that run go on to their end; `now`: they are interrupted, and
        go on from their checkpoints, or start again, when the study is resumed."""
        self._thread.command(commands.Pause(now))

    def resume(self) -> None:
        """Start trials again after a pause."""
        self._thread.command(commands.Resume())

    def stop(self) -> None:
        """End the running trials with what they have, then the study; it can be gone on with."""
        self._thread.command(commands.Stop())

    def cancel_trial(self, number: int) -> None:
        """End one trial with what it has; it is not run again."""
        self._thread.command(commands.Cancel(number))

    def enqueue(self, params: Params) -> None:
        """Run a configuration next, or when the study is started. Raises SpaceError for one that
        is outside the space, StoreError like `change`."""
        self._thread.ask(commands.Enqueue(self.spec.space.validate(params)))

    def run_again(self, number: int, seeds: int = 0) -> None:
        """Run a trial's configuration next, by the same seed, as a new trial: see `enqueue`.

        `seeds`: as so many new trials, each by a seed of its own, which train as one stack where
        that pays.
        """
        if seeds < 0:
            raise StudyError(f"seeds: must be a whole number from 0, not {seeds}.")
        self._thread.ask(commands.RunAgain(self._trial(number).number, seeds))

    def continue_trial(self, number: int) -> bool:
        """Finish a trial that was stopped early, next or when the study is started: see `enqueue`.

        Whether it goes on from a checkpoint; if not, it begins again from its start. The rule that
        stopped it has no more say, unless it diverges. Raises StudyError for any other trial.
        """
        trial = self._trial(number)
        if trial.state is not TrialState.PRUNED:
            raise StudyError(f"Trial {number} is {trial.state}; only a stopped one can go on.")
        checkpoints = Checkpoints(self._ledger, task_of(self.path, self.spec).checkpoint_of)
        is_there = checkpoints.is_there(number)
        self._thread.ask(commands.Continue(number))
        return is_there

    def _trial(self, number: int) -> Trial:
        if number not in self._ledger.trials:
            raise StudyError(f"{self.path.name} has no trial {number}.")
        return self._ledger.trials[number]

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the study is not at work; whether that came about within `timeout` s."""
        return self._thread.wait(timeout)

    def close(self) -> None:
        """Stop the study if it runs, wait for that, and let go of its file.

        Raises StoreError where the disk still refuses what it has refused before.
        """
        self.stop()
        self.wait()
        self._along.end()
        self._store.close()

    def command_of(self, number: int) -> str:
        """A command line, to be copied, that runs a trial in a terminal or under a debugger."""
        return command_of(self.path, self.spec, self._trial(number))

    def weights_of(self, number: int) -> Path:
        """Where the weights of a trial are, if they are kept."""
        return task_of(self.path, self.spec).weights_of(number)
