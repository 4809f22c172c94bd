"""Slices: what each parameter does, with its interval, the others as in the best configuration."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea

from engine.analysis.views import SlicesRequest
from gui.models.lens_follower import Lens, LensFollower
from gui.models.slices_view import picture_slices
from gui.panels.panel import Panel, column
from gui.plots.slices_plot import SlicesPlot

_EMPTY = "What each parameter does, as the model sees it, appears here after a few trials."


class SlicesPanel(Panel):
    """One small plot a parameter: mean, 90 % band, trials, the best one."""

    name = "slices"
    title = "Slices"

    def __init__(self) -> None:
        super().__init__()
        self.plot = SlicesPlot()
        self.plot.setToolTip("")
        self.plot.picked.connect(self._pick)
        self._follower = LensFollower(SlicesRequest, self)
        self._follower.changed.connect(self.mark_dirty)
        area = QScrollArea(widgetResizable=True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self.plot)
        area.viewport().setAutoFillBackground(False)
        self.plot.setAutoFillBackground(False)
        column(self.body, area)

    def look_through(self, lens: Lens | None) -> None:
        self._follower.set_lens(lens)

    def leave(self) -> None:
        self._follower.want(None)
        self._dirty = True

    def refresh(self) -> str:
        upto = self.replay.upto if self.replay is not None else None
        self._follower.want(SlicesRequest(upto=upto))
        view = self._follower.view
        if view is None or not view.slices:
            return self._follower.problem or _EMPTY
        known = self.replay.known() if self.replay is not None else None
        picture = picture_slices(self.model, view, known)
        best = self.best.number if self.best is not None else None
        rows = picture.slices[0].rows
        self.plot.show_picture(picture, self.model.numbers(rows), best, self.model.selected)
        return ""

    def _pick(self, number: int | None) -> None:
        if self.model is not None:
            self.model.select(number)
