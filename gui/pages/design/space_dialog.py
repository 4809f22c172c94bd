"""A dialog that changes the space of a study that has begun."""

from __future__ import annotations

from PySide6.QtGui import QUndoStack
from PySide6.QtWidgets import QWidget

from engine.space import SearchSpace
from engine.spec import BuiltinTask, StudySpec
from engine.tasks import catalog
from gui.models.draft import Draft
from gui.models.space_model import SpaceModel
from gui.pages.design.space_card import SpaceCard
from gui.widgets.form_dialog import FormDialog

_CHARACTERS = 130
_HINT = (
    "What was measured stays, and still teaches where it lies in the new space. Running trials "
    "go on as they are."
)


class SpaceDialog(FormDialog):
    """Edits a copy of the study's space; `space` is the new one, once accepted."""

    def __init__(self, parent: QWidget, spec: StudySpec) -> None:
        super().__init__(parent, "Search space", "Change")
        self._before = spec.space
        self.draft = Draft(spec, QUndoStack(self), self)
        self.card = SpaceCard(SpaceModel(self.draft, self))
        if isinstance(spec.task, BuiltinTask):
            self.card.set_known(catalog.hyperparameters(spec.task.network))
        self.content.addWidget(self.card, 1)
        self.card.table.setFocus()
        self.be_wide(_CHARACTERS)
        self.draft.changed.connect(self._judge)
        self._judge()

    @property
    def space(self) -> SearchSpace | None:
        """The space as it is now; None where it cannot be, or is the old one."""
        spec = self.draft.verdict.spec
        return None if spec is None or spec.space == self._before else spec.space

    def _judge(self) -> None:
        verdict = self.draft.verdict
        self.card.set_problems(verdict.space_problems)
        if verdict.spec is None:
            self.allow(False, f"✕ {verdict.sentence}", "bad")
        else:
            self.allow(self.space is not None, _HINT)
