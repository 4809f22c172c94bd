"""Trials of one configuration by several seeds: which they are, and what they came to, in words."""

from __future__ import annotations

import numpy as np

from engine.analysis.repeats import Repeats, repeats_of
from engine.trial import Trial
from gui.models.study_model import StudyModel
from gui.numbers import number

REPEATS_TIP = "What the configuration came to by each of its seeds, and their standard deviation"
_LEAST_PLAIN = 1e-4


def repeats_words(model: StudyModel, trial: Trial, known: np.ndarray | None = None) -> str:
    """ "mean 0.0952 ± 0.0061 over 5 seeds"; empty where a configuration was tried by one alone.

    `known` is a mask of the rows that count; all of them if it is left out.
    """
    found = repeats_of(trial, _alike(model, trial, known))
    return "" if found is None else f"mean {_mean_and_deviation(found)} over {found.n} seeds"


def repeated(model: StudyModel, trial: Trial) -> int | None:
    """The number of the first trial with the configuration of `trial`, if that is another one."""
    first = min((other.number for other in _alike(model, trial)), default=trial.number)
    return first if first < trial.number else None


def _alike(model: StudyModel, trial: Trial, known: np.ndarray | None = None) -> list[Trial]:
    """The trials with the configuration of `trial`, by number."""
    arrays, row = model.arrays, model.arrays.rows[trial.number]
    mask = np.ones(len(arrays), dtype=bool) if known is None else known.copy()
    for name in model.varied:
        places = arrays.params(name)
        mask &= (places == places[row]) | (np.isnan(places) & np.isnan(places[row]))
    found = [model.trials[n] for n in sorted(model.numbers(np.flatnonzero(mask)).tolist())]
    return [other for other in found if other.params == trial.params]


def _mean_and_deviation(found: Repeats) -> str:
    """The deviation with two digits, as few repeats tell no more, and written as the mean is."""
    mean, deviation = number(found.mean), float(f"{found.std:.2g}")
    is_plain = "e" not in mean and _LEAST_PLAIN <= deviation < 1.0
    return f"{mean} ± {f'{deviation:g}' if is_plain else number(deviation)}"
