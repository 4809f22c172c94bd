"""The head of the Run page: how far it is, what runs, and what there is to decide."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from engine.analysis.cost import words
from engine.events import StudyState
from gui.models.study_model import StudyModel
from gui.models.study_words import alike_words, done_of_planned, sentence, tally
from gui.theme import CARD, CONTROL, GROUP
from gui.widgets.buttons import button
from gui.widgets.text import ElidedLabel, FixedLabel, set_property

_TICK_MS = 500
_STEPS = 1000
_LONGEST_TIME = "59 min 59 s so far"


class RunHeader(QWidget):
    """A progress bar over one row: what there is to know or to decide, and the way on.

    Name, state, count and time left, Pause and Stop are in the window's own strip right above.
    """

    startRequested = Signal()
    resumeRequested = Signal()
    moreRequested = Signal()
    shareRequested = Signal()
    resultsRequested = Signal()
    outputRequested = Signal(int)
    stopRequested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._model: StudyModel | None = None
        self.bar = QProgressBar(maximum=_STEPS, textVisible=False)
        self.bar.setAccessibleName("Progress")
        self.sentence = ElidedLabel()
        self.time = FixedLabel(_LONGEST_TIME, "muted")
        self.time.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.start = button("Run", self.startRequested.emit, "primary", "Start the study (Ctrl+R)")
        self.resume = button("Resume", self.resumeRequested.emit, "primary", "Go on (Ctrl+P)")
        self.more = button("Add trials…", self.moreRequested.emit, tip="Go on for some more trials")
        self.share = button(
            "Share the devices",
            self.shareRequested.emit,
            tip="Wait no longer for the study that has them",
        )
        self.output = button(
            "Show output…", self._ask_for_output, tip="What the last of these trials printed"
        )
        self.stop = button(
            "Stop here", self.stopRequested.emit, tip="End the study; it keeps what was found"
        )
        self.decline = button("Go on", self._decline, tip="Go on; it is looked at again later")
        self.results = button("See results", self.resultsRequested.emit, "primary")
        self._lay_out()
        self._tick = QTimer(self, interval=_TICK_MS)
        self._tick.timeout.connect(self._time_passes)
        self.refresh()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(CARD, GROUP, CARD, GROUP)
        row.setSpacing(CARD)
        row.addStrut(self.start.sizeHint().height())  # as high without a button as with one
        row.addWidget(self.sentence, 1)
        row.addWidget(self.time)
        buttons = QHBoxLayout()
        buttons.setSpacing(CONTROL)
        for item in self._buttons:
            buttons.addWidget(item)
        row.addLayout(buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addLayout(row)

    @property
    def _buttons(self) -> tuple[QPushButton, ...]:
        return (
            self.output,
            self.more,
            self.share,
            self.stop,
            self.decline,
            self.resume,
            self.start,
            self.results,
        )

    def set_study(self, model: StudyModel | None) -> None:
        """Show another study, or none."""
        if self._model is not None:
            self._model.stateChanged.disconnect(self.refresh)
            self._model.trialsChanged.disconnect(self._show_progress)
        self._model = model
        if model is not None:
            model.stateChanged.connect(self.refresh)
            model.trialsChanged.connect(self._show_progress)
        self.refresh()

    def refresh(self) -> None:
        """Say how the study stands now, and offer what can be done."""
        model = self._model
        self.setVisible(model is not None)
        if model is None:
            self._tick.stop()
            return
        self._offer(model)
        self._show_progress()
        self._show_time()
        self._tick.start() if model.state.is_active else self._tick.stop()

    def _offer(self, model: StudyModel) -> None:
        state, may = model.state, not model.read_only_because
        self.more.setVisible(model.can_have_more())
        self.share.setVisible(may and model.is_held_up)
        is_asked = may and state is StudyState.RUNNING and bool(model.suggestion)
        self.stop.setVisible(is_asked)
        self.decline.setVisible(is_asked)
        self.resume.setVisible(may and state is StudyState.PAUSED)
        self.start.setVisible(may and state in (StudyState.NEW, StudyState.STOPPED))
        self.start.setText("Run" if state is StudyState.NEW else "Go on")
        self.results.setVisible(state is StudyState.FINISHED and model.best is not None)

    def _show_progress(self) -> None:
        model = self._model
        done, planned = model.progress()
        self.bar.setValue(round(_STEPS * min(1.0, done / planned)) if planned else 0)
        self.bar.setToolTip(done_of_planned(model))
        alike = model.common_failure
        said = " ".join(filter(None, (sentence(model), alike_words(model))))
        self.sentence.setText(" · ".join(filter(None, (said, tally(model)))))
        set_property(self.sentence, "tone", "bad" if alike else "")
        self.output.setVisible(alike is not None)
        self.results.setVisible(model.state is StudyState.FINISHED and model.best is not None)

    def _ask_for_output(self) -> None:
        alike = None if self._model is None else self._model.common_failure
        if alike is not None:
            self.outputRequested.emit(alike.trial.number)

    def _decline(self) -> None:
        if self._model is not None:
            self._model.decline()

    def _time_passes(self) -> None:
        self._offer(self._model)
        self._show_progress()
        self._show_time()

    def _show_time(self) -> None:
        model = self._model
        elapsed = model.elapsed()
        if model.state.is_active:
            self.time.setText(f"{words(int(elapsed))} so far")
        else:
            self.time.setText(f"took {words(elapsed)}" if elapsed else "")
