"""Closing the window: asks while a study runs, stops everything cleanly, and never hangs."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QObject

from engine.events import StopReason
from gui.main_window import MainWindow
from gui.open_studies import OpenStudies, OpenStudy
from gui.widgets.dialogs import WaitDialog, ask


class Closing(QObject):
    """Decides whether the window may close now; if not, it sees to it that it can soon."""

    def __init__(
        self, window: MainWindow, studies: OpenStudies, before: Callable[[], None]
    ) -> None:
        super().__init__(window)
        self._window = window
        self._studies = studies
        self._before = before
        self._ready = False
        self._asking = False
        self._stopping = False
        self._wait: WaitDialog | None = None
        window.may_close = self.may_close

    def may_close(self) -> bool:
        """Called when the window is asked to close."""
        if not self._studies.all:
            self._ready = True
            self._before()
        elif self._studies.active() and not self._asking and not self._stopping:
            self._ask(self._studies.active())
        elif not self._asking:
            self.stop_and_leave()
        return self._ready

    def _ask(self, active: list[OpenStudy]) -> None:
        names = [entry.name for entry in active]
        troubles = [e.model.message for e in active if e.model.reason is StopReason.ERROR]
        kept = "Everything found so far is kept, and you can go on with it later."
        listed, verb = " and ".join(names), "is" if len(names) == 1 else "are"
        self._asking = True
        dialog = ask(
            self._window,
            "Close Tunescape",
            f"{listed} {verb} not finished. Stop and close?",
            " ".join(troubles) or kept,
            [("Stop and close", self.stop_and_leave), ("Keep running", None)],
        )
        dialog.finished.connect(self._answered)

    def _answered(self) -> None:
        self._asking = False

    def stop_and_leave(self) -> None:
        """Stop what runs, let go of every file, and end the program, without a question."""
        if self._stopping:
            return
        self._stopping = True
        self._before()
        if active := self._studies.active():
            names = " and ".join(entry.name for entry in active)
            self._wait = WaitDialog(self._window, f"Stopping {names}…", self._leave)
            self._wait.open()
        self._studies.close_all(self._leave)

    def _leave(self) -> None:
        if self._ready:  # the user has waited long enough, and now it is done after all
            return
        self._ready = True
        if self._wait is not None:
            self._wait.accept()
        self._window.close()
        QCoreApplication.quit()
