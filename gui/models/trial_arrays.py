"""The trials of a study as columns of numbers that plots and tables read; they grow, row by row.

Rows are in the order in which trials were first heard of; a trial keeps its row when it changes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from engine.trial import Trial, TrialState
from gui.models.scales import Scale

STATES = tuple(TrialState)
CODE = {state: code for code, state in enumerate(STATES)}
_FIELDS = ("number", "state", "value", "seconds", "step", "started", "finished", "ended", "worker")
_FIRST_CAPACITY = 64


class TrialArrays:
    """Columns over all trials; what is unknown is NaN. Views are read-only and cheap to ask for."""

    def __init__(self, scales: Mapping[str, Scale]) -> None:
        self.rows: dict[int, int] = {}
        self._scales = dict(scales)
        self._columns = {name: i for i, name in enumerate((*_FIELDS, *self._scales))}
        self._table = np.full((len(self._columns), _FIRST_CAPACITY), math.nan)

    def __len__(self) -> int:
        return len(self.rows)

    def fill(self, trials: Sequence[Trial]) -> None:
        """Take in many trials at once, none of which is known yet."""
        self.rows = {trial.number: row for row, trial in enumerate(trials)}
        self._grow_to(len(trials))
        for name in _FIELDS:
            values = (getattr(trial, name) for trial in trials)
            codes = (CODE[trial.state] for trial in trials)
            self._fill_column(self._columns[name], codes if name == "state" else values)
        for name, scale in self._scales.items():
            values = (trial.params.get(name) for trial in trials)
            self._fill_column(self._columns[name], (_place(scale, value) for value in values))

    def put(self, trial: Trial) -> int:
        """Add or update `trial`; return its row."""
        row = self.rows.setdefault(trial.number, len(self.rows))
        self._grow_to(row + 1)
        known = (
            trial.number,
            CODE[trial.state],
            trial.value,
            trial.seconds,
            trial.step,
            trial.started,
            trial.finished,
            trial.ended,
            trial.worker,
        )
        column = self._table[:, row]
        column[: len(known)] = [math.nan if value is None else value for value in known]
        for offset, (name, scale) in enumerate(self._scales.items(), start=len(known)):
            column[offset] = _place(scale, trial.params.get(name))
        return row

    def _grow_to(self, count: int) -> None:
        while self._table.shape[1] < count:
            self._table = np.hstack([self._table, np.full_like(self._table, math.nan)])

    def _fill_column(self, column: int, values: Iterable[float | None]) -> None:
        known = np.array([math.nan if value is None else value for value in values], dtype=float)
        self._table[column, : len(known)] = known

    def column(self, name: str) -> np.ndarray:
        """A field of the trials by its name (of `state` the index into STATES), or the positions

        of a parameter on its scale, by the parameter's name.
        """
        view = self._table[self._columns[name], : len(self.rows)]
        view.flags.writeable = False
        return view

    def params(self, name: str) -> np.ndarray:
        """Positions of parameter `name`; NaN where it is not active."""
        view = self._table[len(_FIELDS) + list(self._scales).index(name), : len(self.rows)]
        view.flags.writeable = False
        return view

    def is_state(self, *states: TrialState) -> np.ndarray:
        """Mask of the trials that are in one of `states`."""
        return np.isin(self.column("state"), [CODE[state] for state in states])

    @property
    def complete(self) -> np.ndarray:
        """Mask of the trials whose value counts."""
        return self.is_state(TrialState.COMPLETE) & np.isfinite(self.column("value"))


def _place(scale: Scale, value: Any) -> float:
    """Where a value is on a scale; NaN for none, and for one of a space that was another then."""
    try:
        return math.nan if value is None else scale.position(value)
    except (TypeError, ValueError):
        return math.nan
