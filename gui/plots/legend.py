"""Under a plot: which colour means which value, which mark which state, and what is left out."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from engine.trial import TrialState
from gui.models.value_colours import ValueColours
from gui.numbers import number
from gui.plots.colours import value_table
from gui.theme import BEST, CARD, CONTROL, GROUP, font, notifier, state_mark, theme
from gui.widgets.text import ElidedLabel

_BAR_HEIGHT = 10
_BAR_WIDTH = 132


class ValueBar(QWidget):
    """A strip of the value colours from the worst number to the best, "better →" behind it."""

    def __init__(self) -> None:
        super().__init__()
        self._colours: ValueColours | None = None
        self.setFont(font("caption"))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        notifier.themeChanged.connect(self.update)

    def show_colours(self, colours: ValueColours | None) -> None:
        """Say what `colours` mean; nothing without them."""
        self._colours = colours
        self.setVisible(colours is not None)
        beyond = colours.beyond if colours else 0
        self.setToolTip(
            f"{beyond} {'value lies' if beyond == 1 else 'values lie'} beyond {self._ends()[0]} "
            "and share its colour."
            if beyond
            else "Colours are spread evenly over the ratio of the values."
            if colours and colours.log
            else ""
        )
        self.updateGeometry()
        self.update()

    @property
    def text(self) -> str:
        """What the strip says, in a line."""
        return "  ".join(self._texts()) if self._colours else ""

    def _ends(self) -> tuple[str, str]:
        assert self._colours is not None
        more = ("≥ " if self._colours.worst > self._colours.best else "≤ ") * bool(
            self._colours.beyond
        )
        return more + number(self._colours.worst), number(self._colours.best)

    def _texts(self) -> tuple[str, str, str]:
        worst, best = self._ends()
        log = "log · " if self._colours and self._colours.log else ""
        return worst, best, f"{log}better →"

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        if self._colours is None:
            return QSize(0, metrics.height())
        texts = sum(metrics.horizontalAdvance(text) + CONTROL for text in self._texts())
        return QSize(texts + _BAR_WIDTH + GROUP, metrics.height() + GROUP)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._colours is None:
            return
        painter = QPainter(self)
        worst, best, better = self._texts()
        x = self._write(painter, 0, worst)
        strip = QRectF(x, (self.height() - _BAR_HEIGHT) / 2, _BAR_WIDTH, _BAR_HEIGHT)
        painter.drawImage(strip, _strip())
        x = self._write(painter, x + _BAR_WIDTH + CONTROL, best)
        self._write(painter, x, better)

    def _write(self, painter: QPainter, x: float, text: str) -> float:
        painter.setPen(theme().muted)
        width = self.fontMetrics().horizontalAdvance(text)
        painter.drawText(
            QRectF(x, 0, width + 1, self.height()), Qt.AlignmentFlag.AlignVCenter, text
        )
        return x + width + CONTROL


def _strip() -> QImage:
    table = np.ascontiguousarray(value_table())
    image = QImage(table.data, len(table), 1, 3 * len(table), QImage.Format.Format_RGB888)
    return image.copy()


class Legend(QWidget):
    """The value bar, the marks in use with their counts, and a remark."""

    def __init__(self) -> None:
        super().__init__()
        self.bar = ValueBar()
        self.remark = ElidedLabel(role="caption", tone="muted")
        self.remark.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._marks = _Marks()
        row = QHBoxLayout(self)
        row.setContentsMargins(CONTROL, 0, CONTROL, GROUP)
        row.setSpacing(CARD)
        row.addWidget(self.bar)
        row.addWidget(self._marks)
        row.addWidget(self.remark, 1)

    def show_marks(self, counts: dict[TrialState, int], best: bool) -> None:
        """Explain the marks of the states that are there, and the star."""
        self._marks.show_marks(counts, best)


class _Marks(QWidget):
    """Glyph, count and word of each state, painted in its colour."""

    def __init__(self) -> None:
        super().__init__()
        self._counts: dict[TrialState, int] = {}
        self._best = False
        self.setFont(font("caption"))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        notifier.themeChanged.connect(self.update)

    def show_marks(self, counts: dict[TrialState, int], best: bool) -> None:
        self._counts = {state: count for state, count in counts.items() if count}
        self._best = best
        self.setAccessibleDescription(", ".join(text for _, text, _ in self._parts()))
        self.updateGeometry()
        self.update()

    def _parts(self) -> list[tuple[str, str, object]]:
        parts = [(BEST, "best", theme().text)] if self._best else []
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
