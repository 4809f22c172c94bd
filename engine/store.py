"""One SQLite file a study: schema, migrations, reading, and the single writer.

Whoever writes holds a lock in the folder `NAME.tune.d`, where the weights are too. What is not
here: any decision about the study.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout

from engine.events import Logged, StopReason, StudyState
from engine.spec import StudySpec
from engine.trial import Failure, FailureReason, Report, Trial, TrialState

APPLICATION_ID = 0x54554E45
"""Marks an SQLite file as a study ("TUNE"; SQLite's `PRAGMA application_id`)."""

LOG_LINES = 2_000
"""How many of the last lines of the log are read back."""

NETWORK_FILE_SYSTEMS = ("nfs", "cifs", "smb", "fuse.sshfs", "9p", "afs")

MIGRATIONS = (
    """
    CREATE TABLE study (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE trials (
        number INTEGER PRIMARY KEY, state TEXT NOT NULL, params TEXT NOT NULL,
        seed INTEGER NOT NULL, value REAL, step INTEGER, metrics TEXT NOT NULL, test TEXT NOT NULL,
        failure TEXT, seconds REAL, started REAL, finished REAL, worker INTEGER, device TEXT,
        ended INTEGER
    );
    CREATE TABLE reports (
        number INTEGER NOT NULL, step INTEGER NOT NULL, seconds REAL NOT NULL,
        metrics TEXT NOT NULL, PRIMARY KEY (number, step)
    ) WITHOUT ROWID;
    CREATE TABLE log (
        id INTEGER PRIMARY KEY, time REAL NOT NULL, level TEXT NOT NULL, text TEXT NOT NULL,
        number INTEGER
    );
    """,
)
"""What takes a file from each version of the format (`PRAGMA user_version`) to the next."""

_COLUMNS = (
    "number, state, params, seed, value, step, metrics, test, failure, seconds, started, finished, "
    "worker, device, ended"
)


class StoreError(ValueError):
    """A study's file cannot be used: one sentence that says which, why, and what to do."""


class LockedError(StoreError):
    """Somebody else is running the study."""


def companions(path: Path) -> Path:
    """The folder beside a study's file that holds its weights and its lock."""
    return path.with_name(path.name + ".d")


class Store:
    """A study's file. Opened to read along; `acquire` makes this the one that writes."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._lock: FileLock | None = None
        self._inode = 0

    @classmethod
    def create(cls, path: Path, spec: StudySpec) -> Store:
        """A new study's file, which appears complete or not at all."""
        path = path.absolute()
        if path.exists():
            raise StoreError(f"{path.name} already exists; open it, or choose another name.")
        draft = path.with_name(f".{path.name}.{os.getpid()}.new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_new(draft, spec)
            draft.rename(path)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{path} cannot be written: {_plain(error)}.") from error
        finally:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
        return cls.open(path)

    @classmethod
    def open(cls, path: Path) -> Store:
        """An existing study's file, to read. Changes nothing."""
        path = path.absolute()
        if not path.is_file():
            raise StoreError(f"{path} is not there; choose a study file (NAME.tune).")
        try:
            store = cls(path, _connect(path, "ro"))
            store._check_format()
        except sqlite3.Error as error:
            raise StoreError(_unreadable(path, error)) from error
        return store

    def _check_format(self) -> None:
        kind = self._pragma("application_id")
        version = self._pragma("user_version")
        if kind != APPLICATION_ID:
            raise StoreError(f"{self.path.name} is not a Tunescape study.")
        if version > len(MIGRATIONS):
            raise StoreError(
                f"{self.path.name} was written by a newer Tunescape (format {version}, this one "
                f"reads up to {len(MIGRATIONS)}); update Tunescape to open it."
            )

    def _pragma(self, name: str) -> int:
        return int(self._connection.execute(f"PRAGMA {name}").fetchone()[0])

    def acquire(self) -> None:
        """Become the study's one writer. Raises LockedError, which names the present one."""
        if self._lock is not None:
            return
        if not self.path.is_file():
            raise StoreError(f"{self.path} is not there any more; put it back to go on.")
        folder = companions(self.path)
        try:
            folder.mkdir(exist_ok=True)
            lock = FileLock(folder / "lock")
            lock.acquire(timeout=0)
        except Timeout:
            raise LockedError(f"{self.path.name} is being run by {self.holder()}.") from None
        except OSError as error:
            raise StoreError(f"{self.path} cannot be written: {_plain(error)}.") from error
        try:
            (folder / "holder").write_text(_me(), encoding="utf-8")
            self._become_writer()
        except (OSError, sqlite3.Error) as error:
            lock.release()
            raise StoreError(f"{self.path} cannot be written: {_plain(error)}.") from error
        self._lock = lock

    def _become_writer(self) -> None:
        self._connection.close()
        self._connection = _connect(self.path, "rw")
        self._inode = self.path.stat().st_ino
        mode = "TRUNCATE" if _is_on_network(self.path) else "WAL"
        self._connection.execute(f"PRAGMA journal_mode = {mode}")
        self._connection.execute("PRAGMA synchronous = FULL")
        version = self._pragma("user_version")
        if version < len(MIGRATIONS):
            self._back_up(version)
            _migrate(self._connection, version)

    def _back_up(self, version: int) -> None:
        copy = sqlite3.connect(self.path.with_name(f"{self.path.name}.format-{version}"))
        with contextlib.closing(copy):
            self._connection.backup(copy)

    def holder(self) -> str:
        """Who runs the study, in words."""
        try:
            return (companions(self.path) / "holder").read_text(encoding="utf-8")
        except OSError:
            return "another program"

    def is_held(self) -> bool:
        """Whether another program, or another part of this one, is running the study."""
        file = companions(self.path) / "lock"
        if self._lock is not None or not file.exists():
            return False
        lock = FileLock(file)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        except OSError:
            return False
        lock.release()
        return False

    def close(self) -> None:
        """Leave one file behind, and let others write."""
        with contextlib.suppress(sqlite3.Error, OSError):
            if self._lock is not None:
                self.commit()
                self._connection.execute("PRAGMA journal_mode = DELETE")
        self._connection.close()
        if self._lock is not None:
            (companions(self.path) / "holder").unlink(missing_ok=True)
            self._lock.release()
            self._lock = None

    # Reading

    def spec(self) -> StudySpec:
        """What the user wrote."""
        about = self._about()
        return StudySpec.parse(about["spec"], Path(about["base"]))

    def _about(self) -> dict[str, str]:
        return dict(self._connection.execute("SELECT key, value FROM study"))

    def condition(self) -> tuple[StudyState, StopReason | None, str, float]:
        """State, stop reason, message, and the seconds that the study has run.

        A study that was at work when its program died is STOPPED, because KILLED.
        """
        about = self._about()
        state = StudyState(about.get("state", StudyState.NEW))
        elapsed = float(about.get("elapsed", 0.0))
        if state.is_active and self._lock is None and not self.is_held():
            return StudyState.STOPPED, StopReason.KILLED, "The program ended unexpectedly.", elapsed
        reason = about.get("reason", "")
        return state, StopReason(reason) if reason else None, about.get("message", ""), elapsed

    def trials(self) -> tuple[Trial, ...]:
        """All trials by number."""
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM trials ORDER BY number")
        return tuple(_trial(row) for row in rows)

    def reports(self) -> dict[int, tuple[Report, ...]]:
        """The reports of all trials."""
        found: dict[int, list[Report]] = {}
        query = "SELECT number, step, seconds, metrics FROM reports ORDER BY number, step"
        for number, step, seconds, metrics in self._connection.execute(query):
            found.setdefault(number, []).append(Report(step, seconds, json.loads(metrics)))
        return {number: tuple(reports) for number, reports in found.items()}

    def log(self) -> tuple[Logged, ...]:
        """The last lines of the study's log."""
        query = "SELECT time, level, text, number FROM log ORDER BY id DESC LIMIT ?"
        rows = self._connection.execute(query, (LOG_LINES,)).fetchall()
        return tuple(Logged(*row) for row in reversed(rows))

    # Writing. Nothing is on disk before `commit`.

    def commit(self) -> None:
        """Make everything written so far durable. Raises OSError where the file is gone."""
        if self._lock is not None and not self._is_in_place():
            raise FileNotFoundError(f"{self.path.name} was moved or deleted")
        self._connection.commit()

    def _is_in_place(self) -> bool:
        """Whether the path still names the file that is open; one deleted can be written to."""
        try:
            return os.stat(self.path).st_ino == self._inode
        except FileNotFoundError:
            return False

    def put_trial(self, trial: Trial) -> Trial:
        """Write a trial as it now is; the trial, which knows its place among those that ended."""
        failure = trial.failure and json.dumps(
            [trial.failure.reason, trial.failure.message, trial.failure.log_tail]
        )
        row = (
            *(trial.number, str(trial.state), json.dumps(trial.params), trial.seed, trial.value),
            *(trial.step, json.dumps(dict(trial.metrics)), json.dumps(dict(trial.test)), failure),
            *(trial.seconds, trial.started, trial.finished, trial.worker, trial.device),
        )
        ended = "(SELECT coalesce(max(ended), 0) + 1 FROM trials)"
        kept = "(SELECT ended FROM trials WHERE number = ?1)"
        order = f"coalesce({kept}, {ended})" if trial.state.is_finished else "NULL"
        marks = ", ".join(f"?{index + 1}" for index in range(len(row)))
        self._connection.execute(
            f"INSERT OR REPLACE INTO trials ({_COLUMNS}) VALUES ({marks}, {order})", row
        )
        query = "SELECT ended FROM trials WHERE number = ?"
        return replace(trial, ended=self._connection.execute(query, (trial.number,)).fetchone()[0])

    def put_reports(self, number: int, reports: Iterable[Report]) -> None:
        """Add reports of a trial."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO reports VALUES (?, ?, ?, ?)",
            [(number, r.step, r.seconds, json.dumps(dict(r.metrics))) for r in reports],
        )

    def drop_reports(self, number: int) -> None:
        """Forget the reports of a trial that is run again."""
        self._connection.execute("DELETE FROM reports WHERE number = ?", (number,))

    def put_log(self, line: Logged) -> None:
        """Add a line to the log."""
        self._connection.execute(
            "INSERT INTO log (time, level, text, number) VALUES (?, ?, ?, ?)",
            (line.time, line.level, line.text, line.number),
        )

    def put_condition(
        self, state: StudyState, reason: StopReason | None, message: str, elapsed: float
    ) -> None:
        """Write where the study stands."""
        self._put_about(state=state, reason=reason or "", message=message, elapsed=repr(elapsed))

    def put_spec(self, spec: StudySpec) -> None:
        """Replace what the user wrote, for example with a larger budget."""
        self._put_about(spec=spec.to_toml(), base=str(spec.base))

    def _put_about(self, **values: str) -> None:
        self._connection.executemany("INSERT OR REPLACE INTO study VALUES (?, ?)", values.items())


def summarise(path: Path) -> tuple[StudySpec, StudyState, tuple[Trial, ...]]:
    """What a list of studies shows of one: its spec, state and trials. Changes nothing."""
    with contextlib.closing(Store.open(path)) as store:
        return store.spec(), store.condition()[0], store.trials()


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    # Only one thread writes; the connection is made by whoever opens the study, then handed over.
    return sqlite3.connect(
        f"{path.as_uri()}?mode={mode}", uri=True, timeout=5.0, check_same_thread=False
    )


def _write_new(path: Path, spec: StudySpec) -> None:
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    with contextlib.closing(connection):
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        _migrate(connection, 0)
        store = Store(path, connection)
        store.put_spec(spec)
        store._put_about(created=repr(time.time()))
        store.commit()


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.executescript(f"BEGIN; {script} PRAGMA user_version = {number}; COMMIT;")


def _trial(row: tuple[Any, ...]) -> Trial:
    trial = Trial(*row)
    failure = trial.failure and json.loads(str(trial.failure))
    return replace(
        trial,
        params=json.loads(row[2]),
        state=TrialState(row[1]),
        metrics=json.loads(row[6]),
        test=json.loads(row[7]),
        failure=failure and Failure(FailureReason(failure[0]), *failure[1:]),
    )


def _me() -> str:
    with contextlib.suppress(psutil.Error, KeyError, OSError):
        return f"{psutil.Process().username()} on {socket.gethostname()} (process {os.getpid()})"
    return f"process {os.getpid()} on {socket.gethostname()}"


def _is_on_network(path: Path) -> bool:
    """Whether the file is on a share, where SQLite's WAL mode does not work."""
    best = ("", "")
    with contextlib.suppress(OSError, psutil.Error):
        for part in psutil.disk_partitions(all=True):
            if path.is_relative_to(part.mountpoint) and len(part.mountpoint) > len(best[0]):
                best = (part.mountpoint, part.fstype.lower())
    return best[1].startswith(NETWORK_FILE_SYSTEMS)


def _plain(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).rstrip(".").lower()


def _unreadable(path: Path, error: sqlite3.Error) -> str:
    if isinstance(error, sqlite3.OperationalError):
        return f"{path} cannot be opened: {_plain(error)}."
    return f"{path.name} is not a Tunescape study, or it is damaged ({_plain(error)})."
