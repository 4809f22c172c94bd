"""Help and About, from files that come with the program."""

from __future__ import annotations

import platform
from importlib import metadata
from pathlib import Path

from PySide6 import __version__ as qt_version
from PySide6.QtWidgets import QWidget

from engine import places
from gui.jobs import run_job
from gui.widgets.dialogs import HelpDialog

_PAGES = ("home", "design", "run", "results")


def show_help(window: QWidget, place: int) -> None:
    """Help on the place that is shown."""
    path = places.resources() / "help" / f"{_PAGES[place]}.md"
    run_job(
        window,
        lambda: path.read_text(encoding="utf-8"),
        lambda text: HelpDialog(window, "Help", text).open(),
    )


def show_about(window: QWidget) -> None:
    """Version, and the folders where files go."""
    HelpDialog(window, "About Tunescape", _about()).open()


def _about() -> str:
    folders = {
        "New studies": places.studies(),
        "Settings": places.settings(),
        "Logs": places.logs(),
    }
    listed = "\n".join(f"- {what}: `{_text(path)}`" for what, path in folders.items())
    return (
        f"# Tunescape {_version()}\n\nTunes the hyperparameters of deep-learning models on your "
        "own machine, without an internet connection.\n\n"
        f"## Where files go\n\n{listed}\n\n"
        f"Python {platform.python_version()}, Qt {qt_version}, {platform.platform()}.\n\n"
        "Apache License 2.0."
    )


def _version() -> str:
    try:
        return metadata.version("tunescape")
    except metadata.PackageNotFoundError:  # run from its source folder
        return ""


def _text(path: Path) -> str:
    return path.as_posix()
