"""Small drawn gauges: a bar that is filled to a share, and a line of the last minute."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.theme import notifier, theme

_BAR_HEIGHT, _BAR_WIDTH = 6, 120
_LINE_WIDTH, _LINE_HEIGHT = 120, 26
_FAINT = 0.18


class Meter(QWidget):
    """A bar; `share` of it is filled, `part` of that strongly. Unknown shares leave it empty."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.share = self.part = 0.0
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        notifier.themeChanged.connect(self.update)

    def show_share(self, share: float | None, part: float = 0.0) -> None:
        """Fill the bar to `share` of 0 to 1, the first `part` (of the same whole) strongly."""
        self.share, self.part = share or 0.0, part
        self.setAccessibleDescription("" if share is None else f"{round(100 * share)} %")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(_BAR_WIDTH, _BAR_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, roles = QPainter(self), theme()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole = QRectF(0, 0, self.width(), _BAR_HEIGHT)
        shape = QPainterPath()
        shape.addRoundedRect(whole, _BAR_HEIGHT / 2, _BAR_HEIGHT / 2)
        painter.setClipPath(shape)
        painter.fillRect(whole, roles.border)
        for share, colour in ((self.share, roles.muted), (self.part, roles.accent)):
            painter.fillRect(QRectF(0, 0, share * self.width(), _BAR_HEIGHT), colour)


class Sparkline(QWidget):
    """Shares of 0 to 1 over the last `seconds`; now is at the right edge."""

    def __init__(self, name: str, seconds: float) -> None:
        super().__init__()
        self.points: Sequence[tuple[float, float]] = ()
        self._seconds = seconds
        self.setAccessibleName(name)
        self.setToolTip(f"The last {seconds:g} s")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        notifier.themeChanged.connect(self.update)

    def show_points(self, points: Sequence[tuple[float, float]]) -> None:
        """Draw pairs of seconds before now (negative) and a share."""
        self.points = points
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(_LINE_WIDTH, _LINE_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, roles = QPainter(self), theme()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        bottom = self.height() - 1.0
        painter.setPen(QPen(roles.border, 1))
        painter.drawLine(QPointF(0, bottom), QPointF(self.width(), bottom))
        line = [self._place(seconds, share) for seconds, share in self.points]
        if len(line) < 2:
            return
        area = QPainterPath(QPointF(line[0].x(), bottom))
        for point in (*line, QPointF(line[-1].x(), bottom)):
            area.lineTo(point)
        below = QColor(roles.accent)
        below.setAlphaF(_FAINT)
        painter.fillPath(area, below)
        painter.setPen(QPen(roles.accent, 1.5))
        painter.drawPolyline(QPolygonF(line))

    def _place(self, seconds: float, share: float) -> QPointF:
        height = self.height() - 2.0
        return QPointF(self.width() * (1 + seconds / self._seconds), 1 + height * (1 - share))
