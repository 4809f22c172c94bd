"""A card over the page's lower edge for what has happened or has to be decided.

It moves nothing when it comes and goes. What needs no answer goes by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from gui.theme import CARD, CONTROL, PAGE
from gui.widgets.buttons import button, tool
from gui.widgets.text import label, say

_GLYPHS = {"": "ℹ", "warn": "▲", "bad": "✕", "good": "✓"}

_STAYS_MS = 6000
_CHARACTERS = 120
_ABOVE_EDGE = 88

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
        row.setContentsMargins(CARD, CONTROL, CONTROL, CONTROL)
        row.setSpacing(CONTROL)
        row.addWidget(self._glyph)
        row.addWidget(self._text, 1)
        row.addLayout(self._answers)
        row.addWidget(tool("close", "Dismiss this notice", self.dismiss))
        self._leaving = QTimer(self, singleShot=True, interval=_STAYS_MS)
        self._leaving.timeout.connect(self.dismiss)
        self.hide()

    def float_over(self, page: QWidget) -> None:
        """Live on top of `page`, in the middle of its lower edge."""
        self.setParent(page)
        page.installEventFilter(self)

    def eventFilter(self, page: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._take_place()
        return super().eventFilter(page, event)

    def _take_place(self) -> None:
        page = self.parentWidget()
        width = min(page.width() - 2 * PAGE, self.fontMetrics().averageCharWidth() * _CHARACTERS)
        height = max(self.heightForWidth(width), self.sizeHint().height())
        left = (page.width() - width) // 2
        self.setGeometry(left, page.height() - height - _ABOVE_EDGE, width, height)
        self.raise_()

    @property
    def text(self) -> str:
        """What is shown, empty when nothing is."""
        return "" if self.isHidden() else self._text.text()

    def withdraw(self, sentence: str) -> None:
        """Take a sentence away if it is still the one that is shown."""
        if self._text.text() == sentence:
            self.dismiss()

    def tell(self, sentence: str, tone: str = "", answers: Sequence[Answer] = ()) -> None:
        """Show a sentence in place of the one before."""
        say(self._glyph, _GLYPHS[tone], tone or "accent")
        self._text.setText(sentence)
        self._clear_answers()
        for text, action in answers:
            self._answers.addWidget(self._answer(text, action))
        self._leaving.stop()
        if tone in ("", "good") and not answers:
            self._leaving.start()
        self._take_place()
        self.show()

    def dismiss(self) -> None:
        """Take the sentence away."""
        self._leaving.stop()
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
