"""The strip along the bottom: what this study will be, where it is saved, and Run."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from gui.theme import CARD, CONTROL, GROUP, PAGE
from gui.widgets.buttons import button, tool
from gui.widgets.text import ElidedLabel, say

_DRY_RUN, _STOP = "Dry run", "Stop dry run"


class DesignFooter(QFrame):
    """Always true, and the one primary button of the page."""

    runRequested = Signal()
    dryRunRequested = Signal()
    placeChosen = Signal(Path)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Plan")
        self._plan = ElidedLabel("", "title")
        self._place = ElidedLabel("", "caption", "muted", middle=True)
        self._path = Path()
        self.is_starting = False
        self._trial = button(
            _DRY_RUN,
            self.dryRunRequested.emit,
            tip="Run one trial at the defaults: does it run, and how long will this take?",
            icon_name="timer-outline",
        )
        self.run = button("Run", self.runRequested.emit, "primary", icon_name="play")
        self._change = tool("folder-edit-outline", "Choose where the study is saved", self._ask)
        self._lay_out()

    @property
    def plan(self) -> str:
        """What is said about trials and time, or what is wrong."""
        return self._plan.text()

    def show_plan(self, trials: str, duration: str, warning: str) -> None:
        """Say how many trials it will be, and how long they will take where that is known."""
        parts = (trials, duration, f"▲ {warning}" if warning else "")
        say(self._plan, " · ".join(part for part in parts if part), "warn" if warning else "")
        self._set_runnable(True, "Run this study (Ctrl+R)")

    def show_problem(self, sentence: str) -> None:
        """Say what is wrong; there is nothing to run."""
        say(self._plan, f"✕ {sentence}", "bad")
        self._set_runnable(False, sentence)

    def show_place(self, path: Path) -> None:
        """Say which file the study will be."""
        self._path = path
        self._place.setText(f"Will be saved as {_short(path)}")

    def set_trying(self, busy: bool) -> None:
        """Say whether a dry run is under way, which a second press stops."""
        self._trial.setText(_STOP if busy else _DRY_RUN)

    def set_starting(self, starting: bool) -> None:
        """Say whether a study is being made; a second press makes no second one."""
        self.is_starting = starting
        self.run.setEnabled(not starting)
        self.run.setText("Starting…" if starting else "Run")

    def _set_runnable(self, runnable: bool, why: str) -> None:
        self.run.setEnabled(runnable and not self.is_starting)
        self.run.setToolTip(why)
        self._trial.setEnabled(runnable or self._trial.text() == _STOP)

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(GROUP)
        words.addWidget(self._plan)
        place = QHBoxLayout()
        place.setSpacing(GROUP)
        place.addWidget(self._change)
        place.addWidget(self._place, 1)
        words.addLayout(place)
        row = QHBoxLayout(self)
        row.setContentsMargins(PAGE, CONTROL, PAGE, CONTROL)
        row.setSpacing(CARD)
        row.addLayout(words, 1)
        row.addWidget(self._trial)
        row.addWidget(self.run)
        self._trial.setText(_STOP)
        self._trial.setMinimumWidth(self._trial.sizeHint().width())
        self._trial.setText(_DRY_RUN)
        self.run.setText("Starting…")
        self.run.setMinimumWidth(self.run.sizeHint().width())
        self.run.setText("Run")

    def _ask(self) -> None:
        dialog = QFileDialog(self, "Save the study to", str(self._path), "Studies (*.tune)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("tune")
        dialog.fileSelected.connect(lambda text: self.placeChosen.emit(Path(text)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


def _short(path: Path) -> str:
    """The path as people write it, from their own folder on."""
    home = Path.home()
    return f"~/{path.relative_to(home).as_posix()}" if path.is_relative_to(home) else str(path)
