"""What a study's file holds: its tables, their versions, and records as rows and back.

Connections, locks and when something is written are engine.store's.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.events import Logged
from engine.spec import StudySpec
from engine.store_errors import StoreError, damaged
from engine.trial import Failure, FailureReason, Report, Trial, TrialState

APPLICATION_ID = 0x54554E45
"""Marks an SQLite file as a study ("TUNE"; SQLite's `PRAGMA application_id`)."""

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
    "ALTER TABLE trials ADD COLUMN note TEXT NOT NULL DEFAULT '';",
)
"""What takes a file from each version of the format (`PRAGMA user_version`) to the next."""

TRIAL_COLUMNS = (
    "number, state, params, seed, value, step, metrics, test, failure, seconds, started, finished, "
    "worker, device, ended, note"
)
PUT_ABOUT = "INSERT OR REPLACE INTO study VALUES (?, ?)"
PUT_TRIAL = (
    f"INSERT OR REPLACE INTO trials ({TRIAL_COLUMNS}) "
    f"VALUES ({', '.join('?' * (TRIAL_COLUMNS.count(',') + 1))})"
)
PUT_REPORT = "INSERT OR REPLACE INTO reports VALUES (?, ?, ?, ?)"
PUT_LOG = "INSERT OR REPLACE INTO log VALUES (?, ?, ?, ?, ?)"

Row = tuple[Any, ...]


def check_format(path: Path, connection: sqlite3.Connection) -> int:
    """The version of the file's format. Raises StoreError where it is none that can be read."""
    kind, version = pragma(connection, "application_id"), pragma(connection, "user_version")
    if kind != APPLICATION_ID:
        raise StoreError(f"{path.name} is not a Tunescape study; choose another file.")
    if version > len(MIGRATIONS):
        raise StoreError(
            f"{path.name} was written by a newer Tunescape (format {version}, this one "
            f"reads up to {len(MIGRATIONS)}); update Tunescape to open it."
        )
    if version < 1:
        raise damaged(path, "it has no version")
    return version


def check_pages(path: Path, connection: sqlite3.Connection) -> None:
    """Raise StoreError where the file is not whole: SQLite itself skips some of what is lost."""
    if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise damaged(path, "its pages do not fit together")


def is_old(version: int) -> bool:
    """Whether a file of this version has to be migrated."""
    return version < len(MIGRATIONS)


def pragma(connection: sqlite3.Connection, name: str) -> int:
    """The value of one of SQLite's settings that are numbers."""
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Take a file of `version` to the present one, each step whole or not at all."""
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.executescript(f"BEGIN; {script} PRAGMA user_version = {number}; COMMIT;")


def write_new(path: Path, spec: StudySpec) -> None:
    """A study without trials, in a file of its own, which is on disk when this returns.

    Nobody knows of the file before that, so that no step to it need be on disk before the next.
    """
    path.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        migrate(connection, 0)
        about = {**spec_rows(spec, path), "created": repr(time.time())}
        connection.executemany(PUT_ABOUT, about.items())
        connection.commit()
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def spec_rows(spec: StudySpec, study: Path) -> dict[str, str]:
    """What the user wrote, as it is kept in the table `study` of the file `study`.

    The folder that its paths start from is kept twice: as it is, and as seen from the study, for
    one that is moved together with its script or data.
    """
    rows = {"spec": spec.to_toml(), "base": str(spec.base)}
    with contextlib.suppress(ValueError):  # another drive
        rows["base_from_study"] = Path(os.path.relpath(spec.base, study.parent)).as_posix()
    return rows


def base_of(about: Mapping[str, str], study: Path) -> Path:
    """The folder that the paths of a study's spec start from, wherever the study is by now."""
    base, from_study = Path(about["base"]), about.get("base_from_study")
    if from_study is not None and not base.is_dir():
        moved = Path(os.path.normpath(study.parent / from_study))
        if moved.is_dir():
            return moved
    return base


# Records as rows


def trial_row(trial: Trial) -> Row:
    """A trial as the columns TRIAL_COLUMNS."""
    failure = trial.failure and json.dumps(
        [trial.failure.reason, trial.failure.message, trial.failure.log_tail]
    )
    return (
        *(trial.number, str(trial.state), json.dumps(trial.params), trial.seed, trial.value),
        *(trial.step, json.dumps(dict(trial.metrics)), json.dumps(dict(trial.test)), failure),
        *(trial.seconds, trial.started, trial.finished, trial.worker, trial.device),
        trial.ended,
        trial.note,
    )


def report_row(number: int, report: Report) -> Row:
    """A report of trial `number` as a row."""
    return number, report.step, report.seconds, json.dumps(dict(report.metrics))


# Rows as records. A row that is none raises ValueError, TypeError or RecursionError.


def trial_of(row: Row) -> Trial:
    """The trial in the columns TRIAL_COLUMNS."""
    number, state, params, seed, value, step, metrics, test, failure, *rest = row
    seconds, started, finished, worker, device, ended, note = rest
    return Trial(
        number=_is(int, number),
        params=_mapping(params, (str, int, float, bool)),
        state=TrialState(state),
        seed=_is(int, seed),
        value=_maybe(float, value),
        step=_maybe(int, step),
        metrics=_mapping(metrics, (int, float)),
        test=_mapping(test, (int, float)),
        failure=None if failure is None else _failure(failure),
        seconds=_maybe(float, seconds),
        started=_maybe(float, started),
        finished=_maybe(float, finished),
        worker=_maybe(int, worker),
        device=_maybe(str, device),
        ended=_maybe(int, ended),
        note=_is(str, note),
    )


def report_of(row: Row) -> tuple[int, Report]:
    """The number of a trial, and what it reported."""
    number, step, seconds, metrics = row
    report = Report(_is(int, step), _is(float, seconds), _mapping(metrics, (int, float)))
    return _is(int, number), report


def line_of(row: Row) -> Logged:
    """A line of the log."""
    when, level, text, number = row
    return Logged(_is(float, when), _is(str, level), _is(str, text), _maybe(int, number))


def entry_of(row: Row) -> tuple[str, str]:
    """A key of the table `study` and its value."""
    key, value = row
    return _is(str, key), _is(str, value)


def _failure(text: str) -> Failure:
    reason, message, log_tail = json.loads(text)
    return Failure(FailureReason(reason), _is(str, message), _is(str, log_tail))


def _mapping(text: str, kinds: tuple[type, ...]) -> dict[str, Any]:
    found = json.loads(text)
    if type(found) is not dict or any(type(value) not in kinds for value in found.values()):
        raise ValueError(f"not a table of values: {text[:40]}")
    return found


def _is(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def _maybe(kind: type, value: Any) -> Any:
    return None if value is None else _is(kind, value)
