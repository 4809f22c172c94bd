"""Bayesian optimisation as a whole: what it asks for, told this or that. Contract: test_methods."""

from __future__ import annotations

import math
import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.methods import MethodError, make_method
from engine.space import Categorical, Float, Int, SearchSpace, When
from tests.engine.landscapes import (
    MIXED,
    SQUARE,
    bowl,
    evidence_of,
    model_of,
    points_of,
    report,
    search,
)
from tests.engine.spaces import CONDITIONAL_FINITE, FINITE

# --- it finds what is good


@pytest.mark.parametrize("seed", range(2))
def test_that_it_finds_the_best_place_of_a_bowl(seed: int) -> None:
    loss = bowl(0.23, 0.81)
    found = min(map(loss, search(make_method("bayesian", SQUARE, seed=seed), loss, 18)))
    drawn = min(map(loss, search(make_method("random", SQUARE, seed=seed), loss, 18)))
    assert found < 0.001 < drawn


def test_that_a_good_branch_is_found_and_stayed_in() -> None:
    """Momentum matters for sgd alone, which is best once its momentum is right."""

    def loss(params):
        if params["optimizer"] != "sgd":
            return 0.6 + 0.05 * math.log10(params["lr"]) ** 2 / 25
        return 0.3 + 2.0 * (params["momentum"] - 0.8) ** 2

    asked = search(make_method("bayesian", MIXED, seed=1), loss, 26)
    assert min(map(loss, asked)) < 0.31
    assert sum(params["optimizer"] == "sgd" for params in asked[-10:]) >= 7


def test_that_a_parameter_which_plays_no_part_is_absent() -> None:
    for params in search(make_method("bayesian", MIXED), lambda params: params["lr"], 10):
        assert ("momentum" in params) == (params["optimizer"] == "sgd")


def test_that_noise_does_not_make_the_luckiest_draw_the_best() -> None:
    """At x = 0.9 one draw of many was lucky; the low values near 0.3 are many."""
    points = np.array([[x, 0.5] for x in [*np.linspace(0.0, 1.0, 26), *[0.3, 0.9] * 5]])
    noise = 0.15 * np.random.default_rng(4).standard_normal(len(points))
    losses = 3.0 * (points[:, 0] - 0.3) ** 2 + noise
    lucky = len(points) - 1
    losses[lucky] = losses.min() - 0.05
    model = model_of(SQUARE, evidence_of(points, losses))
    assert losses.argmin() == lucky
    assert model.best_points(1)[0, 0] == pytest.approx(0.3, abs=0.15)
    assert model.best > model.targets.min()


# --- where it starts


def test_that_the_defaults_are_tried_first() -> None:
    space = SearchSpace(
        [Float("lr", 1e-5, 1e-1, log=True, default=3e-4), Int("depth", 1, 9, default=2)]
    )
    for seed in range(3):
        assert make_method("bayesian", space, seed=seed).ask(1) == [space.default()]


def test_that_defaults_which_run_already_are_not_tried_again() -> None:
    method = make_method("bayesian", SQUARE)
    method.pend(SQUARE.default())
    others = method.ask(5)
    assert SQUARE.default() not in others
    assert len({SQUARE.key(params) for params in others}) == 5


def test_that_the_start_fills_the_space() -> None:
    """Before anything is known, each quarter of the square is looked at."""
    for seed in range(5):
        asked = make_method("bayesian", SQUARE, seed=seed).ask(12)
        assert len({(p["x"] < 0.5, p["y"] < 0.5) for p in asked}) == 4
        assert apart(asked) > 0.05


def test_that_seeds_differ() -> None:
    second = [make_method("bayesian", SQUARE, seed=seed).ask(2)[1]["x"] for seed in range(10)]
    assert len(set(second)) == 10


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


@pytest.mark.parametrize("seed", range(3))
def test_that_a_corner_that_dies_does_not_keep_the_search(seed: int) -> None:
    """Six dimensions: the default is the best of what dies least; the rest is found from there."""
    space = SearchSpace(
        [*(Float(f"x{i}", 0.0, 1.0) for i in range(5)), Categorical("c", ["a", "b", "c"])]
    )

    def loss(params):
        if params["x0"] + params["x1"] > 1.0:
            return None
        return sum((params[f"x{i}"] - 0.35) ** 2 for i in range(5)) + 0.2 * (params["c"] != "b")

    method = make_method("bayesian", space, seed=seed)
    asked = search(method, loss, 45)
    found = np.array([loss(params) is None for params in asked])
    assert found[-15:].sum() <= 4
    assert min(loss(params) for params in asked if loss(params) is not None) < 0.02


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


# --- several at once


def apart(asked) -> float:
    """How far the two nearest of some configurations are from one another."""
    points = np.array([SQUARE.encode(params) for params in asked])
    return min(float(np.abs(a - b).max()) for a, b in combinations(points, 2))


@pytest.mark.parametrize("told", [0, 1, 6, 20])
def test_that_eight_at_once_are_spread(told: int) -> None:
    method = make_method("bayesian", SQUARE, seed=told)
    search(method, bowl(0.3, 0.7), told)
    asked = method.ask(8)
    assert len({SQUARE.key(params) for params in asked}) == 8
    assert apart(asked) > 0.005


def test_that_a_batch_in_a_space_of_few_choices_has_no_two_alike() -> None:
    method = make_method("bayesian", FINITE)
    search(method, lambda params: float(params["depth"]), 6)
    asked = method.ask(8)
    assert len({FINITE.key(params) for params in asked}) == 8


def test_that_another_choice_is_never_as_good_as_alike() -> None:
    space = SearchSpace([Categorical("c", [f"choice {n}" for n in range(40)]), Float("x", 0, 1)])
    method = make_method("bayesian", space)
    asked = search(method, lambda p: p["x"] + 0.1 * (p["c"] > "choice 2"), trials=12)
    asked += method.ask(8)
    assert len({space.key(params) for params in asked}) == 20


def test_that_a_condition_on_one_of_thousands_of_values_is_kept() -> None:
    units = Int("units", 1, 4096)
    space = SearchSpace([units, Float("extra", 0.0, 1.0, when=When("units", (4096,)))])
    method = make_method("bayesian", space)
    for params in search(method, lambda p: abs(p["units"] - 4096) / 4096, trials=15):
        assert space.validate(params) == params


def test_that_parallel_workers_keep_away_from_what_runs() -> None:
    """Four workers that finish in any order: no trial is a double of one that runs."""
    method, chance = make_method("bayesian", SQUARE, seed=2), np.random.default_rng(0)
    running = method.ask(4)
    values = []
    for _ in range(24):
        done = running.pop(int(chance.integers(len(running))))
        values.append(bowl(0.3, 0.7)(done))
        report(method, done, values[-1])
        running += method.ask(1)
        assert len(running) == 4
        assert apart(running) > 0.005
    assert min(values) < 0.005


# --- the same again


def test_that_replay_in_the_order_of_finishing_goes_on_alike() -> None:
    """Three workers; some trials fail; then the program dies with two that run."""
    living, history = make_method("bayesian", MIXED, seed=5), []
    running = living.ask(3)
    for number in range(12):
        params = running.pop(number % 2)
        value = None if number % 5 == 4 else params["dropout"] + params["depth"]
        report(living, params, value, seconds=1.0 + number)
        history.append((params, value, 1.0 + number))
        running += living.ask(1)
    resumed = make_method("bayesian", MIXED, seed=5)
    for params, value, seconds in history:
        report(resumed, params, value, seconds)
    for params in running:
        resumed.pend(params)
    assert resumed.ask(4) == living.ask(4)


def test_that_looking_at_proposals_one_by_one_or_at_once_is_the_same() -> None:
    one, other = make_method("bayesian", MIXED), make_method("bayesian", MIXED)
    for method in (one, other):
        search(method, lambda params: params["dropout"], 5)
    assert one.ask(3) == [*other.ask(1), *other.ask(2)]


# --- spaces that end, and large ones


@pytest.mark.parametrize("space", [FINITE, CONDITIONAL_FINITE], ids=["plain", "conditional"])
def test_that_a_finite_space_ends_without_a_repeat(space: SearchSpace) -> None:
    method = make_method("bayesian", space)
    asked = search(method, lambda params: float(len(str(params))), space.size())
    assert len({space.key(params) for params in asked}) == space.size()
    assert method.ask(1) == []


def test_that_the_best_of_a_finite_space_is_found_early() -> None:
    space = SearchSpace([Int("a", 1, 10), Int("b", 1, 10), Categorical("c", ["u", "v"])])

    def loss(params):
        return (params["a"] - 8) ** 2 + (params["b"] - 3) ** 2 + 5 * (params["c"] == "u")

    asked = search(make_method("bayesian", space), loss, 25)
    assert min(map(loss, asked)) == 0


def test_that_fifty_parameters_are_searched() -> None:
    space = SearchSpace(
        [Float(f"x{i}", 0.0, 1.0) for i in range(25)]
        + [Int(f"n{i}", 1, 1000, log=True) for i in range(15)]
        + [Categorical(f"c{i}", ["a", "b", "c"]) for i in range(10)]
    )

    def loss(params):
        return sum((params[f"x{i}"] - 0.8) ** 2 for i in range(3))

    asked = search(make_method("bayesian", space), loss, 30)
    assert len({space.key(params) for params in asked}) == 30
    assert min(map(loss, asked[20:])) < 0.5 * loss(space.default())


def test_that_a_space_of_one_parameter_is_searched() -> None:
    space = SearchSpace([Float("lr", 1e-5, 1e-1, log=True)])
    asked = search(make_method("bayesian", space), lambda p: (math.log10(p["lr"]) + 3.3) ** 2, 12)
    assert min(abs(math.log10(params["lr"]) + 3.3) for params in asked) < 0.05


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


# --- what it loads


@pytest.mark.parametrize(
    "act",
    [
        "import engine.methods",
        "from engine.spec import StudySpec; StudySpec.parse(sys.stdin.read())",
        "from engine.methods import make_method; from engine.spec import StudySpec;"
        "make_method('bayesian', StudySpec.parse(sys.stdin.read()).space).ask(1)",
    ],
    ids=["methods", "a spec", "the first proposal"],
)
def test_that_scipy_is_not_loaded_by(act: str) -> None:
    """The window checks specs: it must open at once."""
    spec = """
name = "light"
[task]
kind = "builtin"
network = "mlp"
data = "digits"
objective = "val_cross_entropy"
[[space]]
name = "lr"
type = "float"
low = 1e-5
high = 1e-1
log = true
[method]
name = "bayesian"
cost_weight = 1
[budget]
trials = 5
"""
    code = f"import sys; {act}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], input=spec, capture_output=True, text=True, check=True
    )
    assert not {"scipy", "torch", "PySide6"} & set(loaded.stdout.split())
