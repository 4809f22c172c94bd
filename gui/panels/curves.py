"""Learning curves: how each trial's metric went from epoch to epoch, and where it was stopped."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, QSignalBlocker, SignalInstance
from PySide6.QtGui import QAction, QColor
from PySide6.QtWidgets import QMenu, QToolButton

from engine.trial import TrialState
from gui.models.curve_stops import Levels, Stops, levels_of, stops_of
from gui.models.curves_view import Band, CurveBook, CurvesView, metrics_of, view_curves
from gui.models.scales import LinearScale, value_scale
from gui.models.study_model import StudyModel
from gui.panels.panel import column
from gui.panels.plot_panel import PlotPanel
from gui.plots.marks import MarksItem, best_sprite, selected_sprite, state_sprite
from gui.plots.plot import Plot
from gui.plots.rungs import RungsItem
from gui.theme import CONTROL, GROUP, state_mark, theme
from gui.widgets.buttons import tool
from gui.widgets.choices import choice
from gui.widgets.text import ElidedLabel

_MARGIN, _MARGIN_WITH_NAMES = 0.06, 0.18
"""Shares of the plot around the curves; above them, rungs have their names."""
_MANY = 40
_OPACITY_OF_FEW, _OPACITY_OF_MANY, _OPACITY_OF_BAND = 0.6, 0.3, 0.18
_STOP, _HALO = 9.0, 15.0
_RUNG = "┊"


class CurvesPanel(PlotPanel):
    """Thin lines for all, strong ones for the running, the selected and the best.

    `show_stops` and `show_rungs` are choices of the person who looks; whoever makes the panel may
    remember them.
    """

    name = "curves"
    title = "Learning curves"

    def __init__(self) -> None:
        super().__init__()
        self.metric_choice = choice("Metric")
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
        self.rungs, self.stops, self._star = RungsItem(), MarksItem(), MarksItem()
        lines = (self.thin_lines, self.running_line, self.best_line, self.selected_line)
        marks = (self.rungs, self.stops, self._star)
        for height, item in enumerate((self._fill, self._middle, *lines, *marks)):
            item.setZValue(height)
            self.plot.getViewBox().addItem(item, ignoreBounds=True)
        self._more = tool("dots-vertical", "What is marked")
        self.show_stops, self.show_rungs = self._choices()
        self.control_row.addWidget(self.metric_choice)
        self.control_row.addWidget(self.log)
        self.control_row.addWidget(self._more)
        column(self.body, self.plot, self.remark)
        self.follow_mouse(self.plot)
        self.retheme()

    def _choices(self) -> tuple[QAction, QAction]:
        """The panel's own menu: what is marked beside the curves."""
        menu = QMenu(self)
        for text in ("Where trials were stopped", "Rungs, where trials are judged"):
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(True)
            action.toggled.connect(self.mark_dirty)
        self._more.setMenu(menu)
        self._more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        stops, rungs = menu.actions()
        return stops, rungs

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
        stop = state_sprite(TrialState.PRUNED, _STOP)
        self.stops.set_sprites([stop, selected_sprite(_HALO)])

    def refresh(self) -> str:
        self._offer_metrics()
        if self._book is None:
            return "Curves appear with the first report."
        view = view_curves(self.model, self._book, self._log)
        if view is None:
            return "Curves appear with the first report."
        self.log.setChecked(view.log)
        levels = self._draw_rungs()
        self._place_axes(view)
        self._draw_lines(view)
        self._draw_band(view.band)
        self._draw_stops(view)
        self.remark.setText(self._remark(view.band, levels))
        self.remark.setVisible(bool(self.remark.text()))
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
        above = _MARGIN if not len(self.rungs) else _MARGIN_WITH_NAMES
        self.plot.set_home(
            QRectF(
                1 - _MARGIN * last / 2,
                view.low - _MARGIN * height,
                (last - 1) + _MARGIN * last,
                height * (1 + _MARGIN + above),
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

    def _draw_star(self, view: CurvesView) -> None:
        best = self.model.best
        x, y = view.curves.get(best.number, _joined([])) if best is not None else _joined([])
        at = (
            x == best.step if best is not None and best.step is not None else np.zeros(len(x), bool)
        )
        self._star.set_marks(x[at], y[at], np.zeros(int(at.sum()), dtype=np.intp))

    def _draw_stops(self, view: CurvesView) -> None:
        """Marks where trials were stopped; what can be pointed at are they and the curves."""
        stops = stops_of(self.model, self._book, view)
        if not self.show_stops.isChecked():
            stops = Stops(*(part[:0] for part in (stops.numbers, stops.x, stops.y)))
        chosen = np.flatnonzero(stops.numbers == self.model.selected)
        order = np.concatenate([np.arange(len(stops.x)), chosen, chosen])
        kinds = np.zeros(len(order), dtype=np.intp)
        kinds[len(stops.x) : len(stops.x) + len(chosen)] = 1
        self.stops.set_marks(stops.x[order], stops.y[order], kinds)
        numbers = [np.full(len(curve[0]), number) for number, curve in view.curves.items()]
        places = zip(*view.curves.values(), (stops.x, stops.y), strict=True)
        self.plot.set_points(
            np.concatenate([*numbers, stops.numbers]), *map(np.concatenate, places)
        )

    def _draw_rungs(self) -> Levels | None:
        levels = levels_of(self.model, self.model.selected) if self.show_rungs.isChecked() else None
        places, steps = (levels.places, levels.steps) if levels is not None else ((), ())
        self.rungs.set_rungs(places, [str(step) for step in steps])
        return levels

    def _remark(self, band: Band | None, levels: Levels | None) -> str:
        """Why the selected trial was stopped; else what the band, marks and lines are."""
        mark = state_mark(TrialState.PRUNED)
        chosen = self.model.trials.get(self.model.selected)
        if chosen is not None and chosen.state is TrialState.PRUNED and chosen.note:
            return f"{mark.glyph} trial {chosen.number}: {chosen.note}"
        stopped = self.model.count(TrialState.PRUNED) if self.show_stops.isChecked() else 0
        parts = (
            band and f"{band.of} trials: 80 % in the band, their median, the best ones",
            stopped and f"{mark.glyph} {stopped} stopped early",
            levels and f"{_RUNG} {levels.text}",
        )
        return " · ".join(part for part in parts if part)

    def _draw_band(self, band: Band | None) -> None:
        for item in (self._fill, self._middle):
            item.setVisible(band is not None)
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
