"""The line at the top that always says which study is open and how it stands.

Numbers have room for the longest of their kind, so nothing moves while they change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget

from engine.analysis.cost import rough, words
from engine.events import StudyState
from gui.models.method_words import method_words
from gui.numbers import count, exact, number
from gui.theme import CARD, CONTROL, GROUP, font, icon, notifier, study_mark
from gui.widgets.buttons import tool
from gui.widgets.text import ElidedLabel, FixedLabel, tint

if TYPE_CHECKING:
    from gui.models.study_model import StudyModel
from gui.models.study_times import remaining

_TICK_MS = 1000
_NOTHING = "No study is open"


class StatusStrip(QFrame):
    """Shows one StudyModel, or says that there is none."""

    pauseRequested = Signal()
    pauseNowRequested = Signal()
    resumeRequested = Signal()
    stopRequested = Signal()
    studyChosen = Signal(int)
    closeRequested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Status")
        self._model: StudyModel | None = None
        self._chooser = _chooser()
        self._menu = QMenu(self._chooser)
        self._chooser.setMenu(self._menu)
        self._hint = ElidedLabel(_NOTHING, tone="muted")
        self._state = FixedLabel("❚❚ not started")
        self._progress = FixedLabel("10 000 of 10 000")
        self._left = FixedLabel("59 min 59 s left", "muted")
        self._best = FixedLabel("best -8.888e-88")
        self._pause = tool("pause", "Pause: no new trials (Ctrl+P)", self._pause_or_resume)
        self._pause.setMenu(self._pause_menu())
        self._pause.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self._stop = tool("stop", "Stop and keep what was found", self.stopRequested.emit)
        self._lay_out()
        self._tick = QTimer(self, interval=_TICK_MS)
        self._tick.timeout.connect(self._show_left)
        notifier.themeChanged.connect(self.refresh)
        self.refresh()

    def set_model(self, model: StudyModel | None) -> None:
        """Show another study, or none."""
        if self._model is not None:
            self._model.stateChanged.disconnect(self.refresh)
            self._model.trialsChanged.disconnect(self._show_progress)
        self._model = model
        if model is not None:
            model.stateChanged.connect(self.refresh)
            model.trialsChanged.connect(self._show_progress)
        self.refresh()

    def set_studies(self, names: Sequence[str], current: int) -> None:
        """List the open studies in the chooser."""
        self._menu.clear()
        for index, name in enumerate(names):
            action = self._menu.addAction(name, lambda i=index: self.studyChosen.emit(i))
            action.setCheckable(True)
            action.setChecked(index == current)
        if names:
            self._menu.addSeparator()
            self._menu.addAction("Close this study", self.closeRequested.emit)

    def refresh(self) -> None:
        """Say how the study stands now."""
        model = self._model
        for widget in self._figures:
            widget.setVisible(model is not None)
        self._hint.setVisible(model is None)
        if model is None:
            self._tick.stop()
            return
        title = f"{model.path.stem} · {method_words(model.spec.method.name).title}"
        self._chooser.setText(f"{title}  ▾")
        self._chooser.setToolTip(f"{model.path}\nChoose among the open studies")
        self._show_state(model)
        self._show_progress()
        self._show_left()
        self._show_buttons(model.state, may=not model.read_only_because)
        if model.state.is_active != self._tick.isActive():
            self._tick.start() if model.state.is_active else self._tick.stop()

    def _show_state(self, model: StudyModel) -> None:
        mark = study_mark(model.state)
        self._state.setText(f"{mark.glyph} {mark.word}")
        tint(self._state, mark.colour)
        self._state.setToolTip(model.message)

    def _show_progress(self) -> None:
        model = self._model
        finished, planned = model.progress()
        self._progress.setText(
            f"{count(finished)} trials"
            if planned is None
            else f"{count(finished)} of {count(planned)}"
        )
        value = None if model.best is None else model.best.value
        self._best.setText(f"best {number(value)}")
        self._best.setToolTip("" if value is None else f"{model.objective} = {exact(value)}")

    def _show_left(self) -> None:
        model = self._model
        left = remaining(model) if model.state.is_active else None
        self._left.setText("" if left is None else f"{rough(left.seconds)} left")
        self._left.setToolTip("" if left is None else f"± {words(left.margin)}")

    def _show_buttons(self, state: StudyState, may: bool) -> None:
        paused = state == StudyState.PAUSED
        self._pause.setIcon(icon("play" if paused else "pause"))
        self._pause.setToolTip("Resume (Ctrl+P)" if paused else "Pause: no new trials (Ctrl+P)")
        self._pause.setAccessibleName("Resume" if paused else "Pause")
        self._pause_after.setEnabled(state == StudyState.RUNNING)
        self._pause.setEnabled(may and state in (StudyState.RUNNING, StudyState.PAUSED))
        self._stop.setEnabled(
            may and state in (StudyState.RUNNING, StudyState.PAUSED, StudyState.WAITING)
        )

    def _pause_menu(self) -> QMenu:
        menu = QMenu(self)
        self._pause_after = menu.addAction(
            icon("pause"), "Pause after running trials", self.pauseRequested.emit
        )
        self._pause_now = menu.addAction(
            icon("pause-circle-outline"), "Pause now", self.pauseNowRequested.emit
        )
        return menu

    def _pause_or_resume(self) -> None:
        if self._model is None:
            return
        paused = self._model.state == StudyState.PAUSED
        (self.resumeRequested if paused else self.pauseRequested).emit()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(CARD, CONTROL, CARD, CONTROL)
        row.setSpacing(CARD)
        row.addWidget(self._chooser)
        row.addWidget(self._hint, 1)
        row.addStretch(1)
        for widget in (self._state, self._progress, self._left, self._best):
            row.addWidget(widget)
        buttons = QHBoxLayout()
        buttons.setSpacing(GROUP)
        buttons.addWidget(self._pause)
        buttons.addWidget(self._stop)
        row.addLayout(buttons)
        self._figures = (
            self._chooser,
            self._state,
            self._progress,
            self._left,
            self._best,
            self._pause,
            self._stop,
        )
        self.setFixedHeight(max(self._pause.sizeHint().height(), row.sizeHint().height()))


def _chooser() -> QToolButton:
    result = QToolButton()
    result.setProperty("kind", "title")
    result.setFont(font("title"))
    result.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    result.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
    result.setIconSize(QSize(0, 0))
    result.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
    result.setAccessibleName("Open studies")
    return result
