"""What the forms of all kinds of task share: the study's name, a grid of fields, what is wrong."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from gui.models.draft import Draft
from gui.models.verdict import Verdict
from gui.theme import CARD, CONTROL
from gui.widgets.fields import ChoiceField, Field, LineField

COLUMNS = 6
DIRECTIONS = [("lower is better", "minimize"), ("higher is better", "maximize")]


class TaskForm(QWidget):
    """A form over the draft's [task] table of one kind; it looks at the draft when told to."""

    kind: ClassVar[str]

    def __init__(self, draft: Draft, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._draft = draft
        self._fields: dict[tuple[str, str], Field] = {}
        self._name = LineField()
        self._name.edited.connect(draft.rename)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(CARD)
        self._grid.setVerticalSpacing(CONTROL)
        for column in range(COLUMNS):
            self._grid.setColumnStretch(column, 1)
        name = self._add("", "name", "Name", self._name, "The study's name, and its file's")
        self._grid.addWidget(name, 0, 0, 1, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._grid)
        column.addStretch(1)

    def refresh(self) -> None:
        """Show the draft."""
        self._name.put(self._draft.document.name)

    def set_verdict(self, verdict: Verdict) -> None:
        """Say what is wrong with each entry."""
        for (table, key), field in self._fields.items():
            field.set_problem(verdict.problem_at(table, key))

    def _add(self, table: str, key: str, caption: str, editor: QWidget, tip: str) -> Field:
        field = Field(caption, editor, tip)
        self._fields[table, key] = field
        return field

    def _entry(self, key: str, caption: str, editor: LineField | ChoiceField, tip: str) -> Field:
        """A field that shows and sets one entry of [task] as it is."""
        editor.edited.connect(lambda value: self._draft.set_entry("task", key, value or None))
        return self._add("task", key, caption, editor, tip)
