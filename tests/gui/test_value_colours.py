"""Which colour a value has: better is bright, outliers do not drown the rest."""

import numpy as np
import pytest

from gui.models.value_colours import ValueColours


def test_that_better_is_bright_whichever_way_the_objective_points():
    values = np.array([0.1, 0.5, 0.9])
    np.testing.assert_allclose(ValueColours.of(values, True).goodness(values), [1, 0.5, 0])
    np.testing.assert_allclose(ValueColours.of(values, False).goodness(values), [0, 0.5, 1])


def test_that_a_diverged_run_does_not_turn_all_others_into_one_colour():
    values = np.append(np.linspace(0.5, 1.0, 30), 1e6)
    colours = ValueColours.of(values, True)
    assert (colours.worst, colours.beyond) == (1.0, 1)
    assert colours.goodness(values)[-1] == 0


def test_that_the_good_end_is_never_clipped():
    values = np.append(np.linspace(5.0, 5.5, 30), 0.001)
    assert ValueColours.of(values, True).best == pytest.approx(0.001)
    assert ValueColours.of(-values, False).best == pytest.approx(-0.001)


def test_that_losses_over_decades_are_told_apart_by_ratio():
    values = np.geomspace(0.01, 10, 40)
    colours = ValueColours.of(values, True)
    assert colours.log
    np.testing.assert_allclose(colours.goodness(values), np.linspace(1, 0, 40), atol=1e-9)


def test_that_a_goodness_leads_back_to_its_value():
    for values in (np.geomspace(0.01, 10, 40), np.linspace(-1, 4, 40)):
        colours = ValueColours.of(values, True)
        for value in values[::7]:
            goodness = float(colours.goodness(np.array([value]))[0])
            assert colours.value(goodness) == pytest.approx(value)


def test_that_equal_values_are_all_good_and_nothing_finite_has_no_colours():
    assert ValueColours.of(np.full(9, 2.0), True).goodness(np.full(2, 2.0)).tolist() == [1, 1]
    assert ValueColours.of(np.array([np.nan, np.inf]), True) is None
