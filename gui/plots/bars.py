"""Horizontal bars with a name before and a share behind each."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.theme import CONTROL, GROUP, font, notifier, theme

_THICK = 10
_WIDEST_NAME = 0.45


class Bar(NamedTuple):
    """A share of 0 to 1 of what bears `name`; `strong` ones stand out, `key` is what a click is."""

    name: str
    share: float
    text: str
    strong: bool
    key: object


class Bars(QWidget):
    """A row a bar; all bars are as long as their share of the largest."""

    picked = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.bars: tuple[Bar, ...] = ()
        self.setFont(font("caption"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        notifier.themeChanged.connect(self.update)

    def show_bars(self, bars: tuple[Bar, ...]) -> None:
        """Draw `bars`, the first one on top."""
        self.bars = bars
        said = ", ".join(f"{bar.name} {bar.text}" for bar in bars)
        self.setAccessibleDescription(said)
        self.updateGeometry()
        self.update()

    @property
    def _row(self) -> int:
        return self.fontMetrics().height() + GROUP

    def sizeHint(self) -> QSize:
        return QSize(20 * _THICK, max(1, len(self.bars)) * self._row)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self.bars:
            return
        painter, roles, metrics = QPainter(self), theme(), self.fontMetrics()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        names = max(metrics.horizontalAdvance(bar.name) for bar in self.bars) + 2
        names = min(names, _WIDEST_NAME * self.width())
        texts = max(metrics.horizontalAdvance(bar.text) for bar in self.bars) + 2
        room = self.width() - names - texts - 2 * CONTROL
        largest = max(bar.share for bar in self.bars) or 1.0
        for place, bar in enumerate(self.bars):
            top = place * self._row
            painter.setPen(roles.text if bar.strong else roles.muted)
            name = metrics.elidedText(bar.name, Qt.TextElideMode.ElideMiddle, int(names))
            centred = Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, top, names, self._row), centred, name)
            width = max(2.0, room * bar.share / largest)
            shape = QPainterPath()
            shape.addRoundedRect(
                QRectF(names + CONTROL, top + (self._row - _THICK) / 2, width, _THICK), 2, 2
            )
            colour = QColor(roles.accent)
            colour.setAlphaF(1.0 if bar.strong else 0.45)
            painter.fillPath(shape, colour)
            painter.drawText(
                QRectF(names + 2 * CONTROL + width, top, texts, self._row), centred, bar.text
            )

    def bar_at(self, place: QPointF) -> Bar | None:
        """The bar at a place, None below all."""
        row = int(place.y() // self._row)
        return self.bars[row] if 0 <= row < len(self.bars) else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        bar = self.bar_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and bar is not None:
            self.picked.emit(bar.key)
