"""How numbers read on screen, and what is copied."""

import math

import pytest

from gui.numbers import count, exact, number, percent


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0031, "3.1e-3"),
        (1e-5, "1e-5"),
        (0.071428571, "0.07143"),
        (0.0714, "0.0714"),
        (0.1, "0.1"),
        (84.3, "84.3"),
        (99999.7, "100000"),
        (1.5e7, "1.5e7"),
        (-0.00025, "-2.5e-4"),
        (0.0, "0"),
        (512, "512"),
        (1234567, "1 234 567"),
        ("adam", "adam"),
        (True, "true"),
        (None, "–"),
        (math.nan, "NaN"),
        (math.inf, "∞"),
    ],
)
def test_that_four_digits_are_shown(value, text):
    assert number(value) == text


def test_that_all_digits_are_copied():
    assert exact(0.07142857142857142) == "0.07142857142857142"
    assert exact(None) == ""


def test_that_counts_read_well_from_one_to_a_nonillion():
    assert count(25) == "25"
    assert count(10**30) == "1.000e+30"
    assert count(123456789012345) == "1.235e+14"


def test_that_a_share_is_a_percentage():
    assert percent(0.843) == "84.3 %"
