"""The best configuration: its value, its parameters, and ways to take it along."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QWidget

from engine.trial import Params, Trial
from gui.models.repeats import REPEATS_TIP, repeats_words
from gui.models.study_model import StudyModel
from gui.models.trial_text import as_json, as_python, as_toml, title
from gui.numbers import exact, number
from gui.theme import CARD, CONTROL, GROUP
from gui.widgets.buttons import button
from gui.widgets.cards import Card
from gui.widgets.text import label

_FORMS: tuple[tuple[str, Callable[[Params], str]], ...] = (
    ("JSON", as_json),
    ("TOML", as_toml),
    ("Python", as_python),
)
_ROWS_IN_ONE_COLUMN = 5


class BestCard(Card):
    """One trial as the answer."""

    def __init__(self) -> None:
        super().__init__("Best configuration")
        self._trial: Trial | None = None
        self.figure = label(role="figure")
        self.objective = label(tone="muted")
        self.repeats = label(tone="muted", wrap=True)
        self.repeats.setToolTip(REPEATS_TIP)
        self.heading = label()
        self.heading.setTextFormat(Qt.TextFormat.RichText)
        top = QHBoxLayout()
        top.setSpacing(CONTROL)
        top.addWidget(self.figure)
        top.addWidget(self.objective, 0, Qt.AlignmentFlag.AlignBottom)
        top.addStretch(1)
        self.column.addLayout(top)
        self.column.addWidget(self.repeats)
        self.column.addWidget(self.heading)
        self.column.addSpacing(GROUP)
        self.parameters = QGridLayout()
        self.parameters.setHorizontalSpacing(CARD)
        self.parameters.setVerticalSpacing(GROUP)
        self.column.addLayout(self.parameters)
        self.column.addStretch(1)
        self.column.addSpacing(CONTROL)
        self.column.addLayout(self._copy_row())

    def _copy_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(CONTROL)
        row.addWidget(label("Copy as", tone="muted"))
        self.copies = {
            name: button(
                name,
                lambda form=form: self._copy(form),
                tip=f"Copy the configuration as {name}, with all digits",
                icon_name="content-copy",
            )
            for name, form in _FORMS
        }
        for item in self.copies.values():
            row.addWidget(item)
        row.addStretch(1)
        return row

    def show_trial(self, model: StudyModel, trial: Trial) -> None:
        """Fill in `trial`."""
        self.repeats.setText(repeats_words(model, trial))
        self.repeats.setVisible(bool(self.repeats.text()))
        if trial is self._trial:
            return
        self._trial = trial
        self.figure.setText(number(trial.value))
        self.figure.setToolTip(exact(trial.value))
        self.objective.setText(f"{model.objective} of epoch {trial.step}" if trial.step else "")
        self.heading.setText(title(trial, trial))
        while (item := self.parameters.takeAt(0)) is not None:
            item.widget().deleteLater()
        columns = 1 if len(trial.params) <= _ROWS_IN_ONE_COLUMN else 2
        rows = -(-len(trial.params) // columns)
        for index, (name, value) in enumerate(trial.params.items()):
            column, row = divmod(index, rows)
            self.parameters.addWidget(label(name, tone="muted"), row, 3 * column)
            self.parameters.addWidget(_value(value), row, 3 * column + 1)
        for column in range(columns):
            self.parameters.setColumnStretch(3 * column + 2, 1)

    def forget(self) -> None:
        """Fill in whatever comes next, even the same trial."""
        self._trial = None

    def _copy(self, form: Callable[[Params], str]) -> None:
        if self._trial is not None:
            QGuiApplication.clipboard().setText(form(self._trial.params))


def _value(value: object) -> QWidget:
    result = label(number(value))
    result.setToolTip(exact(value))
    result.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return result
