"""The landscape through evaluated points, and its contour lines."""

import numpy as np
import pytest

from engine.analysis.contours import contour_lines
from engine.analysis.surface import FEWEST_POINTS, fit_surface


def _centres(cells: int) -> np.ndarray:
    return (np.arange(cells) + 0.5) / cells


def test_that_a_plane_is_reproduced():
    x, y = np.random.default_rng(0).random((2, 60))
    surface = fit_surface(x, y, 2 * x - 3 * y + 1, shape=(30, 40))
    truth = 2 * _centres(40)[None, :] - 3 * _centres(30)[:, None] + 1
    assert surface.mean.shape == (30, 40)
    assert np.abs(surface.mean - truth)[surface.support > 0.5].max() < 0.05


def test_that_a_grid_without_noise_is_passed_through():
    x, y = (g.ravel() for g in np.meshgrid(np.linspace(0, 1, 5), np.linspace(0, 1, 5)))
    values = np.sin(3 * x) + y**2
    surface = fit_surface(x, y, values, shape=(101, 101))
    at = (np.clip(y * 101, 0, 100).astype(int), np.clip(x * 101, 0, 100).astype(int))
    assert np.abs(surface.mean[at] - values).max() < 0.05


def test_that_repeats_of_a_place_are_averaged():
    x, y = np.random.default_rng(1).random((2, 12))
    noise = np.tile([-1.0, 1.0], 12)
    twice = fit_surface(np.repeat(x, 2), np.repeat(y, 2), np.repeat(x, 2) + noise)
    once = fit_surface(x, y, x)
    assert np.abs(twice.mean - once.mean).max() < 0.05


def test_that_too_few_distinct_places_give_no_landscape():
    x, y = np.random.default_rng(2).random((2, FEWEST_POINTS - 1))
    assert fit_surface(x, y, x) is None
    assert fit_surface(np.repeat(x, 9), np.repeat(y, 9), np.repeat(x, 9)) is None


def test_that_values_that_are_not_finite_are_left_out():
    x, y = np.random.default_rng(3).random((2, 20))
    values = x.copy()
    values[:3] = np.nan, np.inf, -np.inf
    expected = fit_surface(x[3:], y[3:], x[3:])
    np.testing.assert_allclose(fit_surface(x, y, values).mean, expected.mean)


def test_that_choices_are_not_blended_into_each_other():
    rng = np.random.default_rng(4)
    choice, y = rng.integers(0, 3, 60), rng.random(60)
    values = np.array([0.0, 1.0, 0.3])[choice]
    surface = fit_surface((choice + 0.5) / 3, y, values, (3, None), shape=(20, 30))
    columns = surface.mean.reshape(20, 3, 10)
    assert np.ptp(columns, axis=2).max() < 1e-12
    np.testing.assert_allclose(columns.mean(axis=(0, 2)), [0.0, 1.0, 0.3], atol=0.05)


def test_that_a_choice_nobody_tried_has_no_support():
    y = np.linspace(0, 1, 20)
    surface = fit_surface(np.full(20, 0.25), y, y, (2, None), shape=(10, 10))
    assert surface.support[:, :5].min() > 0.9
    assert surface.support[:, 5:].max() == 0


def test_that_support_fades_where_nothing_was_tried():
    x, y = 0.3 * np.random.default_rng(5).random((2, 40))
    surface = fit_surface(x, y, x)
    assert surface.support[:20, :20].min() > 0.9
    assert surface.support[100:, 140:].max() == 0


def test_that_noise_is_smoothed():
    rng = np.random.default_rng(6)
    x, y = rng.random((2, 300))
    truth = np.sin(3 * x)
    surface = fit_surface(x, y, truth + rng.normal(0, 0.5, 300), shape=(40, 40))
    error = surface.mean - np.sin(3 * _centres(40))[None, :]
    assert np.sqrt(np.mean(error**2)) < 0.2


def test_that_constant_values_give_a_flat_landscape():
    x, y = np.random.default_rng(7).random((2, 30))
    np.testing.assert_allclose(fit_surface(x, y, np.full(30, 4.2)).mean, 4.2)


@pytest.mark.timeout(60)  # all of them at once would take minutes
def test_that_ten_thousand_points_take_a_moment():
    x, y = np.random.default_rng(8).random((2, 10_000))
    surface = fit_surface(x, y, (x - 0.4) ** 2 + y)
    truth = (_centres(192)[None, :] - 0.4) ** 2 + _centres(144)[:, None]
    assert np.abs(surface.mean - truth).max() < 0.05


def test_that_a_contour_line_is_where_the_level_is():
    x, y = _centres(120)[None, :], _centres(100)[:, None]
    pieces = contour_lines(np.hypot(x - 0.5, y - 0.5), 0.3)
    radii = np.hypot(pieces[..., 0] - 0.5, pieces[..., 1] - 0.5)
    np.testing.assert_allclose(radii, 0.3, atol=1e-3)
    lengths = np.linalg.norm(pieces[:, 1] - pieces[:, 0], axis=1)
    assert lengths.sum() == pytest.approx(2 * np.pi * 0.3, rel=1e-2)


def test_that_contour_lines_stay_out_of_hidden_places():
    field = np.tile(_centres(50), (50, 1))
    hidden = np.zeros((50, 50), dtype=bool)
    hidden[25:] = True
    pieces = contour_lines(field, 0.5, hidden)
    assert len(pieces)
    assert pieces[..., 1].max() < 0.5


def test_that_a_saddle_keeps_its_high_corners_apart():
    pieces = contour_lines(np.array([[1.0, 0.0], [0.0, 1.0]]), 0.5)
    assert len(pieces) == 2
    for middle in pieces.mean(axis=1):  # each piece cuts one of the two high corners off
        assert min(np.hypot(*(middle - corner)) for corner in ((0.25, 0.25), (0.75, 0.75))) < 0.2


def test_that_a_level_nobody_reaches_has_no_line():
    assert contour_lines(np.zeros((5, 5)), 1.0).shape == (0, 2, 2)
