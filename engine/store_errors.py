"""Why a study's file cannot be read, or not be written for now, in sentences."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

_FULL = (errno.ENOSPC, errno.EDQUOT)
_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)
_MISTAKES = (sqlite3.ProgrammingError, sqlite3.IntegrityError, sqlite3.DataError)
UNREADABLE = (sqlite3.Error, UnicodeDecodeError)
"""What SQLite raises on reading; a name in a damaged file can make its own message undecodable."""
PASSING = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY)
"""SQLite's codes for trouble after which the connection is as good as before."""


class StoreError(ValueError):
    """A study's file cannot be used: one sentence that says which, why, and what to do."""


class LockedError(StoreError):
    """Somebody else is running the study."""


class DiskError(StoreError):
    """The disk refuses for now; what was to be written is kept, to be written again."""

    def __init__(self, why: str, mend: str) -> None:
        super().__init__(f"{why}. {mend}.")
        self.why = why
        self.mend = mend


def disk_error(path: Path, error: Exception) -> DiskError:
    """What keeps `path` from being written. An error of the program's own is raised as it is."""
    if isinstance(error, DiskError):
        return error
    if isinstance(error, StoreError):
        ours = "Have it end there" if isinstance(error, LockedError) else "Put it back as it was"
        return DiskError(str(error).rstrip("."), ours)
    if isinstance(error, _MISTAKES):
        raise error
    if isinstance(error, FileNotFoundError):
        return _gone(path)
    match code_of(error):
        case sqlite3.SQLITE_FULL:
            return DiskError(f"The disk is full, so {path.name} cannot be written", "Make room")
        case sqlite3.SQLITE_READONLY:
            return DiskError(f"{path.name} is read-only", "Make it writable")
        case sqlite3.SQLITE_BUSY:
            return DiskError(f"{path.name} is locked by another program", "Close that program")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return DiskError(f"{path.name} is damaged", "Put it back as it was")
    return DiskError(f"{path.name} cannot be written ({plain(error)})", "Mend that")


def _gone(path: Path) -> DiskError:
    if not path.parent.exists():
        return DiskError(f"{path.parent}, the folder of {path.name}, is gone", "Bring it back")
    mend = "Put it back (or stop the study, which writes it anew)"
    return DiskError(f"{path.name} was moved or deleted", mend)


def code_of(error: Exception) -> int:
    """SQLite's primary code of an error; one of the system's is given the code that fits it."""
    if isinstance(error, OSError):
        if error.errno in _FULL:
            return sqlite3.SQLITE_FULL
        return sqlite3.SQLITE_READONLY if error.errno in _READ_ONLY else sqlite3.SQLITE_IOERR
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def unreadable(path: Path, error: Exception, what: str = "it") -> StoreError:
    """Why `path`, or `what` of it, cannot be read as a study."""
    if isinstance(error, StoreError):
        return error
    if not isinstance(error, sqlite3.Error) or code_of(error) == sqlite3.SQLITE_ERROR:
        return damaged(path, f"{what} cannot be read")
    if code_of(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        problem = f"or it is damaged ({plain(error)})"
        return StoreError(f"{path.name} is not a Tunescape study, {problem}; choose another file.")
    return StoreError(f"{path} cannot be opened: {plain(error)}.")


def damaged(path: Path, what: str) -> StoreError:
    """A study whose file is not as it was written."""
    return StoreError(f"{path.name} is damaged ({what}); restore it from a copy.")


def plain(error: Exception) -> str:
    """What the system says, without its number and full stop, in one line."""
    text = (getattr(error, "strerror", None) or str(error)).rstrip(".").lower()
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
