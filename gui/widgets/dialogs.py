"""Dialogs that are opened and never executed: the window goes on behind them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication, QIcon
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QInputDialog,
    QMessageBox,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from gui.theme import CARD, PAGE
from gui.widgets.buttons import button
from gui.widgets.text import label, set_property

_FORCE_AFTER_MS = 10_000
_TEXT_CHARACTERS = 84

Choice = tuple[str, Callable[[], object] | None]


def ask(
    parent: QWidget, title: str, sentence: str, more: str, choices: Sequence[Choice]
) -> QDialog:
    """Ask a question; the first choice is the default, one without an action is Cancel."""
    box = QMessageBox(parent)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setWindowTitle(title)
    box.setText(sentence)
    box.setInformativeText(more)
    for place, (text, action) in enumerate(choices):
        role = box.ButtonRole.RejectRole if action is None else box.ButtonRole.AcceptRole
        answer = box.addButton(text, role)
        if place == 0:
            box.setDefaultButton(answer)
            set_property(answer, "kind", "primary")
        if action is None:
            box.setEscapeButton(answer)
        else:
            answer.clicked.connect(lambda _checked=False, action=action: action())
    box.open()
    return box


def ask_for_file(
    parent: QWidget,
    title: str,
    folder: Path,
    kinds: str,
    chosen: Callable[[Path], object],
    suffix: str = "",
) -> QFileDialog:
    """Ask for a file to open, or with a `suffix`, for one to write."""
    dialog = QFileDialog(parent, title, str(folder), kinds)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    if suffix:
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(suffix)
    else:
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.fileSelected.connect(lambda text: chosen(Path(text)))
    dialog.open()
    return dialog


def ask_for_number(
    parent: QWidget,
    title: str,
    sentence: str,
    bounds: tuple[int, int, int],
    yes: str,
    chosen: Callable[[int], object],
) -> QInputDialog:
    """Ask for a whole number; `bounds` are the least, the most, and what is suggested."""
    least, most, suggested = bounds
    dialog = QInputDialog(parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setInputMode(QInputDialog.InputMode.IntInput)
    dialog.setWindowTitle(title)
    dialog.setLabelText(sentence)
    dialog.setIntRange(least, most)
    dialog.setIntValue(min(suggested, most))
    dialog.setOkButtonText(yes)
    for answer in dialog.findChildren(QPushButton):
        answer.setIcon(QIcon())  # the style's own are from another age
        if answer.text() == yes:
            set_property(answer, "kind", "primary")
    dialog.intValueSelected.connect(chosen)
    dialog.open()
    return dialog


class DetailsDialog(QDialog):
    """One sentence, and the details on demand, which can be copied."""

    def __init__(self, parent: QWidget, title: str, sentence: str, details: str, folder: Path):
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self._details = QPlainTextEdit(details)
        self._details.setReadOnly(True)
        self._details.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._details.setAccessibleName("Details")
        self._details.hide()
        characters = self.fontMetrics().averageCharWidth()
        self._details.setMinimumSize(characters * _TEXT_CHARACTERS, characters * 40)
        self._more = button("Details", self._toggle)
        column = QVBoxLayout(self)
        column.setContentsMargins(PAGE, PAGE, PAGE, CARD)
        column.setSpacing(CARD)
        words = label(sentence, wrap=True)
        words.setMinimumWidth(characters * 60)
        column.addWidget(words)
        column.addWidget(self._details, 1)
        row = QHBoxLayout()
        row.addWidget(self._more)
        row.addWidget(
            button("Copy", lambda: QGuiApplication.clipboard().setText(details), tip="Copy details")
        )
        row.addWidget(
            button(
                "Show log",
                lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))),
                tip=str(folder),
            )
        )
        row.addStretch(1)
        row.addWidget(button("Go on", self.accept, "primary"))
        column.addLayout(row)

    def _toggle(self) -> None:
        self._details.setVisible(self._details.isHidden())
        self._more.setText("Details" if self._details.isHidden() else "Hide details")
        self.adjustSize()


class WaitDialog(QDialog):
    """Says what is being waited for; after ten seconds it offers to wait no longer."""

    def __init__(self, parent: QWidget, sentence: str, force: Callable[[], object]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Closing")
        self.setModal(True)
        busy = QProgressBar()
        busy.setRange(0, 0)
        busy.setTextVisible(False)
        self._late = label(
            "This takes longer than it should. What was found so far is on disk.", tone="muted"
        )
        self.end = button("End it now", force, tip="Running trials are cut off")
        column = QVBoxLayout(self)
        column.setContentsMargins(PAGE, PAGE, PAGE, CARD)
        column.setSpacing(CARD)
        words = label(sentence)
        words.setMinimumWidth(self.fontMetrics().averageCharWidth() * 56)
        for widget in (words, busy, self._late):
            column.addWidget(widget)
        column.addWidget(self.end, alignment=Qt.AlignmentFlag.AlignRight)
        self._late.hide()
        self.end.hide()
        patience = QTimer(self, singleShot=True, interval=_FORCE_AFTER_MS)
        patience.timeout.connect(self._offer)
        patience.start()

    def _offer(self) -> None:
        self._late.show()
        self.end.show()

    def reject(self) -> None:
        """Escape does not stop the stopping."""


class HelpDialog(QDialog):
    """A page of help from the program's own folder."""

    def __init__(self, parent: QWidget, title: str, markdown: str) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        page = QTextBrowser()
        page.setMarkdown(markdown)
        page.setOpenExternalLinks(False)
        page.setAccessibleName(title)
        characters = self.fontMetrics().averageCharWidth()
        self.resize(characters * 100, characters * 90)
        column = QVBoxLayout(self)
        column.setContentsMargins(CARD, CARD, CARD, CARD)
        column.addWidget(page)
        column.addWidget(button("Close", self.reject), alignment=Qt.AlignmentFlag.AlignRight)
