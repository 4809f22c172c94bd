"""A dialog that changes the terms of a study that has begun: budget, limits, number of workers."""

from __future__ import annotations

from typing import Any

from PySide6.QtGui import QUndoStack
from PySide6.QtWidgets import QWidget

from gui.models.draft import Draft
from gui.models.study_model import StudyModel
from gui.widgets.form_dialog import FormDialog
from gui.widgets.spec_form import Place, SpecForm
from gui.widgets.text import label

_GROUPS: tuple[tuple[str, tuple[Place, ...]], ...] = (
    (
        "How long, and by how many",
        (
            *(("budget", key) for key in ("trials", "seconds", "target", "worth")),
            ("resources", "workers"),
        ),
    ),
    ("What a trial may use", tuple(("limits", k) for k in ("trial_seconds", "memory_mb"))),
    (
        "When trials go wrong",
        tuple(
            ("limits", key) for key in ("report_seconds", "same_failures", "retries", "retry_on")
        ),
    ),
)
_WORKERS: Place = ("resources", "workers")
_CHARACTERS = 76
_HINT = (
    "Running trials end by the old terms. New limits of a trial, and another number of workers, "
    "hold once they have."
)


class TermsDialog(FormDialog):
    """Edits a copy of the study's terms; `changes` are those that were changed, once accepted."""

    def __init__(self, parent: QWidget, model: StudyModel) -> None:
        super().__init__(parent, "Limits and workers", "Change")
        self._before = model.spec
        self.draft = Draft(model.spec, QUndoStack(self), self)
        self.forms: list[SpecForm] = []
        for title, places in _GROUPS:
            self.content.addWidget(label(title, "title"))
            form = SpecForm(self.draft, places)
            self.content.addWidget(form)
            self.forms.append(form)
        self._workers = self.forms[0].fields[_WORKERS]
        self._workers.editor.setPlaceholderText(f"automatic: {model.workers}")
        self.content.addStretch(1)
        self.forms[0].fields["budget", "trials"].editor.setFocus()
        self.be_wide(_CHARACTERS)
        self.draft.changed.connect(self._judge)
        self._judge()

    @property
    def changes(self) -> dict[str, Any]:
        """What is to be changed, by the names that the study has for it; empty where nothing is."""
        spec = self.draft.verdict.spec
        if spec is None:
            return {}
        changes = {
            name: getattr(spec, name)
            for name in ("limits", "budget")
            if getattr(spec, name) != getattr(self._before, name)
        }
        if spec.resources.workers != self._before.resources.workers:
            changes["workers"] = spec.resources.workers
        return changes

    def _judge(self) -> None:
        verdict = self.draft.verdict
        for form in self.forms:
            form.set_verdict(verdict)
        changes = self.changes
        if verdict.spec is None:
            self.allow(False, f"✕ {verdict.sentence}", "bad")
        elif "workers" in changes and changes["workers"] is None:
            sentence = "is empty; say how many."
            self._workers.set_problem(sentence)
            self.allow(False, f"✕ Workers {sentence}", "bad")
        else:
            self.allow(bool(changes), _HINT)
