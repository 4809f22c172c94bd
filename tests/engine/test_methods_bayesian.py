"""Bayesian optimisation as a whole: what it asks for, from its start to the end of a space.

What it makes of failures, seconds and odd values: test_methods_bayesian_told.
Contract: test_methods.
"""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

from engine.methods import make_method
from engine.space import Categorical, Float, Int, SearchSpace, When
from tests.engine.landscapes import (
    MIXED,
    SQUARE,
    apart,
    bowl,
    evidence_of,
    model_of,
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


# --- several at once


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


def test_that_looking_ahead_asks_for_nothing() -> None:
    method = make_method("bayesian", SQUARE, seed=2)
    for _ in range(6):
        ahead = method.preview()
        assert method.preview() == ahead
        assert method.pending == []
        (params,) = method.ask(1)
        assert params == ahead
        method.tell(params, bowl(0.3, 0.4)(params))


# --- what goes together


def test_that_what_it_is_to_hold_is_held_and_all_the_rest_is_free() -> None:
    space = SearchSpace(
        [
            Float("lr", 1e-5, 1e-1, log=True),
            Int("batch_size", 16, 512, log=True),
            Categorical("optimizer", ["sgd", "adam"]),
            Float("momentum", 0.0, 0.99, when=When("optimizer", ["sgd"])),
        ]
    )
    method = make_method("bayesian", space, seed=3)
    for params in method.ask(6):
        method.tell(params, math.log10(params["lr"]) ** 2 + params["batch_size"] / 100)
    asked = method.ask(8, like={"batch_size": 77})
    assert {params["batch_size"] for params in asked} == {77}
    assert len({space.key(params) for params in asked}) == 8
    assert len({params["optimizer"] for params in asked}) == 2
    assert len(method.ask(3)) == 3, "nothing is held any longer"


@pytest.mark.parametrize("told", [0, 3])
def test_that_a_part_of_a_space_may_be_exhausted_without_the_rest(told: int) -> None:
    space = SearchSpace([Categorical("a", list("uvwxyz")), Categorical("b", ["p", "q"])])
    method = make_method("bayesian", space)
    for params in method.ask(1 + told)[:told]:
        method.tell(params, 1.0)
    found = method.ask(9, like={"b": "q"})
    assert {params["b"] for params in found} == {"q"}
    assert len(found) < 7
    assert len(method.ask(12)) == 12 - 1 - told - len(found)
