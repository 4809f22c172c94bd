"""The frame of a dialog that is filled in: content, a remark, and two buttons."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from gui.theme import CARD, CONTROL, PAGE
from gui.widgets.buttons import button
from gui.widgets.text import label, say


class FormDialog(QDialog):
    """Accepted by the button that says what happens; the window goes on behind it."""

    def __init__(self, parent: QWidget, title: str, yes: str) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.remark = label(role="caption", tone="muted", wrap=True)
        self.yes = button(yes, self.accept, "primary")
        self.yes.setDefault(True)
        self.no = button("Cancel", self.reject)
        self.no.setAutoDefault(False)
        self.content = QVBoxLayout()
        self.content.setSpacing(CARD)
        row = QHBoxLayout()
        row.setSpacing(CONTROL)
        row.addWidget(self.remark, 1)
        row.addWidget(self.no, alignment=Qt.AlignmentFlag.AlignBottom)
        row.addWidget(self.yes, alignment=Qt.AlignmentFlag.AlignBottom)
        column = QVBoxLayout(self)
        column.setContentsMargins(PAGE, PAGE, PAGE, CARD)
        column.setSpacing(CARD)
        column.addLayout(self.content, 1)
        column.addLayout(row)

    def be_wide(self, characters: int) -> None:
        """Have room for so many characters in a line."""
        self.setMinimumWidth(self.fontMetrics().averageCharWidth() * characters)

    def allow(self, may: bool, sentence: str, tone: str = "muted") -> None:
        """Say whether it can be accepted, and what there is to know."""
        self.yes.setEnabled(may)
        say(self.remark, sentence, tone)
