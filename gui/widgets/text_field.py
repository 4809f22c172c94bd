"""An editor of a few lines that stand for one value; Return makes a new line, Tab goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, QSignalBlocker, QSize, Signal
from PySide6.QtGui import QFontDatabase, QKeyEvent
from PySide6.QtWidgets import QPlainTextEdit, QSizePolicy

from gui.theme import CONTROL
from gui.widgets.fields import WINDOWS_OWN


class TextField(QPlainTextEdit):
    """Tells of every change by a person; what is shown stays as typed while it means the value."""

    edited = Signal(object)

    def __init__(
        self, parse: Callable[[str], Any], format: Callable[[Any], str], lines: int = 2
    ) -> None:
        super().__init__()
        self._parse, self._format, self._lines = parse, format, lines
        self.setTabChangesFocus(True)
        self.setUndoRedoEnabled(False)
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.textChanged.connect(lambda: self.edited.emit(self._parse(self.toPlainText())))

    def put(self, value: Any) -> None:
        """Show a value, unless what is typed already means it."""
        if self._parse(self.toPlainText()) != value:
            with QSignalBlocker(self):
                self.setPlainText(self._format(value))

    def sizeHint(self) -> QSize:
        height = self._lines * self.fontMetrics().lineSpacing() + 2 * CONTROL
        return QSize(super().sizeHint().width(), height)

    def event(self, event: QEvent) -> bool:
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and any(event.matches(keys) for keys in WINDOWS_OWN)
        ):
            return False
        return super().event(event)
