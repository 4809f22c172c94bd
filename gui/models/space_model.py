"""The search space of the draft as an editable table: one row a parameter.

It shows what the draft holds and passes on what is typed; undo, and what is wrong with a
definition, are the draft's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, Signal
from PySide6.QtGui import QColor

from engine.parameters import Parameter, SpaceError
from gui.models.cells import Column, cell_text, column_of, field_of, with_text
from gui.models.document import Row, rows_of
from gui.models.draft import Draft
from gui.theme import icon, notifier, theme

TITLES = {
    Column.NAME: ("Parameter", "What is searched"),
    Column.KIND: ("Type", "float: any number; int: whole numbers; choices: one of a list"),
    Column.LOW: ("Low", "The smallest value, or the list of choices"),
    Column.HIGH: ("High", "The largest value"),
    Column.LOG: ("Log", "Equal ratios count alike: 0.001 to 0.01 as much as 0.01 to 0.1"),
    Column.STEP: ("Step", "Only low, low + step, … are tried"),
    Column.GRID: ("Grid", "How many points a grid tries, or the points themselves: 32, 64, 128"),
    Column.DEFAULT: ("Default", "The value that a first trial takes"),
    Column.FIXED: ("Fixed at", "One value for every trial: the parameter is then not searched"),
    Column.WHEN: ("Only when", "Active only while another parameter has a value: optimizer = sgd"),
}
_NUMBERS = frozenset({Column.LOW, Column.HIGH, Column.STEP, Column.DEFAULT, Column.FIXED})
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class SpaceModel(QAbstractTableModel):
    """A view of `draft.document.rows`; rows keep their identity while they are edited and moved."""

    shapeChanged = Signal()
    """Rows came, went or changed their type, so that cells span other columns."""

    def __init__(self, draft: Draft, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._draft = draft
        self._rows: tuple[Row, ...] = draft.document.rows
        self._problems: dict[int, SpaceError] = {}
        self._hints: dict[str, str] = {}
        draft.changed.connect(self._follow)
        notifier.themeChanged.connect(self._repaint)

    # -- what it holds --------------------------------------------------------------------------

    def parameter(self, row: int) -> Parameter:
        """The definition in `row`."""
        return self._rows[row].parameter

    def problem(self, row: int) -> SpaceError | None:
        """What is wrong with a row."""
        return self._problems.get(row)

    def set_problems(self, problems: Sequence[SpaceError]) -> None:
        """Mark what is wrong."""
        found = {problem.index: problem for problem in problems if problem.index is not None}
        if {i: str(p) for i, p in found.items()} != {i: str(p) for i, p in self._problems.items()}:
            self._problems = found
            self._repaint()

    def set_hints(self, hints: dict[str, str]) -> None:
        """What to say about parameters by name, in tooltips."""
        self._hints = hints

    # -- what changes it ------------------------------------------------------------------------

    def add(self, parameter: Parameter) -> int:
        """Add a parameter at the end; its row."""
        rows = self._draft.document.rows
        self._draft.set_rows(f"adding {parameter.name}", rows + rows_of([parameter]))
        return len(rows)

    def remove(self, chosen: Sequence[int]) -> None:
        """Remove rows."""
        kept = tuple(row for i, row in enumerate(self._rows) if i not in set(chosen))
        names = ", ".join(self._rows[i].parameter.name for i in chosen)
        self._draft.set_rows(f"removal of {names}", kept)

    def duplicate(self, row: int, name: str) -> int:
        """Add a copy of a row below it, under another name; its row."""
        copy = replace(self._rows[row].parameter, name=name)
        rows = (*self._rows[: row + 1], *rows_of([copy]), *self._rows[row + 1 :])
        self._draft.set_rows(f"copy of {self._rows[row].parameter.name}", rows)
        return row + 1

    def move(self, row: int, by: int) -> int:
        """Move a row up (-1) or down (1); where it is then."""
        target = row + by
        if not 0 <= target < len(self._rows):
            return row
        rows = list(self._rows)
        rows.insert(target, rows.pop(row))
        self._draft.set_rows(f"move of {rows[target].parameter.name}", tuple(rows))
        return target

    def put(self, row: int, parameter: Parameter) -> None:
        """Replace a row's definition as a whole."""
        self._draft.set_parameter(row, parameter, f"choice of {parameter.name}")

    def _follow(self) -> None:
        """Take over the draft's rows with the smallest change that the views have to follow."""
        before, after = self._rows, self._draft.document.rows
        if before is after:
            return
        kinds = [type(row.parameter) for row in before]
        old, new = [row.uid for row in before], [row.uid for row in after]
        if old == new:
            self._take(after)
            self._repaint()
        elif len(new) == len(old) + 1 and (place := _inserted(old, new)) is not None:
            self.beginInsertRows(QModelIndex(), place, place)
            self._take(after)
            self.endInsertRows()
        elif len(new) == len(old) - 1 and (place := _inserted(new, old)) is not None:
            self.beginRemoveRows(QModelIndex(), place, place)
            self._take(after)
            self.endRemoveRows()
        else:
            self.beginResetModel()
            self._take(after)
            self.endResetModel()
        if old != new or kinds != [type(row.parameter) for row in after]:
            self.shapeChanged.emit()

    def _take(self, rows: tuple[Row, ...]) -> None:
        self._rows = rows
        self._problems = {}

    def _repaint(self) -> None:
        if self._rows:
            last = self.index(len(self._rows) - 1, len(Column) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    # -- as Qt asks for it ----------------------------------------------------------------------

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return TITLES[Column(section)][0]
            case Qt.ItemDataRole.ToolTipRole:
                return TITLES[Column(section)][1]
            case Qt.ItemDataRole.TextAlignmentRole:
                return _RIGHT if section in _NUMBERS else _LEFT
        return None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        flags = super().flags(index)
        if not index.isValid():
            return flags
        field = field_of(self.parameter(index.row()), Column(index.column()))
        if field == "log":
            return flags | Qt.ItemFlag.ItemIsUserCheckable
        return flags | Qt.ItemFlag.ItemIsEditable if field else flags

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = index.row(), Column(index.column())
        parameter = self.parameter(row)
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.EditRole:
                return self._text(parameter, column, role)
            case Qt.ItemDataRole.CheckStateRole if field_of(parameter, column) == "log":
                on = bool(getattr(parameter, "log", False))
                return Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
            case Qt.ItemDataRole.TextAlignmentRole:
                return _RIGHT if column in _NUMBERS and self._is_number(row, column) else _LEFT
            case Qt.ItemDataRole.ForegroundRole:
                return self._colour(row, column)
            case Qt.ItemDataRole.DecorationRole if self._marked(row) == column:
                return icon("alert-circle-outline", "bad")
            case Qt.ItemDataRole.ToolTipRole:
                return self._tip(row, column)
        return None

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        row, column = index.row(), Column(index.column())
        parameter = self.parameter(row)
        what = f"change of {parameter.name} {TITLES[column][0].lower()}"
        if role == Qt.ItemDataRole.CheckStateRole:
            on = Qt.CheckState(value) == Qt.CheckState.Checked
            self._draft.set_parameter(row, replace(parameter, log=on), what)
            return True
        if role != Qt.ItemDataRole.EditRole:
            return False
        self._draft.set_parameter(row, with_text(parameter, column, str(value)), what)
        return True

    def _text(self, parameter: Parameter, column: Column, role: int) -> str:
        text = cell_text(parameter, column)
        if role == Qt.ItemDataRole.EditRole or text:
            return text
        if column == Column.WHEN:
            return "always"
        return ""

    def _is_number(self, row: int, column: Column) -> bool:
        return field_of(self.parameter(row), column) != "choices"

    def _marked(self, row: int) -> Column | None:
        problem = self._problems.get(row)
        return None if problem is None else column_of(problem.field)

    def _colour(self, row: int, column: Column) -> QColor | None:
        if self._marked(row) == column:
            return theme().bad
        parameter = self.parameter(row)
        searched = parameter.value is None
        if not searched and column not in (Column.NAME, Column.KIND, Column.FIXED, Column.WHEN):
            return theme().muted
        if column == Column.KIND or (column == Column.WHEN and parameter.when is None):
            return theme().muted
        return None

    def _tip(self, row: int, column: Column) -> str:
        if self._marked(row) == column:
            return str(self._problems[row])
        if column == Column.NAME:
            return self._hints.get(self.parameter(row).name, "")
        text = cell_text(self.parameter(row), column)
        return text if len(text) > 16 else TITLES[column][1]


def _inserted(fewer: list[int], more: list[int]) -> int | None:
    """Where one item was put into `fewer` to make `more`; None if that is not what happened."""
    place = next((i for i, uid in enumerate(fewer) if more[i] != uid), len(fewer))
    return place if fewer[place:] == more[place + 1 :] else None
