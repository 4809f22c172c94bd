"""A study loop in virtual time: a clock, an executor and a proposer that only pretend."""

from __future__ import annotations

import heapq
import itertools
import queue
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from engine.assembly import trial_seed
from engine.commands import Granted
from engine.events import Event
from engine.executors.messages import (
    StackSized,
    TrialBegan,
    TrialEnded,
    TrialProgressed,
    TrialReturned,
    TrialTestEnded,
)
from engine.ledger import Ledger
from engine.methods import make_method
from engine.proposer import answer, proposed, told
from engine.spec import StudySpec
from engine.stacking import stacking_of
from engine.store import Store
from engine.study_loop import StudyLoop
from engine.surroundings import Surroundings
from engine.trial import Failure, FailureReason, Params, Report, Trial, TrialState

SPEC = """
name = "simulated"
[task]
kind = "builtin"
network = "mlp"
data = "digits"
epochs = 3
objective = "val_cross_entropy"
[[space]]
name = "lr"
type = "float"
low = 1e-5
high = 1e-1
log = true
grid = 5
[[space]]
name = "batch_size"
type = "int"
low = 32
high = 512
log = true
grid = 5
[method]
name = "{method}"
[budget]
{budget}
[limits]
{limits}
[resources]
workers = {workers}
"""


def make_spec(
    method: str = "random", budget: str = "trials = 10", workers: int = 1, limits: str = ""
) -> StudySpec:
    """A small study's spec."""
    text = SPEC.format(method=method, budget=budget, workers=workers, limits=limits)
    return StudySpec.parse(text, Path.cwd())


class VirtualClock:
    """Time that passes only when the study waits."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something in `seconds`."""
        heapq.heappush(self._events, (self.now + seconds, next(self._order), action))

    def wait(self, inbox: queue.SimpleQueue[Any], timeout: float | None) -> Any:
        """The next message; the clock jumps to it."""
        deadline = None if timeout is None else self.now + timeout
        while inbox.empty():
            if not self._events or (deadline is not None and self._events[0][0] > deadline):
                assert deadline is not None, "the study waits for something that never comes"
                self.now = deadline
                return None
            self.now, _, action = heapq.heappop(self._events)
            action()
        return inbox.get_nowait()


@dataclass
class Behaviour:
    """How simulated trials go: what they are worth and how long they take.

    Trials that do not obey end when they would have, and a method `thinks` for some seconds.
    """

    value: Callable[[Params], float] = lambda params: float(params["lr"])
    seconds: Callable[[Params], float] = lambda params: 10.0
    epochs: int = 3
    failure: Callable[[int], Failure | None] = lambda number: None
    writes_weights: bool = False
    checkpoints: bool = False
    obeys: bool = True
    thinks: float = 0.0
    size: Callable[[Params], int] = lambda params: 4
    submitted: list[Trial] = field(default_factory=list)
    units: list[list[int]] = field(default_factory=list)
    tested: list[int] = field(default_factory=list)
    hired: list[StudySpec] = field(default_factory=list)


class SimulatedExecutor:
    """Runs trials by putting their messages on the clock."""

    def __init__(
        self,
        clock: VirtualClock,
        inbox: queue.SimpleQueue[Any],
        spec: StudySpec,
        behaviour: Behaviour,
        weights_of: Callable[[int], Path],
        checkpoint_of: Callable[[int], Path],
    ) -> None:
        self.capacity = spec.resources.workers or 1
        behaviour.hired.append(spec)
        self._clock = clock
        self._inbox = inbox
        self._behaviour = behaviour
        self._weights_of = weights_of
        self._checkpoint_of = checkpoint_of
        self._attempts = itertools.count()
        self._alive: dict[int, int] = {}
        self._units: list[set[int]] = []

    def submit(
        self,
        trials: Sequence[Trial],
        *,
        most: int = 1,
        tried: bool = True,
        beside: int | None = None,
    ) -> None:
        if beside is None:
            self._units = [unit for unit in self._units if unit & self._alive.keys()]
            self._units.append(set())
            assert len(self._units) <= self.capacity
        unit = self._units[-1] if beside is None else self._unit_of(beside)
        size = self._size(trials[0]) if most > 1 or beside is not None else 1
        if not tried:
            self._inbox.put(StackSized(trials[0].number, size))
        for trial in trials:
            self._behaviour.submitted.append(trial)
            if len(unit & self._alive.keys()) == size:
                self._inbox.put(TrialReturned(trial.number))
                continue
            unit.add(trial.number)
            self._alive[trial.number] = next(self._attempts)
            self._plan(trial)
        self._behaviour.units.append(sorted(unit))

    def _unit_of(self, number: int) -> set[int]:
        return next(unit for unit in self._units if number in unit)

    def _size(self, trial: Trial) -> int:
        return self._behaviour.size(trial.params)

    def _plan(self, trial: Trial) -> None:
        behaviour, number = self._behaviour, trial.number
        seconds, value = behaviour.seconds(trial.params), behaviour.value(trial.params)
        metrics = {"val_cross_entropy": value}
        self._say(0.0, number, TrialBegan(number, 0, "cpu", self._clock.time()))
        for step in range(self._first_step(number), behaviour.epochs + 1):
            when = seconds * step / (behaviour.epochs + 1)
            self._say(when, number, TrialProgressed(number, Report(step, when, metrics)))
        failure = behaviour.failure(number)
        ended = TrialEnded(
            number, TrialState.COMPLETE, self._clock.time() + seconds, seconds, value, 1, metrics
        )
        if failure is not None:
            ended = replace(ended, state=TrialState.FAILED, value=None, failure=failure)
        self._say(seconds, number, ended)

    def _first_step(self, number: int) -> int:
        """The step after the checkpoint's, where there is one."""
        file = self._checkpoint_of(number) / "step"
        return int(file.read_text()) + 1 if file.exists() else 1

    def _say(self, seconds: float, number: int, message: Any) -> None:
        attempt = self._alive[number]

        def deliver() -> None:
            if self._alive.get(number) == attempt:
                if isinstance(message, TrialProgressed) and self._behaviour.checkpoints:
                    self._check_point(number, message.report.step)
                if isinstance(message, TrialEnded):
                    del self._alive[number]
                    if self._behaviour.writes_weights:
                        self._weights_of(number).write_bytes(b"weights")
                self._inbox.put(message)

        self._clock.after(seconds, deliver)

    def _check_point(self, number: int, step: int) -> None:
        folder = self._checkpoint_of(number)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "step").write_text(str(step))

    def test(self, trial: Trial) -> None:
        self._behaviour.tested.append(trial.number)
        message = TrialTestEnded(trial.number, {"test_accuracy": 0.5})
        self._clock.after(1.0, lambda: self._inbox.put(message))

    def cancel(self, number: int) -> None:
        if self._behaviour.obeys and self._alive.pop(number, None) is not None:
            ended = TrialEnded(number, TrialState.INTERRUPTED, self._clock.time(), 1.0, 0.5, 1)
            self._inbox.put(ended)

    def close(self) -> None:
        self._alive.clear()


class InlineProposer:
    """A method in the study's own thread, behind the same messages as the real proposer."""

    def __init__(
        self, clock: VirtualClock, inbox: queue.SimpleQueue[Any], spec: StudySpec, thinks: float
    ) -> None:
        self._clock = clock
        self._inbox = inbox
        self._thinks = thinks
        self._method = make_method(
            spec.method.name, spec.space, seed=spec.resources.seed, **spec.method.options
        )

    def tell(self, trial: Trial, loss: float | None, curve: Any) -> None:
        answer(self._method, {"type": "tell", **told(trial, loss, curve)})

    def pend(self, params: Params) -> None:
        answer(self._method, {"type": "pend", "params": params})

    def offer(self, stopped: Any) -> None:
        answer(self._method, {"type": "offer", "stopped": stopped})

    def ask(self, count: int, like: Params | None = None) -> None:
        reply = answer(self._method, {"type": "ask", "count": count, "like": like})
        assert reply is not None
        message = proposed(reply, self)
        if self._thinks:
            self._clock.after(self._thinks, lambda: self._inbox.put(message))
        else:
            self._inbox.put(message)

    def close(self) -> None:
        pass


class Simulation:
    """One run of a study in virtual time, in the test's own thread."""

    def __init__(
        self,
        path: Path,
        spec: StudySpec,
        behaviour: Behaviour | None = None,
        *,
        looks_ahead: bool = True,
        stacks: bool = False,
    ) -> None:
        self.behaviour = behaviour or Behaviour()
        self.clock = VirtualClock()
        self.store = Store.open(path) if path.exists() else Store.create(path, spec)
        self.ledger = Ledger(path, self.store.spec(), self.clock)
        self.ledger.fill(
            self.store.trials(), self.store.reports(), self.store.log(), self.store.condition()
        )
        self.store.acquire()
        self._folder = path.parent
        inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.around = around = Surroundings(
            inbox=inbox,
            clock=self.clock,
            make_executor=lambda now: SimulatedExecutor(
                self.clock, inbox, now, self.behaviour, self.weights_of, self.checkpoint_of
            ),
            make_proposer=lambda now: InlineProposer(self.clock, inbox, now, self.behaviour.thinks),
            seed_of=lambda number: trial_seed(spec.resources.seed, number),
            weights_of=self.weights_of,
            checkpoint_of=self.checkpoint_of,
            looks_ahead=looks_ahead,
            stacking=stacking_of(spec) if stacks else None,
        )
        self.loop = StudyLoop(self.ledger, self.store, around)
        _, self._listener = self.ledger.subscribe()
        self.loop.inbox.put(Granted())

    def weights_of(self, number: int) -> Path:
        """Where a trial's weights are."""
        return self._folder / f"trial-{number}.weights"

    def checkpoint_of(self, number: int) -> Path:
        """Where a trial's checkpoint is."""
        return self._folder / "checkpoints" / f"trial-{number}"

    def command_at(self, seconds: float, command: Any) -> None:
        """Send a command to the study after `seconds`."""
        self.clock.after(seconds, lambda: self.loop.inbox.put(command))

    def run(self) -> list[Event]:
        """Run to the end; everything that was published."""
        self.loop.run()
        self.store.close()
        return self.events()

    def events(self) -> list[Event]:
        """What was published since this was last called."""
        found = []
        while not self._listener.empty():
            found.append(self._listener.get_nowait())
        return found


def failed(message: str = "it broke", reason: FailureReason = FailureReason.EXCEPTION) -> Failure:
    """A failure for simulated trials."""
    return Failure(reason, message)
