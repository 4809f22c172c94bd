"""Work that must not hold up the window: a pool thread does it, the UI thread hears of it.

The one way in which the window does anything slow. Processes and the studies' own threads are the
engine's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, Signal, Slot
from shiboken6 import isValid

T = TypeVar("T")


class Job:
    """A piece of work under way; `drop()` it and neither of its callbacks is called any more."""

    def __init__(
        self,
        owner: QObject,
        work: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self._owner = owner
        self._work = work
        self._done = done
        self._failed = failed
        self.active = True

    def drop(self) -> None:
        """Forget about the outcome; the work itself runs to its end."""
        self.active = False

    def run(self) -> Callable[[], None]:
        """Do the work (on a pool thread) and return what there is to do on the UI thread."""
        try:
            outcome = self._work()
        except Exception as error:  # handed on, not swallowed: `failed` decides
            failure = error
            return lambda: self._deliver(self._failed, failure)
        return lambda: self._deliver(self._done, outcome)

    def _deliver(self, callback: Callable[[Any], None], outcome: Any) -> None:
        if self.active and isValid(self._owner):
            self.active = False
            callback(outcome)


class _Courier(QObject):
    """Carries outcomes to the thread that it was made on; outlives every owner."""

    arrived = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.arrived.connect(self._hand_over, Qt.ConnectionType.QueuedConnection)

    @Slot(object)
    def _hand_over(self, delivery: Callable[[], None]) -> None:
        delivery()


class _Runnable(QRunnable):
    def __init__(self, job: Job, courier: _Courier) -> None:
        super().__init__()
        self._job = job
        self._courier = courier

    def run(self) -> None:
        if self._job.active:
            self._courier.arrived.emit(self._job.run())


_courier: _Courier | None = None


def run_job(
    owner: QObject,
    work: Callable[[], T],
    done: Callable[[T], None],
    failed: Callable[[Exception], None] | None = None,
) -> Job:
    """Run `work` on a pool thread, then call `done` or `failed` on the UI thread.

    Call it on the UI thread. Nothing is called once `owner` is gone. Without `failed`, an error
    counts as unexpected and goes to the crash log like one that was raised on the UI thread.
    """
    global _courier
    if _courier is None:
        _courier = _Courier()
    job = Job(owner, work, done, failed or _unexpected)
    QThreadPool.globalInstance().start(_Runnable(job, _courier))
    return job


def finish_jobs(milliseconds: int) -> bool:
    """Start no more jobs and wait for those at work; False when some are not done by then."""
    pool = QThreadPool.globalInstance()
    pool.clear()
    return pool.waitForDone(milliseconds)


def _unexpected(error: Exception) -> None:
    sys.excepthook(type(error), error, error.__traceback__)
