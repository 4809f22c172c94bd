"""Studies take turns on the devices: first come, first served, unless they share."""

from __future__ import annotations

from engine.executors.turns import Turns


class Queue:
    """Turns and who has been granted one, in order."""

    def __init__(self) -> None:
        self.turns = Turns()
        self.granted: list[str] = []

    def request(self, name: str, *devices: str):
        return self.turns.request(devices or ("cpu",), lambda: self.granted.append(name))


def test_that_the_second_study_waits_for_the_first() -> None:
    queue = Queue()
    first = queue.request("first")
    queue.request("second")
    queue.request("third")
    assert queue.granted == ["first"]
    queue.turns.release(first)
    assert queue.granted == ["first", "second"]


def test_that_studies_on_different_devices_do_not_wait() -> None:
    queue = Queue()
    queue.request("a", "cuda:0")
    queue.request("b", "cuda:1")
    queue.request("both", "cuda:0", "cuda:1")
    assert queue.granted == ["a", "b"]


def test_that_a_study_that_shares_does_not_wait() -> None:
    queue = Queue()
    first = queue.request("first")
    second = queue.request("second")
    queue.turns.share(second)
    assert queue.granted == ["first", "second"]
    queue.turns.release(first)
    queue.turns.release(second)
    assert queue.granted == ["first", "second"]


def test_that_a_study_that_gave_up_waiting_is_passed_over() -> None:
    queue = Queue()
    first = queue.request("first")
    second = queue.request("second")
    queue.request("third")
    queue.turns.release(second)
    queue.turns.release(first)
    assert queue.granted == ["first", "third"]
