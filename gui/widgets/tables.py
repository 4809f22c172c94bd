"""Tables as they look and behave everywhere: whole rows, no grid, exact values copied."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QAbstractItemModel, QEvent, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

ROW_AIR = 14
"""Pixels of a row's height above that of its text."""


class Table(QTableView):
    """A table of records: rows are chosen whole, Ctrl+C copies them as tab-separated text."""

    def __init__(self, model: QAbstractItemModel, name: str) -> None:
        super().__init__()
        self.setModel(model)
        self.setAccessibleName(name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + ROW_AIR)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self._keys: dict[QKeySequence, Callable[[], object]] = {}
        self.on_key("Ctrl+C", self.copy)

    def on_key(self, keys: str, action: Callable[[], object]) -> None:
        """Do something when `keys` are pressed in the table, though not in a cell's editor."""
        self._keys[QKeySequence(keys)] = action

    def keyPressEvent(self, event: QKeyEvent) -> None:
        action = self._keys.get(QKeySequence(event.keyCombination()))
        if action is None:
            super().keyPressEvent(event)
        else:
            action()

    def event(self, event: QEvent) -> bool:
        """Keys of the table's own come to it before any shortcut of the window."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            event.setAccepted(QKeySequence(event.keyCombination()) in self._keys)
            return event.isAccepted() or super().event(event)
        return super().event(event)

    def chosen_rows(self) -> list[int]:
        """The rows of the selection, from the top."""
        return sorted({index.row() for index in self.selectionModel().selectedIndexes()})

    def copy(self) -> None:
        """Put the selection on the clipboard, values with all of their digits."""
        rows = [
            "\t".join(self._copied(row, column) for column in range(self.model().columnCount()))
            for row in self.chosen_rows()
        ]
        if rows:
            QGuiApplication.clipboard().setText("\n".join(rows))

    def _copied(self, row: int, column: int) -> str:
        index = self.model().index(row, column)
        exact = index.data(Qt.ItemDataRole.EditRole)
        text = exact if exact is not None else index.data(Qt.ItemDataRole.DisplayRole)
        return "" if text is None else str(text)
