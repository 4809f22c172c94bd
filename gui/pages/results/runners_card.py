"""The best few trials side by side: what they have in common, and where they differ."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel

from engine.trial import Trial
from gui.models.results import difference, top_trials
from gui.models.study_model import StudyModel
from gui.numbers import exact, number
from gui.theme import BEST, CARD, GROUP, font
from gui.widgets.buttons import button
from gui.widgets.cards import Card
from gui.widgets.text import label

_NARROWEST = 84
_RIGHT = Qt.AlignmentFlag.AlignRight
COUNT = 6
"""The best one and five behind it."""


class RunnersCard(Card):
    """A column a trial; values unlike the best one's are in bold where some others are like it."""

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__("The best side by side")
        self.table = QGridLayout()
        self.table.setHorizontalSpacing(CARD)
        self.table.setVerticalSpacing(GROUP)
        self.table.setColumnStretch(COUNT + 1, 1)
        self.column.addLayout(self.table)
        self._shown: list[Trial] = []

    def show_study(self, model: StudyModel) -> None:
        """Fill in the best trials of `model`."""
        trials = top_trials(model, COUNT)
        if trials == self._shown:
            return
        self._shown = trials
        while (item := self.table.takeAt(0)) is not None:
            item.widget().deleteLater()
        self._name_rows(model)
        telling = {name for name in model.varied if _tells_apart(name, trials)}
        for column, trial in enumerate(trials, start=1):
            self.table.setColumnMinimumWidth(column, _NARROWEST)
            self._fill_column(column, trial, trials[0], model)
            for row, name in enumerate(model.varied, start=3):
                value, best = trial.params.get(name), trials[0].params.get(name)
                strong = name in telling and value != best
                self.table.addWidget(_cell(value, strong), row, column, _RIGHT)

    def _name_rows(self, model: StudyModel) -> None:
        for row, text in enumerate([model.objective, "behind the best", *model.varied], start=1):
            self.table.addWidget(label(text, tone="muted"), row, 0)

    def _fill_column(self, column: int, trial: Trial, best: Trial, model: StudyModel) -> None:
        star = f"{BEST} " if trial is best else ""
        head = button(
            f"{star}{trial.number}",
            lambda: self.chosen.emit(trial.number),
            "quiet",
            f"Select trial {trial.number} everywhere",
        )
        behind = label(difference(model, trial, best), tone="muted")
        for row, widget in enumerate((head, _cell(trial.value), behind)):
            self.table.addWidget(widget, row, column, _RIGHT)


def _tells_apart(name: str, trials: list[Trial]) -> bool:
    """Whether some of the others have the best one's value: only then are others remarkable."""
    return any(trial.params.get(name) == trials[0].params.get(name) for trial in trials[1:])


def _cell(value: object, strong: bool = False) -> QLabel:
    result = label(number(value))
    result.setToolTip(exact(value))
    if strong:
        bold = font()
        bold.setBold(True)
        result.setFont(bold)
    return result
