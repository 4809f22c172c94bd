"""Timeline: what each worker did when, one lane a worker and one bar a trial."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QTimer, SignalInstance

from engine.analysis.cost import words
from engine.trial import TrialState
from gui.models.stacks import ranges
from gui.models.study_model import StudyModel
from gui.models.timeline_view import TimelineView, trained_with, view_timeline
from gui.models.trial_arrays import STATES
from gui.panels.panel import column
from gui.panels.plot_panel import PlotPanel
from gui.plots.legend import Legend
from gui.plots.timeline_plot import BarsItem, TimelinePlot
from gui.widgets.buttons import tool

_TICK_MS = 1000
_MARGIN, _HALF_LANE = 0.01, 0.6
_SHORTEST = 1e-3


class TimelinePanel(PlotPanel):
    """Bars by state; the end moves along while trials run, until somebody zooms or pans."""

    name = "timeline"
    title = "Timeline"

    def __init__(self) -> None:
        super().__init__()
        self.newest = tool(
            "page-last", "Only the newest trials", self._extent_chosen, checkable=True
        )
        self.plot = TimelinePlot()
        self.plot.setAccessibleName("Trials of each worker over time")
        self.bars = BarsItem()
        self.plot.getViewBox().addItem(self.bars, ignoreBounds=True)
        self.legend = Legend()
        self.view: TimelineView | None = None
        self._tick = QTimer(self, interval=_TICK_MS)
        self._tick.timeout.connect(self.mark_dirty)
        self.control_row.addWidget(self.newest)
        column(self.body, self.plot, self.legend)
        self.follow_mouse(self.plot)
        self.plot.fitted.connect(self._show_all)

    def follows(self, model: StudyModel) -> list[SignalInstance]:
        return [*super().follows(model), model.stateChanged]

    def enter(self, model: StudyModel | None) -> None:
        self.newest.setChecked(False)
        self.plot.go_home()
        self._tick.stop()

    def leave(self) -> None:
        self._tick.stop()

    def refresh(self) -> str:
        known = self.replay.known() if self.replay is not None else None
        self.view = view_timeline(self.model, known)
        if self.view is None:
            return (
                "Each worker's trials appear here as bars over time, "
                "as soon as the first one has started."
            )
        self._move_along()
        self._place_axes(self.view)
        self._draw(self.view)
        return ""

    def about(self, number: int) -> str:
        at = _place_of(self.view, self.model.arrays.rows.get(number, -1))
        others = trained_with(self.view, at) if at >= 0 else ()
        if len(others) < 2:
            return ""
        numbers = self.model.numbers(self.view.rows[others]).tolist()
        return f"Trained as one with others: trials {ranges(numbers)}"

    def _move_along(self) -> None:
        """Draw again in a moment while something runs."""
        moves = self.model.state.is_active and self.model.count(TrialState.RUNNING) > 0
        if moves != self._tick.isActive():
            self._tick.start() if moves else self._tick.stop()

    def _place_axes(self, view: TimelineView) -> None:
        time_scale, lanes = view.scales
        self.plot.axes["bottom"].set_scale(time_scale)
        self.plot.axes["left"].set_scale(lanes)
        start = view.newest if self.newest.isChecked() else 0.0
        length = max(_SHORTEST, time_scale.high - start)
        margin, count = _MARGIN * length, len(lanes.choices)
        self.plot.set_home(
            QRectF(start - margin, -_HALF_LANE, length + 2 * margin, count - 1 + 2 * _HALF_LANE)
        )

    def _draw(self, view: TimelineView) -> None:
        arrays = self.model.arrays
        best = self.best.number if self.best is not None else None
        places = [_place_of(view, arrays.rows.get(n, -1)) for n in (self.model.selected, best)]
        states = arrays.column("state")[view.rows].astype(np.intp)
        self.bars.set_bars(view, states, *places)
        self.plot.set_bars(self.model.numbers(view.rows), view)
        counts = np.bincount(states, minlength=len(STATES)).tolist()
        self.legend.show_marks(dict(zip(STATES, counts, strict=True)), best is not None)
        self.legend.remark.setText(_remark(view))

    def _show_all(self) -> None:
        if self.newest.isChecked():
            self.newest.setChecked(False)
            self._place_axes(self.view)

    def _extent_chosen(self) -> None:
        self.plot.go_home()
        self.mark_dirty()


def _remark(view: TimelineView) -> str:
    """What is written over stacks, and what is left out."""
    pauses = len(view.cuts)
    parts = (
        "×: so many trained as one" if len(view.stacks) else "",
        f"┊ {pauses} pause{'s' * (pauses != 1)} of {words(view.left_out)} left out" * bool(pauses),
    )
    return " · ".join(filter(None, parts))


def _place_of(view: TimelineView, row: int) -> int:
    """The place of a row among the bars; -1 where it has none."""
    at = np.flatnonzero(view.rows == row)
    return int(at[0]) if len(at) else -1
