"""Steps at which trials are judged: thin lines from top to bottom, named where there is room."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from gui.plots.whole_view import WholeView
from gui.theme import font, theme

_GAP = 3.0
"""Pixels between a line and its name, and between a name and what follows."""
_VEIL = 0.85


class RungsItem(WholeView):
    """Vertical lines at whole steps, their names at the top."""

    def __init__(self) -> None:
        super().__init__()
        self._places: tuple[float, ...] = ()
        self._names: tuple[str, ...] = ()

    def set_rungs(self, places: Sequence[float], names: Sequence[str]) -> None:
        """Lines at `places`, in ascending order, each with its name."""
        self._places, self._names = tuple(places), tuple(names)
        self.update()

    def __len__(self) -> int:
        return len(self._places)

    def paint(self, painter: QPainter, option: object, widget: object = None) -> None:
        if not self._places:
            return
        place = painter.transform()
        seen = place.mapRect(self.boundingRect()).normalized()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        at = [round(place.m11() * x + place.dx()) for x in self._places]
        pen = QPen(theme().muted, 1)
        pen.setDashPattern([1, 3])
        painter.setPen(pen)
        for x in at:
            if seen.left() <= x <= seen.right():
                painter.drawLine(QPointF(x, seen.top()), QPointF(x, seen.bottom()))
        self._write_names(painter, at, seen)

    def _write_names(self, painter: QPainter, at: list[int], seen: QRectF) -> None:
        """The names of the lines, to the right of each; none where it would meet the next line."""
        painter.setFont(font("caption"))
        metrics = QFontMetricsF(painter.font())
        for x, end, name in zip(at, [*at[1:], seen.right()], self._names, strict=True):
            box = QRectF(x + _GAP, seen.top(), metrics.horizontalAdvance(name), metrics.height())
            if seen.left() <= x and box.right() + _GAP <= min(end, seen.right()):
                veil = QColor(theme().surface)
                veil.setAlphaF(_VEIL)
                painter.fillRect(box, veil)
                painter.setPen(theme().muted)
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, name)
