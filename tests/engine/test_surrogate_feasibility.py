"""Where trials die: a region of failures is left alone, an accident is forgiven."""

from __future__ import annotations

import numpy as np
import pytest

from engine.surrogate.cube import Cube
from engine.surrogate.feasibility import Feasibility
from engine.surrogate.features import Features
from tests.engine.landscapes import MIXED, SQUARE, points_of

FEATURES = Features(Cube(SQUARE))
NONE = np.empty((0, 2))
HERE = np.array([[0.5, 0.5]])


def near(count: int, size: float = 0.02) -> np.ndarray:
    return HERE + size * np.random.default_rng(0).standard_normal((count, 2))


def test_that_where_nothing_failed_everything_comes_through() -> None:
    places = points_of(SQUARE, 20)
    assert (Feasibility(FEATURES, places[:5], NONE).of(places) == 1.0).all()


def test_that_each_further_failure_lowers_the_chance_towards_none() -> None:
    failed = near(12)
    chances = [Feasibility(FEATURES, NONE, failed[:n]).of(HERE)[0] for n in range(13)]
    assert (np.diff(chances) < 0).all()
    assert chances[1] > 0.1
    assert chances[12] < 0.1 * chances[1]
    assert chances[3] < 0.5 * chances[1]


def test_that_one_accident_among_trials_that_came_through_is_forgiven() -> None:
    chances = Feasibility(FEATURES, near(6, 0.05), HERE).of(near(20, 0.05))
    assert chances.min() > 0.8


def test_that_a_failure_says_little_of_what_is_far_away() -> None:
    corners = np.array([[0.0, 0.0], [1.0, 1.0]])
    far = Feasibility(FEATURES, NONE, near(3)).of(corners)
    assert far.min() > 10.0 * Feasibility(FEATURES, NONE, near(3)).of(HERE)[0]
    assert far.min() > 0.4


def test_that_a_half_that_dies_is_told_from_the_other_by_a_dozen_trials() -> None:
    points = points_of(SQUARE, 12, seed=1)
    dies = points[:, 0] > 0.5
    corners = np.array([[0.95, 0.05], [0.95, 0.95], [0.05, 0.05], [0.05, 0.95]])
    chances = Feasibility(FEATURES, points[~dies], points[dies]).of(corners)
    assert chances[:2].max() < 0.3 < 0.9 < chances[2:].min()


def test_that_trials_that_come_through_bring_a_region_back() -> None:
    failed, good = near(5), near(20)
    chances = [Feasibility(FEATURES, good[:n], failed).of(HERE)[0] for n in range(21)]
    assert (np.diff(chances) > 0).all()
    assert chances[0] < 0.1
    assert chances[20] > 0.9


@pytest.mark.parametrize("many", [1, 500])
def test_that_it_is_a_probability_whatever_the_numbers(many: int) -> None:
    features = Features(Cube(MIXED))
    places = points_of(MIXED, 50)
    good, failed = points_of(MIXED, many, 1), points_of(MIXED, many, 2)
    chances = Feasibility(features, good, failed).of(places)
    assert ((chances >= 0.0) & (chances <= 1.0)).all()


def test_that_a_choice_that_kills_is_told_from_one_that_does_not() -> None:
    features = Features(Cube(MIXED))
    points, column = points_of(MIXED, 60), MIXED.dimensions.index("optimizer")
    dies = points[:, column] < 1 / 3
    chances = Feasibility(features, points[~dies], points[dies]).of(points_of(MIXED, 200, 3))
    asked = points_of(MIXED, 200, 3)[:, column] < 1 / 3
    assert chances[asked].mean() < 0.6 * chances[~asked].mean()
