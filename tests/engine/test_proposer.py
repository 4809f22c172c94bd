"""Where a study's method is: in a process or in a thread of its own, with the same answers."""

from __future__ import annotations

import queue
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine import assembly, proposer
from engine.clock import Clock
from engine.events import Logged, StopReason, StudyState
from engine.proposer import ProcessProposer, Proposed, ProposerLost, ThreadProposer
from engine.study_loop import StudyLoop
from engine.trial import Params, Trial, TrialState
from tests.engine.simulation import Simulation, make_spec

PENDED = {"lr": 1e-3, "batch_size": 64}
TOLD = Trial(0, {"lr": 1e-2, "batch_size": 32}, TrialState.COMPLETE, seconds=1.0)

Inbox = queue.SimpleQueue[Any]


def answers_of(make: Callable[..., proposer.Proposer], method: str) -> list[Proposed]:
    """What a proposer of a small space answers until it has nothing more."""
    inbox: Inbox = queue.SimpleQueue()
    asked = make(make_spec(method), inbox)
    try:
        asked.pend(PENDED)
        asked.tell(TOLD, 0.5, [(1, 0.5)])
        asked.offer([TOLD.params])
        for count in (1, 3, 30):
            asked.ask(count)
        return [inbox.get(timeout=60) for _ in range(3)]
    finally:
        asked.close()


@pytest.mark.parametrize("method", ["grid", "random"])
def test_that_a_thread_answers_as_a_process_does(method: str) -> None:
    in_thread, in_process = answers_of(ThreadProposer, method), answers_of(ProcessProposer, method)
    assert [answer.asked for answer in in_thread] == [1, 3, 30]
    assert [a.configurations for a in in_thread] == [a.configurations for a in in_process]
    if method == "grid":
        assert sum(len(answer.configurations) for answer in in_thread) == 23


@pytest.mark.parametrize(("method", "of_its_own"), [("grid", 0), ("random", 0), ("bayesian", 1)])
def test_that_only_a_method_that_learns_has_a_process(
    tmp_path: Path, method: str, of_its_own: int
) -> None:
    around = assembly.surroundings(tmp_path / "study.tune", make_spec(method))
    asked = around.make_proposer(make_spec(method))
    try:
        asked.ask(1)
        assert len(around.inbox.get(timeout=60).configurations) == 1
        assert len(proposers_of_this_process()) == of_its_own
    finally:
        asked.close()


def proposers_of_this_process() -> list[psutil.Process]:
    children = psutil.Process().children()
    return [child for child in children if child.cmdline()[-1:] == ["--proposer"]]


def test_that_a_method_whose_process_is_killed_says_so() -> None:
    inbox: Inbox = queue.SimpleQueue()
    asked = ProcessProposer(make_spec("bayesian"), inbox)
    try:
        (process,) = proposers_of_this_process()
        process.kill()
        lost: ProposerLost = inbox.get(timeout=60)
        asked.ask(1)
    finally:
        asked.close()
    assert lost.by is asked
    assert lost.message.startswith("The search method stopped (")


class OddMethod:
    """Has a mistake in it."""

    def ask(self, count: int) -> list[Params]:
        raise ZeroDivisionError("division by zero")


def test_that_a_mistake_in_a_method_ends_the_study_as_the_loss_of_its_process_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proposer, "make_method", lambda *_, **__: OddMethod())
    study = Simulation(tmp_path / "study.tune", make_spec("grid"))
    inbox = study.around.inbox
    around = replace(
        study.around, clock=Clock(), make_proposer=lambda now: ThreadProposer(now, inbox)
    )
    study.loop = StudyLoop(study.ledger, study.store, around)
    said = [event.text for event in study.run() if isinstance(event, Logged)]
    lost = "The search method stopped (ZeroDivisionError: division by zero)."
    assert said == [f"{lost} It is started again.", lost]
    assert (study.ledger.state, study.ledger.reason) == (StudyState.STOPPED, StopReason.ERROR)
    assert study.ledger.message == lost
