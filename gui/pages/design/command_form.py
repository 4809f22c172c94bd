"""A command line: its arguments with placeholders, where it runs, how its metrics are read."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QFileDialog, QWidget

from gui.models.command_line import join_line, join_variables, split_line, split_variables
from gui.models.draft import Draft
from gui.pages.design.task_form import OwnTaskForm
from gui.widgets.buttons import tool
from gui.widgets.fields import ChoiceField, Field, LineField, ParsedField
from gui.widgets.text_field import TextField

_WAYS = [
    ("JSON lines that it prints", "json"),
    ("a pattern in what it prints", "pattern"),
    ("a file that it writes", "file"),
]
_EXAMPLES = {"pattern": r"loss=(\S+)", "file": "metrics.csv"}


class CommandForm(OwnTaskForm):
    """A form over a [task] table of kind "command"."""

    kind = "command"

    def __init__(self, draft: Draft, parent: QWidget | None = None) -> None:
        super().__init__(draft, parent)
        self._argv = TextField(split_line, join_line)
        self._folder = LineField("the design's own folder")
        self._way = ChoiceField(_WAYS)
        self._pattern = LineField(_EXAMPLES["pattern"])
        self._file = LineField(_EXAMPLES["file"])
        self._variables = ParsedField(split_variables, join_variables, "none: NAME={parameter} …")
        self._lay_out()

    def refresh(self) -> None:
        """Show the draft."""
        super().refresh()
        task = self._draft.document.task
        argv = task.get("argv", [])
        self._argv.put(argv if isinstance(argv, str) else list(argv))
        self._folder.put(task.get("folder"))
        way = task.get("read", "json")
        self._way.put(way)
        for key, editor in (("pattern", self._pattern), ("file", self._file)):
            editor.put(task.get(key))
            self._fields["task", key].setVisible(way == key)
        self._variables.put(task.get("environment") or None)

    # -- building -------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        browse = tool("folder-outline", "Choose the folder that it runs in", self._ask_for_folder)
        self._folder.edited.connect(self._set_folder)
        folder = Field("Working folder", self._folder, "Where the command runs", [browse])
        self._fields["task", "folder"] = folder
        self._argv.edited.connect(lambda value: self._draft.set_entry("task", "argv", value))
        tip = (
            "Program and arguments; {lr} stands for the value of lr. Also {seed}, {device}, "
            "{number}, {checkpoint_dir}, and {params} for all of them as JSON"
        )
        argv = self._add("task", "argv", "Command", self._argv, tip)
        self._way.edited.connect(self._read)
        way = self._add("task", "read", "Metrics come from", self._way, "How its figures are read")
        tip = "A regular expression: a group of a name is the metric of that name"
        pattern = self._entry("pattern", "Pattern", self._pattern, tip)
        tip = "CSV or JSON; {number} stands for the trial's number"
        file = self._entry("file", "File", self._file, tip)
        self._lay_out_aim(3, "loss", "The metric that decides which trial is best")
        tip = "Environment variables of its own, such as LR={lr}"
        variables = self._entry("environment", "Variables", self._variables, tip)
        self._grid.addWidget(folder, 0, 2, 1, 4)
        self._grid.addWidget(argv, 1, 0, 1, 6)
        self._grid.addWidget(way, 2, 0, 1, 3)
        self._grid.addWidget(pattern, 2, 3, 1, 3)
        self._grid.addWidget(file, 2, 3, 1, 3)
        self._grid.addWidget(variables, 4, 0, 1, 6)

    def _read(self, way: str) -> None:
        """Read metrics another way; what only the way before needs goes."""
        entries: dict[str, Any] = {"read": way, "pattern": None, "file": None}
        if way in _EXAMPLES:
            entries[way] = _EXAMPLES[way]
        self._draft.set_entries("task", entries)

    def _set_folder(self, text: str) -> None:
        self._draft.set_entry("task", "folder", text or None)

    def _ask_for_folder(self) -> None:
        mode = QFileDialog.FileMode.Directory
        self._ask_for("Choose a working folder", mode, "", self._set_folder)
