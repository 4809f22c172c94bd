"""A slider through a study's past: after which trial is it seen? Its right end is now."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QSlider, QStyle, QWidget

from gui.models.replay import Replay
from gui.theme import CONTROL, GROUP, icon
from gui.widgets.buttons import tool
from gui.widgets.text import FixedLabel

_PLAY_MS, _CALM_PLAY_MS = 250, 1000
_LONGEST_PLAY_MS = 15_000
_SHORTEST_STEP_MS = 40


class TimeSlider(QWidget):
    """Drag it, or use the arrow keys, Page up and down, Home and End; or let it play."""

    def __init__(self) -> None:
        super().__init__()
        self._replay: Replay | None = None
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("After which trial")
        self.slider.setToolTip("See the study as it was after each trial")
        self.slider.valueChanged.connect(self._moved)
        self.play = tool("play", "Play from here", self._toggle)
        self.live = tool("page-last", "Back to now", self._go_live)
        self.said = FixedLabel("after 8888 of 8888 trials", "muted")
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._step)
        row = QHBoxLayout(self)
        row.setContentsMargins(GROUP, 0, CONTROL, 0)
        row.setSpacing(GROUP)
        row.addWidget(self.play)
        row.addWidget(self.slider, 1)
        row.addWidget(self.live)
        row.addWidget(self.said)
        self._follow()

    @property
    def is_playing(self) -> bool:
        """Whether it moves by itself."""
        return self._timer.isActive()

    def set_replay(self, replay: Replay | None) -> None:
        """Move through another study, or none."""
        self.stop()
        if self._replay is not None:
            self._replay.moved.disconnect(self._follow)
            self._replay.grew.disconnect(self._follow)
        self._replay = replay
        if replay is not None:
            replay.moved.connect(self._follow)
            replay.grew.connect(self._follow)
        self._follow()

    def stop(self) -> None:
        """Play no more."""
        self._timer.stop()
        self._show_playing()

    def _follow(self) -> None:
        """Put the handle and the words where the replay is."""
        replay = self._replay
        last = replay.last if replay is not None else 0
        upto = replay.upto if replay is not None else None
        with QSignalBlocker(self.slider):
            self.slider.setRange(1, max(1, last))
            self.slider.setPageStep(max(1, last // 10))
            self.slider.setValue(last if upto is None else upto)
        self.setEnabled(last > 1)
        self.live.setEnabled(last > 1 and upto is not None)
        self.said.setText("now" if upto is None else f"after {upto} of {last} trials")

    def _moved(self, value: int) -> None:
        if self._replay is not None:
            self._replay.go_to(value)

    def _go_live(self) -> None:
        self.stop()
        if self._replay is not None:
            self._replay.go_to(None)

    def _toggle(self) -> None:
        if self.is_playing or self._replay is None:
            self.stop()
            return
        if self._replay.upto is None:
            self._replay.go_to(1)
        self._timer.start(self._pause_ms())
        self._show_playing()

    def _step(self) -> None:
        """One trial on, or several where there are too many for a short film."""
        replay = self._replay
        if replay is None or replay.upto is None:
            self.stop()
            return
        steps = _LONGEST_PLAY_MS // self._timer.interval()
        replay.go_to(replay.upto + max(1, -(-replay.last // steps)))
        if replay.upto is None:
            self.stop()

    def _pause_ms(self) -> int:
        """Milliseconds between two steps: longer where the system asks for little motion."""
        calm = self.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration) == 0
        if calm:
            return _CALM_PLAY_MS
        last = self._replay.last if self._replay is not None else 1
        return max(_SHORTEST_STEP_MS, min(_PLAY_MS, _LONGEST_PLAY_MS // max(1, last)))

    def _show_playing(self) -> None:
        self.play.setIcon(icon("pause" if self.is_playing else "play"))
        tip = "Stop playing" if self.is_playing else "Play from here"
        self.play.setToolTip(tip)
        self.play.setAccessibleName(tip)
