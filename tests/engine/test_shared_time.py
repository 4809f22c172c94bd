"""The clock by which the limits of trials that train as one go."""

from __future__ import annotations

import pytest

from engine.executors import shared_time
from engine.executors.shared_time import SharedTime


class Clock:
    """The time of the module, as the test sets it."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(shared_time, "time", clock)
    return clock


def test_that_a_trial_by_itself_is_charged_all_the_time(clock: Clock) -> None:
    shared = SharedTime(1)
    clock.now += 3.0
    assert shared.now() == 3.0
    assert shared.when(5.0) == 105.0


def test_that_each_of_four_is_charged_a_quarter(clock: Clock) -> None:
    shared = SharedTime(4)
    clock.now += 8.0
    assert shared.now() == 2.0
    assert shared.when(5.0) == 120.0


def test_that_those_who_stay_are_charged_more_when_others_leave(clock: Clock) -> None:
    shared = SharedTime(4)
    clock.now += 8.0
    shared.share_among(2)
    clock.now += 2.0
    assert shared.now() == 3.0
    assert shared.when(5.0) == 114.0


def test_that_time_goes_on_when_all_have_left(clock: Clock) -> None:
    shared = SharedTime(2)
    shared.share_among(0)
    clock.now += 1.0
    assert shared.now() == 1.0
