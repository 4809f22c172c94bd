"""Unexpected errors of the program itself: written to the crash log, shown as one sentence.

Errors that a user can mend never come here; the page they belong to says them.
"""

from __future__ import annotations

import faulthandler
import logging
import platform
import queue
import sys
import threading
import traceback
from datetime import datetime
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path
from types import TracebackType

from PySide6 import __version__ as qt_version
from PySide6.QtCore import QObject, QtMsgType, Signal, qInstallMessageHandler

from engine import places

_log = logging.getLogger("tunescape.window")
_LOG_BYTES = 1_000_000
_QT_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class CrashLog(QObject):
    """Catches what nobody else caught, on any thread, and tells the UI thread of it."""

    happened = Signal(str, str)
    """A sentence, and the details to show and copy."""

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__()
        self.folder = folder or places.logs()
        self.path = self.folder / "crash.log"
        self._hard: object = None
        self._listener: QueueListener | None = None

    def install(self) -> None:
        """Take over the hooks of Python, its threads, Qt's log and the fatal signals."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._hard = (self.folder / "hard-crash.log").open("a", encoding="utf-8")
        faulthandler.enable(self._hard)  # type: ignore[arg-type]
        sys.excepthook = self.record
        threading.excepthook = self._record_thread
        qInstallMessageHandler(_log_qt)
        self._write_along()

    def uninstall(self) -> None:
        """Give the hooks back."""
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__
        qInstallMessageHandler(None)
        if self._listener is not None:
            self._listener.stop()
            for handler in (*self._listener.handlers, *_log.handlers):
                _log.removeHandler(handler)
                handler.close()
            self._listener = None
        if self._hard is not None:
            faulthandler.disable()
            self._hard.close()  # type: ignore[attr-defined]
            self._hard = None

    def record(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """Write the error to the log and announce it."""
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        details = _details("".join(traceback.format_exception(kind, error, trace)))
        self._write(details)
        sentence = (
            f"Something went wrong inside Tunescape ({kind.__name__}); your studies are safe."
        )
        self.happened.emit(sentence, details)

    def _write_along(self) -> None:
        """Keep what Qt and the window log, in a file that another thread writes."""
        file = RotatingFileHandler(
            self.folder / "window.log", maxBytes=_LOG_BYTES, backupCount=1, encoding="utf-8"
        )
        file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        lines: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
        _log.addHandler(QueueHandler(lines))
        self._listener = QueueListener(lines, file)
        self._listener.start()

    def _record_thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            self.record(args.exc_type, args.exc_value, args.exc_traceback)

    def _write(self, details: str) -> None:
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(details + "\n\n")
        except OSError as error:
            print(f"The crash log {self.path} cannot be written: {error}", file=sys.stderr)
        print(details, file=sys.stderr)


def _details(trace: str) -> str:
    when = datetime.now().astimezone().isoformat(timespec="seconds")
    system = f"{platform.platform()}, Python {platform.python_version()}, Qt {qt_version}"
    return f"{when}  {system}\n{trace.rstrip()}"


def _log_qt(kind: QtMsgType, _context: object, message: str) -> None:
    _log.log(_QT_LEVELS[kind], message)
