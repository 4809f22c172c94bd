"""The best trial so far: its value as a figure, its configuration, and a way to copy it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from engine.trial import Trial
from gui.models.failure_words import failure_words
from gui.models.repeats import REPEATS_TIP, repeats_words
from gui.models.trial_commands import TEXTS, TIPS, TrialCommand
from gui.models.trial_text import as_json, stopped_words, title
from gui.numbers import number
from gui.panels.panel import Panel, column
from gui.theme import CARD, CONTROL, GROUP
from gui.widgets.buttons import button, tool
from gui.widgets.text import label, say


class TrialPanel(Panel):
    """One trial in words. Sub-classes say which."""

    def __init__(self) -> None:
        super().__init__()
        self.figure = label(role="figure")
        self.objective = label(role="caption", tone="muted")
        self.heading = label(role="caption")
        self.heading.setTextFormat(Qt.TextFormat.RichText)
        self.repeats = label(tone="muted", wrap=True)
        self.repeats.setToolTip(REPEATS_TIP)
        self.why = label(tone="bad", wrap=True)
        text = TEXTS[TrialCommand.OUTPUT]
        self.output = button(text, self._ask_for_output, "quiet", TIPS[TrialCommand.OUTPUT])
        self.parameters = QFormLayout()
        self.parameters.setHorizontalSpacing(CARD)
        self.parameters.setVerticalSpacing(GROUP)
        self.shown: Trial | None = None
        content = QWidget()
        lines = QVBoxLayout(content)
        lines.setContentsMargins(CARD, CONTROL, CARD, CONTROL)
        lines.setSpacing(GROUP)
        about = QVBoxLayout()
        about.setSpacing(0)
        about.addWidget(self.objective)
        about.addWidget(self.heading)
        top = QHBoxLayout()
        top.setSpacing(CONTROL)
        top.addWidget(self.figure)
        top.addLayout(about)
        top.addStretch(1)
        top.addWidget(tool("crosshairs-gps", "Select it everywhere", self._select))
        top.addWidget(tool("content-copy", "Copy its configuration as JSON", self.copy))
        lines.addLayout(top)
        lines.addWidget(self.repeats)
        lines.addWidget(self.why)
        lines.addWidget(self.output, alignment=Qt.AlignmentFlag.AlignLeft)
        lines.addLayout(self.parameters)
        lines.addStretch(1)
        area = QScrollArea(widgetResizable=True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        content.setAutoFillBackground(False)
        column(self.body, area)

    def show_trial(self, trial: Trial) -> None:
        """Fill in `trial`."""
        known = None if self.replay is None else self.replay.known()
        self.repeats.setText(repeats_words(self.model, trial, known))
        self.repeats.setVisible(bool(self.repeats.text()))
        if trial is self.shown:
            return
        self.shown = trial
        self.figure.setText(number(trial.value))
        self.objective.setText(self.model.objective)
        self.heading.setText(title(trial, self.best))
        self._say_why(trial)
        self.output.setVisible(trial.failure is not None)
        while self.parameters.rowCount():
            self.parameters.removeRow(0)
        rows = [*trial.params.items()]
        others = [(k, v) for k, v in trial.metrics.items() if k != self.model.objective]
        for name, value in rows:
            self.parameters.addRow(label(name, tone="muted"), _value(value))
        for name, value in others:
            self.parameters.addRow(label(name, "caption", "muted"), _value(value, "caption"))

    def _say_why(self, trial: Trial) -> None:
        """Why it failed or was stopped early, where it was."""
        if trial.failure is not None:
            say(self.why, failure_words(trial.failure), "bad")
        else:
            say(self.why, stopped_words(trial), "warn")
        self.why.setVisible(bool(self.why.text()))

    def enter(self, model: object) -> None:
        self.shown = None

    def retheme(self) -> None:
        self.shown = None

    def copy(self) -> None:
        """Put the shown configuration on the clipboard, with all digits."""
        if self.shown is not None:
            QGuiApplication.clipboard().setText(as_json(self.shown.params))

    def _ask_for_output(self) -> None:
        if self.shown is not None:
            self.trial_command.emit(TrialCommand.OUTPUT, self.shown.number)

    def _select(self) -> None:
        if self.shown is not None:
            self.model.select(self.shown.number)


class BestPanel(TrialPanel):
    """The best complete trial."""

    name = "best"
    title = "Best so far"

    def refresh(self) -> str:
        if self.best is None:
            return "The best trial appears here when the first one is complete."
        self.show_trial(self.best)
        return ""


class SelectedPanel(TrialPanel):
    """The trial that is selected in every panel."""

    name = "selected"
    title = "Selected trial"

    def refresh(self) -> str:
        number = self.model.selected
        if number is None:
            return "Click a trial in a plot or in the table to see it here."
        self.show_trial(self.model.trials[number])
        return ""


def _value(value: object, role: str = "body") -> QWidget:
    result = label(number(value), role)
    result.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return result
