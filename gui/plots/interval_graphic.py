"""A small drawing of what was expected and what came of it: an interval, a mark, a line to beat."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.models.scales import LogScale, Scale, value_scale
from gui.numbers import number
from gui.plots.marks import DISC, Sprite, draw_sprite
from gui.theme import CONTROL, GROUP, font, notifier, theme

_BAND = 14
_MARGIN = 0.08
_SPREAD_FOR_LOG = 10.0


@dataclass(frozen=True)
class Expectation:
    """A mean in its interval, the value to beat and, where it is known, the one that came out."""

    mean: float
    low: float
    high: float
    best: float
    actual: float | None


class IntervalGraphic(QWidget):
    """Drawn along the axis of the objective; each number stands beside what it belongs to."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: Expectation | None = None
        self._scale: Scale = value_scale("", False)
        self._ends = (0.0, 1.0)
        self.setFont(font("caption"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        notifier.themeChanged.connect(self.update)

    def show_expectation(self, shown: Expectation) -> None:
        """Draw `shown`."""
        self.shown = shown
        known = [shown.mean, shown.low, shown.high, shown.best, shown.actual]
        values = [v for v in known if v is not None and math.isfinite(v)]
        log = min(values) > 0 and max(values) > _SPREAD_FOR_LOG * min(values)
        self._scale = value_scale("", log)
        places = [self._scale.position(value) for value in values]
        room = _MARGIN * ((max(places) - min(places)) or 1.0)
        self._ends = (min(places) - room, max(places) + room)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(12 * _BAND, 2 * (self.fontMetrics().height() + GROUP) + _BAND + GROUP)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.shown is None:
            return
        shown, roles = self.shown, theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2
        painter.setPen(QPen(roles.border, 1))
        painter.drawLine(QPointF(0, middle), QPointF(self.width(), middle))
        left, right = self._x(shown.low), self._x(shown.high)
        painter.setPen(QPen(roles.accent, 1))
        painter.setBrush(roles.select)
        painter.drawRoundedRect(QRectF(left, middle - _BAND / 2, right - left, _BAND), 3, 3)
        self._line(painter, shown.mean, QPen(roles.accent, 3))
        if math.isfinite(shown.best):
            self._line(painter, shown.best, QPen(roles.text, 1.5, Qt.PenStyle.DashLine), 5)
        self._write_texts(painter, shown)
        if shown.actual is not None and math.isfinite(shown.actual):
            painter.translate(self._x(shown.actual), middle)
            draw_sprite(painter, Sprite(DISC, 11, roles.text, roles.surface, 2))

    def _write_texts(self, painter: QPainter, shown: Expectation) -> None:
        """Above the band what is expected, below it what was to beat and what came out."""
        roles = theme()
        painter.setPen(roles.accent)
        self._write(painter, [(shown.mean, f"expected {number(shown.mean)}")], above=True)
        painter.setPen(roles.text)
        below = [(shown.best, f"to beat {number(shown.best)}")]
        if shown.actual is not None:
            below.append((shown.actual, f"came out {number(shown.actual)}"))
        self._write(painter, [entry for entry in below if math.isfinite(entry[0])], above=False)

    def _write(self, painter: QPainter, entries: list[tuple[float, str]], above: bool) -> None:
        """Texts centred at their values, moved apart where they would overlap."""
        metrics, height = self.fontMetrics(), self.fontMetrics().height()
        y = self.height() / 2 + (-_BAND / 2 - GROUP - height if above else _BAND / 2 + GROUP)
        entries = sorted(entries, key=lambda entry: self._x(entry[0]))
        widths = [metrics.horizontalAdvance(text) + 2 for _, text in entries]
        left = 0.0
        for place, ((value, text), width) in enumerate(zip(entries, widths, strict=True)):
            after = sum(widths[place + 1 :]) + CONTROL * (len(widths) - place - 1)
            x = min(self._x(value) - width / 2, self.width() - width - after)
            x = max(left, x)
            painter.drawText(QRectF(x, y, width, height), text)
            left = x + width + CONTROL

    def _line(self, painter: QPainter, value: float, pen: QPen, beyond: float = 0) -> None:
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        x, half = self._x(value), _BAND / 2 + beyond
        middle = self.height() / 2
        painter.drawLine(QPointF(x, middle - half), QPointF(x, middle + half))

    def _x(self, value: float) -> float:
        """Where a value is; what a logarithmic axis cannot hold is at its left end."""
        place = self._scale.position(value) if not self._is_off(value) else self._ends[0]
        return (place - self._ends[0]) / (self._ends[1] - self._ends[0]) * (self.width() - 1)

    def _is_off(self, value: float) -> bool:
        return isinstance(self._scale, LogScale) and value <= 0
