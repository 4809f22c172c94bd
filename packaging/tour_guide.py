"""What the tour's scenes are made of: what a user does, what is waited for, and the pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLineEdit, QWidget

from engine.events import StudyState
from engine.places import resources
from engine.trial import TrialState
from gui.main_window import DESIGN, HOME
from gui.models.cells import Column
from gui.program import Program
from tests.real_window import Script

SCHEMES = ("light", "dark")
SIZES = ((1280, 800), (1920, 1080))
SETTLE_MS = 350
"""Time that a page is given to lay itself out and to draw what it draws in the background."""
LONG_EPOCHS = 150
"""Epochs of a study that is looked at while it runs; the examples' own are over in a blink."""


class Guide:
    """Goes through the program and saves pictures in a folder; sub-classes say where to go."""

    def __init__(self, program: Program, target: Path, home: Path) -> None:
        self._program = program
        self._window = program.window
        self._target = target
        self._home = home

    # -- what a user does -----------------------------------------------------------------------

    def _open(self, path: Path) -> Script:
        self._window.go_to(HOME)
        self._program.open(path)
        yield 100
        if (question := dialog_shown()) is not None:
            button = next(b for b in question.buttons() if b.text() == "Discard")
            button.click()
        yield lambda: self._window.place == DESIGN
        yield SETTLE_MS

    def _type_into_space(self, row: int, column: Column, text: str) -> Script:
        table = self._program.designing.page().space.table
        table.setCurrentIndex(table.model().index(row, column))
        table.setFocus()
        QTest.keyClick(table, Qt.Key.Key_F2)
        yield 100
        editor = table.viewport().findChild(QLineEdit)
        editor.selectAll()
        QTest.keyClicks(editor, text)
        QTest.keyClick(editor, Qt.Key.Key_Return)
        yield 100

    def _slow_example(self, name: str, resources_table: str = "") -> Path:
        """A bundled example whose trials take a while, by some other resources."""
        text = (resources() / "examples" / f"{name}.toml").read_text(encoding="utf-8")
        text = text.replace("epochs = 20", f"epochs = {LONG_EPOCHS}")
        if resources_table:
            text = f"{text.split('[resources]')[0]}\n[resources]\n{resources_table}\n"
        slow = self._home / f"{name}.toml"
        slow.write_text(text, encoding="utf-8")
        return slow

    def _dialog(self, name: str, open_it: Callable[[], object]) -> Script:
        open_it()
        yield lambda: dialog_shown() is not None
        yield from self._shoot(f"dialog-{name}")
        dialog = dialog_shown()
        assert dialog is not None
        dialog.reject()
        yield lambda: dialog_shown() is None

    # -- looking at the study -------------------------------------------------------------------

    def _model(self):
        return self._program.studies.current.model

    def _state(self) -> StudyState:
        return self._model().state

    def _count(self, state: TrialState) -> int:
        current = self._program.studies.current
        return 0 if current is None else current.model.count(state)

    # -- taking pictures ------------------------------------------------------------------------

    def _shoot(self, name: str, widget_of: Callable[[], QWidget] | None = None) -> Script:
        for scheme in SCHEMES:
            self._choose(scheme)
            for width, height in SIZES:
                self._window.resize(width, height)
                self._window.move(0, 0)
                yield SETTLE_MS
                picture = widget_of().grab() if widget_of else self._whole()
                picture.save(str(self._target / f"{name}-{scheme}-{width}x{height}.png"))

    def _choose(self, scheme: str) -> None:
        for action in self._window.commands.schemes.actions():
            if action.data() == scheme and not action.isChecked():
                action.trigger()

    def _whole(self) -> QPixmap:
        """The window, with a dialog in the middle of it if there is one."""
        picture = self._window.grab()
        if (dialog := dialog_shown()) is not None:
            painter = QPainter(picture)
            painter.drawPixmap(picture.rect().center() - dialog.rect().center(), dialog.grab())
            painter.end()
        return picture


def dialog_shown() -> QDialog | None:
    shown = (w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible())
    return next(shown, None)
