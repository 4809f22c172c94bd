"""Predicted against actual values: whiskers of the intervals, and the diagonal of perfect ones."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPen

from engine.analysis.views import TrustView
from gui.models.scales import value_scale
from gui.models.value_colours import ValueColours
from gui.plots.marks import DISC, SQUARE, MarksItem, Sprite, selected_sprite
from gui.plots.plot import Plot
from gui.theme import theme

_MARGIN = 0.06
_SPREAD_FOR_LOG = 8.0
_MARK, _SMALL_MARK, _MANY = 8.0, 5.0, 300
_THIN, _THICK, _OPACITY = 1.0, 3.0, 0.45
"""Whiskers of very many trials are all thin: thick ones take six times as long to draw."""
_PLAIN, _OUTSIDE, _SELECTED = range(3)


class TrustPlot(Plot):
    """Actual values across, leave-one-out predictions upwards."""

    def __init__(self) -> None:
        self._diagonal = pg.PlotCurveItem()
        self._wide, self._narrow = (pg.PlotCurveItem(connect="pairs") for _ in range(2))
        self.marks = MarksItem()
        self.far_out = 0
        super().__init__()
        for height, item in enumerate((self._diagonal, self._wide, self._narrow, self.marks)):
            item.setZValue(height)
            self.getViewBox().addItem(item, ignoreBounds=True)
        self.retheme()

    def retheme(self) -> None:
        super().retheme()
        roles = theme()
        self._diagonal.setPen(self.pen(roles.muted, 1.25))
        self._diagonal.opts["pen"].setStyle(Qt.PenStyle.DashLine)
        self._wide.setPen(self._whisker_pen(_THIN))
        self._narrow.setPen(self._whisker_pen(_THICK))

    def _whisker_pen(self, width: float) -> QPen:
        colour = QColor(theme().accent)
        colour.setAlphaF(_OPACITY)
        pen = self.pen(colour, width)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        return pen

    def show_view(self, view: TrustView, selected: int | None, minimize: bool) -> None:
        """Draw the predictions of `view`; those whose 90 % interval missed are squares.

        What is far out (`far_out` counts the values) lies at the edge, as in other plots: one run
        that diverged leaves room for all others.
        """
        shown = _all_but_far_out(view.actual, minimize)
        log = bool(shown[0] > 0 and shown[1] > _SPREAD_FOR_LOG * shown[0])
        place = _logarithm if log else np.asarray
        low, high = _ends(place(shown), place(view.predicted))
        edge = _MARGIN / 3 * (high - low)
        actual, predicted = (
            np.clip(place(values), low + edge, high - edge)
            for values in (view.actual, view.predicted)
        )
        self.far_out = int(np.sum(actual != place(view.actual)))
        suffix = "  (log)" if log else ""
        self.axes["bottom"].set_scale(value_scale("came out", log), suffix)
        self.axes["left"].set_scale(value_scale("predicted without it", log), suffix)
        self.set_home(QRectF(low, low, high - low, high - low))
        self._diagonal.setData([low, high], [low, high])
        self._narrow.setPen(self._whisker_pen(_THICK if len(actual) <= _MANY else _THIN))
        below = low - (high - low)  # where a logarithm has no end, far out of sight
        for line, ends in (
            (self._wide, (view.low90, view.high90)),
            (self._narrow, (view.low50, view.high50)),
        ):
            bottom, top = (np.maximum(place(end), below) for end in ends)
            line.setData(np.repeat(actual, 2), np.column_stack([bottom, top]).ravel())
        self._draw_marks(view, actual, predicted, selected)

    def _draw_marks(
        self, view: TrustView, x: np.ndarray, y: np.ndarray, selected: int | None
    ) -> None:
        roles, size = theme(), _MARK if len(x) <= _MANY else _SMALL_MARK
        self.marks.set_sprites(
            [
                Sprite(DISC, size, roles.text, roles.surface),
                Sprite(SQUARE, size, roles.warn, roles.surface),
                selected_sprite(size + 6),
            ]
        )
        numbers = np.array(view.numbers, dtype=np.intp)
        missed = (view.actual < view.low90) | (view.actual > view.high90)
        kinds = np.where(missed, _OUTSIDE, _PLAIN)
        halo = np.flatnonzero(numbers == (-1 if selected is None else selected))
        order = np.concatenate([np.arange(len(x)), halo, halo]).astype(np.intp)
        kinds = np.concatenate([kinds, np.full(len(halo), _SELECTED), kinds[halo]])
        self.marks.set_marks(x[order], y[order], kinds.astype(np.intp))
        self.set_points(numbers, x, y)


def _logarithm(values: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(np.log10(values), nan=-np.inf, neginf=-np.inf)


def _all_but_far_out(values: np.ndarray, minimize: bool) -> np.ndarray:
    """The least and the greatest value, but for what is far beyond the bad end."""
    colours = ValueColours.of(values, minimize)
    assert colours is not None  # there are values, all finite
    return np.sort([colours.best, colours.worst])


def _ends(actual: np.ndarray, predicted: np.ndarray) -> tuple[float, float]:
    """One range for both axes: what came out, and a little of what was predicted beyond."""
    low, high = float(actual.min()), float(actual.max())
    width = (high - low) or abs(high) or 1.0
    known = predicted[np.isfinite(predicted)]
    low = max(low - width / 4, min(low, float(known.min(initial=low))))
    high = min(high + width / 4, max(high, float(known.max(initial=high))))
    return low - _MARGIN * width, high + _MARGIN * width
