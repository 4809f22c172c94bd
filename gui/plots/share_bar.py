"""A bar that is split in two: how much of one, how much of the other."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.theme import CONTROL, GROUP, font, notifier, theme

_HEIGHT = 8


class ShareBar(QWidget):
    """Words at both ends, the bar between them; its right part is `share` of it."""

    def __init__(self, left: str, right: str) -> None:
        super().__init__()
        self.share = 0.0
        self._words = (left, right)
        self.setFont(font("caption"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        notifier.themeChanged.connect(self.update)

    def show_share(self, share: float) -> None:
        """Split the bar anew."""
        self.share = share
        self.setAccessibleDescription(f"{round(100 * share)} % {self._words[1]}")
        self.update()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        words = sum(metrics.horizontalAdvance(word) + CONTROL for word in self._words)
        return QSize(words + 8 * _HEIGHT, metrics.height() + GROUP)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        roles, metrics = theme(), self.fontMetrics()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        widths = [metrics.horizontalAdvance(word) + 1 for word in self._words]
        y = (self.height() - metrics.height()) / 2
        painter.setPen(roles.muted)
        painter.drawText(QRectF(0, y, widths[0], metrics.height()), self._words[0])
        x = self.width() - widths[1]
        painter.drawText(QRectF(x, y, widths[1], metrics.height()), self._words[1])
        start, end = widths[0] + CONTROL, x - CONTROL
        bar = QRectF(start, (self.height() - _HEIGHT) / 2, end - start, _HEIGHT)
        shape = QPainterPath()
        shape.addRoundedRect(bar, _HEIGHT / 2, _HEIGHT / 2)
        painter.setClipPath(shape)
        painter.fillRect(bar, roles.accent)
        right = QRectF(bar)
        right.setLeft(bar.right() - self.share * bar.width())
        painter.fillRect(right, roles.held)
        painter.fillRect(QRectF(right.left() - 1, bar.top(), 2, _HEIGHT), roles.surface)
