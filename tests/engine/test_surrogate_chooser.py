"""The acquisition: its gradient, what pending trials and seconds do to it, where it is highest."""

from __future__ import annotations

import numpy as np
import pytest

from engine.space import Categorical, Float, Int, SearchSpace
from engine.surrogate.chooser import Chooser
from tests.engine.landscapes import MIXED, SQUARE, evidence_of, model_of, points_of, wavy

MOMENTUM = MIXED.dimensions.index("momentum")
NUMBERS = [MIXED.dimensions.index(name) for name in ("lr", "dropout", "depth")]


def mixed_model(failed: int = 0):
    points = points_of(MIXED, 30)
    seconds = np.exp(points[:, 0] + np.nan_to_num(points[:, MOMENTUM]))
    losses = wavy(points) + 0.2 * np.random.default_rng(0).standard_normal(len(points))
    evidence = evidence_of(
        points, losses, seconds=seconds, failed=points_of(MIXED, failed, 9).reshape(-1, 5)
    )
    return model_of(MIXED, evidence)


def differences(chooser: Chooser, place: np.ndarray, columns: list[int]) -> np.ndarray:
    """The acquisition's slopes at a place, by central differences."""
    steps = 1e-5 * np.eye(len(place))[columns]
    up, down = (chooser.smooth(place + sign * steps)[0] for sign in (1.0, -1.0))
    return (up - down) / 2e-5


@pytest.mark.parametrize("weight", [0.0, 1.0, 2.5])
@pytest.mark.parametrize("pending", [0, 3])
def test_that_the_acquisitions_gradient_agrees_with_differences(weight, pending) -> None:
    chooser = Chooser(mixed_model(), points_of(MIXED, pending, 4).reshape(-1, 5), weight)
    for place in points_of(MIXED, 12, seed=5):
        active = [*NUMBERS, MOMENTUM] if not np.isnan(place[MOMENTUM]) else NUMBERS

        place[active] = 0.05 + 0.9 * place[active]
        _, gradient = chooser.smooth(place[None, :])
        numeric = differences(chooser, place, active)
        tolerance = 1e-5 * np.abs(numeric).max() + 1e-6
        np.testing.assert_allclose(gradient[0, active], numeric, rtol=1e-5, atol=tolerance)
        others = np.setdiff1d(np.arange(len(place)), active)
        assert (gradient[0, others] == 0.0).all()


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_that_without_failures_the_smooth_part_is_all_of_it(weight: float) -> None:
    chooser = Chooser(mixed_model(), None, weight)
    places = points_of(MIXED, 40, seed=6)
    np.testing.assert_allclose(chooser.value(places), chooser.smooth(places)[0], atol=1e-6)


def test_that_failures_only_ever_lower_it() -> None:
    places = points_of(MIXED, 40, seed=6)
    plain = Chooser(mixed_model()).value(places)
    assert (Chooser(mixed_model(failed=5)).value(places) <= plain + 1e-9).all()


@pytest.mark.parametrize("seed", range(4))
def test_that_what_is_pending_promises_no_more(seed: int) -> None:
    points = points_of(SQUARE, 12, seed)
    model = model_of(SQUARE, evidence_of(points, wavy(points)))
    first = Chooser(model).best(model.cube, lambda point: True, np.random.default_rng(0))
    there = first[None, :]
    assert Chooser(model, there).value(there)[0] < Chooser(model).value(there)[0] - 0.5


def test_that_the_point_it_finds_is_about_the_highest_there_is() -> None:
    """At least as high as the best of a fine grid."""
    points = points_of(SQUARE, 15, seed=2)
    model = model_of(SQUARE, evidence_of(points, wavy(points)))
    chooser = Chooser(model)
    axis = (np.arange(120) + 0.5) / 120
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    found = chooser.best(model.cube, lambda point: True, np.random.default_rng(1))
    assert chooser.value(found[None, :])[0] >= chooser.value(grid).max() - 0.05


def test_that_it_finds_the_highest_of_a_space_of_choices_and_whole_numbers() -> None:
    space = SearchSpace(
        [Categorical("a", list("uvwxyz")), Int("b", 1, 30), Categorical("c", ["p", "q", "r"])]
    )
    points = points_of(space, 20)
    model = model_of(space, evidence_of(points, wavy(points)))
    chooser = Chooser(model)
    everything = np.array([space.encode(space.enumeration.at(i)) for i in range(space.size())])
    found = chooser.best(model.cube, lambda point: True, np.random.default_rng(0))
    assert chooser.value(found[None, :])[0] == pytest.approx(chooser.value(everything).max())


def test_that_only_what_is_new_is_found_or_nothing() -> None:
    points = points_of(SQUARE, 8)
    model = model_of(SQUARE, evidence_of(points, wavy(points)))
    chooser = Chooser(model)
    right = chooser.best(model.cube, lambda point: bool(point[0] > 0.9), np.random.default_rng(0))
    assert right[0] > 0.9
    assert chooser.best(model.cube, lambda point: False, np.random.default_rng(0)) is None


def test_that_seconds_count_only_where_they_are_known_and_wanted() -> None:
    places, points = points_of(SQUARE, 30, seed=3), points_of(SQUARE, 12)
    slow_right = np.where(points[:, 0] > 0.5, 60.0, 1.0)
    timed = model_of(SQUARE, evidence_of(points, wavy(points), seconds=slow_right))
    untimed = model_of(SQUARE, evidence_of(points, wavy(points)))
    plain = Chooser(untimed).value(places)
    np.testing.assert_allclose(Chooser(timed).value(places), plain)
    np.testing.assert_allclose(Chooser(untimed, cost_weight=1.0).value(places), plain)
    gain = Chooser(timed, cost_weight=1.0).value(places) - plain
    assert gain[places[:, 0] < 0.4].min() > gain[places[:, 0] > 0.6].max()


def test_that_a_point_at_the_edge_or_without_neighbours_is_no_trouble() -> None:
    space = SearchSpace([Float("x", 0.0, 1.0), Categorical("only", ["one", "two"])])
    points = np.array([[0.0, 0.25], [1.0, 0.75]])
    chooser = Chooser(model_of(space, evidence_of(points, np.array([0.0, 1.0]))))
    values, gradient = chooser.smooth(points)
    assert np.isfinite(values).all()
    assert np.isfinite(gradient).all()
