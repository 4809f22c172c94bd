"""The search space: a table to edit, what is wrong with it, and buttons for its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from PySide6.QtCore import QEvent, QItemSelectionModel, QObject, QSize, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QMenu,
    QToolButton,
    QWidget,
)

from engine.parameters import Categorical, Parameter, SpaceError, When
from engine.tasks.catalog import Hyperparameter
from gui.models.cells import Column
from gui.models.space_model import SpaceModel
from gui.pages.design.delegate import SpaceDelegate
from gui.theme import CONTROL, GROUP, ICON, icon
from gui.widgets.buttons import tool
from gui.widgets.cards import Card
from gui.widgets.tables import Table
from gui.widgets.text import label, say

_SHARES = {
    Column.NAME: 18,
    Column.KIND: 10,
    Column.LOW: 12,
    Column.HIGH: 12,
    Column.LOG: 6,
    Column.STEP: 8,
    Column.GRID: 14,
    Column.DEFAULT: 10,
    Column.FIXED: 10,
    Column.WHEN: 20,
}
"""How the columns share the table's width, beyond what their titles need."""
_SIGN = 14
_LAYER = "width_"
_HINT = "Return or F2 edits a cell, Delete removes a row, Alt with the arrows moves it."
_FEWEST_ROWS, _MOST_FEWEST = 3, 5
"""Rows that there is room for at least: as many as the space has, within these."""


class SpaceCard(Card):
    """The space table and all that is done with it."""

    def __init__(self, model: SpaceModel, parent: QWidget | None = None) -> None:
        super().__init__("What to search", parent)
        self.model = model
        self._known: Mapping[str, Hyperparameter] = {}
        self.table = self._make_table()
        self.sentence = label(_HINT, "caption", "muted", wrap=True)
        self.sentence.setAccessibleName("What is wrong with the space")
        self._menu = QMenu(self)
        self._menu.setToolTipsVisible(True)
        self.column.addLayout(self._head())
        self.column.addWidget(self.table, 1)
        self.column.addWidget(self.sentence)
        self.column.removeWidget(self.title)
        for signal in (model.shapeChanged, model.modelReset):
            signal.connect(self._span)
            signal.connect(self._make_room)
        self._keys()
        self._span()
        self._make_room()
        self._enable()

    def set_known(self, known: Mapping[str, Hyperparameter]) -> None:
        """What the chosen network can be tuned by."""
        self._known = known
        self._delegate.set_known({name: (h.label, h.help) for name, h in known.items()})
        self.model.set_hints({name: f"{h.label}. {h.help}" for name, h in known.items()})

    def set_problems(self, problems: Sequence[SpaceError]) -> None:
        """Say what is wrong, beside the cells and in a sentence."""
        self.model.set_problems(problems)
        more = f" And {len(problems) - 1} more." if len(problems) > 1 else ""
        if problems:
            say(self.sentence, f"✕ {problems[0]}{more}", "bad")
        else:
            say(self.sentence, _HINT, "muted")

    # -- building -------------------------------------------------------------------------------

    def _make_table(self) -> Table:
        table = Table(self.model, "Search space")
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectItems)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
            | QAbstractItemView.EditTrigger.AnyKeyPressed
            | QAbstractItemView.EditTrigger.SelectedClicked
        )
        table.setTabKeyNavigation(True)
        table.setShowGrid(True)
        table.setSizeAdjustPolicy(QAbstractItemView.SizeAdjustPolicy.AdjustToContents)
        table.setIconSize(QSize(_SIGN, _SIGN))
        self._delegate = SpaceDelegate(table)
        table.setItemDelegate(self._delegate)
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setMinimumSectionSize(4 * table.fontMetrics().averageCharWidth())
        table.selectionModel().selectionChanged.connect(self._enable)
        table.viewport().installEventFilter(self)
        return table

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._share_width()
        return super().eventFilter(watched, event)

    def _share_width(self) -> None:
        """Give each column what its title needs, and of the rest its share."""
        header = self.table.horizontalHeader()
        needed = {column: header.sectionSizeHint(column) for column in _SHARES}
        spare = max(0, self.table.viewport().width() - sum(needed.values()))
        total = sum(_SHARES.values())
        for column, share in _SHARES.items():
            header.resizeSection(column, needed[column] + spare * share // total)

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GROUP)
        row.addWidget(self.title)
        row.addStretch(1)
        self._adding = QToolButton()
        self._adding.setText("Add")
        self._adding.setIcon(icon("plus"))
        self._adding.setIconSize(QSize(ICON, ICON))
        self._adding.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._adding.setToolTip("Add a parameter to search")
        self._adding.clicked.connect(self._offer)
        self._row_tools = [
            tool("content-duplicate", "Duplicate the row (Ctrl+D)", self._duplicate),
            tool("arrow-up", "Move the row up (Alt+Up)", lambda: self._move(-1)),
            tool("arrow-down", "Move the row down (Alt+Down)", lambda: self._move(1)),
            tool("delete-outline", "Remove the rows (Delete)", self._remove),
        ]
        row.addWidget(self._adding)
        row.addSpacing(CONTROL)
        for widget in self._row_tools:
            row.addWidget(widget)
        return row

    def _keys(self) -> None:
        for keys, action in (
            ("Delete", self._remove),
            ("Ctrl+D", self._duplicate),
            ("Alt+Up", lambda: self._move(-1)),
            ("Alt+Down", lambda: self._move(1)),
        ):
            self.table.on_key(keys, action)

    def _make_room(self) -> None:
        rows = min(max(_FEWEST_ROWS, self.model.rowCount()), _MOST_FEWEST)
        height = rows * self.table.verticalHeader().defaultSectionSize()
        header = self.table.horizontalHeader().sizeHint().height()
        self.table.setMinimumHeight(header + height + 2 * self.table.frameWidth())

    def _span(self) -> None:
        """Give choices the room of the four columns that only numbers have a use for."""
        self.table.clearSpans()
        for row in range(self.model.rowCount()):
            if isinstance(self.model.parameter(row), Categorical):
                self.table.setSpan(row, Column.LOW, 1, Column.STEP - Column.LOW + 1)
        self._enable()

    # -- doing ----------------------------------------------------------------------------------

    def _enable(self) -> None:
        chosen = bool(self.table.chosen_rows())
        for widget in self._row_tools:
            widget.setEnabled(chosen)

    def _offer(self) -> None:
        """Show what the network can be tuned by and is not searched yet."""
        self._menu.clear()
        layers = QMenu("Width of a single layer", self._menu)
        for name, known in self._unused().items():
            menu = layers if name.startswith(_LAYER) else self._menu
            action = menu.addAction(f"{known.label}  ({name})", lambda n=name: self.add(n))
            action.setToolTip(known.help)
        if not layers.isEmpty():
            self._menu.addMenu(layers)
        if self._menu.isEmpty():
            self._menu.addAction("Everything is in the table already").setEnabled(False)
        self._menu.popup(self._adding.mapToGlobal(self._adding.rect().bottomLeft()))

    def add(self, name: str) -> None:
        """Add a parameter with its suggested range."""
        row = self.model.add(self._suggested(name))
        self._choose(row, Column.LOW)

    def _suggested(self, name: str) -> Parameter:
        """The suggested definition, without a condition that this space cannot have."""
        parameter = self._known[name].parameter
        when = parameter.when
        if isinstance(when, When) and when.parameter not in self._names():
            return replace(parameter, when=None)
        return parameter

    def _unused(self) -> dict[str, Hyperparameter]:
        taken = self._names()
        return {name: known for name, known in self._known.items() if name not in taken}

    def _names(self) -> set[str]:
        return {self.model.parameter(row).name for row in range(self.model.rowCount())}

    def _remove(self) -> None:
        chosen = self.table.chosen_rows()
        if chosen:
            self.model.remove(chosen)
            self._choose(min(chosen[0], self.model.rowCount() - 1), Column.NAME)

    def _duplicate(self) -> None:
        for row in self.table.chosen_rows()[:1]:
            name = next(iter(self._unused()), f"{self.model.parameter(row).name}_2")
            self._choose(self.model.duplicate(row, name), Column.NAME)

    def _move(self, by: int) -> None:
        for row in self.table.chosen_rows()[:1]:
            column = self.table.currentIndex().column()
            self._choose(self.model.move(row, by), Column(max(column, 0)))

    def _choose(self, row: int, column: Column) -> None:
        if row >= 0:
            self.table.selectionModel().setCurrentIndex(
                self.model.index(row, column), QItemSelectionModel.SelectionFlag.ClearAndSelect
            )
            self.table.setFocus()
