"""Budget and machine: when the study ends, what a trial may use, and what it runs on."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QGridLayout, QWidget

from gui.models.cells import value_text
from gui.models.draft import Draft
from gui.models.plan import duration_text, parse_duration
from gui.models.verdict import Verdict
from gui.theme import CARD, CONTROL
from gui.widgets.cards import Card
from gui.widgets.fields import Field, LineField, ParsedField, WholeField, real

_NO_LIMIT = "no limit"
_AUTOMATIC = "automatic"


class BudgetCard(Card):
    """A form over the draft's [budget], [limits] and [resources]."""

    def __init__(self, draft: Draft, parent: QWidget | None = None) -> None:
        super().__init__("Budget", parent)
        self._draft = draft
        self._fields: dict[tuple[str, str], Field] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(CARD)
        grid.setVerticalSpacing(CONTROL)
        for place, field in enumerate(self._make_fields()):
            grid.addWidget(field, place // 2, place % 2)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        self.column.addLayout(grid)
        draft.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the draft."""
        for (table, key), field in self._fields.items():
            field.editor.put(getattr(self._draft.document, table).get(key))

    def set_verdict(self, verdict: Verdict) -> None:
        """Say what is wrong with each entry."""
        for (table, key), field in self._fields.items():
            field.set_problem(verdict.problem_at(table, key))

    def _make_fields(self) -> list[Field]:
        def duration() -> ParsedField:
            return ParsedField(parse_duration, duration_text, _NO_LIMIT)

        return [
            self._field("budget", "trials", "Trials", WholeField(_NO_LIMIT), "Most trials"),
            self._field(
                "budget", "seconds", "Time", duration(), "Stop after this long: 10 min, 1 h 30 min"
            ),
            self._field(
                "budget",
                "target",
                "Target value",
                ParsedField(real, value_text, "none"),
                "Stop when the objective is this good",
            ),
            self._field(
                "limits",
                "trial_seconds",
                "Time per trial",
                duration(),
                "A longer trial is ended",
            ),
            self._field(
                "limits",
                "memory_mb",
                "Memory per trial",
                WholeField(_NO_LIMIT),
                "In MB; a trial that takes more is ended",
            ),
            self._field(
                "resources",
                "seed",
                "Seed",
                WholeField("0"),
                "The same seed on one worker gives the same trials again",
            ),
            self._field(
                "resources",
                "workers",
                "Workers",
                WholeField(_AUTOMATIC),
                "Trials at the same time; automatic is one for each GPU, else one",
            ),
            self._field(
                "resources",
                "devices",
                "Devices",
                ParsedField(_devices, _devices_text, _AUTOMATIC),
                "Where trials run, with commas between: cpu, mps, cuda:0",
            ),
        ]

    def _field(self, table: str, key: str, caption: str, editor: LineField, tip: str) -> Field:
        editor.edited.connect(lambda value: self._draft.set_entry(table, key, value))
        field = Field(caption, editor, tip)
        self._fields[table, key] = field
        return field


def _devices(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _devices_text(devices: Any) -> str:
    return ", ".join(devices)
