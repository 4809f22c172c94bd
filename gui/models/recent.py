"""Studies used lately, as the Start page and the menu list them.

What is known of each is kept in the settings, so that the list is there at once; a job reads the
studies anew and the rows change where something has.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, Signal
from PySide6.QtGui import QColor

from engine.events import StudyState
from gui.jobs import run_job
from gui.numbers import exact, number
from gui.settings import Settings
from gui.theme import notifier, study_mark, theme

_KEPT = 20
_SETTING = "recent/studies"
_NUMBERS = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
COLUMNS = ("Study", "State", "Trials", "Best", "Last used", "Folder")
NAME, STATE, TRIALS, BEST, WHEN, FOLDER = range(len(COLUMNS))


@dataclass(frozen=True)
class RecentStudy:
    """One study of the list. `opened` is a Unix time; `problem` why it cannot be read."""

    path: str
    opened: float
    state: str = StudyState.NEW
    best: float | None = None
    objective: str = ""
    finished: int = 0
    planned: int | None = None
    problem: str = ""

    @property
    def name(self) -> str:
        """The study's file without its ending."""
        return Path(self.path).stem

    @property
    def missing(self) -> bool:
        """Whether there is nothing to open."""
        return bool(self.problem)


Reader = Callable[[Path], dict[str, Any]]
"""Reads a study's file (on a pool thread) into fields of RecentStudy; ValueError or OSError."""


class RecentModel(QAbstractTableModel):
    """The list, newest first."""

    listChanged = Signal()

    def __init__(self, settings: Settings, read: Reader, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._read = read
        self._open: frozenset[str] = frozenset()
        self._rows = [_stored(row) for row in settings.get(_SETTING, []) if "path" in row]
        notifier.themeChanged.connect(self._colours_changed)

    # -- what it holds --------------------------------------------------------------------------

    def studies(self) -> list[RecentStudy]:
        """All of them, newest first."""
        return list(self._rows)

    def study(self, row: int) -> RecentStudy:
        """The one in `row`."""
        return self._rows[row]

    # -- what changes it ------------------------------------------------------------------------

    def used(self, path: Path) -> None:
        """A study was opened or created: to the top with it."""
        known = {row.path: row for row in self._rows}
        entry = known.pop(str(path), RecentStudy(str(path), 0))
        self._replace([replace(entry, opened=time.time(), problem=""), *known.values()][:_KEPT])
        self.refresh()

    def remove(self, row: int) -> None:
        """Take a study off the list; its file stays where it is."""
        self._replace(self._rows[:row] + self._rows[row + 1 :])

    def set_open(self, paths: Iterable[Path]) -> None:
        """Say which studies are open: they tell themselves how they stand."""
        self._open = frozenset(map(str, paths))

    def know(self, path: Path, fields: dict[str, Any]) -> None:
        """Take over what an open study says of itself."""
        self._update([(str(path), fields)])

    def refresh(self) -> None:
        """Read the studies anew, in a job; open ones speak for themselves."""
        paths = [row.path for row in self._rows if row.path not in self._open]
        run_job(self, lambda: [_read_safely(self._read, path) for path in paths], self._update)

    def _update(self, found: list[tuple[str, dict[str, Any]]]) -> None:
        fields = dict(found)
        for index, row in enumerate(self._rows):
            fresh = replace(row, **fields.get(row.path, {}))
            if fresh != row:
                self._rows[index] = fresh
                self.dataChanged.emit(
                    self.index(index, 0), self.index(index, self.columnCount() - 1)
                )
        self._store()

    def _replace(self, rows: list[RecentStudy]) -> None:
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()
        self._store()
        self.listChanged.emit()

    def _store(self) -> None:
        self._settings.set(_SETTING, [asdict(row) for row in self._rows])

    def _colours_changed(self) -> None:
        if self._rows:
            self.dataChanged.emit(
                self.index(0, 0), self.index(len(self._rows) - 1, self.columnCount() - 1)
            )

    # -- as Qt asks for it ----------------------------------------------------------------------

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation == Qt.Orientation.Horizontal:
            if role == Qt.ItemDataRole.DisplayRole:
                return COLUMNS[section]
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(section)
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return _text(row, column)
            case Qt.ItemDataRole.ForegroundRole:
                return _colour(row, column)
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(column)
            case Qt.ItemDataRole.ToolTipRole:
                return _tip(row, column)
        return None


def _stored(row: dict[str, Any]) -> RecentStudy:
    known = {name: row[name] for name in RecentStudy.__dataclass_fields__ if name in row}
    return RecentStudy(**{"opened": 0.0, **known})


def _read_safely(read: Reader, path: str) -> tuple[str, dict[str, Any]]:
    if not Path(path).is_file():
        return path, {"problem": "There is no such file any more; remove it from the list."}
    try:
        return path, {"problem": "", **read(Path(path))}
    except (ValueError, OSError) as error:
        return path, {"problem": str(error)}


def _text(row: RecentStudy, column: int) -> str:
    match column:
        case 0:
            return row.name
        case 1:
            return (
                "✕ missing" if row.missing else "{0} {2}".format(*study_mark(StudyState(row.state)))
            )
        case 2:
            return f"{row.finished} of {row.planned}" if row.planned else str(row.finished)
        case 3:
            return number(row.best)
        case 4:
            return _when(row.opened)
    return str(Path(row.path).parent)


def _tip(row: RecentStudy, column: int) -> str:
    if row.missing:
        return row.problem
    if column == BEST and row.best is not None:
        return f"{row.objective} = {exact(row.best)}"
    return row.path


def _colour(row: RecentStudy, column: int) -> QColor | None:
    if row.missing or column in (WHEN, FOLDER):
        return theme().muted
    return study_mark(StudyState(row.state)).colour if column == STATE else None


def _alignment(column: int) -> Qt.AlignmentFlag:
    left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
    return _NUMBERS if column in (TRIALS, BEST) else left


def _when(moment: float) -> str:
    then, now = time.localtime(moment), time.localtime()
    days = now.tm_yday - then.tm_yday if now.tm_year == then.tm_year else None
    if days == 0:
        return time.strftime("today %H:%M", then)
    if days == 1:
        return time.strftime("yesterday %H:%M", then)
    return time.strftime("%Y-%m-%d", then)
