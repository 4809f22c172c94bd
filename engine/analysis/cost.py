"""How long the rest of a study takes, from the durations of the trials that are done.

Pure arithmetic: what is being measured, and how often, is the caller's affair.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_GUESSED_SPREAD = 0.3
"""Standard deviation of a trial's duration, as a share of its mean, before much was measured."""
_NINETY_PERCENT = 1.645


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds to go; nine times out of ten the truth is within `margin` seconds of it."""

    seconds: float
    margin: float


def estimate(
    seconds_per_trial: Sequence[float], trials_left: float, workers: int
) -> Estimate | None:
    """Time until `trials_left` more trials are done, by `workers` at once; None without a duration.

    `seconds_per_trial` are the durations of trials that are done. `trials_left` may be fractional
    where running trials are part of the way there.

    With mean m and standard deviation s of n durations, the sum of k further ones has mean km and,
    the mean being itself an estimate, variance s²(k + k²/n) (prediction of a sum of independent,
    equally distributed durations). The last round of w workers is on average half empty, which adds
    (w - 1)/2w of a trial. s is pooled with one guessed duration, so that it is not 0 at n = 1.
    """
    durations = [s for s in seconds_per_trial if math.isfinite(s) and s >= 0]
    if not durations:
        return None
    left, workers = max(0.0, trials_left), max(1, workers)
    n = len(durations)
    mean = math.fsum(durations) / n
    squares = math.fsum((s - mean) ** 2 for s in durations)
    variance = (squares + (_GUESSED_SPREAD * mean) ** 2) / n
    idle_tail = (workers - 1) / (2 * workers) * min(1.0, left / workers)
    spread = math.sqrt(variance * (left + left**2 / n))
    return Estimate(mean * (left / workers + idle_tail), _NINETY_PERCENT * spread / workers)


def words(seconds: float) -> str:
    """`seconds` as people say it, in at most two units: "0.4 s", "1 min 12 s", "2 d 3 h"."""
    if not math.isfinite(seconds):
        return "for ever"
    if seconds < 0.95:
        return f"{max(0.0, seconds):.1g} s"
    if seconds < 9.95:
        return f"{seconds:.2g} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    for big, small, size, unit in (("min", "s", 60, 1), ("h", "min", 3600, 60)):
        count, rest = divmod(round(whole / unit) * unit, size)
        if count < (60 if big == "min" else 24):
            return _two(count, big, rest // unit, small)
    days, rest = divmod(round(whole / 3600), 24)
    return _two(days, "d", rest, "h")


def rough(seconds: float) -> str:
    """An estimate as people say it: nobody is helped by tenths of a second that are guessed."""
    return "under 1 s" if seconds < 1 else words(seconds)


def _two(count: int, big: str, rest: int, small: str) -> str:
    return f"{count} {big} {rest} {small}" if rest else f"{count} {big}"
