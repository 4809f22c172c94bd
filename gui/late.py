"""Imports that are put off until they are needed, by one thread at a time.

Packages whose modules import each other are found half-made by a second thread that comes to them
by another way while a first one is at it.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterable
from types import ModuleType

_lock = threading.RLock()


def late_import(name: str) -> ModuleType:
    """The module, imported now if nobody has yet; waits for whoever is importing another."""
    with _lock:
        return importlib.import_module(name)


def warm_up(names: Iterable[str]) -> None:
    """Import modules ahead of their need; called in a job."""
    for name in names:
        late_import(name)
