"""Under a plot: which colour means which value, which mark which state, and what is left out."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from engine.trial import TrialState
from gui.models.map_layers import Strip
from gui.models.value_colours import ValueColours
from gui.numbers import number
from gui.plots.colours import value_table
from gui.theme import BEST, CARD, CONTROL, GROUP, PROPOSED, font, notifier, state_mark, theme
from gui.widgets.text import ElidedLabel

_BAR_HEIGHT = 10
_BAR_WIDTH = 132


class StripBar(QWidget):
    """A strip of colours between the texts of its two ends, and a word behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.strip: Strip | None = None
        self.setFont(font("caption"))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.hide()
        notifier.themeChanged.connect(self.update)

    def show_strip(self, strip: Strip | None, tip: str = "") -> None:
        """Say what the colours of `strip` mean; nothing without one."""
        self.strip = strip
        self.setVisible(strip is not None)
        self.setToolTip(tip)
        self.updateGeometry()
        self.update()

    @property
    def text(self) -> str:
        """What the strip says, in a line."""
        return "  ".join(filter(None, self._texts()))

    def _texts(self) -> tuple[str, str, str]:
        return ("", "", "") if self.strip is None else self.strip[:3]

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        if self.strip is None:
            return QSize(0, metrics.height())
        texts = sum(metrics.horizontalAdvance(text) + CONTROL for text in self._texts() if text)
        return QSize(texts + _BAR_WIDTH + GROUP, metrics.height() + GROUP)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.strip is None:
            return
        painter = QPainter(self)
        low, high, word = self._texts()
        x = self._write(painter, 0, low)
        strip = QRectF(x, (self.height() - _BAR_HEIGHT) / 2, _BAR_WIDTH, _BAR_HEIGHT)
        painter.drawImage(strip, _image(self.strip.table))
        painter.setPen(theme().border)
        painter.drawRect(strip)
        x = self._write(painter, x + _BAR_WIDTH + CONTROL, high)
        self._write(painter, x, word)

    def _write(self, painter: QPainter, x: float, text: str) -> float:
        if not text:
            return x
        painter.setPen(theme().muted)
        width = self.fontMetrics().horizontalAdvance(text)
        painter.drawText(
            QRectF(x, 0, width + 1, self.height()), Qt.AlignmentFlag.AlignVCenter, text
        )
        return x + width + CONTROL


class ValueBar(StripBar):
    """A strip of the value colours from the worst number to the best, "better →" behind it."""

    def show_colours(self, colours: ValueColours | None) -> None:
        """Say what `colours` mean; nothing without them."""
        if colours is None:
            self.show_strip(None)
            return
        more = ("≥ " if colours.worst > colours.best else "≤ ") * bool(colours.beyond)
        worst, best = more + number(colours.worst), number(colours.best)
        word = "log · better →" if colours.log else "better →"
        beyond = colours.beyond
        tip = (
            f"{beyond} {'value lies' if beyond == 1 else 'values lie'} beyond {worst} "
            "and share its colour."
            if beyond
            else "Colours are spread evenly over the ratio of the values."
            if colours.log
            else ""
        )
        self.show_strip(Strip(worst, best, word, value_table()), tip)


def _image(table: np.ndarray) -> QImage:
    table = np.ascontiguousarray(table, dtype=np.uint8)
    image = QImage(table.data, len(table), 1, 3 * len(table), QImage.Format.Format_RGB888)
    return image.copy()


class Legend(QWidget):
    """The value bar, the marks in use with their counts, and a remark."""

    def __init__(self) -> None:
        super().__init__()
        self.bar = ValueBar()
        self.layer_bar = StripBar()
        self.remark = ElidedLabel(role="caption", tone="muted")
        self.remark.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._marks = _Marks()
        row = QHBoxLayout(self)
        row.setContentsMargins(CONTROL, 0, CONTROL, GROUP)
        row.setSpacing(CARD)
        row.addWidget(self.layer_bar)
        row.addWidget(self.bar)
        row.addWidget(self._marks)
        row.addWidget(self.remark, 1)

    def show_marks(self, counts: dict[TrialState, int], best: bool, proposed: bool = False) -> None:
        """Explain the marks of the states that are there, the star, and the next proposal's."""
        self._marks.show_marks(counts, best, proposed)


class _Marks(QWidget):
    """Glyph, count and word of each state, painted in its colour."""

    def __init__(self) -> None:
        super().__init__()
        self._counts: dict[TrialState, int] = {}
        self._best = self._proposed = False
        self.setFont(font("caption"))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        notifier.themeChanged.connect(self.update)

    def show_marks(self, counts: dict[TrialState, int], best: bool, proposed: bool) -> None:
        self._proposed = proposed
        self._counts = {state: count for state, count in counts.items() if count}
        self._best = best
        self.setAccessibleDescription(", ".join(text for _, text, _ in self._parts()))
        self.updateGeometry()
        self.update()

    def _parts(self) -> list[tuple[str, str, object]]:
        parts = [(BEST, "best", theme().text)] if self._best else []
        if self._proposed:
            parts.append((PROPOSED, "next", theme().text))
        for state, count in self._counts.items():
            mark = state_mark(state)
            parts.append((mark.glyph, f"{count} {mark.word}", mark.colour))
        return parts

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        width = sum(
            metrics.horizontalAdvance(f"{glyph} {text}") + CARD for glyph, text, _ in self._parts()
        )
        return QSize(width, metrics.height() + GROUP)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        x, metrics = 0, self.fontMetrics()
        for glyph, text, colour in self._parts():
            for piece, pen in ((f"{glyph} ", colour), (text, theme().muted)):
                width = metrics.horizontalAdvance(piece)
                painter.setPen(pen)
                painter.drawText(
                    QRectF(x, 0, width + 1, self.height()), Qt.AlignmentFlag.AlignVCenter, piece
                )
                x += width
            x += CARD
