"""Learning curves: how each trial's metric went from epoch to epoch."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, QSignalBlocker, SignalInstance
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox

from engine.trial import TrialState
from gui.models.curves_view import Band, CurveBook, CurvesView, metrics_of, view_curves
from gui.models.scales import LinearScale, value_scale
from gui.models.study_model import StudyModel
from gui.panels.panel import column
from gui.panels.plot_panel import PlotPanel
from gui.plots.marks import MarksItem, best_sprite
from gui.plots.plot import Plot
from gui.theme import CONTROL, GROUP, theme
from gui.widgets.buttons import tool
from gui.widgets.text import ElidedLabel

_MARGIN = 0.06
_MANY = 40
_OPACITY_OF_FEW, _OPACITY_OF_MANY, _OPACITY_OF_BAND = 0.6, 0.3, 0.18


class CurvesPanel(PlotPanel):
    """Thin lines for all, strong ones for the running, the selected and the best."""

    name = "curves"
    title = "Learning curves"

    def __init__(self) -> None:
        super().__init__()
        self.metric_choice = QComboBox()
        self.metric_choice.setAccessibleName("Metric")
        self.metric_choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.metric_choice.currentIndexChanged.connect(self._metric_chosen)
        self.log = tool("math-log", "Logarithmic values", self._log_chosen, checkable=True)
        self._log: bool | None = None
        self.remark = ElidedLabel(role="caption", tone="muted")
        self.remark.setContentsMargins(CONTROL, 0, CONTROL, GROUP)
        self.plot = Plot()
        self.plot.setAccessibleName("Learning curves")
        self._book: CurveBook | None = None
        self._edges = (pg.PlotCurveItem(pen=None), pg.PlotCurveItem(pen=None))
        self._fill = pg.FillBetweenItem(*self._edges)
        self._middle = pg.PlotCurveItem()
        self.thin_lines, self.running_line, self.best_line, self.selected_line = (
            pg.PlotCurveItem(connect="finite") for _ in range(4)
        )
        self._star = MarksItem()
        lines = (self.thin_lines, self.running_line, self.best_line, self.selected_line)
        for height, item in enumerate((self._fill, self._middle, *lines, self._star)):
            item.setZValue(height)
            self.plot.getViewBox().addItem(item, ignoreBounds=True)
        self.control_row.addWidget(self.metric_choice)
        self.control_row.addWidget(self.log)
        column(self.body, self.plot, self.remark)
        self.follow_mouse(self.plot)
        self.retheme()

    def follows(self, model: StudyModel) -> list[SignalInstance]:
        return [*super().follows(model), model.reportsArrived]

    def enter(self, model: StudyModel | None) -> None:
        self._log = self._book = None
        with QSignalBlocker(self.metric_choice):
            self.metric_choice.clear()
        self.plot.go_home()

    def retheme(self) -> None:
        roles = theme()
        self._fill.setBrush(_faint(roles.text, _OPACITY_OF_BAND))
        self._middle.setPen(self.plot.pen(roles.muted, 1.5))
        self.running_line.setPen(self.plot.pen(roles.accent, 1.25))
        self.selected_line.setPen(self.plot.pen(roles.accent, 3))
        self.best_line.setPen(self.plot.pen(roles.text, 2))
        self._star.set_sprites([best_sprite(16)])

    def refresh(self) -> str:
        self._offer_metrics()
        if self._book is None:
            return "Curves appear with the first report."
        view = view_curves(self.model, self._book, self._log)
        if view is None:
            return "Curves appear with the first report."
        self.log.setChecked(view.log)
        self._place_axes(view)
        self._draw_lines(view)
        self._draw_band(view.band)
        return ""

    def _offer_metrics(self) -> None:
        if self.metric_choice.count() == 0 and (names := metrics_of(self.model)):
            with QSignalBlocker(self.metric_choice):
                self.metric_choice.addItems(names)
            self._metric_chosen()

    def _place_axes(self, view: CurvesView) -> None:
        metric = self.metric_choice.currentText()
        self.plot.axes["bottom"].set_scale(LinearScale("epoch", whole=True))
        suffix = "  (log)" if view.log else ""
        self.plot.axes["left"].set_scale(value_scale(metric, view.log), suffix)
        height = (view.high - view.low) or abs(view.high) or 1.0
        last = max(1.0, view.last_step)
        self.plot.set_home(
            QRectF(
                1 - _MARGIN * last / 2,
                view.low - _MARGIN * height,
                (last - 1) + _MARGIN * last,
                height * (1 + 2 * _MARGIN),
            )
        )

    def _draw_lines(self, view: CurvesView) -> None:
        model, curves = self.model, view.curves
        best = model.best.number if model.best is not None else None
        running = {n for n in curves if model.trials[n].state is TrialState.RUNNING}
        strong = {best, model.selected} | running
        self.thin_lines.setData(*_joined(curves[n] for n in curves if n not in strong))
        self.running_line.setData(*_joined(curves[n] for n in running))
        self.best_line.setData(*_joined([curves[best]] if best in curves else []))
        chosen = [curves[model.selected]] if model.selected in curves else []
        self.selected_line.setData(*_joined(chosen))
        opacity = _OPACITY_OF_FEW if len(curves) <= _MANY else _OPACITY_OF_MANY
        self.thin_lines.setPen(self.plot.pen(_faint(theme().muted, opacity), 1))
        self._draw_star(view)
        numbers = [np.full(len(curve[0]), number) for number, curve in curves.items()]
        places = [np.concatenate(part) for part in zip(*curves.values(), strict=True)]
        if curves:
            self.plot.set_points(np.concatenate(numbers), *places)

    def _draw_star(self, view: CurvesView) -> None:
        best = self.model.best
        x, y = view.curves.get(best.number, _joined([])) if best is not None else _joined([])
        at = (
            x == best.step if best is not None and best.step is not None else np.zeros(len(x), bool)
        )
        self._star.set_marks(x[at], y[at], np.zeros(int(at.sum()), dtype=np.intp))

    def _draw_band(self, band: Band | None) -> None:
        for item in (self._fill, self._middle):
            item.setVisible(band is not None)
        self.remark.setVisible(band is not None)
        self.remark.setText(
            f"{band.of} trials: 80 % in the band, their median, the best ones" if band else ""
        )
        if band is not None:
            for item, values in zip(self._edges, (band.low, band.high), strict=True):
                item.setData(band.x, values)
            self._middle.setData(band.x, band.middle)

    def _metric_chosen(self) -> None:
        self._book = CurveBook(self.model.reports, self.metric_choice.currentText())
        self._log = None
        self.plot.go_home()
        self.mark_dirty()

    def _log_chosen(self) -> None:
        self._log = self.log.isChecked()
        self.plot.go_home()
        self.mark_dirty()


def _joined(curves: Iterable[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Many curves as one line with gaps, which is drawn at once."""
    gap = np.array([np.nan])
    parts = [(x, gap, y, gap) for x, y in curves]
    if not parts:
        return np.empty(0), np.empty(0)
    x = np.concatenate([piece for part in parts for piece in part[:2]])
    y = np.concatenate([piece for part in parts for piece in part[2:]])
    return x, y


def _faint(colour: QColor, opacity: float) -> QColor:
    result = QColor(colour)
    result.setAlphaF(opacity)
    return result
