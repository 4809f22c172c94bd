"""The rail of places at the left edge: Home, Design, Run, Results."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QToolButton, QVBoxLayout, QWidget

from gui.theme import CONTROL, GROUP, font, icon

PLACES = (
    ("Home", "home-outline", "Recent studies, examples, new"),
    ("Design", "pencil-outline", "What to search, how, and what it will cost"),
    ("Run", "chart-scatter-plot", "How it is going, and what has been learned"),
    ("Results", "star-outline", "What to use, and whether to trust it"),
)
_GLYPH = 22


class Rail(QFrame):
    """One button a place, the current one marked."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Places")
        self._group = QButtonGroup(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(GROUP, CONTROL, GROUP, CONTROL)
        column.setSpacing(GROUP)
        for index, (name, glyph, tip) in enumerate(PLACES):
            column.addWidget(self._button(index, name, glyph, tip))
        column.addStretch(1)
        self._group.idClicked.connect(self.chosen)

    def set_current(self, index: int) -> None:
        """Mark the place that is shown."""
        self._group.button(index).setChecked(True)

    def _button(self, index: int, name: str, glyph: str, tip: str) -> QToolButton:
        result = QToolButton()
        result.setText(name)
        result.setIcon(icon(glyph))
        result.setIconSize(QSize(_GLYPH, _GLYPH))
        result.setFont(font("caption"))
        result.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        result.setCheckable(True)
        result.setToolTip(f"{tip} (Ctrl+{index + 1})")
        result.setAccessibleName(name)
        result.setMinimumWidth(result.fontMetrics().horizontalAdvance("Results") + 24)
        self._group.addButton(result, index)
        return result
