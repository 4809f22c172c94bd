"""What of the user's own will run: the script as it is, its Python, and what a dry run found."""

from __future__ import annotations

from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QPlainTextEdit, QProgressBar, QSizePolicy, QWidget

from gui.models.code_view import CodeView
from gui.widgets.cards import Card
from gui.widgets.text import label, say

_TITLES = {"script": "The script", "command": "The command"}
_HINTS = {
    "script": (
        "Choose a script with a function that takes a trial and returns the objective; one that "
        "was written for Optuna runs as it is. Or begin with a template."
    ),
    "command": (
        "Any program in any language: put each parameter's name in braces where its value belongs. "
        "It is started directly, never by a shell."
    ),
}


class CodeCard(Card):
    """Shows one CodeView."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_TITLES["script"], parent)
        self._kind = "script"
        self._busy = QProgressBar()
        self._busy.setRange(0, 0)
        self._busy.setTextVisible(False)
        policy = self._busy.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._busy.setSizePolicy(policy)
        self._busy.hide()
        self._python = label("", "caption", "muted", wrap=True)
        self._problem = label("", tone="bad", wrap=True)
        self._hint = label("", tone="muted", wrap=True)
        self._found = label("", wrap=True)
        self._text = QPlainTextEdit()
        self._text.setReadOnly(True)
        self._text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._text.setAccessibleName("The script's text")
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        for part in (self._busy, self._python, self._problem, self._hint, self._found):
            self.column.addWidget(part)
        self.column.addWidget(self._text, 1)
        self.column.addStretch(0)
        self._show(CodeView())
        self.show_found("")

    @property
    def text(self) -> str:
        """All that is said, and the script."""
        parts = (self.title, self._python, self._problem, self._hint, self._found)
        said = [part.text() for part in parts if not part.isHidden()]
        return "\n".join([*said, self._text.toPlainText()])

    def look(self, kind: str) -> None:
        """Say that a look is being taken; what was seen of the same kind stays till then."""
        self._busy.show()
        if kind != self._kind:
            self._kind = kind
            self.show_found("")
            self._show(CodeView())

    def show_view(self, view: CodeView) -> None:
        """Show what was seen."""
        self._busy.hide()
        self._show(view)

    def _show(self, view: CodeView) -> None:
        self.title.setText(view.title or _TITLES[self._kind])
        self._say(self._python, view.python)
        self._say(self._problem, view.problem)
        self._say(self._hint, "" if view.text or view.problem else _HINTS[self._kind])
        if self._text.toPlainText() != view.text:
            self._text.setPlainText(view.text)
        self._text.setVisible(bool(view.text))

    def show_found(self, sentence: str, tone: str = "") -> None:
        """Say what a dry run, or a look for parameters, has found."""
        say(self._found, sentence, tone)
        self._found.setVisible(bool(sentence))

    @staticmethod
    def _say(part: QWidget, text: str) -> None:
        part.setText(text)  # type: ignore[attr-defined]
        part.setVisible(bool(text))
