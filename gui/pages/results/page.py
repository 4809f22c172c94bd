"""The Results page: the best configuration, whether to trust it, and what came close."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QStackedLayout, QVBoxLayout, QWidget

from engine.events import StudyState
from gui.models.study_model import StudyModel
from gui.models.study_words import done_of_planned, how_it_ended, saved_words, sentence
from gui.pages.results.best_card import BestCard
from gui.pages.results.files_card import FilesCard
from gui.pages.results.runners_card import RunnersCard
from gui.pages.results.trust_card import TrustCard
from gui.theme import CARD, GROUP, PAGE, notifier, study_mark
from gui.widgets.buttons import button
from gui.widgets.text import label, tint

_WIDEST = 1100
_PAUSE_MS = 300

WeightsOf = Callable[[int], Path]


class ResultsPage(QWidget):
    """Shows one study at a time; redraws only while it is seen."""

    moreRequested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model: StudyModel | None = None
        self._weights_of: WeightsOf | None = None
        self.state, self.ending = label(), label(wrap=True)
        self.more = button("Add trials…", self.moreRequested.emit, tip="Go on for some more trials")
        self.best, self.trust = BestCard(), TrustCard()
        self.runners, self.files = RunnersCard(), FilesCard()
        self.runners.chosen.connect(self._select)
        self.message = label(tone="muted", wrap=True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.message)
        self._stack.addWidget(self._scrolled(self._content()))
        self._timer = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._timer.timeout.connect(self.refresh)
        notifier.themeChanged.connect(self._start_over)
        self.refresh()

    # -- what is shown --------------------------------------------------------------------------

    def set_study(self, model: StudyModel | None, weights_of: WeightsOf | None = None) -> None:
        """Show `model`; `weights_of` says where the weights of a trial are, if they are kept."""
        if self._model is not None:
            for signal in (self._model.trialsChanged, self._model.stateChanged):
                signal.disconnect(self._soon)
        self._model, self._weights_of = model, weights_of
        if model is not None:
            for signal in (model.trialsChanged, model.stateChanged):
                signal.connect(self._soon)
        self._start_over()

    def refresh(self) -> None:
        """Show the study as it is now."""
        model = self._model
        if model is None or model.best is None:
            self.message.setText(_nothing_yet(model))
            self._stack.setCurrentIndex(0)
            return
        mark = study_mark(model.state)
        self.state.setText(f"{mark.glyph} {mark.word}")
        tint(self.state, mark.colour)
        self.ending.setText(f"{_how_it_stands(model)} {saved_words(model)}".rstrip())
        self.more.setVisible(model.can_have_more())
        self.best.show_trial(model, model.best)
        self.trust.show_trial(model, model.best)
        self.runners.show_study(model)
        weights = self._weights_of(model.best.number) if self._weights_of is not None else None
        self.files.show_paths(model.path, weights)
        self._stack.setCurrentIndex(1)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def _soon(self, *_: object) -> None:
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()

    def _start_over(self) -> None:
        self.best.forget()
        if self.isVisible():
            self.refresh()

    def _select(self, number: int) -> None:
        if self._model is not None:
            self._model.select(number)

    # -- how it is laid out ---------------------------------------------------------------------

    def _content(self) -> QWidget:
        result = QWidget()
        result.setMaximumWidth(_WIDEST)
        head = QHBoxLayout()
        head.setSpacing(CARD)
        head.addWidget(self.state)
        head.addWidget(self.ending, 1)
        head.addWidget(self.more)
        cards = QHBoxLayout()
        cards.setSpacing(CARD)
        cards.addWidget(self.best, 1)
        cards.addWidget(self.trust, 1)
        column = QVBoxLayout(result)
        column.setContentsMargins(PAGE, PAGE - GROUP, PAGE, PAGE)
        column.setSpacing(CARD)
        column.addLayout(head)
        column.addLayout(cards)
        column.addWidget(self.runners)
        column.addWidget(self.files)
        column.addStretch(1)
        return result

    def _scrolled(self, content: QWidget) -> QScrollArea:
        middle = QWidget()
        row = QHBoxLayout(middle)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(content, 100)
        row.addStretch(1)
        area = QScrollArea(widgetResizable=True)
        area.setWidget(middle)
        return area


def _nothing_yet(model: StudyModel | None) -> str:
    if model is None:
        return "Open or create a study; its best configuration appears here."
    if model.state in (StudyState.FINISHED, StudyState.STOPPED):
        return f"{sentence(model)} No trial is complete, so there is nothing to recommend."
    return "The best configuration appears here when the first trial is complete."


def _how_it_stands(model: StudyModel) -> str:
    if model.state is StudyState.FINISHED:
        return how_it_ended(model)
    if model.state is StudyState.STOPPED:
        return sentence(model)
    return f"{done_of_planned(model)} are done; this is the best so far."
