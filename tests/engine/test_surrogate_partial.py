"""What is made of trials that were stopped on the way."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.methods import make_method
from engine.space import Float, SearchSpace
from engine.surrogate.partial import would_have_ended

VALUES = st.floats(-1e3, 1e3)
SQUARE = SearchSpace([Float("x", 0.0, 1.0), Float("y", 0.0, 1.0)])


def falling(end: float, gain: float = 1.0, steps: int = 10) -> list[tuple[int, float]]:
    """A curve that comes down to `end` by `gain`."""
    return [(step, end + gain * (1 - step / steps)) for step in range(1, steps + 1)]


def test_that_it_ends_as_much_lower_as_those_that_were_like_it() -> None:
    curves = [falling(end) for end in (1.0, 2.0, 3.0)]
    assert would_have_ended(falling(2.5)[:4], curves, [1.0, 2.0, 3.0]) == pytest.approx(2.5)


def test_that_only_the_nearest_count() -> None:
    likes = [falling(5.0 + n / 10, gain=2.0) for n in range(5)]
    others = [falling(0.1 * n, gain=0.0) for n in range(20)]
    losses = [curve[-1][1] for curve in likes + others]
    found = would_have_ended([(5, 6.2)], likes + others, losses)
    assert found == pytest.approx(6.2 - 1.0)


def test_that_what_was_not_seen_to_its_end_is_not_the_best() -> None:
    assert would_have_ended([(1, 0.2)], [falling(0.5)], [0.5]) == 0.5


@pytest.mark.parametrize("curves", [[], [()], [[(8, 0.1)]], [[(1, math.nan)]]])
def test_that_without_others_to_go_by_its_last_value_counts(curves) -> None:
    losses = [0.1] * len(curves)
    assert would_have_ended([(3, 0.9), (4, 0.7)], curves, losses) == 0.7


@given(st.lists(VALUES, min_size=1, max_size=8), st.lists(VALUES, min_size=1, max_size=12))
def test_that_it_is_finite_and_never_the_best(partial, ends) -> None:
    curves = [falling(end) for end in ends]
    found = would_have_ended(list(enumerate(partial, 1)), curves, ends)
    assert math.isfinite(found)
    assert found >= min(ends)


def run(trials: int, with_curves: bool, seed: int) -> tuple[int, float]:
    """A search in which trials far from the best are stopped: how many were, and the best."""
    method, best, stopped = make_method("bayesian", SQUARE, seed=seed), math.inf, 0
    for _ in range(trials):
        (params,) = method.ask(1)
        loss = (params["x"] - 0.2) ** 2 + (params["y"] - 0.8) ** 2
        curve = falling(loss)
        if loss > 0.15:
            stopped += 1
            method.tell(params, None, curve=curve[:3] if with_curves else None)
        else:
            method.tell(params, loss, curve=curve)
            best = min(best, loss)
    return stopped, best


def test_that_a_search_learns_from_trials_that_were_stopped() -> None:
    with_curves = [run(25, True, seed) for seed in range(3)]
    without = [run(25, False, seed) for seed in range(3)]
    assert sum(stopped for stopped, _ in with_curves) < sum(stopped for stopped, _ in without) / 2
    assert all(best < 1e-3 for _, best in with_curves)


def test_that_the_same_stopped_trials_make_the_same_proposals() -> None:
    def told() -> list[dict]:
        method = make_method("bayesian", SQUARE, seed=3)
        asked = []
        for number in range(12):
            (params,) = method.ask(1)
            asked.append(params)
            loss = params["x"] + params["y"]
            curve = falling(loss)
            value = None if number % 3 == 1 else loss
            method.tell(params, value, curve=curve[:4] if value is None else curve)
        return asked

    assert told() == told()
