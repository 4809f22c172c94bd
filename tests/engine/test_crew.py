"""Workers that cannot start: what the study hears, and when."""

from __future__ import annotations

import queue
from typing import Any

import pytest

from engine.executors.crew import Crew
from engine.executors.devices import Slot
from engine.executors.messages import WorkerLeftOut, WorkerReady, WorkersRefused

FIRST, SECOND, THIRD = (Slot(number, f"cuda:{number}", 1) for number in range(3))
BAD_DATA = "price: 'unknown' is no number."


@pytest.fixture
def inbox() -> queue.SimpleQueue[Any]:
    return queue.SimpleQueue()


def heard(inbox: queue.SimpleQueue[Any]) -> list[Any]:
    """What has been said since this was last asked."""
    return [inbox.get_nowait() for _ in range(inbox.qsize())]


def test_that_what_stops_all_workers_alike_is_said_once(inbox) -> None:
    crew = Crew(3, inbox)
    assert [crew.leave(slot, BAD_DATA) for slot in (SECOND, FIRST, THIRD)] == [True, True, False]
    assert heard(inbox) == [WorkersRefused(BAD_DATA)]


def test_that_reasons_other_than_the_last_are_said_before_it(inbox) -> None:
    crew = Crew(3, inbox)
    crew.leave(FIRST, "no driver")
    crew.leave(SECOND, BAD_DATA)
    crew.leave(THIRD, BAD_DATA)
    assert heard(inbox) == [WorkerLeftOut(0, "cuda:0", "no driver"), WorkersRefused(BAD_DATA)]


def test_that_a_worker_is_said_to_be_left_out_once_another_works(inbox) -> None:
    crew = Crew(3, inbox)
    crew.leave(FIRST, "no driver")
    assert (heard(inbox), crew.size) == ([], 2)
    crew.join(SECOND, 1.5)
    assert heard(inbox) == [WorkerReady(1, "cuda:1", 1.5), WorkerLeftOut(0, "cuda:0", "no driver")]


def test_that_where_others_work_a_worker_is_left_out_at_once(inbox) -> None:
    crew = Crew(2, inbox)
    crew.join(FIRST, 1.5)
    crew.leave(SECOND, "no driver")
    assert heard(inbox)[1:] == [WorkerLeftOut(1, "cuda:1", "no driver")]
