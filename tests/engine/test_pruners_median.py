"""Median stopping beside values that can be counted out."""

from __future__ import annotations

import pytest

from engine.pruners import Pruner, make_pruner
from engine.trial import TrialState


def after(
    values: list[float], state: TrialState = TrialState.COMPLETE, **options: object
) -> Pruner:
    """A pruner that has seen trials of two steps, each of its own value."""
    pruner = make_pruner("median", 27, **{"min_steps": 1, "unit": "epochs", **options})
    for number, value in enumerate(values):
        pruner.tell(number, 1, 10.0)
        pruner.tell(number, 2, value)
        pruner.end(number, state)
    return pruner


def test_that_a_trial_stops_in_the_worse_half_and_not_at_the_median() -> None:
    pruner = after([0.1, 0.2, 0.3, 0.4, 0.5])
    assert pruner.report(5, 2, 0.3) is None
    assert pruner.report(6, 2, 0.31) == (
        "after 2 of 27 epochs it is in the worse half: 0.31 beside a median of 0.3"
    )


def test_that_its_best_value_counts_beside_those_of_others_at_the_step() -> None:
    pruner = after([0.1, 0.2, 0.3, 0.4, 0.5])
    assert pruner.report(5, 1, 0.25) is None
    assert pruner.report(5, 2, 7.0) is None


def test_that_nothing_stops_until_enough_trials_are_complete() -> None:
    assert after([0.1] * 4).report(9, 2, 5.0) is None
    assert after([0.1] * 5).report(9, 2, 5.0) is not None
    assert after([0.1] * 5, TrialState.PRUNED).report(9, 2, 5.0) is None
    assert after([0.1] * 5, min_trials=6).report(9, 2, 5.0) is None


@pytest.mark.parametrize(("percentile", "limit"), [(25.0, 0.2), (90.0, 0.46)])
def test_that_a_percentile_is_interpolated(percentile: float, limit: float) -> None:
    pruner = after([0.5, 0.1, 0.2, 0.4, 0.3], percentile=percentile)
    assert pruner.report(5, 2, limit - 0.01) is None
    assert pruner.report(6, 2, limit + 0.01) == (
        f"after 2 of 27 epochs it is in the worse {100 - percentile:.0f} %: {limit + 0.01:.4g} "
        f"beside a {percentile:.0f} % mark of {limit:.4g}"
    )


def test_that_others_count_as_they_were_when_they_last_reported_by_then() -> None:
    pruner = make_pruner("median", 27, min_steps=1, min_trials=1)
    pruner.tell(0, 1, 1.0)
    pruner.tell(0, 5, 0.1)
    pruner.end(0, TrialState.COMPLETE)
    assert pruner.report(1, 4, 0.9) is None
    assert pruner.report(1, 5, 0.9) is not None
    assert pruner.report(1, 6, 0.9) is None


def test_that_where_the_best_counts_others_are_worth_their_best_by_then() -> None:
    pruner = make_pruner("median", 27, min_steps=1, min_trials=1, at="best")
    pruner.tell(0, 1, 0.2)
    pruner.tell(0, 2, 0.9)
    pruner.end(0, TrialState.COMPLETE)
    assert pruner.report(1, 2, 0.5) is not None
