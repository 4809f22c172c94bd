"""A user's training function: the script, the function, the Python that runs it, the objective."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QWidget

from gui.models.code_view import CodeView
from gui.models.draft import Draft
from gui.pages.design.task_form import OwnTaskForm
from gui.theme import CONTROL
from gui.widgets.buttons import button, tool
from gui.widgets.fields import ChoiceField, Field, LineField

_OWN = ("Tunescape's own", None)
_SCRIPTS = "Python scripts (*.py);;All files (*)"
_ONE_FILE = QFileDialog.FileMode.ExistingFile


class ScriptForm(OwnTaskForm):
    """A form over a [task] table of kind "script"."""

    kind = "script"
    discoverRequested = Signal()
    templateChosen = Signal(object)
    """The Path of a template to begin with."""

    def __init__(self, draft: Draft, parent: QWidget | None = None) -> None:
        super().__init__(draft, parent)
        self._file = LineField("train.py")
        self._function = ChoiceField()
        self._function.setEditable(True)
        self._python = ChoiceField([_OWN])
        self._templates = QMenu(self)
        self._view = CodeView()
        self._lay_out()

    def refresh(self) -> None:
        """Show the draft."""
        super().refresh()
        task = self._draft.document.task
        self._file.put(task.get("file"))
        self._function.put(task.get("function"))
        self._python.put(task.get("interpreter"))

    def set_code(self, view: CodeView) -> None:
        """What is known of the script, and of the Pythons there are."""
        self._view = view
        self._function.set_choices([(name, name) for name in view.functions])
        self._python.set_choices([_OWN, *((str(p), str(p)) for p in view.interpreters)])
        self.discover.setEnabled(not view.problem and bool(view.functions))
        self.refresh()

    def set_discovering(self, busy: bool) -> None:
        """Say whether the script is being run to see what it asks for."""
        self.discover.setText("Stop looking" if busy else "Find its parameters")

    def set_templates(self, templates: list[tuple[str, Path]]) -> None:
        """Offer scripts to begin with, by title."""
        self._templates.clear()
        for title, path in templates:
            action = self._templates.addAction(title)
            action.triggered.connect(lambda _=False, path=path: self.templateChosen.emit(path))

    def choose_file(self, path: str) -> None:
        """Take another script; it may have other functions."""
        self._draft.set_entry("task", "file", path)

    # -- building -------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        browse = tool("file-outline", "Choose a Python script", self._ask_for_script)
        self._file.edited.connect(lambda text: self._draft.set_entry("task", "file", text))
        script = Field("Script", self._file, "The file that holds your training function", [browse])
        self._fields["task", "file"] = script
        self._function.lineEdit().textEdited.connect(
            lambda text: self._draft.set_entry("task", "function", text or None)
        )
        function = self._entry(
            "function", "Function", self._function, "It takes a trial and returns the objective"
        )
        find = tool("folder-outline", "Choose a Python by its file", self._ask_for_python)
        self._python.edited.connect(lambda path: self._draft.set_entry("task", "interpreter", path))
        tip = (
            "The Python, with its packages, that runs the script: a venv's or a conda environment's"
        )
        python = Field("Python", self._python, tip, [find])
        self._fields["task", "interpreter"] = python
        aim = "A number that the function returns or reports is this; of several metrics, its name"
        self._lay_out_aim(2, "value", aim)
        self.discover = button(
            "Find its parameters",
            self.discoverRequested.emit,
            tip="Run the function up to its first report, and take over what it suggests",
            icon_name="magnify",
        )
        template = button(
            "New from a template", tip="Begin with a complete script", icon_name="file-plus-outline"
        )
        template.setMenu(self._templates)
        acts = QHBoxLayout()
        acts.setSpacing(CONTROL)
        acts.addWidget(self.discover)
        acts.addWidget(template)
        acts.addStretch(1)
        self._grid.addWidget(script, 0, 2, 1, 4)
        self._grid.addWidget(function, 1, 0, 1, 2)
        self._grid.addWidget(python, 1, 2, 1, 4)
        self._grid.addLayout(acts, 3, 0, 1, 6)

    def _ask_for_script(self) -> None:
        self._ask_for("Choose a script", _ONE_FILE, _SCRIPTS, self.choose_file)

    def _ask_for_python(self) -> None:
        self._ask_for(
            "Choose a Python",
            _ONE_FILE,
            "All files (*)",
            lambda path: self._draft.set_entry("task", "interpreter", path),
        )
