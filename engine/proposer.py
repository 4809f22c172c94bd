"""What owns a study's method, a process or a thread, and the study's end of the line to it.

Choosing a configuration can take as long as fitting a model takes. So it does not happen in the
study thread, which sends what it learns and asks, and finds the answers in its inbox. A method that
learns has a process of its own, because what it computes with would hold up the window; one that
does not is soon done, and a thread is enough.
"""

from __future__ import annotations

import json
import queue
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from engine.executors.child import Child, ChildGoneError, Exited
from engine.executors.guard import own_command
from engine.methods import Method, make_method
from engine.outlook import Outlook
from engine.spec import StudySpec
from engine.trial import Params, Trial

BLAS_THREADS = "1"

Curve = Sequence[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class Proposed:
    """Configurations that the method proposed; fewer than `asked` when there are no more.

    `by` is the proposer: one that was replaced since proposes nothing any more. `outlook` is what
    the method expects of these trials and those that would follow, where it expects something.
    """

    configurations: tuple[Params, ...]
    asked: int
    by: object = None
    outlook: Outlook | None = None


@dataclass(frozen=True, slots=True)
class ProposerLost:
    """The method of the proposer `by` answers no more: one sentence that says why."""

    message: str
    by: object = None


class Proposer(Protocol):
    """What a study needs of its method. Answers to `ask` arrive in the study's inbox."""

    def tell(self, trial: Trial, loss: float | None, curve: Curve) -> None:
        """A trial finished; `loss` is to be minimised, None when the trial has no value."""

    def pend(self, params: Params) -> None:
        """A configuration runs that was not asked for."""

    def offer(self, stopped: Sequence[Params]) -> None:
        """Which of the configurations that were stopped can go on, as of now."""

    def ask(self, count: int, like: Params | None = None) -> None:
        """Have `count` configurations proposed, with the values that `like` has."""

    def close(self) -> None:
        """No more questions."""


class _Messenger(ABC):
    """A proposer that passes on what it hears to where its method is."""

    @abstractmethod
    def _send(self, kind: str, **content: Any) -> None:
        """Have the method hear of something: see `answer`."""

    def tell(self, trial: Trial, loss: float | None, curve: Curve) -> None:
        self._send("tell", **told(trial, loss, curve))

    def pend(self, params: Params) -> None:
        self._send("pend", params=params)

    def offer(self, stopped: Sequence[Params]) -> None:
        self._send("offer", stopped=list(stopped))

    def ask(self, count: int, like: Params | None = None) -> None:
        self._send("ask", count=count, like=like)


class ProcessProposer(_Messenger):
    """A method in a process of its own."""

    def __init__(self, spec: StudySpec, inbox: queue.SimpleQueue[Any]) -> None:
        self._inbox = inbox
        self._closing = False
        self._child = Child(
            own_command("--proposer"),
            {"OMP_NUM_THREADS": BLAS_THREADS, "OPENBLAS_NUM_THREADS": BLAS_THREADS},
        )
        self._thread = threading.Thread(target=self._listen, name="proposer", daemon=True)
        self._thread.start()
        self._send("make", spec=spec.to_toml(), base=str(spec.base))

    def _send(self, kind: str, **content: Any) -> None:
        try:
            self._child.send(kind, **content)
        except ChildGoneError:
            return  # _listen sees the end of the process and says so

    def _listen(self) -> None:
        while True:
            message = self._child.messages.get()
            if isinstance(message, Exited):
                if not self._closing:
                    last = self._child.log_tail().strip().splitlines()[-1:]
                    self._inbox.put(_lost(": ".join([str(message), *last]), self))
                return
            self._inbox.put(proposed(message, self))

    def close(self) -> None:
        self._closing = True
        self._child.kill()  # it holds nothing that is to be kept, and may be amid a long thought
        self._thread.join()


class ThreadProposer(_Messenger):
    """A method that does not learn, in a thread of its own."""

    def __init__(self, spec: StudySpec, inbox: queue.SimpleQueue[Any]) -> None:
        self._inbox = inbox
        self._closing = False
        self._messages: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=self._serve, args=(spec,), name="proposer", daemon=True
        )
        self._thread.start()

    def _send(self, kind: str, **content: Any) -> None:
        self._messages.put({"type": kind, **content})

    def _serve(self, spec: StudySpec) -> None:
        try:
            method = _method_of(spec)
            while (message := self._messages.get()) is not None and not self._closing:
                reply = answer(method, message)
                if reply is not None:
                    self._inbox.put(proposed(reply, self))
        except Exception as error:  # whatever it is, it ends the method as it would end a process
            self._inbox.put(_lost(f"{type(error).__name__}: {error}", self))

    def close(self) -> None:
        self._closing = True
        self._messages.put(None)
        self._thread.join()


def _lost(why: str, by: Proposer) -> ProposerLost:
    return ProposerLost(f"The search method stopped ({why}).", by)


def _method_of(spec: StudySpec) -> Method:
    return make_method(
        spec.method.name, spec.space, seed=spec.resources.seed, **spec.method.options
    )


def proposed(message: Mapping[str, Any], by: Proposer) -> Proposed:
    """What the process of `by` answered when it was asked."""
    configurations = tuple(map(_interned, message["configurations"]))
    outlook = message["outlook"]
    return Proposed(
        configurations, message["asked"], by, None if outlook is None else Outlook(**outlook)
    )


def _interned(params: Params) -> Params:
    """The same with names and choices that are in memory once, however many trials have them."""
    return {
        sys.intern(name): sys.intern(value) if isinstance(value, str) else value
        for name, value in params.items()
    }


def told(trial: Trial, loss: float | None, curve: Curve) -> dict[str, Any]:
    """The arguments of a method's `tell` for a finished trial, in JSON's terms.

    `curve` holds (step, loss) pairs; it and `loss` are both to be minimised.
    """
    return {
        "params": trial.params,
        "value": loss,
        "seconds": trial.seconds,
        "curve": list(curve),
        "failure": None if trial.failure is None else str(trial.failure.reason),
    }


def answer(method: Any, message: Mapping[str, Any]) -> dict[str, Any] | None:
    """Do what a message asks of `method`; the reply, where one is due."""
    match message["type"]:
        case "ask":
            like = message.get("like")
            alike = {} if like is None else {"like": like}
            configurations, outlook = method.ask(message["count"], **alike), method.outlook()
            return {
                "type": "proposed",
                "configurations": configurations,
                "asked": message["count"],
                "outlook": None if outlook is None else asdict(outlook),
            }
        case "tell":
            method.tell(
                message["params"],
                message["value"],
                seconds=message["seconds"],
                curve=[tuple(point) for point in message["curve"]] or None,
                failure=message["failure"],
            )
        case "offer":
            method.offer(message["stopped"])
        case "pend":
            method.pend(message["params"])
    return None


def main() -> int:
    """The proposer process: make the method that the first line names, then serve it."""
    made = json.loads(sys.stdin.readline())
    spec = StudySpec.parse(made["spec"], Path(made["base"]))
    method = _method_of(spec)
    for line in sys.stdin:
        reply = answer(method, json.loads(line))
        if reply is not None:
            print(json.dumps(reply), flush=True)
    return 0
