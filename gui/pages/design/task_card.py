"""Data and task: a built-in network, a user's script or a command line, each with its own form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QWidget

from gui.models.code_view import CodeView
from gui.models.draft import Draft
from gui.models.verdict import Verdict
from gui.pages.design.builtin_form import BuiltinForm
from gui.pages.design.command_form import CommandForm
from gui.pages.design.script_form import ScriptForm
from gui.widgets.cards import Card
from gui.widgets.fields import ChoiceField

KINDS = [
    ("Built-in network", "builtin"),
    ("Python script", "script"),
    ("Command line", "command"),
]
BEGINNINGS: Mapping[str, Mapping[str, Any]] = {
    "builtin": {
        "kind": "builtin",
        "network": "mlp",
        "data": "digits",
        "objective": "val_cross_entropy",
        "direction": "minimize",
        "epochs": 20,
        "precision": "float32",
    },
    "script": {
        "kind": "script",
        "file": "",
        "function": "objective",
        "objective": "value",
        "direction": "minimize",
    },
    "command": {
        "kind": "command",
        "argv": ["python", "train.py", "--lr", "{lr}"],
        "objective": "loss",
        "direction": "minimize",
        "read": "json",
    },
}
"""What each kind's form shows before anything was chosen."""


class TaskCard(Card):
    """Chooses what is run, and shows the form of that kind."""

    def __init__(self, draft: Draft, parent: QWidget | None = None) -> None:
        super().__init__("Data and task", parent)
        self._draft = draft
        self._kept: dict[str, Mapping[str, Any]] = {}
        self.kinds = ChoiceField(KINDS)
        self.kinds.setAccessibleName("What is run")
        self.kinds.setToolTip("What a trial runs: a network of Tunescape's, or code of your own")
        self.kinds.edited.connect(self.choose_kind)
        self.builtin = BuiltinForm(draft)
        self.script = ScriptForm(draft)
        self.command = CommandForm(draft)
        self._forms = (self.builtin, self.script, self.command)
        head = QHBoxLayout()
        self.column.removeWidget(self.title)
        head.addWidget(self.title)
        head.addStretch(1)
        head.addWidget(self.kinds, 1)
        self.column.addLayout(head)
        for form in self._forms:
            self.column.addWidget(form)
        draft.changed.connect(self.refresh)
        draft.replaced.connect(self._kept.clear)
        self.refresh()

    @property
    def kind(self) -> str:
        """The kind of task that the draft has."""
        return str(self._draft.document.task.get("kind", "builtin"))

    def refresh(self) -> None:
        """Show the draft."""
        self.kinds.put(self.kind)
        for form in self._forms:
            form.setVisible(form.kind == self.kind)
            if form.kind == self.kind:
                form.refresh()

    def choose_kind(self, kind: str) -> None:
        """Run something else; what was said of the kind before comes back with it."""
        if kind != self.kind:
            self._kept[self.kind] = self._draft.document.task
            self._draft.put_table("task", self._kept.get(kind, BEGINNINGS[kind]))

    def choose_data(self, data: str) -> None:
        """Train a built-in network on other data."""
        self.choose_kind("builtin")
        self.builtin.choose_data(data)

    def set_code(self, view: CodeView) -> None:
        """What is known of the user's script and of the Pythons there are."""
        self.script.set_code(view)

    def set_verdict(self, verdict: Verdict) -> None:
        """Say what is wrong with each entry."""
        for form in self._forms:
            form.set_verdict(verdict)
