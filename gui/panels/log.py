"""The study's log: follows its tail unless it was scrolled up; all of it, or of one trial."""

from __future__ import annotations

import time

from PySide6.QtCore import SignalInstance
from PySide6.QtGui import QFontDatabase, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QCheckBox, QPlainTextEdit

from engine.events import Logged
from gui.models.study_model import StudyModel
from gui.panels.panel import Panel, column
from gui.theme import theme

_MOST_LINES = 5000
_TONES = {"warning": "warn", "error": "bad"}


class LogPanel(Panel):
    """Time, trial and text of each line, warnings and errors in their colour."""

    name = "log"
    title = "Log"

    def __init__(self) -> None:
        super().__init__()
        self.only_selected = QCheckBox("Only the selected trial")
        self.only_selected.toggled.connect(self._start_over)
        self.text = QPlainTextEdit(readOnly=True, maximumBlockCount=_MOST_LINES)
        self.text.setAccessibleName("Log")
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setUndoRedoEnabled(False)
        self._written: Logged | None = None
        self._about: int | None = None
        self.control_row.addWidget(self.only_selected)
        column(self.body, self.text)

    def follows(self, model: StudyModel) -> list[SignalInstance]:
        return [model.logged, model.selectionChanged]

    def enter(self, model: StudyModel | None) -> None:
        self._start_over()

    def retheme(self) -> None:
        self._start_over()

    def refresh(self) -> str:
        if not self.model.log:
            return "What the study and its workers say appears here."
        about = self.model.selected if self.only_selected.isChecked() else None
        if about != self._about:
            self._about = about
            self._clear()
        self._append(self._unwritten())
        return ""

    def _unwritten(self) -> list[Logged]:
        """The newest lines that are not in the text yet."""
        log = self.model.log
        start = len(log)
        while start > max(0, len(log) - _MOST_LINES) and log[start - 1] is not self._written:
            start -= 1
        self._written = log[-1]
        lines = log[start:]
        return lines if self._about is None else [x for x in lines if x.number == self._about]

    def _append(self, lines: list[Logged]) -> None:
        bar = self.text.verticalScrollBar()
        follows, place = bar.value() >= bar.maximum() - 2, bar.value()
        cursor = QTextCursor(self.text.document())
        cursor.beginEditBlock()
        cursor.movePosition(QTextCursor.MoveOperation.End)
        for line in lines:
            if not self.text.document().isEmpty():
                cursor.insertBlock()
            cursor.insertText(_stamp(line), self._ink("muted"))
            cursor.insertText(line.text, self._ink(_TONES.get(line.level, "text")))
        cursor.endEditBlock()
        bar.setValue(bar.maximum() if follows else place)

    def _ink(self, role: str) -> QTextCharFormat:
        result = QTextCharFormat()
        result.setForeground(getattr(theme(), role))
        return result

    def _start_over(self, *_: object) -> None:
        self._about = self.model.selected if self.model and self.only_selected.isChecked() else None
        self._clear()
        self.mark_dirty()

    def _clear(self) -> None:
        self._written = None
        self.text.clear()

    def copy_selected(self) -> None:
        self.text.copy()


def _stamp(line: Logged) -> str:
    clock = time.strftime("%H:%M:%S", time.localtime(line.time))
    return f"{clock}  {'' if line.number is None else f'#{line.number}':>6}  "
