"""One SQLite file a study, and its single writer.

What is written waits in memory until `commit` has seen it onto the disk in one transaction: where
the disk refuses, nothing is lost, and the same is written again later. Reading is
engine.store_reader's, what the file looks like inside engine.store_format's; no decision about
the study is made here.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from engine.events import Logged, StopReason, StudyState
from engine.spec import StudySpec
from engine.store_connection import connect, connect_to_write, draft, identity
from engine.store_errors import (
    PASSING,
    DiskError,
    LockedError,
    StoreError,
    code_of,
    disk_error,
    plain,
)
from engine.store_format import (
    PUT_ABOUT,
    PUT_LOG,
    PUT_REPORT,
    PUT_TRIAL,
    Row,
    report_row,
    spec_rows,
    trial_row,
    write_new,
)
from engine.store_reader import LOG_LINES, StoreReader
from engine.study_lock import companions
from engine.trial import Report, Trial

__all__ = ["LOG_LINES", "DiskError", "LockedError", "Store", "StoreError", "companions"]


class Store(StoreReader):
    """A study's file. Opened to read along; `acquire` makes this the one that writes."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._identity = (0, 0)
        self._created = ""
        self._pending: list[tuple[str, Row]] = []
        self._about: dict[str, str] = {}
        self._unsaved: set[int] = set()
        self._ended: dict[int, int] = {}
        self._last_ended = 0
        self._last_line = 0
        self._is_doubtful = False

    @classmethod
    def create(cls, path: Path, spec: StudySpec) -> Store:
        """A new study's file, which appears complete or not at all."""
        path = path.absolute()
        if path.exists():
            raise StoreError(f"{path.name} already exists; open it, or choose another name.")
        new = draft(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_new(new, spec)
            new.rename(path)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{path} cannot be written: {plain(error)}.") from error
        finally:
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)
        return cls.open(path)

    # Being the writer

    @property
    def is_writer(self) -> bool:
        """Whether the study is held here."""
        return self._lock.is_ours

    def acquire(self) -> None:
        """Become the study's one writer. Raises LockedError, which names the present one."""
        if self.is_writer:
            return
        if not self.path.is_file():
            raise StoreError(f"{self.path} is not there any more; put it back to go on.")
        try:
            self._lock.take()
            self._use_file()
            self._look_where_to_go_on()
        except BaseException as error:
            self.rest()
            self._lock.release()
            if isinstance(error, OSError | sqlite3.Error):
                raise StoreError(f"{self.path} cannot be written: {plain(error)}.") from error
            raise

    def _look_where_to_go_on(self) -> None:
        """Read what writing depends on."""
        self._created = self.about().get("created", "")
        query = "SELECT number, ended FROM trials WHERE ended IS NOT NULL ORDER BY ended"
        self._ended = dict(self._read("its trials", lambda row: (row[0], row[1]), query))
        self._last_ended = super().last_ended()
        self._last_line = super().last_line()

    def close(self) -> None:
        """Leave one file behind, and let others write. Raises DiskError where something is lost."""
        try:
            if not self.is_saved:
                self.find_again(anew=True)
                self.commit()
        finally:
            with contextlib.suppress(sqlite3.Error):
                if self.is_writer and self._connection is not None:
                    self._connection.execute("PRAGMA journal_mode = DELETE")
            self._forget()
            self.rest()
            self._lock.release()

    def _forget(self) -> None:
        """Nothing is to be written any more."""
        self._pending.clear()
        self._about.clear()
        self._unsaved.clear()

    def last_ended(self) -> int:
        """A number that grows with each trial that ends."""
        return self._last_ended if self.is_writer else super().last_ended()

    def last_line(self) -> int:
        """The number of the log's last line."""
        return self._last_line if self.is_writer else super().last_line()

    # Writing. Nothing is on disk before `commit`.

    @property
    def unsaved(self) -> int:
        """How many trials have ended and are not on disk."""
        return len(self._unsaved)

    @property
    def is_saved(self) -> bool:
        """Whether everything that was written is on disk."""
        return not self._pending and not self._about

    def commit(self) -> None:
        """Make everything written so far durable, or nothing of it. Raises DiskError."""
        try:
            if self.is_writer and not self._is_in_place():
                raise FileNotFoundError
            with self._database() as connection:
                for statement, row in self._pending:
                    connection.execute(statement, row)
                connection.executemany(PUT_ABOUT, self._about.items())
        except (OSError, sqlite3.DatabaseError) as error:
            self._is_doubtful = code_of(error) not in PASSING
            raise disk_error(self.path, error) from error
        self._forget()

    def put_trial(self, trial: Trial) -> Trial:
        """Write a trial as it now is; the trial, which knows its place among those that ended."""
        number = trial.number
        if trial.state.is_finished:
            if number not in self._ended:
                self._unsaved.add(number)
                self._last_ended += 1
                self._ended[number] = self._last_ended
        else:
            self._ended.pop(number, None)
        trial = replace(trial, ended=self._ended.get(number))
        self._pending.append((PUT_TRIAL, trial_row(trial)))
        return trial

    def put_reports(self, number: int, reports: Iterable[Report]) -> None:
        """Add reports of a trial."""
        self._pending += [(PUT_REPORT, report_row(number, report)) for report in reports]

    def drop_reports(self, number: int) -> None:
        """Forget the reports of a trial that is run again."""
        self._pending.append(("DELETE FROM reports WHERE number = ?", (number,)))

    def put_log(self, line: Logged) -> None:
        """Add a line to the log."""
        self._last_line += 1
        row = (self._last_line, line.time, line.level, line.text, line.number)
        self._pending.append((PUT_LOG, row))

    def put_condition(
        self, state: StudyState, reason: StopReason | None, message: str, elapsed: float
    ) -> None:
        """Write where the study stands."""
        self._put_about(
            {"state": state, "reason": reason or "", "message": message, "elapsed": repr(elapsed)}
        )

    def put_spec(self, spec: StudySpec) -> None:
        """Replace what the user wrote, for example with a larger budget."""
        self._put_about(spec_rows(spec, self.path))

    def _put_about(self, values: Mapping[str, str]) -> None:
        self._about |= values

    # After trouble

    def _is_in_place(self) -> bool:
        """Whether the path still names the file that is open; one deleted can be written to."""
        return identity(self.path) == self._identity

    def find_again(self, anew: bool = False) -> bool:
        """Hold the file that the path names now; whether it may lack what was saved before.

        Where it was deleted, it is made anew if `anew`. Raises DiskError where it is not there, or
        another file is in its place.
        """
        try:
            if not self.path.exists():
                self._make_anew(anew)
            elif not self._is_in_place():
                self._check_that_it_is_ours()
                self._use_file()
                return True
            elif self._is_doubtful:
                self._use_file()
        except (OSError, sqlite3.DatabaseError, StoreError) as error:
            raise disk_error(self.path, error) from error
        return False

    def _make_anew(self, wanted: bool) -> None:
        """Put a copy of the file that was deleted, and is still open, where it was."""
        if not wanted or self.path.parent.stat().st_dev != self._identity[0]:
            raise FileNotFoundError
        new = draft(self.path)
        try:
            with contextlib.closing(sqlite3.connect(new)) as copy:
                self._database().backup(copy)
            new.rename(self.path)
        finally:
            new.unlink(missing_ok=True)
        self.rest()
        for ending in ("-wal", "-shm"):  # of the deleted file
            self.path.with_name(self.path.name + ending).unlink(missing_ok=True)
        self._use_file()

    def _check_that_it_is_ours(self) -> None:
        """Raise DiskError where the file at the path is not this study."""
        query = "SELECT value FROM study WHERE key = 'created'"
        with contextlib.closing(connect(self.path, "ro&immutable=1")) as other:
            if other.execute(query).fetchone() != (self._created,):
                raise DiskError(f"{self.path.name} was replaced by another file", "Put it back")

    def _use_file(self) -> None:
        """Write through a new connection from now on."""
        self.rest()
        self._lock.take_again()
        self._connection = connect_to_write(self.path)
        self._identity = identity(self.path)
        self._is_doubtful = False
