"""Reading a study's file: its records, as they are now or at one moment.

Whoever writes the file is engine.store's.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self, TypeVar

from engine.events import Logged, StopReason, StudyState
from engine.spec import SpecError, StudySpec
from engine.store_connection import connect_to_read
from engine.store_errors import UNREADABLE, StoreError, damaged, unreadable
from engine.store_format import (
    TRIAL_COLUMNS,
    Row,
    base_of,
    check_pages,
    entry_of,
    line_of,
    report_of,
    trial_of,
)
from engine.study_lock import StudyLock
from engine.trial import Report, Trial

LOG_LINES = 2_000
"""How many of the last lines of the log are read back."""

T = TypeVar("T")


class StoreReader:
    """A study's file, to read. A file is open only from the first reading on until `rest`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = StudyLock(path)
        self._connection: sqlite3.Connection | None = None

    @classmethod
    def open(cls, path: Path) -> Self:
        """An existing study's file. Changes nothing."""
        path = path.absolute()
        if not path.is_file():
            raise StoreError(f"{path} is not there; choose a study file (NAME.tune).")
        store = cls(path)
        try:
            check_pages(path, store._database())
        except (*UNREADABLE, StoreError) as error:
            store.rest()
            raise unreadable(path, error) from error
        return store

    def _database(self) -> sqlite3.Connection:
        """The connection in use; without one, a new one that only reads."""
        if self._connection is None:
            try:
                self._connection = connect_to_read(self.path)
            except UNREADABLE as error:
                raise unreadable(self.path, error) from error
        return self._connection

    def rest(self) -> None:
        """Keep no file open until something is read again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def holder(self) -> str:
        """Who else runs the study, in words; empty where nobody does."""
        return self._lock.holder() if self._lock.is_held() else ""

    def _read(self, what: str, make: Callable[[Row], T], query: str, *values: Any) -> list[T]:
        """The rows of a query as records. Raises StoreError where they are none."""
        try:
            return [make(row) for row in self._database().execute(query, values)]
        except (sqlite3.Error, ValueError, TypeError, RecursionError) as error:
            raise unreadable(self.path, error, what) from error

    @contextlib.contextmanager
    def one_moment(self) -> Iterator[None]:
        """What is read inside is how the file stood at one moment, whoever writes meanwhile.

        Afterwards the file is not kept open, unless it is written here.
        """
        try:
            connection = self._database()
            connection.execute("BEGIN")
            yield
            connection.rollback()
        finally:
            if not self._lock.is_ours:
                self.rest()

    def about(self) -> dict[str, str]:
        """What the file says about the study as a whole."""
        return dict(self._read("its description", entry_of, "SELECT key, value FROM study"))

    def spec(self) -> StudySpec:
        """What the user wrote."""
        about = self.about()
        try:
            return StudySpec.parse(about["spec"], base_of(about, self.path))
        except SpecError as error:
            raise damaged(
                self.path, f"its spec cannot be read: {str(error).rstrip('.')}"
            ) from error
        except (KeyError, ValueError, TypeError) as error:
            raise damaged(self.path, "its spec cannot be read") from error

    def condition(self) -> tuple[StudyState, StopReason | None, str, float]:
        """State, stop reason, message, and the seconds that the study has run.

        A study that was at work when its program died is STOPPED, because KILLED.
        """
        about = self.about()
        reason = about.get("reason", "")
        try:
            state = StudyState(about.get("state", StudyState.NEW))
            elapsed = float(about.get("elapsed", 0.0))
            stop_reason = StopReason(reason) if reason else None
        except ValueError as error:
            raise damaged(self.path, "its state cannot be read") from error
        if state.is_active and not self._lock.is_held():
            return StudyState.STOPPED, StopReason.KILLED, "The program ended unexpectedly.", elapsed
        return state, stop_reason, about.get("message", ""), elapsed

    def trials(self) -> tuple[Trial, ...]:
        """All trials by number."""
        query = f"SELECT {TRIAL_COLUMNS} FROM trials ORDER BY number"
        return tuple(self._read("its trials", trial_of, query))

    def trials_since(self, ended: int) -> list[Trial]:
        """The trials that may have changed since `last_ended` was `ended`, in their order."""
        query = (
            f"SELECT {TRIAL_COLUMNS} FROM trials WHERE ended IS NULL OR ended > ? OR test <> '{{}}'"
            " ORDER BY ended IS NULL, ended, number"
        )
        return self._read("its trials", trial_of, query, ended)

    def last_ended(self) -> int:
        """A number that grows with each trial that ends."""
        return self._number("SELECT max(ended) FROM trials")

    def reports(self) -> dict[int, tuple[Report, ...]]:
        """The reports of all trials."""
        found: dict[int, list[Report]] = {}
        query = "SELECT number, step, seconds, metrics FROM reports ORDER BY number, step"
        for number, report in self._read("its reports", report_of, query):
            found.setdefault(number, []).append(report)
        return {number: tuple(reports) for number, reports in found.items()}

    def reports_of(self, number: int) -> list[Report]:
        """The reports of one trial."""
        query = "SELECT number, step, seconds, metrics FROM reports WHERE number = ? ORDER BY step"
        return [report for _, report in self._read("its reports", report_of, query, number)]

    def log(self, after: int = 0) -> tuple[Logged, ...]:
        """The last lines of the study's log, at most; those after line `after`."""
        query = (
            "SELECT time, level, text, number FROM log WHERE id > ? ORDER BY id DESC "
            f"LIMIT {LOG_LINES}"
        )
        return tuple(self._read("its log", line_of, query, after)[::-1])

    def last_line(self) -> int:
        """The number of the log's last line."""
        return self._number("SELECT max(id) FROM log")

    def _number(self, query: str) -> int:
        return self._read("its contents", lambda row: int(row[0] or 0), query)[0]
