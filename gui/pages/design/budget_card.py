"""Budget and machine: when the study ends, what a trial may use, and what it runs on."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from gui.models.draft import Draft
from gui.models.verdict import Verdict
from gui.theme import CARD, PAGE
from gui.widgets.buttons import button
from gui.widgets.cards import Card
from gui.widgets.spec_form import SpecForm
from gui.widgets.text import label

_STACK = ("resources", "stack")
_PRECISION = ("task", "precision")
_PLACES = (
    *(("budget", key) for key in ("trials", "seconds", "target", "worth")),
    ("limits", "trial_seconds"),
    ("pruner", "name"),
    ("resources", "workers"),
    _STACK,
)
_SELDOM = (
    ("budget", "when_settled"),
    *(("limits", key) for key in ("memory_mb", "report_seconds")),
    *(("limits", key) for key in ("same_failures", "retries", "retry_on")),
    *(("resources", key) for key in ("devices", "per_device", "seed")),
    _PRECISION,
)
_CHARACTERS = 84


class BudgetCard(Card):
    """A form over the draft's [budget], [limits] and [resources]."""

    def __init__(self, draft: Draft, parent: QWidget | None = None) -> None:
        super().__init__("Budget", parent)
        self._draft = draft
        self.form = SpecForm(draft, _PLACES)
        tip = "Memory, silence, retries, what else ends the study, devices, seed, precision"
        self.more = button("More…", self._show_more, "quiet", tip)
        head = QHBoxLayout()
        self.column.removeWidget(self.title)
        head.addWidget(self.title, 1)
        head.addWidget(self.more)
        self.column.addLayout(head)
        self.column.addWidget(self.form)
        draft.changed.connect(self._offer_stack)
        self._offer_stack()

    def set_verdict(self, verdict: Verdict) -> None:
        """Say what is wrong with each entry."""
        self.form.set_verdict(verdict)

    def _offer_stack(self) -> None:
        """Only what the program trains itself, or a script that says how, is trained together."""
        task = self._draft.document.task
        self.form.fields[_STACK].setVisible(task.get("kind") == "builtin" or bool(task.get("many")))

    def _show_more(self) -> None:
        LimitsDialog(self, self._draft).open()


class LimitsDialog(QDialog):
    """What is seldom needed; it changes the draft at once, as the card does."""

    def __init__(self, parent: QWidget, draft: Draft) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._draft = draft
        self.setWindowTitle("More settings")
        self.form = SpecForm(draft, _SELDOM)
        is_builtin = draft.document.task.get("kind") == "builtin"
        self.form.fields[_PRECISION].setVisible(is_builtin)
        self.form.setMinimumWidth(self.fontMetrics().averageCharWidth() * _CHARACTERS)
        column = QVBoxLayout(self)
        column.setContentsMargins(PAGE, PAGE, PAGE, CARD)
        column.setSpacing(CARD)
        column.addWidget(label("More settings", "title"))
        column.addWidget(self.form)
        close = button("Close", self.accept, "primary")
        column.addWidget(close, alignment=Qt.AlignmentFlag.AlignRight)
        draft.changed.connect(self._say_what_is_wrong)
        self._say_what_is_wrong()

    def _say_what_is_wrong(self) -> None:
        self.form.set_verdict(self._draft.verdict)
