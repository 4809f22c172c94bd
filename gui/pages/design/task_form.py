"""What the forms of all kinds of task share: the study's name, a grid of fields, what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from PySide6.QtWidgets import QFileDialog, QGridLayout, QVBoxLayout, QWidget

from gui.models.draft import Draft
from gui.models.verdict import Verdict
from gui.theme import CARD, CONTROL
from gui.widgets.fields import ChoiceField, Field, LineField, WholeField

COLUMNS = 6
_DIRECTIONS = [("lower is better", "minimize"), ("higher is better", "maximize")]


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


class OwnTaskForm(TaskForm):
    """What the forms for code of one's own share: what is aimed at, and after how many steps."""

    def __init__(self, draft: Draft, parent: QWidget | None = None) -> None:
        super().__init__(draft, parent)
        self._objective = LineField()
        self._direction = ChoiceField(_DIRECTIONS)
        self._steps = WholeField("not known")

    def refresh(self) -> None:
        """Show the draft."""
        super().refresh()
        task = self._draft.document.task
        self._objective.put(task.get("objective"))
        self._direction.put(task.get("direction"))
        self._steps.put(task.get("steps"))

    def _lay_out_aim(self, row: int, example: str, aim: str) -> None:
        """The fields for the objective, in a row of the grid."""
        self._objective.setPlaceholderText(example)
        objective = self._entry("objective", "Objective", self._objective, aim)
        direction = self._entry("direction", "Which way", self._direction, "Which value is better")
        tip = "How many reports a whole trial makes, if you know: it tells the time left"
        steps = self._entry("steps", "Steps a trial", self._steps, tip)
        for place, field in enumerate((objective, direction, steps)):
            self._grid.addWidget(field, row, 2 * place, 1, 2)

    def _ask_for(
        self, title: str, mode: QFileDialog.FileMode, kinds: str, chosen: Callable[[str], object]
    ) -> None:
        dialog = QFileDialog(self, title, str(self._draft.base), kinds)
        dialog.setFileMode(mode)
        dialog.fileSelected.connect(chosen)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
