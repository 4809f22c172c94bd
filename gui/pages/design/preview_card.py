"""What the chosen data looks like: rows and columns, classes, images, parts, and what was noted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QProgressBar, QWidget

from gui.models.column_words import columns_in_words
from gui.numbers import count
from gui.theme import CONTROL
from gui.widgets.cards import Card
from gui.widgets.pictures import ClassBars, PartsBar, Thumbnails
from gui.widgets.text import label, say

if TYPE_CHECKING:
    from engine.tasks.preview import Preview

_TITLE = "The data"
_MOST_NOTES, _MOST_COLUMNS, _MOST_IN_TIP = 4, 6, 40


class PreviewCard(Card):
    """Shows one Preview, or why there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_TITLE, parent)
        self._busy = QProgressBar()
        self._busy.setRange(0, 0)
        self._busy.setTextVisible(False)
        policy = self._busy.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._busy.setSizePolicy(policy)
        self._size = label("", tone="muted", wrap=True)
        self._images = Thumbnails()
        self._bars = ClassBars()
        self._parts = PartsBar()
        self._notes = label("", "caption", "muted", wrap=True)
        self._columns = label("", "caption", "muted", wrap=True)
        self._problem = label("", tone="bad", wrap=True)
        self.column.addWidget(self._busy)
        self.column.addWidget(self._size)
        self.column.addWidget(self._problem)
        self.column.addSpacing(CONTROL)
        for drawn in (self._images, self._bars, self._parts):
            self.column.addWidget(drawn)
        self.column.addWidget(self._notes)
        self.column.addWidget(self._columns)
        self.column.addStretch(1)
        self._blank()

    @property
    def text(self) -> str:
        """All that is said in words."""
        return "\n".join(
            part.text()
            for part in (self.title, self._size, self._problem, self._notes, self._columns)
        )

    def look(self) -> None:
        """Say that a look is being taken; what was seen before stays until then."""
        self._busy.show()
        if not self._size.text():
            self._size.setText("Reading the data…")

    def show_preview(self, preview: Preview) -> None:
        """Show what was seen."""
        self._busy.hide()
        self.title.setText(preview.title)
        self._size.setText(_size_words(preview))
        say(self._problem, "\n".join(preview.problems), "warn")
        self._problem.setVisible(bool(preview.problems))
        self._images.set_images(preview.images, preview.image_labels)
        self._images.setVisible(bool(preview.images))
        self._bars.set_counts(preview.class_counts)
        self._bars.setVisible(bool(preview.class_counts))
        self._parts.set_parts(preview.parts)
        self._parts.setVisible(bool(preview.parts))
        self._notes.setText("\n".join(f"· {note}" for note in _notes(preview)))
        self._notes.setVisible(bool(preview.notes))
        self._columns.setText(columns_in_words(preview.columns, _MOST_COLUMNS))
        self._columns.setToolTip(columns_in_words(preview.columns, _MOST_IN_TIP))
        self._columns.setVisible(bool(preview.columns))

    def refuse(self, sentence: str) -> None:
        """Say why the data cannot be shown."""
        self._blank()
        self.title.setText(_TITLE)
        self._size.setText("")
        say(self._problem, f"✕ {sentence}", "bad")
        self._problem.show()

    def _blank(self) -> None:
        self._busy.hide()
        for widget in (
            self._images,
            self._bars,
            self._parts,
            self._notes,
            self._columns,
            self._problem,
        ):
            widget.hide()


def _size_words(preview: Preview) -> str:
    """Such as "1 797 images of 8 × 8, 10 classes"."""
    if preview.images:
        height, width = preview.images[0].shape[:2]
        what = f"{count(preview.rows)} images of {width} × {height}"
    else:
        what = f"{count(preview.rows)} rows"
        if preview.columns:
            what += f" of {count(len(preview.columns))} columns"
    if preview.class_counts:
        what += f", {len(preview.class_counts)} classes"
    return what


def _notes(preview: Preview) -> list[str]:
    shown = list(preview.notes[:_MOST_NOTES])
    if len(preview.notes) > _MOST_NOTES:
        shown.append(f"and {len(preview.notes) - _MOST_NOTES} more notes")
    return shown
