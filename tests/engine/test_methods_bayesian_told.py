"""Bayesian optimisation and what it is told: failures, seconds, and any numbers at all."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.methods import MethodError, make_method
from engine.space import Categorical, Float, SearchSpace
from tests.engine.landscapes import MIXED, SQUARE, apart, bowl, points_of, report, search

# --- trials that fail


def noisy(loss):
    """As trials are: no two come to quite the same."""
    return lambda params: loss(params) + 0.05 * math.sin(1e5 * params["x"] + 3e4 * params["y"])


@pytest.mark.parametrize("seed", range(3))
def test_that_a_half_that_dies_stops_being_tried(seed: int) -> None:
    def loss(params):
        return None if params["x"] > 0.5 else noisy(bowl(0.3, 0.4))(params)

    asked = search(make_method("bayesian", SQUARE, seed=seed), loss, 45)
    found = np.array([loss(params) is None for params in asked])
    assert found[:15].sum() >= 5
    assert found[-15:].sum() <= 3


@pytest.mark.parametrize("seed", [3, 5])
def test_that_one_place_does_not_fail_again_and_again(seed: int) -> None:
    """A lure at the edge of what fails: no two failures are as good as alike."""

    def loss(params):
        return None if params["x"] > 0.5 else noisy(bowl(0.3, 0.4))(params)

    asked = search(make_method("bayesian", SQUARE, seed=seed), loss, 45)
    assert apart([params for params in asked if loss(params) is None]) > 0.003


def test_that_a_corner_that_dies_does_not_keep_the_search() -> None:
    """Six dimensions: the default is the best of what dies least; the rest is found from there.

    A search that is kept there loses all of its last trials, and its best is 0.31.
    """
    space = SearchSpace(
        [*(Float(f"x{i}", 0.0, 1.0) for i in range(5)), Categorical("c", ["a", "b", "c"])]
    )

    def loss(params):
        if params["x0"] + params["x1"] > 1.0:
            return None
        return sum((params[f"x{i}"] - 0.35) ** 2 for i in range(5)) + 0.2 * (params["c"] != "b")

    lost, best = [], []
    for seed in range(3):
        asked = search(make_method("bayesian", space, seed=seed), loss, 45)
        losses = [loss(params) for params in asked]
        lost.append(losses[-15:].count(None))
        best.append(min(value for value in losses if value is not None))
    assert np.mean(lost) < 9
    assert np.median(best) < 0.1


@pytest.mark.parametrize("seed", range(2))
def test_that_even_tempting_regions_that_die_are_left_to_their_edge(seed: int) -> None:
    """The lowest values would be deep in the half where no trial comes through."""

    def loss(params):
        return None if params["x"] > 0.5 else bowl(0.9, 0.4)(params)

    asked = search(make_method("bayesian", SQUARE, seed=seed), loss, 45)
    deep = np.array([params["x"] > 0.65 for params in asked])
    assert deep[:15].sum() >= 2
    assert deep[-15:].sum() <= 1


def test_that_a_search_goes_on_where_all_trials_have_died_so_far() -> None:
    """Only one corner comes through; it is found, and what is known to die left alone."""

    def loss(params):
        if min(params["x"], params["y"]) < 0.6:
            return None
        return noisy(bowl(0.8, 0.85))(params)

    asked = search(make_method("bayesian", SQUARE), loss, 40)
    lived = [loss(params) is not None for params in asked]
    assert any(lived[:12])
    assert not lived[0]
    assert sum(lived[-15:]) >= 10


def test_that_one_accident_does_not_blacklist_its_neighbourhood() -> None:
    """The best place's first visitor dies by chance; the search comes back to it."""
    accidents = []

    def loss(params):
        value = bowl(0.3, 0.7)(params)
        if value < 0.01 and not accidents:
            accidents.append(params)
            return None
        return value

    asked = search(make_method("bayesian", SQUARE), loss, 24)
    assert accidents
    assert min(bowl(0.3, 0.7)(params) for params in asked if params not in accidents) < 0.002


def test_that_accidents_anywhere_do_not_end_the_search() -> None:
    """In one dimension, with one trial in three failing by chance, all places are soon near one."""
    space, chance = SearchSpace([Float("x", 0.0, 1.0)]), np.random.default_rng(0)
    method = make_method("bayesian", space)
    asked = search(
        method, lambda p: None if chance.random() < 0.33 else (p["x"] - 0.7) ** 2, trials=60
    )
    late = np.array([params["x"] for params in asked[-20:]])
    assert (np.abs(late - 0.7) < 0.1).sum() >= 12


# --- seconds


def equally_good(params):
    """Two places are best, at x = 0.2 and at x = 0.8."""
    return (abs(params["x"] - 0.5) - 0.3) ** 2 + 0.2 * (params["y"] - 0.5) ** 2


def slow_right(params):
    return 30.0 if params["x"] > 0.5 else 1.0


def test_that_of_two_equally_good_places_the_quick_one_is_preferred() -> None:
    def share_of_slow(weight):
        asked = [
            search(make_method("bayesian", SQUARE, seed=seed, cost_weight=weight), *which)
            for seed in range(3)
            for which in [(equally_good, 18, slow_right)]
        ]
        return np.mean([params["x"] > 0.5 for one in asked for params in one[4:]])

    assert share_of_slow(1.0) < 0.25
    assert share_of_slow(1.0) < 0.6 * share_of_slow(0.0)


def test_that_without_the_option_seconds_do_not_matter() -> None:
    timed = search(make_method("bayesian", SQUARE), equally_good, 8, slow_right)
    assert search(make_method("bayesian", SQUARE), equally_good, 8) == timed


@pytest.mark.parametrize(
    ("weight", "sentence"),
    [
        (-0.1, "cost_weight: must be from 0 to 10, not -0.1."),
        (math.nan, "cost_weight: must be from 0 to 10, not nan."),
        (True, "cost_weight: must be a number, not"),
        ("much", "cost_weight: must be a number, not"),
    ],
)
def test_how_an_unfit_weight_is_refused(weight, sentence) -> None:
    with pytest.raises(MethodError) as refused:
        make_method("bayesian", SQUARE, cost_weight=weight)
    assert str(refused.value).startswith(sentence)


# --- whatever it is told

NUMBERS = st.one_of(
    st.floats(),
    st.floats(-1.0, 1.0),
    st.sampled_from([0.0, 1e-12, -1e12, 1e12, 1e300, -1e300, 1.7e308, -1.7e308, 5e-324]),
)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    told=st.lists(
        st.tuples(st.integers(0, 11), st.one_of(st.none(), NUMBERS), NUMBERS), min_size=1
    ),
    weight=st.sampled_from([0.0, 1.0]),
)
def test_that_whatever_it_is_told_it_asks_for_something_new(told, weight) -> None:
    """Any values and seconds, the same twelve configurations told over and over."""
    method = make_method("bayesian", MIXED, cost_weight=weight)
    points = points_of(MIXED, 12)
    known = [MIXED.decode(np.nan_to_num(point, nan=0.5)) for point in points]
    for row, value, seconds in told:
        report(method, known[row], value, seconds)
    asked = method.ask(2)
    assert [MIXED.validate(params) for params in asked] == asked
    seen = {MIXED.key(known[row]) for row, _, _ in told}
    assert len({MIXED.key(params) for params in asked} - seen) == 2


@pytest.mark.parametrize("scale", [1e-12, 1e-3, 1e12])
@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_that_the_unit_of_the_objective_does_not_matter(scale: float, shift: float) -> None:
    loss = bowl(0.23, 0.81)

    def other(params):
        return scale * (loss(params) + shift)

    asked = search(make_method("bayesian", SQUARE), other, 18)
    assert min(map(loss, asked)) < 0.003


# --- trials that are stopped, and go on


def told_in_part(tellings):
    """A method that was told those of SQUARE's configurations; None: it is pending again."""
    method = make_method("bayesian", SQUARE, seed=4)
    for params, told in tellings:
        if told is None:
            method.pend(params)
        else:
            value, curve = told
            method.tell(params, value, curve=curve)
    return method


PLACES = [{"x": x, "y": y} for x, y in np.random.default_rng(1).random((9, 2)).tolist()]
ENDS = [bowl(0.3, 0.4)(place) for place in PLACES]
CURVES = [[(1, 0.9), (2, 0.1 + end), (3, end)] for end in ENDS]
WHOLE = [(p, (end, c)) for p, end, c in zip(PLACES, ENDS, CURVES, strict=True)]
HALVES = [(p, (None, c[:2])) for p, c in zip(PLACES, CURVES, strict=True)]


@pytest.mark.parametrize("first", [0, 2])
def test_that_a_trial_that_goes_on_leaves_a_method_as_one_that_never_heard_it_was_stopped(
    first: int,
) -> None:
    before = [*WHOLE[:first], HALVES[5], *WHOLE[first:4], HALVES[6], HALVES[7]]
    without = [telling for telling in before if telling is not HALVES[5]]
    live = told_in_part(before)
    was = live.preview()
    live.pend(PLACES[5])
    pending = told_in_part([*without, (PLACES[5], None)])
    assert live.preview() == pending.preview() != was
    value, curve = WHOLE[5][1]
    live.tell(PLACES[5], value, curve=curve)
    replayed = told_in_part([*without, WHOLE[5]])
    assert live.ask(3) == replayed.ask(3)
    assert live.pending == replayed.pending


def test_that_a_trial_that_is_stopped_once_more_counts_once() -> None:
    live = told_in_part([*WHOLE[:4], HALVES[5], (PLACES[5], None), HALVES[5]])
    assert live.ask(2) == told_in_part([*WHOLE[:4], HALVES[5]]).ask(2)
