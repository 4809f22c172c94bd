"""Boxes to choose one of a few things from, as wide as these need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QComboBox


def choice(name: str, entries: Iterable[tuple[str, str]] = ()) -> QComboBox:
    """A box with this accessible name; each entry is a text and what it says of itself."""
    result = QComboBox()
    result.setAccessibleName(name)
    result.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    for place, (text, tip) in enumerate(entries):
        result.addItem(text)
        result.setItemData(place, tip, Qt.ItemDataRole.ToolTipRole)
    return result


def fill(box: QComboBox, texts: Sequence[str], index: int) -> None:
    """Offer other texts, the one at `index` or the last one chosen, without a signal."""
    with QSignalBlocker(box):
        box.clear()
        box.addItems(texts)
        box.setCurrentIndex(min(index, len(texts) - 1))
