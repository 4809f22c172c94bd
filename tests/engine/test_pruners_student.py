"""Student's t without scipy, held against scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import stdtr, stdtrit

from engine.pruners.student import chance_below, quantile

FREEDOMS = [1.0, 1.3, 2.0, 2.0001, 2.37, 3.0, 3.9, 4.0, 7.5, 30.0, 300.0]


@pytest.mark.parametrize("freedom", FREEDOMS)
def test_that_chances_are_those_of_scipy_far_out_in_the_tails_too(freedom: float) -> None:
    places = np.concatenate([[0.0], np.logspace(-3, 4, 80)])
    for z in np.concatenate([-places, places]):
        assert chance_below(z, freedom) == pytest.approx(stdtr(freedom, z), rel=1e-10, abs=1e-300)


@pytest.mark.parametrize("freedom", FREEDOMS)
def test_that_quantiles_are_those_of_scipy(freedom: float) -> None:
    for probability in [1e-9, 1e-3, 0.05, 0.3, 0.499, 0.5, 0.6, 0.9, 0.999]:
        expected = stdtrit(freedom, probability)
        assert quantile(probability, freedom) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_that_what_is_infinitely_far_has_no_chance_or_every() -> None:
    assert chance_below(-np.inf, 3.0) == 0.0
    assert chance_below(np.inf, 3.0) == 1.0
