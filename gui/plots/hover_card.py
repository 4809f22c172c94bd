"""The small card beside the mouse that says what is under it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLabel, QWidget

from gui.theme import CONTROL, font

_OFFSET = 14


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
        if html != self.text():
            self.setText(html)
            self.adjustSize()
        room = self.parentWidget().size()
        x = mouse.x() + _OFFSET
        if x + self.width() > room.width():
            x = mouse.x() - _OFFSET - self.width()
        y = min(mouse.y() + _OFFSET, room.height() - self.height())
        self.move(max(0, x), max(0, y))
        self.show()
        self.raise_()
