"""Editors of a form: each with its caption above and what is wrong with it beside the caption.

They tell of every change by a person, and of none by the program. Undo is not theirs but the
draft's, so Ctrl+Z goes past them to the window.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QWheelEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from gui.theme import CONTROL, GROUP
from gui.widgets.text import ElidedLabel, label, set_property

WINDOWS_OWN = (QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo)


class LineField(QLineEdit):
    """A line of text."""

    edited = Signal(object)

    def __init__(self, placeholder: str = "") -> None:
        super().__init__()
        self.setPlaceholderText(placeholder)
        self.textEdited.connect(lambda text: self.edited.emit(self.parse(text)))

    def parse(self, text: str) -> Any:
        """The value of a text."""
        return text

    def format(self, value: Any) -> str:
        """The text of a value."""
        return "" if value is None else str(value)

    def put(self, value: Any) -> None:
        """Show a value, unless what is typed already means it."""
        if self.parse(self.text()) != value or (value is None and self.text()):
            self.setText(self.format(value))
            self.setCursorPosition(0)  # of a long one the beginning is seen

    def event(self, event: QEvent) -> bool:
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and any(event.matches(keys) for keys in WINDOWS_OWN)
        ):
            return False
        return super().event(event)


class ParsedField(LineField):
    """A line of text that stands for a value; None when it is empty."""

    def __init__(
        self,
        parse: Callable[[str], Any],
        format: Callable[[Any], str],
        placeholder: str = "",
    ) -> None:
        self._parse = parse
        self._format = format
        super().__init__(placeholder)

    def parse(self, text: str) -> Any:
        return self._parse(text.strip()) if text.strip() else None

    def format(self, value: Any) -> str:
        return "" if value is None else self._format(value)


class WholeField(ParsedField):
    """A whole number; the arrow keys go up and down by one."""

    def __init__(self, placeholder: str = "") -> None:
        super().__init__(whole, str, placeholder)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()))
        value = self.parse(self.text())
        if step is None or not isinstance(value, int):
            super().keyPressEvent(event)
        elif value + step >= 0:
            self.setText(str(value + step))
            self.edited.emit(value + step)


class ChoiceField(QComboBox):
    """One of several; the wheel scrolls the page and not the choice."""

    edited = Signal(object)

    def __init__(self, choices: Sequence[tuple[str, Any]] = ()) -> None:
        super().__init__()
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.set_choices(choices)
        self.activated.connect(lambda place: self.edited.emit(self.itemData(place)))

    def set_choices(self, choices: Sequence[tuple[str, Any]]) -> None:
        """Offer other choices: text and value."""
        if choices == self.choices():
            return
        with QSignalBlocker(self):
            value = self.currentData()
            self.clear()
            for text, data in choices:
                self.addItem(text, data)
            self.setCurrentIndex(self.findData(value))

    def choices(self) -> list[tuple[str, Any]]:
        """What is offered."""
        return [(self.itemText(place), self.itemData(place)) for place in range(self.count())]

    def put(self, value: Any) -> None:
        """Show a value; one that is not offered is added."""
        with QSignalBlocker(self):
            if self.findData(value) < 0 and value is not None:
                self.addItem(str(value), value)
            self.setCurrentIndex(self.findData(value))

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class Field(QWidget):
    """An editor with its caption, and room for what is wrong that takes no other's place."""

    def __init__(
        self, caption: str, editor: QWidget, tip: str = "", beside: Sequence[QWidget] = ()
    ):
        super().__init__()
        self.editor = editor
        self._caption = label(caption, "caption", "muted")
        self._caption.setBuddy(editor)
        self._problem = ElidedLabel("", "caption", "bad")
        self._problem.hide()
        self._note = label("", "caption", "muted")
        editor.setToolTip(tip)
        editor.setAccessibleName(caption)
        editor.setAccessibleDescription(tip)
        head = QHBoxLayout()
        head.setSpacing(CONTROL)
        head.addWidget(self._caption)
        head.addWidget(self._note)
        head.addWidget(self._problem, 1)
        head.addStretch()
        line = QHBoxLayout()
        line.setSpacing(GROUP)
        line.addWidget(editor, 1)
        for widget in beside:
            line.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GROUP // 2)
        column.addLayout(head)
        column.addLayout(line)
        column.addStretch(1)

    @property
    def problem(self) -> str:
        """What is said to be wrong."""
        return self._problem.text()

    def set_note(self, text: str) -> None:
        """Say something beside the caption."""
        self._note.setText(text)

    def set_problem(self, sentence: str) -> None:
        """Say what is wrong; nothing when it is empty."""
        self._problem.setText(sentence)
        self._problem.setVisible(bool(sentence))
        self._problem.setToolTip(sentence)
        set_property(self.editor, "invalid", bool(sentence))


def whole(text: str) -> int | float | str:
    """A number where the text is one, a whole one if it can be; else the text."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def real(text: str) -> float | str:
    """A number as typed, with a decimal point or comma; the text itself where it is none."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return text
