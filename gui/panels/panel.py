"""The base of every panel: it redraws when it is seen, at a bearable rate, and never shows a blank.

What a panel draws is its own; when it draws is decided here.
"""

from __future__ import annotations

import time

from PySide6.QtCore import Qt, QTimer, Signal, SignalInstance
from PySide6.QtGui import QAction, QGuiApplication, QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QStackedLayout, QVBoxLayout, QWidget

from engine.trial import Trial
from gui.models.lens_follower import Lens
from gui.models.replay import Replay
from gui.models.study_model import StudyModel
from gui.models.trial_text import as_json
from gui.theme import CARD, GROUP, notifier
from gui.widgets.turns import Turns

_SHORTEST_PAUSE_MS = 100
_PAUSE_MS_PER_TRIAL = 0.025
_SHARE_OF_TIME = 0.1
"""A panel whose redraw takes long is drawn less often, so that it takes this share at most."""


class Panel(QFrame):
    """A dockable view of one study. Sub-classes say `name`, `title`, `follows` and `refresh`.

    `controls` is what belongs beside the title; whoever shows the panel puts it there.
    """

    name = ""
    title = ""

    trial_command = Signal(object, int)
    """Something (a TrialCommand) is asked for the trial of a number."""
    table_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName(self.name)
        self.model: StudyModel | None = None
        self.replay: Replay | None = None
        self.turns: Turns | None = None
        self.redraws = 0
        self._on_top = True
        self._dirty = True
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._ask_to_redraw)
        self._pause_ms = _SHORTEST_PAUSE_MS
        self._last = 0.0
        self._links: list[SignalInstance] = []
        self.body = QWidget()
        self.controls = QWidget(self)  # until whoever shows the panel adopts it
        self.control_row = QHBoxLayout(self.controls)
        self.control_row.setContentsMargins(0, 0, 0, 0)
        self.control_row.setSpacing(GROUP)
        self._message = _message_label()
        self.setProperty("card", True)
        self._stack = QStackedLayout(self)
        self._stack.setContentsMargins(GROUP, GROUP, GROUP, GROUP)
        self._stack.addWidget(self._message)
        self._stack.addWidget(self.body)
        self._offer_copy()
        notifier.themeChanged.connect(self._retheme)

    # -- for sub-classes ------------------------------------------------------------------------

    def follows(self, model: StudyModel) -> list[SignalInstance]:
        """The signals after which the panel has to be drawn again."""
        return [model.trialsChanged, model.selectionChanged, model.bestChanged]

    def enter(self, model: StudyModel | None) -> None:
        """Another study, or none, is shown from now on."""

    def refresh(self) -> str:
        """Draw the study as it is; what the panel will show and when, if there is nothing yet."""
        raise NotImplementedError

    def look_through(self, lens: Lens | None) -> None:
        """What shows the study's model, where there is one; it comes with each study."""

    def leave(self) -> None:
        """Nobody sees the panel any more: nothing has to be kept ready for it."""

    def retheme(self) -> None:
        """Take the colours of the scheme in use."""

    @property
    def best(self) -> Trial | None:
        """The best trial at the moment that is shown."""
        return self.model.best if self.replay is None else self.replay.best()

    # -- for pages ------------------------------------------------------------------------------

    def set_study(
        self, model: StudyModel | None, lens: Lens | None = None, replay: Replay | None = None
    ) -> None:
        """Show `model` from now on, its surrogate by `lens`, at the moment of `replay`."""
        for signal in self._links:
            signal.disconnect(self.mark_dirty)
        if self.replay is not None:
            self.replay.moved.disconnect(self._move)
        self.model, self.replay = model, replay
        if replay is not None:
            replay.moved.connect(self._move)
        self.look_through(lens)
        self._links = [] if model is None else self.follows(model)
        for signal in self._links:
            signal.connect(self.mark_dirty)
        self.enter(model)
        self._last = 0.0
        self.mark_dirty()

    def set_on_top(self, on_top: bool) -> None:
        """Whether the panel is the one of its tabs that is seen."""
        self._on_top = on_top
        if not on_top:
            self.leave()
        self._draw_if_due()

    def mark_dirty(self, *_: object) -> None:
        """Something changed: draw soon if seen, else when seen again."""
        self._dirty = True
        self._draw_if_due()

    @property
    def empty_text(self) -> str:
        """What the panel says instead of showing its body; empty while the body is shown."""
        return self._message.text() if self._stack.currentWidget() is self._message else ""

    # -- when it draws --------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._draw_if_due()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.leave()

    def _move(self) -> None:
        """Somebody goes through the past: draw as soon as can be."""
        self._last = 0.0
        self._pause_ms = 0.0
        self._timer.stop()
        self.mark_dirty()

    def _draw_if_due(self) -> None:
        if self._dirty and self._on_top and self.isVisible() and not self._timer.isActive():
            waited = (time.monotonic() - self._last) * 1000
            self._timer.start(max(0, round(self._pause_ms - waited)))

    def _ask_to_redraw(self) -> None:
        """Redraw: at once, or when it is the panel's turn where others draw too."""
        if self.turns is None:
            self._redraw()
        else:
            self.turns.ask(self._redraw)

    def _redraw(self) -> None:
        if not (self._dirty and self._on_top and self.isVisible()):
            return
        self._dirty = False
        started = time.monotonic()
        message = "Open or create a study to see it here." if self.model is None else self.refresh()
        self._message.setText(message)
        self.controls.setVisible(not message)
        self._stack.setCurrentWidget(self._message if message else self.body)
        self.redraws += 1
        self._last = time.monotonic()
        took_ms = (self._last - started) * 1000
        many = _PAUSE_MS_PER_TRIAL * len(self.model.trials) if self.model is not None else 0.0
        self._pause_ms = max(_SHORTEST_PAUSE_MS + many, took_ms / _SHARE_OF_TIME)

    def _retheme(self) -> None:
        self.retheme()
        self.mark_dirty()

    def _offer_copy(self) -> None:
        copy = QAction("Copy configuration", self)
        copy.setShortcut("Ctrl+C")
        copy.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        copy.triggered.connect(self.copy_selected)
        self.addAction(copy)

    def copy_selected(self) -> None:
        """Put the selected trial's configuration on the clipboard, with all digits."""
        if self.model is not None and self.model.selected is not None:
            trial = self.model.trials[self.model.selected]
            QGuiApplication.clipboard().setText(as_json(trial.params))


def _message_label() -> QWidget:
    label = QLabel()
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setWordWrap(True)
    label.setMargin(CARD)
    label.setProperty("tone", "muted")
    return label


def column(body: QWidget, *widgets: QWidget, spacing: int = 0) -> QVBoxLayout:
    """Lay `widgets` out below each other in `body`, edge to edge."""
    layout = QVBoxLayout(body)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    for widget in widgets:
        layout.addWidget(widget)
    return layout
