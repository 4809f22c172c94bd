"""The methods as cards; the chosen one explains itself, and shows its options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCheckBox, QWidget

from engine.methods import method_names
from gui.models.draft import Draft
from gui.models.method_words import method_words
from gui.theme import CONTROL, GROUP
from gui.widgets.cards import Card, ChoiceCard
from gui.widgets.text import ElidedLabel, label


class MethodCards(Card):
    """One card a method, like radio buttons: click, Space, or the arrow keys."""

    def __init__(self, draft: Draft, parent: QWidget | None = None) -> None:
        super().__init__("How to search", parent)
        self._draft = draft
        self._cards: dict[str, _MethodCard] = {}
        self.column.setSpacing(CONTROL)
        for name in method_names():
            card = _MethodCard(name)
            card.pressed.connect(lambda name=name: self.choose(name))
            card.moved.connect(lambda by, name=name: self._step(name, by))
            self._cards[name] = card
            self.column.addWidget(card)
        self.quick = QuickTrials()
        self.quick.clicked.connect(self._weigh_cost)
        self._cards["bayesian"].show_below(self.quick)
        draft.changed.connect(self.refresh)
        self.refresh()

    @property
    def chosen(self) -> str:
        """The chosen method's name."""
        return str(self._draft.document.method.get("name", ""))

    def refresh(self) -> None:
        """Show the draft."""
        for name, card in self._cards.items():
            card.set_checked(name == self.chosen)
        self.quick.put(self._draft.document.method)

    def choose(self, name: str) -> None:
        """Take a method; options of another one do not go with it."""
        if name != self.chosen:
            self._draft.put_table("method", {"name": name})

    def card(self, name: str) -> ChoiceCard:
        """The card of a method."""
        return self._cards[name]

    def _weigh_cost(self, checked: bool) -> None:
        self._draft.set_entry("method", QuickTrials.OPTION, 1 if checked else None)

    def _step(self, name: str, by: int) -> None:
        names = list(self._cards)
        target = names[(names.index(name) + by) % len(names)]
        self.choose(target)
        self._cards[target].setFocus()


class QuickTrials(QCheckBox):
    """Whether Bayesian optimisation weighs improvement against seconds; there for it alone."""

    OPTION = "cost_weight"
    CAPTION = "Prefer quick trials"

    def __init__(self) -> None:
        super().__init__(self.CAPTION)
        tip = (
            "Look for the most improvement a second. Where configurations take unequal time, "
            "those that promise as much and are quicker come first; how long each will take is "
            "learned from the trials. Off: only the objective counts."
        )
        self.setToolTip(f"<p>{tip}</p>")
        self.setAccessibleDescription(tip)

    def put(self, method: Mapping[str, Any]) -> None:
        """Show what the draft's [method] says; a weight from a file other than one is named."""
        self.setVisible(method.get("name") == "bayesian")
        weight = method.get(self.OPTION, 0)
        plain = isinstance(weight, int | float) and weight in (0, 1)
        self.setText(self.CAPTION if plain else f"{self.CAPTION} (weight {weight})")
        with QSignalBlocker(self):
            self.setChecked(weight not in (0, False))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)


class _MethodCard(ChoiceCard):
    """A title and one line; of the chosen method all that there is to know."""

    def __init__(self, name: str) -> None:
        super().__init__()
        words = method_words(name)
        self.setAccessibleName(words.title)
        self.column.setContentsMargins(12, CONTROL, 12, CONTROL)
        self.column.setSpacing(GROUP)
        self._plain_title = words.title
        self._title = label(words.title)
        bold = self._title.font()
        bold.setBold(True)
        self._title.setFont(bold)
        self._line = ElidedLabel(words.line, "caption", "muted")
        more = [words.when, words.costs]
        self._all = [
            label(words.what, wrap=True),
            *(label(text, "caption", "muted", wrap=True) for text in more if text),
        ]
        for widget in (self._title, self._line, *self._all):
            self.column.addWidget(widget)

    def show_below(self, option: QWidget) -> None:
        """Put an option of the method at the end of its card."""
        self.column.addWidget(option, alignment=Qt.AlignmentFlag.AlignLeft)

    def set_checked(self, checked: bool) -> None:
        super().set_checked(checked)
        self._title.setText(f"{'◉' if checked else '○'}  {self._plain_title}")
        self._line.setHidden(checked)
        for words in self._all:
            words.setVisible(checked)
