"""What a test leaves behind: widgets, timers, animations, threads and child processes.

A test is given a little time to let go of what it used; what is there after that fails it.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Iterator

import psutil

PATIENCE_S = 3.0
LIVE_AS_LONG_AS_THE_PROGRAM = ("--guard", "multiprocessing.resource_tracker")
"""Processes, by an argument of theirs, that are meant to outlive what they were started for."""


class Belongings:
    """Everything there was at the time this was made; whatever comes later is a test's own."""

    def __init__(self) -> None:
        self._known = list(_everything())

    def left_behind(self) -> list[str]:
        """What has come since and is still there once patience is at its end, in words."""
        deadline = time.monotonic() + PATIENCE_S
        while (strangers := self._strangers()) and time.monotonic() < deadline:
            gc.collect()
            _let_qt_delete()
            time.sleep(0.01)
        return [str(stranger) for stranger in strangers]

    def _strangers(self) -> list[object]:
        return [thing for thing in _everything() if thing not in self._known]


def _everything() -> Iterator[object]:
    yield from _threads()
    yield from _processes()
    if "PySide6.QtWidgets" in sys.modules:
        yield from _qt_objects()


def _threads() -> Iterator[threading.Thread]:
    """Python's threads, but for those that Qt or a library started and Python merely met."""
    for thread in threading.enumerate():
        met = isinstance(thread, threading._DummyThread)
        if not met and not thread.name.startswith(("pytest_timeout", "tqdm")):
            yield thread


def _processes() -> Iterator[psutil.Process]:
    for child in psutil.Process().children(recursive=True):
        try:
            gone = child.status() == psutil.STATUS_ZOMBIE
            arguments = child.cmdline()
        except psutil.Error:
            continue
        if not gone and not set(LIVE_AS_LONG_AS_THE_PROGRAM) & set(arguments):
            yield child


def _qt_objects() -> Iterator[object]:
    """Windows, active timers, and animations and threads that run, as far as Python knows them."""
    import shiboken6
    from PySide6.QtCore import QAbstractAnimation, QThread, QTimer
    from PySide6.QtWidgets import QApplication, QWidget

    if QApplication.instance() is None:
        return
    for thing in shiboken6.getAllValidWrappers():
        match thing:
            case QWidget() if thing.isWindow():
                yield thing
            case QTimer() if thing.isActive():
                yield thing
            case QAbstractAnimation() if thing.state() != QAbstractAnimation.State.Stopped:
                yield thing
            case QThread() if thing.isRunning() and thing is not QThread.currentThread():
                yield thing


def _let_qt_delete() -> None:
    if "PySide6.QtWidgets" not in sys.modules:
        return
    from PySide6.QtCore import QCoreApplication, QEvent

    if (app := QCoreApplication.instance()) is not None:
        app.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        app.processEvents()
