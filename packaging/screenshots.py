"""Pictures of the real window on a real study: every page and panel, both schemes, two sizes.

    python packaging/dev.py screenshots DIR

Saves DIR/NAME-SCHEME-WIDTHxHEIGHT.png. The program runs as a user starts it, in a home of its own
and on Xvfb where there is no display; a script clicks through it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCREEN = "1920x1200x24"


@contextmanager
def display() -> Iterator[None]:
    """A display for the window: the one there is, or one that nobody sees."""
    if not sys.platform.startswith("linux") or os.environ.get("DISPLAY"):
        yield
        return
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", SCREEN, "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL)
    os.close(writer)
    with os.fdopen(reader) as answer:
        os.environ["DISPLAY"] = ":" + answer.readline().strip()
    os.environ.pop("WAYLAND_DISPLAY", None)
    try:
        yield
    finally:
        server.terminate()
        server.wait()


@contextmanager
def home() -> Iterator[Path]:
    """A folder in the place of the user's own, for settings, studies and logs."""
    from engine import places

    with tempfile.TemporaryDirectory(prefix="tunescape-") as name:
        folder = Path(name)
        places.studies = lambda: folder / "Documents" / places.APP
        places.settings = lambda: folder / "settings"
        places.logs = lambda: folder / "logs"
        yield folder


def main(arguments: list[str]) -> int:
    """Save the pictures in the folder that the one argument names."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: python packaging/dev.py screenshots DIR", file=sys.stderr)
        return 2
    target = Path(arguments[0]).absolute()
    target.mkdir(parents=True, exist_ok=True)
    with display(), home() as folder:
        from tour import Tour

        from tests.real_window import drive

        code = drive(lambda program: Tour(program, target, folder).script())
    print(f"{len(list(target.glob('*.png')))} pictures in {target}")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
