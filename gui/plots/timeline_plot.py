"""Bars over time in lanes, thousands of them at once, each told by its colour and its shape.

Those of a stack lie beside each other in their lane, with how many they are written over them.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QTransform
from shiboken6 import wrapInstance

from engine.trial import TrialState
from gui.models.timeline_view import TimelineView
from gui.models.trial_arrays import CODE, STATES
from gui.plots.marks import best_sprite, draw_sprites, state_sprite
from gui.plots.plot import Plot
from gui.plots.whole_view import WholeView
from gui.theme import faded, font, state_mark, theme

_LANE = 0.76
"""How much of its lane a bar takes at most."""
_PARTS = {
    TrialState.PRUNED: (0.45, 1.0),
    TrialState.FAILED: (0.0, 0.55),
    TrialState.INTERRUPTED: (0.22, 0.78),
    TrialState.CANCELLED: (0.38, 0.62),
}
"""From where to where down its lane a bar reaches that is not whole."""
_STRENGTH = {TrialState.COMPLETE: 0.38, TrialState.RUNNING: 0.35}
_GAP, _FEWEST_FOR_GAP = 1.0, 3.0
_LOWEST_SHAPED = 8.0
"""Pixels of height below which a bar has its colour alone."""
_SIGN, _ROOM_FOR_SIGN, _STAR = 9.0, 15.0, 14.0
_SLACK = 3.0
"""Pixels beside a bar within which it is meant."""
_FAR = 1e6


class BarsItem(WholeView):
    """Draws the bars of a timeline, with a sign in those that have room for it."""

    def __init__(self) -> None:
        super().__init__()
        self._view: TimelineView | None = None
        self._states = np.empty(0, dtype=np.intp)
        self._selected = self._best = -1

    def set_bars(self, view: TimelineView, states: np.ndarray, selected: int, best: int) -> None:
        """The bars of `view`, the index of each one's state, and the place of two among them."""
        self._view, self._states = view, states
        self._selected, self._best = selected, best
        self.update()

    def __len__(self) -> int:
        return len(self._states)

    def paint(self, painter: QPainter, option: object, widget: object = None) -> None:
        if self._view is None:
            return
        place = painter.transform()
        boxes = self._boxes(place)
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self._draw_cuts(painter, place)
        for code in np.unique(self._states):
            _draw_state(painter, STATES[code], boxes[self._states == code])
        if self._selected >= 0:
            painter.setBrush(theme().select)
            painter.setPen(_pen(theme().accent, 2))
            _draw_boxes(painter, boxes[[self._selected]])
        self._draw_signs(painter, boxes)
        self._write_counts(painter, place)

    def _boxes(self, place: QTransform) -> np.ndarray:
        """Left, top, width and height of each bar in pixels; at least one wide."""
        view = self._view
        left = np.clip(place.m11() * view.start + place.dx(), -_FAR, _FAR)
        right = np.clip(place.m11() * view.end + place.dx(), -_FAR, _FAR)
        lane = abs(place.m22()) * _LANE / view.tiers
        middle = place.m22() * middles(view) + place.dy()
        tops, bottoms = np.zeros(len(left)), np.ones(len(left))
        for state, (top, bottom) in _PARTS.items():
            of_state = (self._states == CODE[state]) & (lane >= _LOWEST_SHAPED)
            tops[of_state], bottoms[of_state] = top, bottom
        width = right - left
        width = np.where(width >= _FEWEST_FOR_GAP, width - _GAP, np.maximum(width, 1.0))
        height = (bottoms - tops) * lane
        beside = (view.tiers > 1) & (height >= _FEWEST_FOR_GAP)
        height = np.maximum(np.where(view.tiers > 1, 1.0, 2.0), height - _GAP * beside)
        return np.column_stack([left, middle + (tops - 0.5) * lane, width, height]).round()

    def _draw_signs(self, painter: QPainter, boxes: np.ndarray) -> None:
        """The sign of its state in each bar that has room for it, and the star of the best."""
        has_room = (boxes[:, 2] >= _ROOM_FOR_SIGN) & (boxes[:, 3] >= _ROOM_FOR_SIGN)
        has_room[self._best] &= self._best < 0
        for code in np.unique(self._states[has_room]):
            chosen = boxes[has_room & (self._states == code)]
            draw_sprites(painter, state_sprite(STATES[code], _SIGN), *_centres(chosen))
        if self._best >= 0:
            draw_sprites(painter, best_sprite(_STAR), *_centres(boxes[[self._best]]))

    def _write_counts(self, painter: QPainter, place: QTransform) -> None:
        """How many trials each stack has at once, over its beginning, where there is room."""
        painter.setFont(font("caption"))
        metrics = QFontMetricsF(painter.font())
        height = metrics.height()
        if not len(self._view.stacks) or abs(place.m22()) * _LANE < height:
            return
        start, end, lane, most = self._view.stacks.T
        left, right = (place.m11() * at + place.dx() for at in (start, end))
        left = np.maximum(left, place.mapRect(self.boundingRect()).left())
        middle = place.m22() * lane + place.dy()
        widest = metrics.horizontalAdvance("×88") + 2 * _GAP
        for at in np.flatnonzero(right - left >= 2 * widest):
            text = f"×{most[at]:.0f}"
            width = metrics.horizontalAdvance(text) + 2 * _GAP
            box = QRectF(left[at] + _GAP, middle[at] - height / 2, width, height)
            painter.fillRect(box, theme().surface)
            painter.setPen(theme().text)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _draw_cuts(self, painter: QPainter, place: QTransform) -> None:
        """A broken line where time was left out."""
        pen = _pen(theme().muted, 1)
        pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        seen = place.mapRect(self.boundingRect())
        for x in place.m11() * self._view.cuts + place.dx():
            painter.drawLine(QPointF(x, seen.top()), QPointF(x, seen.bottom()))


class TimelinePlot(Plot):
    """A plot in which the bar under the mouse is meant; it is zoomed along the time alone."""

    def __init__(self) -> None:
        super().__init__()
        self._start = self._end = self._half = np.empty(0)
        self.getViewBox().setMouseEnabled(x=True, y=False)

    def set_bars(self, numbers: np.ndarray, view: TimelineView) -> None:
        """The bars that can be pointed at, and the trial of each."""
        self.set_points(numbers, (view.start + view.end) / 2, middles(view))
        self._start, self._end = view.start, view.end
        self._half = _LANE / 2 / view.tiers

    def nearest(self, scene_place: QPointF) -> int | None:
        view = self.getViewBox()
        if not len(self._start) or not view.sceneBoundingRect().contains(scene_place):
            return None
        at, slack = view.mapSceneToView(scene_place), _SLACK * view.viewPixelSize()[0]
        beside = np.maximum(self._start - at.x(), at.x() - self._end)
        beside[np.abs(self._y - at.y()) > self._half] = np.inf
        closest = int(np.argmin(beside))
        return int(self._numbers[closest]) if beside[closest] <= slack else None

    def _zoom(self, factor: float) -> None:
        self._at_home = False
        self.getViewBox().scaleBy((factor, 1.0))


def middles(view: TimelineView) -> np.ndarray:
    """The height of each bar's middle: that of its lane, or of its tier there."""
    return view.lane + _LANE * (0.5 - (view.tier + 0.5) / view.tiers)


def _centres(boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return boxes[:, 0] + boxes[:, 2] / 2, boxes[:, 1] + boxes[:, 3] / 2


def _draw_state(painter: QPainter, state: TrialState, boxes: np.ndarray) -> None:
    colour = state_mark(state).colour
    painter.setPen(_pen(colour, 1) if state is TrialState.RUNNING else Qt.PenStyle.NoPen)
    painter.setBrush(faded(colour, theme().surface, _STRENGTH.get(state, 0.75)))
    _draw_boxes(painter, boxes)


def _pen(colour: QColor, width: float) -> QPen:
    pen = QPen(colour, width)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    return pen


def _draw_boxes(painter: QPainter, boxes: np.ndarray) -> None:
    """Draw rectangles, all at once."""
    if len(boxes):
        table = np.ascontiguousarray(boxes, dtype=np.float64)
        painter.drawRects(wrapInstance(table.ctypes.data, QRectF), len(table))
