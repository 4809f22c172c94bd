"""Dialogs that show text of the user's programs: code that may be run, output that it left."""

from __future__ import annotations

from PySide6.QtGui import QFontDatabase, QGuiApplication, QTextCursor
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from gui.theme import CARD, PAGE
from gui.widgets.buttons import button
from gui.widgets.text import label

_CHARACTERS, _LINES = 100, 24


class CodeDialog(QDialog):
    """Accepted when what it shows may be run. The safe answer is the default."""

    def __init__(self, parent: QWidget, title: str, text: str) -> None:
        super().__init__(parent)
        self.setWindowTitle("May this be run?")
        self.setModal(True)
        self.code = _fixed_text(text, "What is run")
        warning = label(
            "It is code like any other that you start on this computer, with all that you may do "
            "yourself. Run it if you know where it comes from; you are asked once.",
            tone="muted",
            wrap=True,
        )
        self.no = button("Do not run", self.reject)
        self.yes = button("Run it", self.accept, "primary")
        self.no.setDefault(True)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.no)
        row.addWidget(self.yes)
        column = QVBoxLayout(self)
        column.setContentsMargins(PAGE, PAGE, PAGE, CARD)
        column.setSpacing(CARD)
        column.addWidget(label(title, "title", wrap=True))
        column.addWidget(self.code, 1)
        column.addWidget(warning)
        column.addLayout(row)
        self.no.setFocus()
        self.finished.connect(self.deleteLater)


class OutputDialog(QDialog):
    """One sentence, and what a program printed."""

    def __init__(self, parent: QWidget, title: str, sentence: str, output: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.output = _fixed_text(output, "Its last lines")
        self.output.moveCursor(QTextCursor.MoveOperation.End)
        row = QHBoxLayout()
        row.addWidget(
            button(
                "Copy", lambda: QGuiApplication.clipboard().setText(output), tip="Copy the lines"
            )
        )
        row.addStretch(1)
        row.addWidget(button("Close", self.accept, "primary"))
        column = QVBoxLayout(self)
        column.setContentsMargins(PAGE, PAGE, PAGE, CARD)
        column.setSpacing(CARD)
        column.addWidget(label(sentence, "title", "bad", wrap=True))
        column.addWidget(self.output, 1)
        column.addLayout(row)
        self.finished.connect(self.deleteLater)


def _fixed_text(text: str, name: str) -> QPlainTextEdit:
    """Text to be read, in a type of fixed width, with room for what there is of it."""
    result = QPlainTextEdit(text)
    result.setReadOnly(True)
    result.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
    result.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
    result.setAccessibleName(name)
    metrics = result.fontMetrics()
    lines = min(_LINES, text.count("\n") + 3)
    result.setMinimumSize(metrics.averageCharWidth() * _CHARACTERS, metrics.lineSpacing() * lines)
    return result
