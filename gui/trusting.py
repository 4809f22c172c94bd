"""Asks before anything of the user's own is run for the first time: shows it, and remembers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from gui.jobs import run_job
from gui.widgets.code_dialog import CodeDialog

if TYPE_CHECKING:
    from engine.task_tables import Task
    from engine.trust import Code


class Trusting(QObject):
    """Lets through what may be run, and asks about the rest."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window

    def then(
        self, task: Task, base: Path, go_on: Callable[[], object], not_now: Callable[[], object]
    ) -> None:
        """Go on once a person trusts what `task` runs; at once where that is so already."""

        def ask(code: Code | None) -> None:
            if code is None:
                go_on()
                return
            dialog = CodeDialog(self._window, code.title, code.text)
            dialog.accepted.connect(lambda: self._trust(task, base, go_on))
            dialog.rejected.connect(not_now)
            dialog.open()

        if task.kind == "builtin":
            go_on()
        else:
            run_job(self, lambda: _untrusted(task, base), ask)

    def _trust(self, task: Task, base: Path, go_on: Callable[[], object]) -> None:
        run_job(self, lambda: _remember(task, base), lambda _: go_on())


def _untrusted(task: Task, base: Path) -> Code | None:
    from engine.trust import code_of, is_trusted

    return None if is_trusted(task, base) else code_of(task, base)


def _remember(task: Task, base: Path) -> None:
    from engine.trust import trust

    trust(task, base)
