"""What the window remembers from one start to the next: an INI file in the user's own folder.

Read once at start; written whole, by a job, a moment after something changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QObject, QSettings, QTimer

from engine import places
from gui.jobs import run_job

_SAVE_AFTER_MS = 400


class Settings(QObject):
    """Values by name ("window/geometry"); anything that JSON can hold, or bytes of Qt's."""

    def __init__(self, path: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.path = path or places.settings() / "window.ini"
        self._values = _read(self.path)
        self._later = QTimer(self, singleShot=True, interval=_SAVE_AFTER_MS)
        self._later.timeout.connect(self._save_beside)
        self._saving = False
        self.problem = ""
        """Why the file could not be written, in one sentence; empty while all is well."""

    def get(self, name: str, default: Any = None) -> Any:
        """The value of `name`, or `default` where nothing (or nothing readable) is stored."""
        try:
            return json.loads(self._values[name])
        except (KeyError, ValueError):
            return default

    def set(self, name: str, value: Any) -> None:
        """Remember `value` under `name`; it reaches the disk a moment later."""
        text = json.dumps(value)
        if self._values.get(name) != text:
            self._values[name] = text
            self._later.start()

    def get_bytes(self, name: str) -> QByteArray | None:
        """Bytes such as a window's geometry, or None."""
        text = self.get(name)
        return QByteArray.fromBase64(text.encode()) if isinstance(text, str) else None

    def set_bytes(self, name: str, value: QByteArray) -> None:
        """Remember bytes under `name`."""
        self.set(name, bytes(value.toBase64().data()).decode())

    def flush(self) -> None:
        """Write what is not yet written, now: for the program's last moment."""
        if self._later.isActive():
            self._later.stop()
            self._saved(_write(self.path, dict(self._values)))

    def _save_beside(self) -> None:
        if self._saving:
            self._later.start()
            return
        self._saving = True
        run_job(self, _writer(self.path, dict(self._values)), self._saved)

    def _saved(self, problem: str) -> None:
        self._saving = False
        self.problem = problem


def _read(path: Path) -> dict[str, str]:
    file = QSettings(str(path), QSettings.Format.IniFormat)
    return {name: value for name in file.allKeys() if isinstance(value := file.value(name), str)}


def _writer(path: Path, values: dict[str, str]) -> Callable[[], str]:
    return lambda: _write(path, values)


def _write(path: Path, values: dict[str, str]) -> str:
    """Replace the file as a whole (QSettings writes beside it and renames)."""
    file = QSettings(str(path), QSettings.Format.IniFormat)
    file.clear()
    for name, value in values.items():
        file.setValue(name, value)
    file.sync()
    if file.status() == QSettings.Status.NoError:
        return ""
    return f"The settings could not be saved in {path}; check that the folder can be written to."
