"""The study as it was after its k-th finished trial, or as it is now ("live").

Panels ask which trials were known then; nothing of the study itself changes.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, Signal

from engine.trial import Trial, TrialState
from gui.models.study_model import StudyModel

_FINISHED = tuple(state for state in TrialState if state.is_finished)


class Replay(QObject):
    """A moment of a study: `upto` finished trials, None for now."""

    moved = Signal()
    grew = Signal()
    """There are more finished trials than before."""

    def __init__(self, model: StudyModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.upto: int | None = None
        self._model = model
        self._order: np.ndarray | None = None
        model.trialsChanged.connect(self._grow)

    @property
    def last(self) -> int:
        """How many trials are finished."""
        return len(self._rows())

    def go_to(self, upto: int | None) -> None:
        """Go to the moment after `upto` finished trials; all of them, or None, is now."""
        if upto is not None:
            upto = None if upto >= self.last else max(1, upto)
        if upto != self.upto:
            self.upto = upto
            self.moved.emit()

    def known(self) -> np.ndarray | None:
        """Mask of the rows of trials that were finished at the moment; None: all that there is."""
        if self.upto is None:
            return None
        mask = np.zeros(len(self._model.arrays), dtype=bool)
        mask[self._rows()[: self.upto]] = True
        return mask

    def best(self) -> Trial | None:
        """The best complete trial at the moment."""
        if self.upto is None:
            return self._model.best
        arrays = self._model.arrays
        rows = self._rows()[: self.upto]
        rows = rows[arrays.complete[rows]]
        if not len(rows):
            return None
        values = arrays.column("value")[rows]
        found = np.argmin(values) if self._model.minimize else np.argmax(values)
        return self._model.trials[int(arrays.column("number")[rows[found]])]

    def newest(self) -> Trial | None:
        """The trial that was finished last at the moment; None before the first."""
        rows = self._rows()[: self.upto]
        if not len(rows):
            return None
        return self._model.trials[int(self._model.arrays.column("number")[rows[-1]])]

    def _rows(self) -> np.ndarray:
        """Rows of the finished trials in their order of finishing, which is the lens's."""
        if self._order is None:
            arrays = self._model.arrays
            rows = np.flatnonzero(arrays.is_state(*_FINISHED))
            place, number = arrays.column("ended")[rows], arrays.column("number")[rows]
            self._order = rows[np.lexsort((number, place))]
        return self._order

    def _grow(self, *_: object) -> None:
        before = None if self._order is None else len(self._order)
        self._order = None
        if self.last != before:
            self.grew.emit()
