"""The Run page: a head that says how it goes, and the panels as docks below it."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui.models.device_watch import Processes
from gui.models.lens_follower import Lens
from gui.models.replay import Replay
from gui.models.study_model import StudyModel
from gui.models.trial_commands import TrialCommand
from gui.pages.run.docks import Docks
from gui.pages.run.header import RunHeader
from gui.panels.best import BestPanel, SelectedPanel
from gui.panels.curves import CurvesPanel
from gui.panels.devices import DevicesPanel
from gui.panels.history import HistoryPanel
from gui.panels.importance import ImportancePanel
from gui.panels.log import LogPanel
from gui.panels.panel import Panel
from gui.panels.slices import SlicesPanel
from gui.panels.surface import SurfacePanel
from gui.panels.timeline import TimelinePanel
from gui.panels.trials import TrialsPanel
from gui.panels.trust import TrustPanel
from gui.panels.why import WhyPanel
from gui.theme import GROUP
from gui.widgets.turns import Turns


class RunPage(QWidget):
    """Shows one study at a time; what is asked of it goes out as signals."""

    startRequested = Signal()
    resumeRequested = Signal()
    moreRequested = Signal()
    shareRequested = Signal()
    resultsRequested = Signal()
    stopRequested = Signal()
    trialCommand = Signal(object, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._replay: Replay | None = None
        self.header = RunHeader()
        self.surface, self.history, self.curves = SurfacePanel(), HistoryPanel(), CurvesPanel()
        self.trials, self.log = TrialsPanel(), LogPanel()
        self.best, self.selected = BestPanel(), SelectedPanel()
        self.why, self.trust = WhyPanel(), TrustPanel()
        self.slices, self.importance = SlicesPanel(), ImportancePanel()
        self.timeline, self.devices = TimelinePanel(), DevicesPanel()
        self.docks = Docks(self.panels)
        turns = Turns(self)
        for panel in self.panels:
            panel.turns = turns
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addWidget(self.docks, 1)
        self.docks.setContentsMargins(GROUP, 0, GROUP, GROUP)
        self._wire()

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All panels, in the order in which menus list them."""
        return (
            self.surface,
            self.trials,
            self.log,
            self.timeline,
            self.devices,
            self.best,
            self.selected,
            self.history,
            self.curves,
            self.why,
            self.trust,
            self.slices,
            self.importance,
        )

    def set_study(
        self, model: StudyModel | None, lens: Lens | None = None, processes: Processes = dict
    ) -> None:
        """Show `model` in every panel, its surrogate through `lens`; or say that there is none.

        `processes` gives the process of each worker, to say how much memory it takes.
        """
        self.devices.mind(processes)
        self.header.set_study(model)
        before = self._replay
        self._replay = Replay(model, self) if model is not None else None
        for panel in self.panels:
            panel.set_study(model, lens, self._replay)
        if before is not None:
            before.deleteLater()

    def panel_actions(self) -> list[QAction]:
        """An action for each panel that shows or hides it, for the View menu."""
        return self.docks.toggles()

    def save_layout(self) -> QByteArray:
        """Where the panels are, to be remembered."""
        return self.docks.save_layout()

    def restore_layout(self, layout: QByteArray) -> bool:
        """Put the panels where they were; False if `layout` does not fit any more."""
        return self.docks.restore_layout(layout)

    def reset_layout(self) -> None:
        """Put the panels in their default places."""
        self.docks.reset_layout()

    def _wire(self) -> None:
        for name in ("start", "resume", "more", "share", "results", "stop"):
            getattr(self.header, f"{name}Requested").connect(getattr(self, f"{name}Requested"))
        self.header.outputRequested.connect(
            lambda number: self.trialCommand.emit(TrialCommand.OUTPUT, number)
        )
        for panel in self.panels:
            panel.trial_command.connect(self.trialCommand)
            panel.table_requested.connect(self._show_table)
        self.importance.axes_requested.connect(self._show_axes)

    def _show_axes(self, x: str, y: str) -> None:
        self.docks.bring_up(self.surface.name)
        self.surface.set_axes(x, y)

    def _show_table(self) -> None:
        self.docks.bring_up(self.trials.name)
        self.trials.table.setFocus()
