"""How the search went: each trial's value, and the best so far, over trials or time."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QComboBox

from gui.models.history_view import HistoryView, view_history
from gui.models.scales import LogScale
from gui.models.trial_arrays import STATES
from gui.panels.panel import column
from gui.panels.plot_panel import PlotPanel
from gui.plots.marks import MarksItem, best_sprite, selected_sprite, state_sprite
from gui.plots.plot import Plot
from gui.theme import theme
from gui.widgets.buttons import tool

_MARK, _SMALL_MARK, _MANY = 8.0, 5.0, 500
_STAR = 14.0
_MARGIN = _STAR / 2 + 2
"""Pixels between the plot's edge and the place of the outermost mark."""
_SELECTED, _BEST = len(STATES), len(STATES) + 1


class HistoryPanel(PlotPanel):
    """Points by state, the best so far as a line."""

    name = "history"
    title = "History"

    def __init__(self) -> None:
        super().__init__()
        self.x_choice = QComboBox()
        self.x_choice.addItems(["By trial", "By time"])
        self.x_choice.setAccessibleName("Horizontal axis")
        self.x_choice.currentIndexChanged.connect(self._axis_chosen)
        self.log = tool("math-log", "Logarithmic values", self._log_chosen, checkable=True)
        self._log: bool | None = None
        self.plot = Plot()
        self.plot.setAccessibleName("History of the objective")
        self.line = pg.PlotCurveItem()
        self.marks = MarksItem()
        self._mark_size = 0.0
        for height, item in enumerate((self.line, self.marks)):
            item.setZValue(height)
            self.plot.getViewBox().addItem(item, ignoreBounds=True)
        self.control_row.addWidget(self.x_choice)
        self.control_row.addWidget(self.log)
        column(self.body, self.plot)
        self.follow_mouse(self.plot)
        self.retheme()

    def retheme(self) -> None:
        self.line.setPen(self.plot.pen(theme().accent, 2))
        self._mark_size = 0.0

    def enter(self, model: object) -> None:
        self._log = None
        self.plot.go_home()

    def refresh(self) -> str:
        if not self.model.trials:
            return "Each trial appears here with its value, and a line follows the best so far."
        if self.model.best is None and not self.model.arrays.is_state(*STATES[3:]).any():
            return "Values appear when the first trial is done."
        known = self.replay.known() if self.replay is not None else None
        view = view_history(self.model, self.x_choice.currentIndex() == 1, self._log, known)
        for side, scale in zip(("bottom", "left"), view.scales, strict=True):
            log = isinstance(scale, LogScale)
            self.plot.axes[side].set_scale(scale, "  (log)" if log else "")
        self.log.setChecked(isinstance(view.scales[1], LogScale))
        x, y = view.scales
        self.plot.set_home(QRectF(x.low, y.low, x.high - x.low, y.high - y.low), _MARGIN)
        self.plot.set_points(self.model.numbers(view.rows), view.x, view.y)
        self.line.setData(*view.line)
        self._draw_marks(view)
        return ""

    def _draw_marks(self, view: HistoryView) -> None:
        arrays = self.model.arrays
        self._size_marks(len(view.rows))
        states = arrays.column("state")[view.rows].astype(np.intp)
        best = self.best.number if self.best is not None else None
        halo = np.flatnonzero(view.rows == arrays.rows.get(self.model.selected, -1))
        star = np.flatnonzero(view.rows == arrays.rows.get(best, -1))
        order = np.concatenate([np.arange(len(view.rows)), halo, halo, star])
        kinds = np.concatenate([states, [_SELECTED] * len(halo), states[halo], [_BEST] * len(star)])
        self.marks.set_marks(view.x[order], view.y[order], kinds.astype(np.intp))

    def _size_marks(self, count: int) -> None:
        size = _MARK if count <= _MANY else _SMALL_MARK
        if size != self._mark_size:
            self._mark_size = size
            sprites = [state_sprite(state, size) for state in STATES]
            self.marks.set_sprites([*sprites, selected_sprite(size + 6), best_sprite(_STAR)])

    def _axis_chosen(self) -> None:
        self.plot.go_home()
        self.mark_dirty()

    def _log_chosen(self) -> None:
        self._log = self.log.isChecked()
        self.plot.go_home()
        self.mark_dirty()
