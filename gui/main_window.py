"""The frame of the window: menus, places, status strip and notices, and nothing else.

Pages are made when they are first shown. What commands do is wired in gui/app.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QUndoGroup
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from gui.commands import Commands
from gui.settings import Settings
from gui.widgets.notice import NoticeBar
from gui.widgets.rail import PLACES, Rail
from gui.widgets.status_strip import StatusStrip
from gui.widgets.text import hairline

HOME, DESIGN, RUN, RESULTS = range(len(PLACES))
SPEC, STUDY, DATA = (".toml",), (".tune",), (".csv", ".tsv", ".txt", ".parquet", ".npz")
"""Endings of the files that the window opens."""
_GEOMETRY = "window/geometry"
_SMALLEST = (900, 540)
_FIRST = (1280, 800)


class MainWindow(QMainWindow):
    """Rail at the left, strip on top, one of four pages in the middle."""

    dropped = Signal(Path)
    placeChanged = Signal(int)

    def __init__(self, settings: Settings, undo: QUndoGroup) -> None:
        super().__init__()
        self.setWindowTitle("Tunescape")
        self.setAcceptDrops(True)
        self.setMinimumSize(*_SMALLEST)
        self._settings = settings
        self._makers: dict[int, Callable[[], QWidget]] = {}
        self._pages: dict[int, QWidget] = {}
        self.may_close: Callable[[], bool] = lambda: True
        self.commands = Commands(self)
        self.strip = StatusStrip()
        self.notice = NoticeBar()
        self._rail = Rail()
        self._stack = QStackedWidget()
        self._lay_out()
        self._build_menus(undo)
        self._rail.chosen.connect(self.go_to)
        for place, action in enumerate(self.commands.places):
            action.triggered.connect(lambda _checked=False, place=place: self.go_to(place))
        self._restore()

    # -- places ---------------------------------------------------------------------------------

    def add_place(self, place: int, make: Callable[[], QWidget]) -> None:
        """Say how the page of a place is made; it is, when it is first needed."""
        self._makers[place] = make

    def page(self, place: int) -> QWidget:
        """The page of a place, made now if it was not yet."""
        if place not in self._pages:
            self._pages[place] = self._makers[place]()
            self._stack.addWidget(self._pages[place])
        return self._pages[place]

    def made(self, place: int) -> bool:
        """Whether the page of a place exists already."""
        return place in self._pages

    @property
    def place(self) -> int:
        """The place that is shown."""
        current = self._stack.currentWidget()
        return next((place for place, page in self._pages.items() if page is current), HOME)

    def go_to(self, place: int) -> None:
        """Show a place."""
        self._stack.setCurrentWidget(self.page(place))
        self._rail.set_current(place)
        self.placeChanged.emit(place)

    # -- the frame ------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self.strip)
        right.addWidget(hairline())
        right.addWidget(self._stack, 1)
        middle = QWidget()
        row = QHBoxLayout(middle)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._rail)
        row.addWidget(hairline(vertical=True))
        row.addLayout(right, 1)
        self.setCentralWidget(middle)
        self.notice.float_over(self._stack)

    def _build_menus(self, undo: QUndoGroup) -> None:
        back = undo.createUndoAction(self, "Undo")
        back.setShortcut("Ctrl+Z")
        again = undo.createRedoAction(self, "Redo")
        again.setShortcut("Ctrl+Shift+Z")
        self.commands.build_menus(self.menuBar(), back, again)
        self.commands.set_panels([])
        self.commands.set_recent([])
        self.commands.quit.triggered.connect(self.close)

    def _restore(self) -> None:
        self.resize(*_FIRST)
        geometry = self._settings.get_bytes(_GEOMETRY)
        if geometry is not None:
            self.restoreGeometry(geometry)

    # -- events ---------------------------------------------------------------------------------

    def closeEvent(self, event: QCloseEvent) -> None:
        self._settings.set_bytes(_GEOMETRY, self.saveGeometry())
        if self.may_close():
            event.accept()
        else:
            event.ignore()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _openable(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        for path in _openable(event)[:1]:
            event.acceptProposedAction()
            self.dropped.emit(path)


def _openable(event: QDropEvent) -> list[Path]:
    """The local files of a drag that the window can open."""
    paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
    return [path for path in paths if path.suffix.lower() in SPEC + STUDY + DATA or path.is_dir()]
