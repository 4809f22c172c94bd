"""The Start page: recent studies, bundled examples, New and Open. Never empty."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QMenu,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from gui.models.examples import Example
from gui.models.method_words import method_words
from gui.models.recent import BEST, FOLDER, NAME, STATE, TRIALS, WHEN, RecentModel
from gui.theme import CARD, CONTROL, GROUP, PAGE
from gui.widgets.buttons import button, tool
from gui.widgets.cards import Card, PressCard
from gui.widgets.tables import Table
from gui.widgets.text import label

_ROWS_SHOWN = 7
_WIDEST = 1180
_EXAMPLES_A_ROW = 3


class StartPage(QScrollArea):
    """What the window opens on."""

    newRequested = Signal()
    openRequested = Signal()
    pathChosen = Signal(Path)

    def __init__(self, recent: RecentModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setAccessibleName("Home")
        self._recent = recent
        self._examples = QGridLayout()
        self._examples.setSpacing(CARD)
        inner = QWidget()
        inner.setMaximumWidth(_WIDEST)
        column = QVBoxLayout(inner)
        column.setContentsMargins(PAGE, PAGE, PAGE, PAGE)
        column.setSpacing(CARD)
        column.addLayout(self._heading())
        column.addSpacing(CONTROL)
        column.addWidget(self._recent_studies())
        column.addSpacing(CONTROL)
        column.addLayout(self._example_section())
        column.addStretch(1)
        outer = QWidget()
        row = QHBoxLayout(outer)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(inner)
        self.setWidget(outer)
        recent.listChanged.connect(self._show_list_or_hint)
        self._show_list_or_hint()

    def set_examples(self, examples: Sequence[Example]) -> None:
        """Show the bundled examples as cards."""
        for place, example in enumerate(examples):
            card = _example_card(example)
            card.pressed.connect(lambda path=example.path: self.pathChosen.emit(path))
            self._examples.addWidget(card, *divmod(place, _EXAMPLES_A_ROW))
        for column in range(_EXAMPLES_A_ROW):
            self._examples.setColumnStretch(column, 1)

    # -- building -------------------------------------------------------------------------------

    def _heading(self) -> QHBoxLayout:
        words = QVBoxLayout()
        words.setSpacing(GROUP)
        words.addWidget(label("Tunescape", "figure"))
        words.addWidget(
            label(
                "Say what to search, press Run, watch the landscape being discovered.", tone="muted"
            )
        )
        row = QHBoxLayout()
        row.setSpacing(CONTROL)
        row.addLayout(words)
        row.addStretch(1)
        row.addWidget(
            button("Open…", self.openRequested.emit, tip="Open a study or a spec (Ctrl+O)"),
            alignment=Qt.AlignmentFlag.AlignBottom,
        )
        row.addWidget(
            button(
                "New study",
                self.newRequested.emit,
                "primary",
                "Design a new study (Ctrl+N)",
                "plus",
            ),
            alignment=Qt.AlignmentFlag.AlignBottom,
        )
        return row

    def _recent_studies(self) -> QWidget:
        section = QWidget()
        column = QVBoxLayout(section)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(CONTROL)
        head = QHBoxLayout()
        head.addWidget(label("Recent studies", "title"))
        head.addStretch(1)
        self._remove = tool(
            "playlist-remove", "Remove from list (Delete); the file stays", self._remove_chosen
        )
        head.addWidget(self._remove)
        column.addLayout(head)
        self._table = self._recent_table()
        self.hint = _hint()
        column.addWidget(self._table)
        column.addWidget(self.hint)
        return section

    def _recent_table(self) -> Table:
        table = Table(self._recent, "Recent studies")
        table.setSelectionMode(Table.SelectionMode.ExtendedSelection)
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        widths = {NAME: 26, STATE: 16, TRIALS: 12, BEST: 12, WHEN: 20}
        for column, characters in widths.items():
            header.resizeSection(column, characters * table.fontMetrics().averageCharWidth())
        header.setSectionResizeMode(FOLDER, QHeaderView.ResizeMode.Stretch)
        table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        table.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        table.activated.connect(self._open_row)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.customContextMenuRequested.connect(self._offer)
        table.selectionModel().selectionChanged.connect(self._enable)
        table.on_key("Delete", self._remove_chosen)
        return table

    def _example_section(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(CONTROL)
        column.addWidget(label("Examples", "title"))
        column.addWidget(label("Small real studies, ready to run.", tone="muted"))
        column.addSpacing(GROUP)
        column.addLayout(self._examples)
        return column

    # -- doing ----------------------------------------------------------------------------------

    def _show_list_or_hint(self) -> None:
        rows = self._recent.rowCount()
        self._table.setVisible(rows > 0)
        self.hint.setVisible(rows == 0)
        shown = min(max(rows, 1), _ROWS_SHOWN)
        table = self._table
        height = table.horizontalHeader().sizeHint().height() + 2 * table.frameWidth()
        height += shown * table.verticalHeader().defaultSectionSize()
        table.setFixedHeight(height)
        self._enable()

    def _enable(self) -> None:
        self._remove.setVisible(bool(self._recent.rowCount()))
        self._remove.setEnabled(bool(self._table.chosen_rows()))

    def _open_row(self, index: QModelIndex) -> None:
        study = self._recent.study(index.row())
        if not study.missing:
            self.pathChosen.emit(Path(study.path))

    def _remove_chosen(self) -> None:
        for row in reversed(self._table.chosen_rows()):
            self._recent.remove(row)

    def _offer(self, place: QPoint) -> None:
        index = self._table.indexAt(place)
        if not index.isValid():
            return
        menu = QMenu(self._table)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        opening = menu.addAction("Open", lambda: self._open_row(index))
        opening.setEnabled(not self._recent.study(index.row()).missing)
        menu.addAction("Remove from list", self._remove_chosen)
        menu.popup(self._table.viewport().mapToGlobal(place))


def _hint() -> QWidget:
    card = Card()
    card.column.addWidget(label("Nothing has been run here yet."))
    card.column.addWidget(
        label(
            "Choose an example below and press Run: it takes less than a minute. "
            "Or press New study for a search over your own data.",
            tone="muted",
            wrap=True,
        )
    )
    return card


def _example_card(example: Example) -> PressCard:
    card = PressCard()
    card.setAccessibleName(f"Example {example.name}")
    card.setToolTip(f"Open {example.path.name} in Design")
    card.column.addWidget(label(example.name, "title"))
    card.column.addWidget(label(example.description, wrap=True), 1, Qt.AlignmentFlag.AlignTop)
    method = method_words(example.method).title
    trials = f" · {example.trials} trials" if example.trials else ""
    card.column.addWidget(label(f"{method}{trials}", "caption", "muted"))
    return card
