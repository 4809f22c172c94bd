"""How a study's file is connected to: to read, which changes nothing, or to write.

An older file is read from a migrated copy in memory, and migrated itself, after a backup, when
it is written to.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

import psutil

from engine.store_format import check_format, is_old, migrate

NETWORK_FILE_SYSTEMS = ("nfs", "cifs", "smb", "fuse.sshfs", "9p", "afs")


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """A plain connection; `mode` is one of SQLite's for URIs."""
    # One thread at a time uses it, but not always the same one.
    return sqlite3.connect(
        f"{path.as_uri()}?mode={mode}", uri=True, timeout=5.0, check_same_thread=False
    )


def connect_to_read(path: Path) -> sqlite3.Connection:
    """A connection that changes nothing; to a copy in the present format, of an older file.

    What a writer on a network share left half done when it died is undone first, by SQLite.
    """
    try:
        return _connect_to_read(path)
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_READONLY_ROLLBACK:
            raise
    with contextlib.closing(connect(path, "rw")) as undoing:
        undoing.execute("SELECT count(*) FROM sqlite_master")
    return _connect_to_read(path)


def _connect_to_read(path: Path) -> sqlite3.Connection:
    connection = connect(path, "ro&immutable=1" if _has_lost_its_wal(path) else "ro")
    try:
        version = check_format(path, connection)
        if not is_old(version):
            return connection
        copy = sqlite3.connect(":memory:", check_same_thread=False)
        connection.backup(copy)
        migrate(copy, version)
    except BaseException:
        connection.close()
        raise
    connection.close()
    return copy


def connect_to_write(path: Path) -> sqlite3.Connection:
    """A connection through which the one writer writes; an older file is migrated."""
    connection = connect(path, "rw")
    try:
        version = check_format(path, connection)
        mode = "TRUNCATE" if _is_on_network(path) else "WAL"
        connection.execute(f"PRAGMA journal_mode = {mode}")
        connection.execute("PRAGMA synchronous = FULL")
        if is_old(version):
            _back_up(path, connection, version)
            migrate(connection, version)
    except BaseException:
        connection.close()
        raise
    return connection


def _has_lost_its_wal(path: Path) -> bool:
    """Whether SQLite would make a -wal file beside `path` merely to read it, and leave it there."""
    try:
        with path.open("rb") as file:
            versions = file.read(20)[18:]  # "read" and "write version": 2 is for WAL
    except OSError:  # SQLite says it in its own words
        return False
    return versions == b"\2\2" and not path.with_name(f"{path.name}-wal").exists()


def _back_up(path: Path, connection: sqlite3.Connection, version: int) -> None:
    """A copy beside the file as it was in format `version`."""
    new = draft(path)
    try:
        with contextlib.closing(sqlite3.connect(new)) as copy:
            connection.backup(copy)
        new.replace(path.with_name(f"{path.name}.format-{version}"))
    finally:
        new.unlink(missing_ok=True)


def draft(path: Path) -> Path:
    """The name of a file that is being made, to be renamed when it is complete."""
    return path.with_name(f".{path.name}.{os.getpid()}.new")


def identity(path: Path) -> tuple[int, int]:
    """Device and number of the file that a path names; (0, 0) where there is none."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return 0, 0
    return found.st_dev, found.st_ino


def _is_on_network(path: Path) -> bool:
    """Whether the file is on a share, where SQLite's WAL mode does not work."""
    best = ("", "")
    with contextlib.suppress(OSError, psutil.Error):
        for part in psutil.disk_partitions(all=True):
            if path.is_relative_to(part.mountpoint) and len(part.mountpoint) > len(best[0]):
                best = (part.mountpoint, part.fstype.lower())
    return best[1].startswith(NETWORK_FILE_SYSTEMS)
