"""The transform of losses: undone exactly, robust against far-out values, harmless on odd ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import skew, yeojohnson

from engine.surrogate.warp import Warp, bend, unbend


@pytest.mark.parametrize("power", [-2.0, -0.5, 0.0, 0.7, 1.0, 2.0, 3.0])
def test_that_bending_is_yeo_johnsons_transform_and_is_undone(power: float) -> None:
    z = np.linspace(-3.0, 3.0, 31)
    np.testing.assert_allclose(bend(z, power), yeojohnson(z, power), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(unbend(bend(z, power), power), z, rtol=1e-8, atol=1e-9)
    assert (np.diff(bend(z, power)) > 0).all()


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
@pytest.mark.parametrize("seed", range(3))
def test_that_the_transform_is_undone_within_the_data(scale: float, seed: int) -> None:
    values = scale * (3.0 + np.exp(np.random.default_rng(seed).standard_normal(40)))
    warp = Warp(values)
    kept = np.sort(values)[:30]  # the far end of what is bad may be cut off
    np.testing.assert_allclose(warp.back(warp.forward(kept)), kept, rtol=1e-8)


def test_that_what_is_better_stays_better() -> None:
    values = np.exp(2.0 * np.random.default_rng(0).standard_normal(50))
    bent = Warp(values).forward(values)
    assert (np.argsort(bent, kind="stable")[:40] == np.argsort(values, kind="stable")[:40]).all()
    assert (np.diff(bent[np.argsort(values)]) >= 0).all()


def test_that_skew_is_taken_away() -> None:
    values = np.exp(np.random.default_rng(0).standard_normal(80))
    bent = Warp(values).forward(values)
    assert abs(skew(bent)) < 0.3 < skew(values)
    assert abs(bent.mean()) < 1e-9
    assert bent.std() == pytest.approx(1.0)


@pytest.mark.parametrize("far", [1e3, 1e30, 1e300, 1.7e308])
def test_that_how_bad_a_diverged_trial_was_hides_nothing_of_the_good_ones(far: float) -> None:
    good = np.linspace(0.1, 0.5, 20)
    bent = Warp(np.append(good, [far, far / 2])).forward(np.append(good, [far, far / 2]))
    assert np.isfinite(bent).all()
    assert np.ptp(bent[:20]) > 1.0
    assert (bent[20:] >= bent[:20].max()).all()


def test_that_a_far_out_good_value_keeps_everything_finite() -> None:
    values = np.append(np.linspace(0.1, 0.5, 20), -1e300)
    warp = Warp(values)
    assert np.isfinite(warp.forward(values)).all()
    assert warp.forward(values).argmin() == 20


@pytest.mark.parametrize("value", [0.0, 0.25, -3.0, 1e300, 1e-300])
@pytest.mark.parametrize("count", [1, 2, 10])
def test_that_equal_values_become_zero_and_come_back(value: float, count: int) -> None:
    values = np.full(count, value)
    warp = Warp(values)
    np.testing.assert_allclose(warp.forward(values), 0.0, atol=1e-9)
    np.testing.assert_allclose(warp.back(np.zeros(3)), value, rtol=1e-12)


def test_that_two_values_are_told_apart() -> None:
    values = np.array([0.3, 0.2])
    warp = Warp(values)
    bent = warp.forward(values)
    assert bent[0] > bent[1]
    np.testing.assert_allclose(warp.back(bent), values)


def test_that_far_from_the_data_the_way_back_ends_at_finite_values() -> None:
    for seed in range(5):
        values = np.exp(2.0 * np.random.default_rng(seed).standard_normal(20))
        back = Warp(values).back(np.array([-1e6, -30.0, 0.0, 30.0, 1e6]))
        assert np.isfinite(back).all()
        assert (np.diff(back) >= 0).all()


@pytest.mark.parametrize(
    "losses", [[-1.7e308] * 3 + [1.7e308], [0.0, 0.0, 0.0, 0.0, 1.0, 1e12], [5e-324, 1e308, 1.0]]
)
def test_that_no_values_are_too_far_apart(losses: list[float]) -> None:
    values = np.array(losses)
    bent = Warp(values).forward(values)
    assert np.isfinite(bent).all()
    assert (np.argsort(bent, kind="stable") == np.argsort(values, kind="stable")).all()
