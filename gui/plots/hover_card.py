"""The small card beside the mouse that says what is under it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLabel, QWidget

from gui.theme import CONTROL, font

_OFFSET = 14
_CHARACTERS = 46
"""Longer lines are broken."""


class HoverCard(QLabel):
    """Floats over `parent` without ever getting in the mouse's way."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setProperty("card", True)
        self.setMargin(CONTROL)
        self.setFont(font("caption"))
        self.hide()

    def show_at(self, html: str, mouse: QPoint) -> None:
        """Show `html` beside `mouse` (in the parent's coordinates), within the parent."""
        room = self.parentWidget().size()
        if html != self.text():
            self._fill(html, room.width())
        x = mouse.x() + _OFFSET
        if x + self.width() > room.width():
            x = min(mouse.x() - _OFFSET, room.width()) - self.width()
        y = min(mouse.y() + _OFFSET, room.height() - self.height())
        self.move(max(0, x), max(0, y))
        self.show()
        self.raise_()

    def _fill(self, html: str, room: int) -> None:
        """Say `html` in at most `room` pixels of width."""
        widest = min(room, self.fontMetrics().averageCharWidth() * _CHARACTERS)
        self.setWordWrap(False)
        self.setText(html)
        if self.sizeHint().width() <= widest:
            self.adjustSize()
            return
        self.setWordWrap(True)
        self.resize(widest, self.heightForWidth(widest))
