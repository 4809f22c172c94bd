"""A line under the status strip for what has happened or has to be decided; never in the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from gui.theme import CARD, CONTROL, GROUP
from gui.widgets.buttons import button, tool
from gui.widgets.text import label, say

_GLYPHS = {"": "ℹ", "warn": "▲", "bad": "✕", "good": "✓"}

Answer = tuple[str, Callable[[], object]]


class NoticeBar(QFrame):
    """Shows one sentence at a time, with buttons where an answer is wanted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self.setAccessibleName("Notice")
        self._glyph: QLabel = label()
        self._text: QLabel = label(wrap=True)
        self._answers = QHBoxLayout()
        self._answers.setSpacing(CONTROL)
        row = QHBoxLayout(self)
        row.setContentsMargins(CARD, GROUP, CONTROL, GROUP)
        row.setSpacing(CONTROL)
        row.addWidget(self._glyph)
        row.addWidget(self._text, 1)
        row.addLayout(self._answers)
        row.addWidget(tool("close", "Dismiss this notice", self.dismiss))
        self.hide()

    @property
    def text(self) -> str:
        """What is shown, empty when nothing is."""
        return "" if self.isHidden() else self._text.text()

    def tell(self, sentence: str, tone: str = "", answers: Sequence[Answer] = ()) -> None:
        """Show a sentence in place of the one before."""
        say(self._glyph, _GLYPHS[tone], tone or "accent")
        self._text.setText(sentence)
        self._clear_answers()
        for text, action in answers:
            self._answers.addWidget(self._answer(text, action))
        self.show()

    def dismiss(self) -> None:
        """Take the sentence away."""
        self._clear_answers()
        self.hide()

    def answer_buttons(self) -> list[QPushButton]:
        """The buttons shown, in their order."""
        return [self._answers.itemAt(i).widget() for i in range(self._answers.count())]

    def _answer(self, text: str, action: Callable[[], object]) -> QPushButton:
        def chosen() -> None:
            self.dismiss()
            action()

        return button(text, chosen)

    def _clear_answers(self) -> None:
        while self._answers.count():
            self._answers.takeAt(0).widget().deleteLater()
