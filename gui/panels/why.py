"""Why here? What the model expected of a trial, why it was chosen, and what came of it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from engine.analysis.views import WhyRequest, WhyView
from engine.trial import Params, Trial
from gui.models.lens_follower import Lens, LensFollower
from gui.models.study_model import StudyModel
from gui.models.trial_text import title
from gui.models.why_words import chance, exploration, outcome
from gui.numbers import number
from gui.panels.panel import Panel, column
from gui.plots.interval_graphic import Expectation, IntervalGraphic
from gui.plots.share_bar import ShareBar
from gui.theme import CARD, GROUP, PROPOSED
from gui.widgets.text import ElidedLabel, label

_EMPTY = "What the model expects of the next trial, and why, appears here after a few trials."


class WhyPanel(Panel):
    """Of the selected trial; else of the next one, or in the past of the one just finished."""

    name = "why"
    title = "Why here?"

    def __init__(self) -> None:
        super().__init__()
        self.heading = label()
        self.heading.setTextFormat(Qt.TextFormat.RichText)
        self.configuration = ElidedLabel(role="caption", tone="muted")
        self.graphic = IntervalGraphic()
        self.chance, self.outcome = label(wrap=True), label(wrap=True)
        self.exploring = label(wrap=True)
        self.bar = ShareBar("exploit", "explore")
        self._follower = LensFollower(WhyRequest, self)
        self._follower.changed.connect(self.mark_dirty)
        content = QWidget()
        lines = QVBoxLayout(content)
        lines.setContentsMargins(CARD, GROUP, CARD, GROUP)
        lines.setSpacing(GROUP)
        head = QHBoxLayout()
        head.setSpacing(CARD)
        head.addWidget(self.heading)
        head.addWidget(self.configuration, 1)
        lines.addLayout(head)
        for widget in self._lines:
            lines.addWidget(widget)
        lines.addStretch(1)
        area = QScrollArea(widgetResizable=True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        content.setAutoFillBackground(False)
        column(self.body, area)

    @property
    def _lines(self) -> tuple[QWidget, ...]:
        return (self.graphic, self.outcome, self.chance, self.exploring, self.bar)

    def look_through(self, lens: Lens | None) -> None:
        self._follower.set_lens(lens)

    def follows(self, model: StudyModel) -> list:
        return [model.selectionChanged, model.trialsChanged]

    def leave(self) -> None:
        self._follower.want(None)
        self._dirty = True

    def refresh(self) -> str:
        if not self._follower.has_lens:
            return _EMPTY
        number_ = self._number()
        self._follower.want(WhyRequest(number_))
        view = self._follower.view
        if view is None:
            return self._follower.problem or _EMPTY
        if view.request.number == number_:
            self._show(view, self.model.trials.get(number_))
        return ""

    def _number(self) -> int | None:
        """Number of the trial that is explained; None: the proposal."""
        if self.model.selected is not None:
            return self.model.selected
        if self.replay is None or self.replay.upto is None:
            return None
        newest = self.replay.newest()
        return None if newest is None else newest.number

    def _show(self, view: WhyView, trial: Trial | None) -> None:
        shown = title(trial, self.best) if trial is not None else f"<b>{PROPOSED} Next trial</b>"
        self.heading.setText(shown)
        self.configuration.setText(_in_a_line(view.params))
        actual = trial.value if trial is not None else None
        self.graphic.show_expectation(
            Expectation(view.mean, view.low, view.high, view.best, actual)
        )
        self.outcome.setText(outcome(view, trial, self.model.minimize))
        self.chance.setText(_sentence(chance(view)))
        self.exploring.setText(_sentence(exploration(view)))
        self.bar.show_share(view.exploration)


def _in_a_line(params: Params) -> str:
    return " · ".join(f"{name} {number(value)}" for name, value in params.items())


def _sentence(words: str) -> str:
    return words and f"{words[0].upper()}{words[1:]}."
