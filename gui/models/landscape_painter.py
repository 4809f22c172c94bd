"""Has the landscape of the trials painted beside the window: one at a time, from the newest."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, Signal

from gui.jobs import Job, run_job
from gui.models.landscape import Picture, Profile, paint, trace
from gui.models.study_model import StudyModel
from gui.models.surface_view import COLOURS, SurfaceView, question_of


class LandscapePainter(QObject):
    """`painted` is the newest picture, also while the next one is being made."""

    arrived = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.painted: Picture | Profile | None = None
        self._asked: object = None
        self._job: Job | None = None

    def forget(self) -> None:
        """What was painted, or is being painted, is of other axes."""
        if self._job is not None:
            self._job.drop()
        self._job = self._asked = self.painted = None

    def show(self, model: StudyModel, view: SurfaceView, table: np.ndarray) -> None:
        """Have what lies under `view` painted if there is news."""
        complete = int(np.count_nonzero(view.kinds < COLOURS))
        content = (view.axes, complete, view.colours, table.tobytes())
        if self._job is not None or content == self._asked:
            return
        self._asked = content
        question = question_of(model, view, table)
        if question is None:
            self.painted = None
            return
        work = paint if view.axes[1] in model.scales else trace
        self._job = run_job(self, lambda: work(question), self._arrive)

    def _arrive(self, found: Picture | Profile | None) -> None:
        self._job = None
        self.painted = found
        self.arrived.emit()
