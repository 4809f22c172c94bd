"""How much the value of a configuration varies from seed to seed, where it was tried by several."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from engine.trial import Trial, TrialState


@dataclass(frozen=True, slots=True)
class Repeats:
    """The values of one configuration by `n` seeds, at least two: their mean, and their standard
    deviation (with n - 1), in the study's terms."""

    n: int
    mean: float
    std: float


def repeats_of(trial: Trial, trials: Iterable[Trial]) -> Repeats | None:
    """What the complete ones among `trials` with the configuration of `trial` came to.

    Of several by the same seed, which tell one thing, the first counts. None where they are not by
    two seeds at least.
    """
    values: dict[int, float] = {}
    for other in trials:
        if other.state is TrialState.COMPLETE and other.params == trial.params:
            value = math.nan if other.value is None else other.value
            if math.isfinite(value):
                values.setdefault(other.seed, value)
    if len(values) < 2:
        return None
    found = list(values.values())
    return Repeats(len(found), statistics.fmean(found), statistics.stdev(found))
