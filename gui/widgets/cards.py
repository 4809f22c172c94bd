"""Cards: framed surfaces, some of which can be pressed or chosen like radio buttons."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from gui.theme import CARD, CONTROL
from gui.widgets.text import label, set_property


class Card(QFrame):
    """A framed surface with a title and a column of content."""

    def __init__(self, title: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(CARD, CARD, CARD, CARD)
        self.column.setSpacing(CONTROL)
        if title:
            self.title = label(title, "title")
            self.column.addWidget(self.title)
            self.setAccessibleName(title)


class PressCard(Card):
    """A card that acts as one button: by click, Return or Space."""

    pressed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setProperty("hoverable", True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.pos()):
            self.pressed.emit()
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.pressed.emit()
        else:
            super().keyPressEvent(event)


class ChoiceCard(PressCard):
    """A card that is one of several to choose from; arrow keys go to its neighbours."""

    moved = Signal(int)
    """An arrow key was pressed: -1 for the card before, 1 for the next."""

    def set_checked(self, checked: bool) -> None:
        """Show whether this is the chosen one."""
        set_property(self, "checked", checked)
        self.setAccessibleDescription("chosen" if checked else "not chosen")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        before = (Qt.Key.Key_Up, Qt.Key.Key_Left)
        after = (Qt.Key.Key_Down, Qt.Key.Key_Right)
        if event.key() in before + after:
            self.moved.emit(-1 if event.key() in before else 1)
        else:
            super().keyPressEvent(event)
