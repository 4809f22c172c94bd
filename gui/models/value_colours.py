"""Which colour a value of the objective has: better is always the bright end, outliers share one.

The colours themselves are the theme's; here values become a goodness from 0 to 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

_FEW = 8
_FENCE = 3.0
_SPREAD_FOR_LOG = 20.0


@dataclass(frozen=True)
class ValueColours:
    """Goodness of values: 1 at `best`, 0 at `worst` and for the `beyond` values past it."""

    best: float
    worst: float
    log: bool = False
    beyond: int = 0

    @classmethod
    def of(cls, values: np.ndarray, minimize: bool) -> ValueColours | None:
        """The range of `values`; None without a finite one.

        The good end is never clipped. The bad end is, at Tukey's outer fence (the upper quartile
        plus three interquartile ranges), so that one diverged run does not turn all others into
        one colour. Positive values that are minimised and span much are told apart by ratio.
        """
        finite = values[np.isfinite(values)]
        if not len(finite):
            return None
        log = minimize and _spans_much(finite)
        scaled = np.log(finite) if log else finite if minimize else -finite
        worst, beyond = float(scaled.max()), 0
        if len(finite) >= _FEW:
            lower, upper = np.quantile(scaled, [0.25, 0.75])
            inside = scaled <= upper + _FENCE * (upper - lower)
            worst, beyond = float(scaled[inside].max()), int(np.sum(~inside))
        ends = (float(scaled.min()), worst)
        best, worst = (math.exp(e) if log else e if minimize else -e for e in ends)
        return cls(best, worst, log, beyond)

    def goodness(self, values: np.ndarray, clipped: bool = True) -> np.ndarray:
        """Each value's place between `worst` (0) and `best` (1); NaN stays NaN.

        Those beyond an end lie at it, unless they are not to be `clipped`.
        """
        best, worst = self._scaled(self.best), self._scaled(self.worst)
        if best == worst:
            return np.where(np.isfinite(values), 1.0, np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = np.log(values) if self.log else values
        places = np.asarray((scaled - worst) / (best - worst))
        return np.clip(places, 0.0, 1.0) if clipped else places

    def value(self, goodness: float) -> float:
        """The value whose goodness it is."""
        best, worst = self._scaled(self.best), self._scaled(self.worst)
        scaled = worst + goodness * (best - worst)
        return math.exp(scaled) if self.log else scaled

    def _scaled(self, value: float) -> float:
        return math.log(value) if self.log else value


def _spans_much(values: np.ndarray) -> bool:
    return bool(values.min() > 0 and np.quantile(values, 0.9) > _SPREAD_FOR_LOG * values.min())
