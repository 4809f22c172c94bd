"""Where files are: the program's own resources, and the user's folders."""

from __future__ import annotations

import sys
from pathlib import Path

import platformdirs

APP = "Tunescape"


def resources() -> Path:
    """Folder of the bundled data sets, examples and help, in a source tree or a frozen program."""
    bundle = getattr(sys, "_MEIPASS", None)
    return Path(bundle or Path(__file__).parents[1]) / "resources"


def studies() -> Path:
    """Folder that new studies are saved in unless the user says otherwise."""
    return Path(platformdirs.user_documents_dir()) / APP


def settings() -> Path:
    """Folder of the window's settings."""
    return Path(platformdirs.user_config_dir(APP, appauthor=False))


def logs() -> Path:
    """Folder of the program's own logs and crash reports."""
    return Path(platformdirs.user_log_dir(APP, appauthor=False))
