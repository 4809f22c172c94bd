"""The folder in which a trial may put its checkpoint."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Iterator


@contextlib.contextmanager
def checkpoint_folder(path: str | None) -> Iterator[Path]:
    """A folder that is there during a trial, and after it if something is in it.

    Without a `path` it is a temporary one. A fork that comes back from the user's function leaves
    it alone.
    """
    owner, folder = os.getpid(), Path(path or tempfile.mkdtemp(prefix="tunescape-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    finally:
        if os.getpid() == owner:
            if not path:
                shutil.rmtree(folder, ignore_errors=True)
            with contextlib.suppress(OSError):
                folder.rmdir()
