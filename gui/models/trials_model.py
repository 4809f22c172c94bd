"""The trials of a study as the rows of a table, sorted and filtered by their true values.

It only ever changes in steps (rows inserted, removed, moved, changed), so that views keep their
scroll position and selection. News is collected as it comes and taken in by `catch_up`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor

from engine.trial import Trial, TrialState
from gui.models.repeats import repeated
from gui.models.study_model import StudyModel
from gui.models.trial_columns import Column, columns_of
from gui.models.trial_filter import rows_matching
from gui.theme import BEST, icon, state_mark, theme

_Index = QModelIndex | QPersistentModelIndex
_STATE = 1
_ARROWS = {Qt.SortOrder.AscendingOrder: " ↑", Qt.SortOrder.DescendingOrder: " ↓"}
_LINES_IN_TIP = 8
_MOST_STEPS = 64
"""Runs of rows to take out one by one; a filter that leaves more holes than that starts afresh."""


class TrialsModel(QAbstractTableModel):
    """Row i of the table is row `order[i]` of the study's arrays."""

    def __init__(self, study: StudyModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._study = study
        self.columns: list[Column] = columns_of(study)
        self._order = np.empty(0, dtype=np.intp)
        self._sort = (0, Qt.SortOrder.AscendingOrder)
        self._filter = ""
        self._changed: set[int] = set()
        self._best: int | None = None
        study.trialsChanged.connect(self._note)
        self._settle()

    # -- Qt's view of it ------------------------------------------------------------------------

    def rowCount(self, parent: _Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        column = self.columns[section]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return column.title + (_ARROWS[self._sort[1]] if section == self._sort[0] else "")
            case Qt.ItemDataRole.ToolTipRole:
                return column.tip or None
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(column)
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        trial, column = self._trial(index.row()), self.columns[index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                star = f"{BEST} " if index.column() == 0 and trial.number == self._best else ""
                return star + column.shown(trial)
            case Qt.ItemDataRole.EditRole:
                return column.exact(trial)
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(column)
            case Qt.ItemDataRole.DecorationRole if _is_why(trial, column):
                return icon("text-box-outline")
            case Qt.ItemDataRole.ForegroundRole:
                return _colour(trial, column, index.column())
            case Qt.ItemDataRole.ToolTipRole:
                return self._repeat_tip(trial, index.column()) or _tip(trial, column)
        return None

    def _repeat_tip(self, trial: Trial, place: int) -> str:
        """Of its number: which trial's configuration it has, too."""
        first = repeated(self._study, trial) if place == 0 else None
        return "" if first is None else f"{trial.number}, a repeat of {first}"

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by the exact values of `column`; what has none comes last either way."""
        self._sort = (column, order)
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self.columns) - 1)
        self._settle()

    # -- for the panel --------------------------------------------------------------------------

    def set_filter(self, text: str) -> None:
        """Show only the trials that `text` lets through (see trial_filter)."""
        self._filter = text
        self._settle()

    def catch_up(self) -> None:
        """Take in what has changed since the last time."""
        changed, self._changed = self._changed, set()
        best = self._study.best.number if self._study.best is not None else None
        changed |= {number for number in (self._best, best) if best != self._best} - {None}
        self._best = best
        self._say_changed(changed)
        if changed:
            self._settle()

    def _note(self, numbers: list[int]) -> None:
        self._changed.update(numbers)

    def number_at(self, row: int) -> int:
        """The number of the trial in a row of the table."""
        return int(self._study.arrays.column("number")[self._order[row]])

    def row_of(self, number: int | None) -> int | None:
        """The row of a trial in the table, None if it is filtered out or there is none."""
        at = np.flatnonzero(self._order == self._study.arrays.rows.get(number, -1))
        return int(at[0]) if len(at) else None

    # -- how rows get to their places -----------------------------------------------------------

    def _trial(self, row: int) -> Trial:
        return self._study.trials[self.number_at(row)]

    def _say_changed(self, numbers: set[int]) -> None:
        rows = np.array([self._study.arrays.rows[number] for number in numbers], dtype=np.intp)
        at = np.flatnonzero(np.isin(self._order, rows))
        if len(at):
            last = self.index(int(at[-1]), len(self.columns) - 1)
            self.dataChanged.emit(self.index(int(at[0]), 0), last)

    def _settle(self) -> None:
        """Bring the rows to where the filter and the sorting want them."""
        wanted = self._wanted()
        self._remove(~np.isin(self._order, wanted))
        self._append(wanted[~np.isin(wanted, self._order)])
        if not np.array_equal(self._order, wanted):
            self._move(wanted)

    def _wanted(self) -> np.ndarray:
        column, order = self._sort
        rows = np.flatnonzero(rows_matching(self._study, self._filter))
        keys, behind = self.columns[column].keys()[rows], self.columns[column].behind
        if order == Qt.SortOrder.DescendingOrder:
            keys = -keys
        later = np.isnan(keys) if behind is None else behind()[rows] | np.isnan(keys)
        return rows[np.lexsort((keys, later))]

    def _remove(self, unwanted: np.ndarray) -> None:
        edges = np.flatnonzero(np.diff(np.concatenate([[0], unwanted.astype(np.int8), [0]])))
        runs = edges.reshape(-1, 2)
        if len(runs) > _MOST_STEPS:
            self.beginResetModel()
            self._order = self._order[~unwanted]
            self.endResetModel()
            return
        for first, end in runs[::-1].tolist():
            self.beginRemoveRows(QModelIndex(), first, end - 1)
            self._order = np.delete(self._order, slice(first, end))
            self.endRemoveRows()

    def _append(self, rows: np.ndarray) -> None:
        if len(rows):
            first = len(self._order)
            self.beginInsertRows(QModelIndex(), first, first + len(rows) - 1)
            self._order = np.append(self._order, rows)
            self.endInsertRows()

    def _move(self, wanted: np.ndarray) -> None:
        self.layoutAboutToBeChanged.emit()
        places = np.empty(len(self._study.arrays), dtype=np.intp)
        places[wanted] = np.arange(len(wanted))
        before = self.persistentIndexList()
        rows = [int(places[self._order[index.row()]]) for index in before]
        self._order = wanted
        after = [self.index(row, old.column()) for row, old in zip(rows, before, strict=True)]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()


def _alignment(column: Column) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column.numeric else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def _colour(trial: Trial, column: Column, place: int) -> QColor:
    """The state in its own; a value that the trial would not have ended with is dimmed."""
    if place == _STATE:
        return state_mark(trial.state).colour
    return theme().muted if _is_unfinished(trial, column) else theme().text


def _is_unfinished(trial: Trial, column: Column) -> bool:
    """Whether a cell holds the last value of a trial that was stopped early."""
    return column.behind is not None and trial.state is TrialState.PRUNED


def _is_why(trial: Trial, column: Column) -> bool:
    """Whether a cell says why a trial failed."""
    return trial.failure is not None and column.title == "Failure"


def _tip(trial: Trial, column: Column) -> str | None:
    if trial.failure is not None and column.title in ("State", "Failure"):
        click = "Click to see its output." if _is_why(trial, column) else ""
        last = "\n".join(trial.failure.log_tail.splitlines()[-_LINES_IN_TIP:])
        return "\n".join(filter(None, (trial.failure.message, last, click)))
    if trial.note and column.title == "State":
        return trial.note
    exact = column.exact(trial)
    if exact and _is_unfinished(trial, column):
        return f"{exact}, the last value it had: it was stopped early"
    return exact or None
