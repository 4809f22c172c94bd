"""All trials as a table: sort by any column, filter by words, copy exact values."""

from __future__ import annotations

from itertools import compress

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, Qt
from PySide6.QtWidgets import QAbstractItemView, QLineEdit

from engine.trial import TrialState
from gui.models.study_model import StudyModel
from gui.models.trial_commands import TrialCommand, is_possible
from gui.models.trials_model import TrialsModel
from gui.panels.panel import Panel, column
from gui.panels.trial_menu import open_trial_menu
from gui.theme import GROUP, font, icon
from gui.widgets.tables import Table
from gui.widgets.text import label

_ROWS_TO_MEASURE, _FEW = 40, 10
_AIR, _LITTLE_AIR, _NARROWEST = 22, 20, 160
_WIDEST_PART = 3
"""No column but the last is at first wider than the table divided by this."""


class TrialsPanel(Panel):
    """The table, and the box that filters it."""

    name = "trials"
    title = "Trials"

    def __init__(self) -> None:
        super().__init__()
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter: failed, adam, lr<1e-3")
        self.filter.setToolTip(
            "Words and comparisons that all have to hold, such as: failed   lr<1e-3   value<=0.1"
        )
        self.filter.setAccessibleName("Filter trials")
        self.filter.setClearButtonEnabled(True)
        self.filter.addAction(icon("magnify"), QLineEdit.ActionPosition.LeadingPosition)
        self.filter.setMinimumWidth(self.fontMetrics().averageCharWidth() * 40)
        self.filter.textChanged.connect(self._filter_changed)
        self.counted = label(role="caption", tone="muted")
        self.rows: TrialsModel | None = None
        self.table = Table(None, "Trials")
        self.table.setFont(font("body"))
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._open_menu)
        self.table.clicked.connect(self._clicked)
        self.table.on_key("Return", self._show_output)
        self.table.horizontalHeader().sortIndicatorChanged.connect(self._make_room_for_arrow)
        self._measured = 0
        self.control_row.addWidget(self.counted)
        self.control_row.addWidget(self.filter)
        column(self.body, self.table)

    def enter(self, model: StudyModel | None) -> None:
        old = self.rows
        self.rows = TrialsModel(model, self) if model is not None else None
        self.table.setModel(self.rows)
        if old is not None:
            old.deleteLater()
        self._measured = 0
        self.filter.clear()
        if self.rows is not None:
            header = self.table.horizontalHeader()
            header.setSectionsMovable(True)
            header.setStretchLastSection(True)
            header.setSortIndicator(0, Qt.SortOrder.AscendingOrder)
            self.table.setSortingEnabled(True)
            header.setSortIndicatorShown(False)  # the titles say it
            self.table.selectionModel().currentRowChanged.connect(self._row_chosen)

    def refresh(self) -> str:
        if not self.model.trials:
            return "Each trial appears here as a row as soon as it starts."
        self.rows.catch_up()
        failed = self.model.count(TrialState.FAILED)
        self.table.setColumnHidden(self.rows.columnCount() - 1, not failed)
        self._measure_columns()
        self._show_selected()
        shown, total = self.rows.rowCount(), len(self.model.trials)
        self.counted.setText(
            f"{shown} of {total}" if shown < total else f"{total} trial{'s' * (total != 1)}"
        )
        return ""

    def _measure_columns(self) -> None:
        """Make room for what is in the columns, while there are few rows; at first with each."""
        count = self.rows.rowCount()
        until = 2 * self._measured if self._measured >= _FEW else self._measured + 1
        if self._measured >= _ROWS_TO_MEASURE or count < until:
            return
        first, self._measured = self._measured == 0, count
        header = self.table.horizontalHeader()
        *widths, last = self._widths()
        for index, wanted in enumerate(widths):
            if first or wanted > header.sectionSize(index):
                header.resizeSection(index, wanted)
        left = self._room() - sum(header.sectionSize(index) for index in range(len(widths)))
        header.resizeSection(len(widths), min(last, max(_NARROWEST, left)))

    def _widths(self) -> list[int]:
        """Pixels for each column, with less air where that is what it takes to see them all."""
        room = self._room()
        most = max(_NARROWEST, room // _WIDEST_PART)
        texts = [self._text_width(index) for index in range(self.rows.columnCount())]
        with_air = [min(width + _AIR, most) for width in texts]
        seen = [not self.table.isColumnHidden(index) for index in range(len(texts))]
        if sum(compress(with_air, seen)) <= room:
            return with_air
        return [min(width + _LITTLE_AIR, most) for width in texts]

    def _room(self) -> int:
        """Pixels for the columns, which the table itself only knows once it has been shown."""
        bar = self.table.verticalScrollBar().sizeHint().width()
        return self.width() - 2 * GROUP - 2 * self.table.frameWidth() - bar

    def _text_width(self, index: int) -> int:
        """Pixels that the title and the first cells of a column take."""
        texts = [
            f"{self.rows.index(row, index).data()}"
            for row in range(min(self.rows.rowCount(), _ROWS_TO_MEASURE))
        ]
        title = self.rows.headerData(index, Qt.Orientation.Horizontal)
        return max(map(self.table.fontMetrics().horizontalAdvance, [title, *texts]))

    def _make_room_for_arrow(self, index: int) -> None:
        if self.rows is None:
            return
        header = self.table.horizontalHeader()
        wanted = self._text_width(index) + _LITTLE_AIR
        header.resizeSection(index, max(wanted, header.sectionSize(index)))

    def _filter_changed(self, text: str) -> None:
        if self.rows is not None:
            self.rows.set_filter(text)
            self.mark_dirty()
            row = self.rows.row_of(self.model.selected)
            if row is not None:
                self.table.scrollTo(self.rows.index(row, 0))

    # -- the selection --------------------------------------------------------------------------

    def _show_selected(self) -> None:
        row, current = self.rows.row_of(self.model.selected), self.table.currentIndex()
        if row is None:
            if self.model.selected is None:
                self.table.clearSelection()
                self.table.selectionModel().clearCurrentIndex()
        elif not current.isValid() or current.row() != row:
            index = self.rows.index(row, max(0, current.column()))
            flag = QItemSelectionModel.SelectionFlag
            self.table.selectionModel().setCurrentIndex(index, flag.ClearAndSelect | flag.Rows)
            self.table.scrollTo(index)

    def _row_chosen(self, current: object, _before: object) -> None:
        if current.isValid():
            self.model.select(self.rows.number_at(current.row()))

    def copy_selected(self) -> None:
        self.table.copy()

    def _clicked(self, index: QModelIndex) -> None:
        """A click on why a trial failed shows what it printed."""
        if index.column() == self.rows.columnCount() - 1:
            self._show_output()

    def _show_output(self) -> None:
        number = None if self.model is None else self.model.selected
        if is_possible(self.model, TrialCommand.OUTPUT, number):
            self.trial_command.emit(TrialCommand.OUTPUT, number)

    def _open_menu(self, place: QPoint) -> None:
        index = self.table.indexAt(place)
        number = self.rows.number_at(index.row()) if index.isValid() else None
        open_trial_menu(self, number, self.table.viewport().mapToGlobal(place))
