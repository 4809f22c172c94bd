"""Whether the best trial can be trusted: metrics on each part of the data, and what stands out."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout

from engine.trial import Trial
from gui.models.results import metric_rows, remarks
from gui.models.study_model import StudyModel
from gui.numbers import exact, number
from gui.theme import CARD, CONTROL, GROUP
from gui.widgets.cards import Card
from gui.widgets.text import label

_RIGHT = Qt.AlignmentFlag.AlignRight
NOT_YET = "Test metrics are computed once, for this trial alone, when the study ends."


class TrustCard(Card):
    """The metrics table, and sentences."""

    def __init__(self) -> None:
        super().__init__("Can it be trusted?")
        self.metrics = QGridLayout()
        self.metrics.setHorizontalSpacing(CARD)
        self.metrics.setVerticalSpacing(GROUP)
        self.metrics.setColumnStretch(4, 1)
        self.remarks = QVBoxLayout()
        self.remarks.setSpacing(GROUP)
        self.column.addSpacing(GROUP)
        self.column.addLayout(self.metrics)
        self.column.addSpacing(CONTROL)
        self.column.addLayout(self.remarks)
        self.column.addStretch(1)

    def show_trial(self, model: StudyModel, trial: Trial) -> None:
        """Fill in `trial`, the best one."""
        _empty(self.metrics)
        _empty(self.remarks)
        rows = metric_rows(model, trial)
        for column, part in enumerate(("training", "validation", "test"), start=1):
            self.metrics.addWidget(label(part, "caption", "muted"), 0, column, _RIGHT)
        for row, metric in enumerate(rows, start=1):
            self.metrics.addWidget(label(metric.name, tone="muted"), row, 0)
            for column, value in enumerate((metric.train, metric.val, metric.test), start=1):
                self.metrics.addWidget(_figure(value), row, column, _RIGHT)
        sentences = remarks(model, trial)
        if not trial.test:
            sentences.insert(0, NOT_YET)
        for sentence in sentences:
            self.remarks.addWidget(label(f"•  {sentence}", wrap=True))

    def sentences(self) -> list[str]:
        """What it says beside the table."""
        items = [self.remarks.itemAt(i).widget() for i in range(self.remarks.count())]
        return [item.text() for item in items]


def _figure(value: float | None) -> QLabel:
    result = label(number(value), tone="muted" if value is None else "")
    result.setToolTip(exact(value))
    return result


def _empty(layout: QGridLayout | QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        item.widget().deleteLater()
