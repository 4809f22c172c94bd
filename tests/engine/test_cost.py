"""Estimates of remaining time, and durations in words."""

import math

import pytest

from engine.analysis.cost import estimate, words


def test_that_nothing_is_estimated_before_a_trial_is_done():
    assert estimate([], 10, 1) is None
    assert estimate([math.nan, math.inf], 10, 1) is None


def test_that_equal_trials_on_one_worker_take_their_sum():
    assert estimate([2.0] * 10, 15, 1).seconds == pytest.approx(30)


def test_that_workers_share_the_trials_and_the_last_round_is_half_empty():
    alone, shared = estimate([2.0] * 10, 16, 1), estimate([2.0] * 10, 16, 4)
    assert shared.seconds == pytest.approx(alone.seconds / 4 + 2.0 * 3 / 8)


def test_that_nothing_left_takes_no_time():
    done = estimate([2.0, 3.0], 0, 4)
    assert (done.seconds, done.margin) == (0, 0)


def test_that_one_duration_gives_a_margin_and_more_durations_a_smaller_one():
    once, often = estimate([2.0], 20, 1), estimate([2.0] * 50, 20, 1)
    assert once.margin > 5 * often.margin > 0


def test_that_nine_of_ten_studies_end_within_the_margin():
    import numpy as np

    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(1000):
        durations = rng.gamma(4, 0.5, size=40)
        guess = estimate(durations[:10].tolist(), 30, 1)
        hits += abs(durations[10:].sum() - guess.seconds) <= guess.margin
    assert 850 < hits < 950


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.42, "0.4 s"),
        (1.26, "1.3 s"),
        (9.97, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (72, "1 min 12 s"),
        (3599.7, "1 h"),
        (3660, "1 h 1 min"),
        (3600 * 24 - 1, "1 d"),
        (3600 * 51, "2 d 3 h"),
        (math.inf, "for ever"),
    ],
)
def test_that_durations_read_as_people_say_them(seconds, text):
    assert words(seconds) == text
