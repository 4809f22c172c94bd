"""A study as the rest of the program commands it: create, open, start, pause, stop, look.

Commands return at once; the study thread (study_loop.py) carries them out.
"""

from __future__ import annotations

import math
import queue
import threading
from pathlib import Path
from typing import Any

import numpy as np

from engine.clock import Clock
from engine.commands import Cancel, Enqueue, Granted, Pause, Resume, Stop
from engine.events import Event, StopReason, StudyExtended, StudySnapshot, StudyState
from engine.executors.devices import Slot, slots
from engine.executors.job import Task
from engine.executors.local import LocalExecutor
from engine.executors.turns import Turn, turns
from engine.ledger import Ledger
from engine.methods import make_method
from engine.proposer import ProcessProposer
from engine.spec import Budget, StudySpec
from engine.store import LockedError, Store, StoreError, companions
from engine.study_loop import StudyLoop
from engine.surroundings import Surroundings
from engine.tasks.check import check
from engine.trial import Params, Trial

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
        self._ledger = Ledger(store.path, store.spec(), Clock())
        self._ledger.fill(store.trials(), store.reports(), store.log(), store.condition())
        self._ledger.workers = self.workers
        if store.is_held():
            self._ledger.read_only_because = f"It is being run by {store.holder()}."
        self._loop: StudyLoop | None = None
        self._thread: threading.Thread | None = None
        self._turn: Turn | None = None

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
        return len(self._slots())

    def subscribe(self) -> tuple[StudySnapshot, queue.SimpleQueue[Event]]:
        """The study as it is, and a queue that receives every event from now on."""
        return self._ledger.subscribe()

    def unsubscribe(self, listener: queue.SimpleQueue[Event]) -> None:
        """Send no more events to a queue that `subscribe` gave."""
        self._ledger.unsubscribe(listener)

    # Commanding

    def start(self, share: bool = False) -> None:
        """Begin or go on. Waits for its devices unless they are free or `share` is true.

        Raises LockedError when somebody else runs the study, StudyError when it is finished.
        """
        if self._thread is not None and self._thread.is_alive():
            return
        if self.state is StudyState.FINISHED and not self.has_more_to_do():
            raise StudyError(f"{self.path.name} is finished; give it more trials to go on.")
        self._store.acquire()
        self._ledger.read_only_because = ""
        self._loop = StudyLoop(self._ledger, self._store, self._surroundings())
        self._thread = threading.Thread(target=self._run, name="study", daemon=True)
        devices = {slot.device for slot in self._slots()}
        inbox = self._loop.inbox
        self._turn = turns.request(devices, lambda: inbox.put(Granted()))
        if share:
            turns.share(self._turn)
        self._thread.start()

    def has_more_to_do(self) -> bool:
        """Whether the study, had it ended by its budget, would go on by what that is now."""
        budget = self.spec.budget
        if self.reason is StopReason.TARGET and budget.target is not None:
            return False
        if self.reason is StopReason.SECONDS and self.elapsed >= (budget.seconds or math.inf):
            return False
        planned = self.spec.planned_trials()
        finished = sum(trial.state.is_finished for trial in self.trials)
        return planned is None or finished < planned

    def _run(self) -> None:
        assert self._loop is not None
        assert self._turn is not None
        try:
            self._loop.run()
        finally:
            turns.release(self._turn)
            self._store.close()

    def extend(self, trials: int) -> None:
        """Let a study that is not running have `trials` trials in all.

        A time or a target that has ended it is lifted: it is what the study goes on after.
        Raises StudyError while it runs, StoreError where its file cannot be written.
        """
        if self.state.is_active:
            raise StudyError("The number of trials can be changed when the study has stopped.")
        lifted = _LIFTED.get(self.reason, {})
        budget = Budget(**{**dict(self.spec.budget), "trials": trials, **lifted})
        spec = self.spec.with_(budget=budget)
        self._store.acquire()
        self._store.put_spec(spec)
        self._store.commit()
        self._ledger.publish(StudyExtended(spec))

    def share_devices(self) -> None:
        """Wait no longer for the devices: use them beside whoever has them."""
        if self._turn is not None:
            turns.share(self._turn)

    def pause(self) -> None:
        """Start no new trials; those that run go on."""
        self._command(Pause())

    def resume(self) -> None:
        """Start trials again after a pause."""
        self._command(Resume())

    def stop(self) -> None:
        """End the running trials with what they have, then the study; it can be gone on with."""
        self._command(Stop())

    def cancel_trial(self, number: int) -> None:
        """End one trial with what it has; it is not run again."""
        self._command(Cancel(number))

    def enqueue(self, params: Params) -> None:
        """Run a configuration next. Raises SpaceError when it is outside the space."""
        self._command(Enqueue(self.spec.space.validate(params)))

    def _command(self, command: Any) -> None:
        if self._loop is not None:
            self._loop.inbox.put(command)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the study is not at work; whether that came about within `timeout` s."""
        if self._thread is not None:
            self._thread.join(timeout)
            return not self._thread.is_alive()
        return True

    def close(self) -> None:
        """Stop the study if it runs, wait for that, and let go of its file."""
        self.stop()
        self.wait()
        self._store.close()

    def weights_of(self, number: int) -> Path:
        """Where the weights of a trial are, if they are kept."""
        return self._task().weights_of(number)

    def _task(self) -> Task:
        spec = self.spec
        return Task(
            content=spec.task.model_dump(mode="json"),
            base=spec.base,
            folder=companions(self.path),
            trial_seconds=spec.limits.trial_seconds,
            report_seconds=spec.limits.report_seconds,
            memory_mb=spec.limits.memory_mb,
        )

    def _surroundings(self) -> Surroundings:
        seed, method = self.spec.resources.seed, self.spec.method
        learns = make_method(method.name, self.spec.space, **method.options).learns
        return Surroundings(
            clock=Clock(),
            make_executor=lambda: LocalExecutor(self._task(), self._slots(), self._inbox()),
            make_proposer=lambda: ProcessProposer(self.spec, self._inbox()),
            seed_of=lambda number: trial_seed(seed, number),
            weights_of=self.weights_of,
            looks_ahead=not learns,
        )

    def _slots(self) -> tuple[Slot, ...]:
        resources = self.spec.resources
        return slots(resources.workers, resources.devices, resources.per_device)

    def _inbox(self) -> queue.SimpleQueue[Any]:
        assert self._loop is not None
        return self._loop.inbox


def trial_seed(seed: int, number: int) -> int:
    """The seed of a trial: a function of the study's seed and the trial's number alone."""
    return int(np.random.SeedSequence(seed, spawn_key=(number,)).generate_state(1)[0])
