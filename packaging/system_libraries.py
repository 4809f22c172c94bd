"""What the virtual environment cannot hold: Qt's system libraries on Linux, Xvfb, Python's venv.

As root on a Debian-like system the missing ones are installed; elsewhere the one command that
installs them is named.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

QT_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
}
"""What Qt's window needs that its wheel does not bring, and the Debian package that has it."""

FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")


class SetupError(Exception):
    """Something that must be there cannot be put there; the message says how to."""


def ensure(virtual_display: bool) -> None:
    """Make sure that Qt finds its libraries and a font, and Xvfb if a display must be made."""
    libraries = {soname: package for soname, package in QT_LIBRARIES.items() if not _loads(soname)}
    others = {}
    if not _has_font():
        others["a font"] = "fonts-dejavu-core"
    if virtual_display and shutil.which("Xvfb") is None:
        others["Xvfb"] = "xvfb"
    missing = {**libraries, **others}
    if missing:
        _provide(", ".join(missing), list(missing.values()))


def ensure_venv_module() -> None:
    """Make sure that Python can make virtual environments (Debian ships that apart)."""
    _provide("Python's venv module", ["python{}.{}-venv".format(*sys.version_info)])


def _loads(soname: str) -> bool:
    try:
        ctypes.CDLL(soname)
    except OSError:
        return False
    return True


def _has_font() -> bool:
    folders = [Path(folder).expanduser() for folder in FONT_FOLDERS]
    return any(next(folder.glob("**/*.[to]t[fc]"), None) for folder in folders)


def _provide(missing: str, packages: list[str]) -> None:
    """Install Debian `packages` if we may, else say how it is done."""
    if shutil.which("apt-get") is None:
        raise SetupError(
            f"this system lacks {missing}; install it with the system's package manager "
            f"(on Debian it would be: apt-get install {' '.join(packages)}), then try again."
        )
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    if os.geteuid() != 0:
        raise SetupError(f"this system lacks {missing}; type\n\n  sudo {' '.join(install)}\n")
    print(f"Installing {missing} ({' '.join(packages)}) ...", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], install):
        done = subprocess.run(command, env=quiet, capture_output=True, text=True)
        if done.returncode != 0:
            raise SetupError(f"{done.stderr}\n`{' '.join(command)}` failed; this needs {missing}.")
