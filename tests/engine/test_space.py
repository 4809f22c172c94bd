"""The search space: configurations, conditions, grids and sizes."""

from __future__ import annotations

import subprocess
import sys
from math import prod

import numpy as np
import pytest

from engine.space import Categorical, Float, Int, SearchSpace, SpaceError, When
from tests.engine.spaces import CONDITIONAL, CONDITIONAL_FINITE, CONTINUOUS, FINITE, FIXED_ONLY


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def only(parameter: Float | Int | Categorical) -> SearchSpace:
    return SearchSpace([parameter])


def test_that_a_log_grid_takes_whole_powers() -> None:
    space = SearchSpace(
        [
            Float("lr", 1e-5, 1e-1, log=True, grid=5),
            Int("batch_size", 32, 512, log=True, grid=5),
        ]
    )
    assert space.grid_values("lr") == [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]
    assert space.grid_values("batch_size") == [32, 64, 128, 256, 512]
    assert space.grid_size() == 25


@pytest.mark.parametrize(
    ("parameter", "values"),
    [
        (Float("x", 0, 1), [0.0, 0.25, 0.5, 0.75, 1.0]),
        (Float("x", 0, 1, grid=3), [0.0, 0.5, 1.0]),
        (Float("x", 0, 1, grid=1), [0.5]),
        (Float("x", 0, 1, grid=1, default=0.2), [0.2]),
        (Float("x", 0, 1, grid=[0.9, 0.1]), [0.9, 0.1]),
        (Float("x", 0, 0.3, step=0.1), [0.0, 0.1, 0.2, 0.3]),
        (Int("x", 1, 3), [1, 2, 3]),
        (Int("x", 1, 9), [1, 3, 5, 7, 9]),
        (Int("x", 0, 10, step=5), [0, 5, 10]),
        (Int("x", 1, 10, log=True, grid=8), [1, 2, 3, 4, 5, 6, 7, 10]),
        (Int("x", 1, 100, grid=200), list(range(1, 101))),
        (Categorical("x", ["a", "b", "c", "d", "e", "f"]), ["a", "b", "c", "d", "e", "f"]),
        (Categorical("x", ["a", "b", "c"], grid=["c", "a"]), ["c", "a"]),
        (Float("x", 0, 1, value=0.3), [0.3]),
    ],
)
def test_which_values_a_grid_tries(parameter: Float | Int | Categorical, values: list) -> None:
    assert only(parameter).grid_values("x") == values


def test_that_ten_to_the_thirty_configurations_are_counted_at_once() -> None:
    space = SearchSpace([Float(f"x{i}", 0, 1, grid=10) for i in range(30)])
    assert space.grid_size() == 10**30
    assert space.grid_at(0) == dict.fromkeys(space.names, 0.0)
    assert space.grid_at(10**30 - 1) == dict.fromkeys(space.names, 1.0)


def test_that_a_parent_with_many_values_is_not_listed() -> None:
    space = SearchSpace([Int("n", 1, 10**9), Int("child", 1, 10**9, when=When("n", (7, 10**9)))])
    assert space.size() == 10**9 - 2 + 2 * 10**9


def test_that_a_chain_of_conditions_is_counted_exactly() -> None:
    # kind c: 1; kind b: z; kind a: z and x, where two of the five x have three y
    assert CONDITIONAL_FINITE.size() == 1 + 2 + 2 * (3 + 2 * 3)


def test_that_a_long_chain_of_conditions_is_no_trouble() -> None:
    chain = [Int("n0", 0, 1)]
    chain += [Int(f"n{i}", 0, 1, when=When(f"n{i - 1}", (1,))) for i in range(1, 1500)]
    space = SearchSpace(reversed(chain))
    assert space.size() == 1501
    assert len(space.grid_at(1500)) == 1500


def test_that_a_continuous_parameter_makes_a_space_infinite_only_where_it_can_be_active() -> None:
    child = Float("momentum", 0, 1, when=When("optimizer", ("sgd",)))
    choices = ("sgd", "adam")
    assert SearchSpace([Categorical("optimizer", choices), child]).size() is None
    assert SearchSpace([Categorical("optimizer", choices, value="sgd"), child]).size() is None
    assert SearchSpace([Categorical("optimizer", choices, value="adam"), child]).size() == 1


def test_that_the_grid_leaves_out_what_depends_on_values_that_it_does_not_try() -> None:
    space = SearchSpace([Int("n", 1, 9), Int("child", 1, 3, when=When("n", (2, 5)))])
    assert space.grid_values("n") == [1, 3, 5, 7, 9]
    assert space.grid_size() == 4 + 3


def test_that_a_grid_lists_each_configuration_once() -> None:
    for space in (CONDITIONAL, CONDITIONAL_FINITE, FINITE, FIXED_ONLY):
        configurations = [space.grid_at(i) for i in range(space.grid_size())]
        assert len({space.key(params) for params in configurations}) == len(configurations)
    assert FINITE.grid_size() == prod(len(FINITE.grid_values(name)) for name in FINITE.names)


def test_that_a_number_beyond_the_grid_is_refused() -> None:
    for index in (-1, FINITE.grid_size()):
        with pytest.raises(IndexError):
            FINITE.grid_at(index)


def test_that_only_active_parameters_are_in_a_configuration_in_their_order() -> None:
    assert CONDITIONAL.decode([0.5, 0.0, 0.9, 0.5]) == {
        "momentum": 0.495,
        "optimizer": "sgd",
        "nesterov": True,
        "delay": 2,
    }
    assert list(CONDITIONAL.decode([0.5, 0.0, 0.9, 0.5])) == list(CONDITIONAL.names)
    assert CONDITIONAL.decode([0.5, 0.9, 0.9, 0.5]) == {"optimizer": "none"}


def test_that_activity_follows_the_whole_chain() -> None:
    params = {"optimizer": "none", "nesterov": True, "delay": 2}
    assert not CONDITIONAL.is_active("delay", params)
    assert CONDITIONAL.active({"optimizer": "adam", "nesterov": True}) == [
        "optimizer",
        "nesterov",
        "delay",
    ]


def test_that_inactive_parameters_are_nan_in_the_unit_cube() -> None:
    u = CONDITIONAL.encode({"optimizer": "none"})
    assert u.shape == (4,)
    assert np.isnan(u).tolist() == [True, False, True, True]


def test_that_fixed_parameters_are_filled_in_and_are_no_dimension() -> None:
    assert FIXED_ONLY.dimensions == ()
    assert FIXED_ONLY.validate({}) == {"lr": 0.1, "optimizer": "sgd"}
    assert FIXED_ONLY.decode([]) == FIXED_ONLY.sample(rng()) == FIXED_ONLY.default()
    assert FIXED_ONLY.size() == FIXED_ONLY.grid_size() == 1
    assert FIXED_ONLY.encode({}).shape == (0,)


def test_that_defaults_are_taken_where_given_and_centres_elsewhere() -> None:
    space = SearchSpace(
        [
            Float("a", 0, 1, default=0.1),
            Float("b", 1e-4, 1.0, log=True),
            Int("c", 1, 9),
            Categorical("d", ["x", "y"]),
            Categorical("e", [True, False], default=False),
        ]
    )
    assert space.default() == {"a": 0.1, "b": 0.01, "c": 5, "d": "x", "e": False}


def test_that_sampling_is_uniform_on_the_scale_of_each_parameter() -> None:
    space = SearchSpace([Float("lr", 1e-4, 1, log=True), Int("n", 1, 4), Int("m", 1, 8, log=True)])
    draw = rng()
    samples = [space.sample(draw) for _ in range(4000)]
    below = sum(params["lr"] < 1e-2 for params in samples) / 4000
    assert below == pytest.approx(0.5, abs=0.03)
    for value in range(1, 5):
        assert sum(p["n"] == value for p in samples) / 4000 == pytest.approx(0.25, abs=0.03)
    ones = np.log(1.5 / 0.5) / np.log(8.5 / 0.5)
    assert sum(p["m"] == 1 for p in samples) / 4000 == pytest.approx(ones, abs=0.03)


def test_that_the_same_generator_gives_the_same_samples() -> None:
    assert CONTINUOUS.sample(rng(7)) == CONTINUOUS.sample(rng(7))


def test_that_the_ends_of_the_cube_are_the_ends_of_the_range() -> None:
    space = SearchSpace([Float("x", 1 / 3, 2 / 3), Float("y", 1 / 3, 2 / 3, log=True)])
    assert space.decode([0.0, 0.0]) == {"x": 1 / 3, "y": 1 / 3}
    assert space.decode([1.0, 1.0]) == {"x": 2 / 3, "y": 2 / 3}
    assert space.decode([-5.0, 5.0]) == {"x": 1 / 3, "y": 2 / 3}


def test_that_any_float_is_taken_as_it_is_and_encoded_to_twelve_digits() -> None:
    space = SearchSpace([Float("x", 0, 1), Float("y", 1e-3, 1, log=True)])
    params = space.validate({"x": 1 / 3, "y": 1 / 7})
    assert params == {"x": 1 / 3, "y": 1 / 7}
    back = space.decode(space.encode(params))
    assert back["x"] == pytest.approx(1 / 3, abs=1e-12)
    assert back["y"] == pytest.approx(1 / 7, rel=1e-11)
    assert space.key(params) == space.key(back)


def test_that_numbers_get_the_type_of_their_parameter() -> None:
    space = SearchSpace([Float("x", 0, 10), Int("n", 0, 10), Categorical("c", [1, 2])])
    params = space.validate({"x": 3, "n": np.int64(4), "c": np.int64(2)})
    assert [type(value) for value in params.values()] == [float, int, int]
    assert type(space.validate({"x": np.float32(0.5), "n": 4.0, "c": 1})["n"]) is int


def test_that_rounding_errors_beside_a_bound_or_a_step_are_mended() -> None:
    space = SearchSpace([Float("x", 0, 0.1), Float("s", 0, 1, step=0.1)])
    assert space.validate({"x": 0.1 + 1e-16, "s": 0.1 + 0.2}) == {"x": 0.1, "s": 0.3}


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"lr": 0.5, "n": 3}, "lr: 0.5 is outside 1e-05 to 0.1; take one between them."),
        ({"lr": "0.01", "n": 3}, "lr: must be a number, not '0.01'."),
        ({"lr": True, "n": 3}, "lr: must be a number, not true."),
        ({"lr": float("nan"), "n": 3}, "lr: must be a number, not nan."),
        ({"lr": 0.01}, "n: its value is missing; give one."),
        ({"lr": 0.01, "n": 3.5}, "n: must be a whole number, not 3.5."),
        ({"lr": 0.01, "n": 4}, "n: 4 is between two steps; take 3 or 5."),
        ({"lr": 0.01, "n": 3, "l": 1}, "l: there is no such parameter; did you mean 'lr'?"),
        ({"lr": 0.01, "n": 3, "o": "adam"}, "o: is fixed at 'sgd', not 'adam'."),
        ({"lr": 0.01, "n": 3, "m": 0.5}, "m: it is not active beside these values; remove it."),
        ({"lr": 0.01, "n": 5, "m": [1]}, "m: [1] is not one of 'a', 'b'."),
        ({"lr": 0.01, "n": 5, "m": None}, "m: None is not one of 'a', 'b'."),
    ],
)
def test_how_a_configuration_that_does_not_fit_is_refused(params: dict, sentence: str) -> None:
    space = SearchSpace(
        [
            Float("lr", 1e-5, 1e-1, log=True),
            Int("n", 1, 9, step=2),
            Categorical("o", value="sgd"),
            Categorical("m", ["a", "b"], when=When("n", (5,))),
        ]
    )
    with pytest.raises(SpaceError) as refused:
        space.validate(params)
    assert str(refused.value) == sentence


def test_that_true_and_one_are_told_apart() -> None:
    space = only(Categorical("c", [True, False]))
    with pytest.raises(SpaceError):
        space.validate({"c": 1})
    assert space.validate({"c": np.True_}) == {"c": True}


def test_that_a_point_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="2 coordinates for 3 dimensions"):
        CONTINUOUS.decode([0.1, 0.2])


def test_that_equal_definitions_make_equal_spaces() -> None:
    one = only(Categorical("c", ["a", "b"], grid=["a"]))
    other = only(Categorical("c", ("a", "b"), grid=("a",)))
    assert one == other
    assert hash(one) == hash(other)
    assert len(one) == 1
    assert list(one) == [one["c"]]
    assert "c" in one


def test_that_the_window_can_read_spaces_without_heavy_libraries() -> None:
    code = (
        "import sys, engine.space, engine.methods, engine.spec\n"
        "print([m for m in ('scipy', 'torch', 'polars', 'PySide6') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
