"""The panels as docks: moved, tabbed, closed, brought back, and put back in their places."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QByteArray, Qt, QTimer
from PySide6.QtGui import QAction, QShowEvent
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QMainWindow, QTabWidget, QWidget
from shiboken6 import isValid

from gui.panels.panel import Panel
from gui.theme import CONTROL, GROUP
from gui.widgets.buttons import tool
from gui.widgets.text import label

_LAYOUT_VERSION = 1
_LEFT, _RIGHT = 68, 32
_SURFACE, _TABLE = 66, 34
_BEST, _HISTORY, _CURVES = 34, 33, 33
_BEHIND = {
    "log": "trials",
    "timeline": "log",
    "devices": "timeline",
    "slices": "devices",
    "selected": "best",
    "why": "selected",
    "trust": "history",
    "importance": "curves",
}
"""Panels that are tabs by default, in their order, and what each is tabbed with."""
_IN_FRONT = ("trials", "best", "history", "curves")


class PanelDock(QDockWidget):
    """A panel under a title bar that also holds the panel's controls."""

    def __init__(self, panel: Panel) -> None:
        super().__init__(panel.title)
        self.setObjectName(panel.name)
        self.setWidget(panel)
        self.panel = panel
        self._title = label(panel.title)
        self._bar = self._title_bar()
        self._no_bar = QWidget(self)
        self.setTitleBarWidget(self._bar)
        self.visibilityChanged.connect(panel.set_on_top)
        self.toggleViewAction().setText(panel.title)

    def _title_bar(self) -> QWidget:
        bar = QWidget()
        row = QHBoxLayout(bar)
        row.setContentsMargins(CONTROL, GROUP, 0, GROUP)
        row.setSpacing(CONTROL)
        row.addWidget(self._title)
        row.addStretch(1)
        row.addWidget(self.panel.controls)
        row.addWidget(tool("close", "Close this panel (View > Panels brings it back)", self.close))
        return bar

    def mind_tabs(self, is_tab: bool) -> None:
        """Say the title once: a tab has it already."""
        self._title.setVisible(not is_tab)
        needed = not is_tab or self.panel.control_row.count() > 0
        bar, other = (self._bar, self._no_bar) if needed else (self._no_bar, self._bar)
        if self.titleBarWidget() is not bar:
            self.setTitleBarWidget(bar)
            other.hide()
            bar.show()


class Docks(QMainWindow):
    """The docks and their default places, which fit a window of 1280 × 800."""

    def __init__(self, panels: Sequence[Panel]) -> None:
        super().__init__()
        self.setWindowFlags(Qt.WindowType.Widget)
        self.setDockNestingEnabled(True)
        self.setDockOptions(self.DockOption.AllowNestedDocks | self.DockOption.AllowTabbedDocks)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self._docks = {panel.name: PanelDock(panel) for panel in panels}
        for dock in self._docks.values():
            dock.visibilityChanged.connect(self._mind_tabs)
            dock.topLevelChanged.connect(self._mind_tabs)
        self._sizes_due = True
        self.reset_layout()

    def toggles(self) -> list[QAction]:
        """An action for each panel that shows or hides it."""
        return [dock.toggleViewAction() for dock in self._docks.values()]

    def bring_up(self, name: str) -> None:
        """Show a panel, in front of the others of its tabs."""
        self._docks[name].show()
        self._docks[name].raise_()

    def save_layout(self) -> QByteArray:
        """Where everything is, to be remembered."""
        return self.saveState(_LAYOUT_VERSION)

    def restore_layout(self, layout: QByteArray) -> bool:
        """Put everything where it was; False if that is of another version."""
        restored = self.restoreState(layout, _LAYOUT_VERSION)
        self._sizes_due = self._sizes_due and not restored
        if restored:
            self._place_newcomers(layout)
        return restored

    def _place_newcomers(self, layout: QByteArray) -> None:
        """Put panels that a layout of an earlier version does not know behind others."""
        known = bytes(layout.data())
        for name in _BEHIND:
            if name.encode("utf-16-be") in known:
                continue
            wanted = (_BEHIND[name], *_IN_FRONT)
            beside = next((other for other in wanted if not self._docks[other].isHidden()), None)
            if beside is None:
                self._docks[name].close()
                continue
            in_front = self._front_of(beside)
            self.tabifyDockWidget(self._docks[beside], self._docks[name])
            in_front.raise_()

    def _front_of(self, name: str) -> PanelDock:
        """The panel that is seen of those that share a place with `name`."""
        dock = self._docks[name]
        tabs = [dock, *self.tabifiedDockWidgets(dock)]
        return next((tab for tab in tabs if not tab.visibleRegion().isEmpty()), dock)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._sizes_due:  # only now is it known how much room there is
            self._sizes_due = False
            QTimer.singleShot(0, self, self._share_room)

    def _mind_tabs(self, *_: object) -> None:
        # when the page is taken down, some docks are gone before others
        for dock in filter(isValid, self._docks.values()):
            dock.mind_tabs(bool(self.tabifiedDockWidgets(dock)) and not dock.isFloating())

    def reset_layout(self) -> None:
        """Put everything in its default place."""
        docks = self._docks
        for dock in docks.values():
            dock.setFloating(False)
            self.removeDockWidget(dock)
        across, down = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, docks["surface"])
        self.splitDockWidget(docks["surface"], docks["best"], across)
        self.splitDockWidget(docks["surface"], docks["trials"], down)
        self.splitDockWidget(docks["best"], docks["history"], down)
        self.splitDockWidget(docks["history"], docks["curves"], down)
        for name in _BEHIND:
            self._tabify(name)
        for dock in docks.values():
            dock.show()
        for name in _IN_FRONT:
            docks[name].raise_()
        self._share_room()
        if self.isVisible():  # the docks have to be laid out before they take their shares
            QTimer.singleShot(0, self, self._share_soon)

    def _share_soon(self) -> None:
        """Share the room now if that can be, or when the page is shown again."""
        self._sizes_due = not self.isVisible()
        if not self._sizes_due:
            self._share_room()

    def _tabify(self, name: str) -> None:
        """Put a panel behind the one whose tab it is by default."""
        self.tabifyDockWidget(self._docks[_BEHIND[name]], self._docks[name])

    def _share_room(self) -> None:
        docks = self._docks
        across, down = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        self.resizeDocks([docks["surface"], docks["best"]], [_LEFT, _RIGHT], across)
        self.resizeDocks([docks["surface"], docks["trials"]], [_SURFACE, _TABLE], down)
        column = [docks[name] for name in ("best", "history", "curves")]
        self.resizeDocks(column, [_BEST, _HISTORY, _CURVES], down)
