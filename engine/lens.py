"""The lens: a process that shows what a surrogate makes of a study, and the window's end of it.

It stands beside the proposer, so that no proposal waits behind a picture and every study has one,
also a finished one and one whose method fits no model. It is told the trials and answers the
requests of engine.analysis.views; what it does then is in engine.lens_process.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from engine.analysis.views import LensProblem, Request, View, WhyRequest
from engine.executors.child import Child, ChildGoneError, Exited
from engine.executors.guard import own_command
from engine.lens_wire import Curve, from_wire, to_wire, trial_to_wire
from engine.spec import StudySpec
from engine.trial import Report, Trial, TrialState, curve_of

ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(2**25),
    "MALLOC_TRIM_THRESHOLD_": str(2**27),
}
"""One BLAS thread. The rest is for glibc: arrays of a few megabytes are taken from memory that the
process has, not from the system each time, whose page faults would take most of the time."""
RESTARTS = 1
GRACE_S = 0.2
"""It has nothing to put in order, and may be in the middle of something long."""

BATCH = 200
"""Trials in one message: what is written at once holds the interpreter, and so the window."""

Reports = Mapping[int, Sequence[Report]]
Deliver = Callable[[View | LensProblem], None]


@dataclass(frozen=True, slots=True)
class _Tell:
    trials: tuple[Trial, ...]
    reports: Reports


@dataclass(frozen=True, slots=True)
class _Ask:
    request: Request


@dataclass(frozen=True, slots=True)
class _Close:
    pass


class Lens:
    """A study's lens. Methods return at once; answers go to `deliver`, on a thread of its own.

    One request is under way at a time, and a newer one replaces one of its kind that still waits.
    A view that is no longer what was asked for last is dropped, unless it differs only in the
    moment (`upto`): while a person drags through time, those are the frames of the film.
    """

    def __init__(self, spec: StudySpec, deliver: Deliver) -> None:
        self._spec = spec
        self._deliver = deliver
        self._inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._child: Child | None = None
        self._trials: dict[int, Trial] = {}
        self._reports: dict[int, Sequence[Report]] = {}
        self._curves_tell = False
        self._latest: dict[type, Request] = {}
        self._waiting: dict[type, Request] = {}
        self._under_way: Request | None = None
        self._restarts = 0
        self._lost = ""
        self._thread = threading.Thread(target=self._run, name="lens", daemon=True)
        self._thread.start()

    def tell(self, trials: Iterable[Trial], reports: Reports = MappingProxyType({})) -> None:
        """Trials that are new or have changed, finished ones and those that run.

        `reports` are those of all trials by number; what finished ones have reported is taken.
        """
        trials = tuple(trials)
        done = (trial.number for trial in trials if trial.state.is_finished)
        self._inbox.put(_Tell(trials, {n: tuple(reports[n]) for n in done if n in reports}))

    def ask(self, request: Request) -> None:
        """Have a view made; the process is started for the first one."""
        self._inbox.put(_Ask(request))

    def close(self) -> None:
        """No more questions; whatever is under way is dropped."""
        self._inbox.put(_Close())

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the process is gone after `close`; whether that came about in time."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    # On the lens's thread

    def _run(self) -> None:
        try:
            while not isinstance(message := self._inbox.get(), _Close):
                self._handle(message)
                self._go_on()
        finally:
            if self._child is not None:
                self._child.close(GRACE_S)

    def _handle(self, message: Any) -> None:
        match message:
            case _Tell(trials, reports):
                self._trials.update((trial.number, trial) for trial in trials)
                self._reports.update(reports)
                if not self._curves_tell and any(map(self._was_stopped, trials)):
                    self._curves_tell = True
                    trials = tuple(self._trials.values())
                self._send_trials(trials)
            case _Ask(request):
                self._latest[type(request)] = self._waiting[type(request)] = request
            case Exited():
                self._on_exited(message)
            case {"type": "answer", "answer": answer}:
                self._under_way = None
                self._hand_over(from_wire(answer))

    def _go_on(self) -> None:
        """Ask for what has waited longest, if nothing is under way."""
        if self._waiting and self._child is None and not self._lost:
            self._start()
        if self._lost:
            for request in self._waiting.values():
                self._deliver(LensProblem(request, self._lost))
            self._waiting.clear()
        elif self._waiting and self._under_way is None:
            self._under_way = self._waiting.pop(next(iter(self._waiting)))
            self._send("ask", request=to_wire(self._under_way))

    def _start(self) -> None:
        try:
            self._child = Child(own_command("--lens"), ENVIRONMENT, self._inbox)
        except OSError as error:
            self._lost = f"The model's process cannot be started ({error}); open the study again."
            return
        self._send("study", spec=self._spec.to_toml(), base=str(self._spec.base))
        self._send_trials(self._trials.values())

    def _was_stopped(self, trial: Trial) -> bool:
        """Whether a trial ended on the way: then it is the curves by which a method learns of it.

        Until there is such a trial no curve is sent at all: they are much, and say nothing new.
        """
        on_the_way = trial.state in (TrialState.PRUNED, TrialState.CANCELLED)
        return on_the_way and bool(self._reports.get(trial.number))

    def _send_trials(self, trials: Iterable[Trial]) -> None:
        trials = list(trials) if self._child is not None else []
        for at in range(0, len(trials), BATCH):
            wires = [trial_to_wire(t, self._curve(t)) for t in trials[at : at + BATCH]]
            self._send("tell", trials=wires)

    def _curve(self, trial: Trial) -> Curve:
        """What a method would be told of a trial's reports, where it has something to tell."""
        if not self._curves_tell or not trial.state.is_finished:
            return ()
        task = self._spec.task
        sign = -1.0 if task.direction == "maximize" else 1.0
        return curve_of(self._reports.get(trial.number, ()), task.objective, sign)

    def _send(self, kind: str, **content: Any) -> None:
        assert self._child is not None
        try:
            self._child.send(kind, **content)
        except ChildGoneError:
            return  # its end is in the inbox, or will be

    def _on_exited(self, message: Exited) -> None:
        """Start it again with what it was doing, once; then say that there is none any more."""
        assert self._child is not None
        if self._restarts >= RESTARTS:
            last = self._child.log_tail().strip().splitlines()[-1:]
            reason = ": ".join([str(message), *last])
            self._lost = f"The model's process stopped ({reason}); open the study again."
        self._restarts += 1
        self._child = None
        if self._under_way is not None:
            self._waiting.setdefault(type(self._under_way), self._under_way)
            self._under_way = None

    def _hand_over(self, answer: View | LensProblem) -> None:
        latest = self._latest[type(answer.request)]
        if _whenever(answer.request) == _whenever(latest):
            self._deliver(answer)


def _whenever(request: Request) -> Request:
    """The request, whatever moment it is about."""
    return request if isinstance(request, WhyRequest) else replace(request, upto=None)
