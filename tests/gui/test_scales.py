"""Axes: where values are, and ticks that people expect."""

import math

import pytest

from engine.parameters import Categorical, Float, Int
from gui.models.scales import LinearScale, LogScale, scale_of


def _texts(scale, low=None, high=None, most=8):
    low, high = scale.low if low is None else low, scale.high if high is None else high
    return [text for _, text in scale.ticks(low, high, most)[0]]


def test_that_a_log_float_has_powers_of_ten():
    assert _texts(scale_of(Float("lr", 1e-5, 0.1, log=True))) == [
        "1e-5",
        "1e-4",
        "1e-3",
        "0.01",
        "0.1",
    ]


def test_that_a_size_between_powers_of_two_has_powers_of_two():
    assert _texts(scale_of(Int("batch", 32, 512, log=True))) == ["32", "64", "128", "256", "512"]


def test_that_a_log_int_with_other_bounds_has_powers_of_ten():
    assert _texts(scale_of(Int("width", 5, 5000, log=True))) == ["10", "100", "1000"]


def test_that_few_powers_in_sight_are_helped_by_twos_and_fives():
    assert _texts(LogScale("loss"), -1.0, 0.4) == ["0.1", "0.2", "0.5", "1", "2"]


def test_that_many_powers_are_thinned_and_the_others_stay_as_small_ticks():
    scale = scale_of(Float("wd", 1e-12, 1.0, log=True))
    major, minor = scale.ticks(scale.low, scale.high, 5)
    assert len(major) <= 5
    assert len(major) + len(minor) == 13


def test_that_a_log_axis_zoomed_between_two_powers_still_has_ticks():
    texts = _texts(LogScale("lr"), math.log10(2e-3), math.log10(8e-3), 5)
    assert texts == ["2e-3", "4e-3", "6e-3", "8e-3"]


def test_that_whole_numbers_have_no_ticks_between_them():
    major, minor = scale_of(Int("depth", 1, 4)).ticks(1, 4, 20)
    assert [text for _, text in major] == ["1", "2", "3", "4"]
    assert minor == []


def test_that_ticks_of_a_linear_axis_are_round_and_equally_precise():
    assert _texts(LinearScale("x", 0, 1), most=5) == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
    assert _texts(LinearScale("x", -2, 2), most=4) == ["-2", "-1", "0", "1", "2"]


@pytest.mark.parametrize("width", [1e-12, 3e-7, 1.0, 4e9])
def test_that_any_range_gets_a_bearable_number_of_ticks(width):
    major, minor = LinearScale("x").ticks(5.0, 5.0 + width, 6)
    assert len(major) <= 8
    assert len(minor) <= 40


def test_that_choices_are_ticks_by_name():
    scale = scale_of(Categorical("optimizer", ["sgd", "adam", True, 1]))
    assert _texts(scale) == ["sgd", "adam", "true", "1"]
    assert [scale.position(v) for v in ("sgd", True, 1)] == [0, 2, 3]
    assert math.isnan(scale.position("lion"))


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        (Float("a", 1e-5, 0.1, log=True), 3e-4),
        (Int("b", 32, 512, log=True), 91),
        (Int("c", 1, 9), 7),
        (Float("d", 0, 1), 0.25),
        (Categorical("e", ["x", "y"]), "y"),
    ],
)
def test_that_a_place_leads_back_to_its_value(parameter, value):
    scale = scale_of(parameter)
    assert (
        scale.value(scale.position(value)) == pytest.approx(value)
        if not isinstance(value, str)
        else scale.value(scale.position(value)) == value
    )
