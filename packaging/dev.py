"""The developer's one door: run, test, lint, bench and screenshots, each from a bare checkout.

Standard library only. What it installs is in `environment.py` (.venv and its packages) and
`system_libraries.py` (what Qt needs of a Linux system).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import environment
import system_libraries
from system_libraries import SetupError

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "resources" / "examples" / "digits-grid.toml"
OLDEST_PYTHON = (3, 11)
NEWER_PYTHONS = ("python3.14", "python3.13", "python3.12", "python3.11")

USAGE = """\
usage: python packaging/dev.py COMMAND

  run [ARGS]       open Tunescape; without ARGS on the bundled example (no display: headless)
  test [ARGS]      run the tests; ARGS go to pytest
  lint             ruff, mypy and import-linter
  bench [NAME]     measure speed and memory: all of tests/bench, or NAME
  screenshots DIR  save a picture of every page and panel of the real window

Each makes .venv and installs what it needs, once."""


def main() -> int:
    """Run the command that was asked for; its exit code is ours."""
    if sys.version_info < OLDEST_PYTHON:
        return _complain(_too_old())
    command, *arguments = sys.argv[1:] or ["help"]
    if command in ("help", "-h", "--help"):
        print(USAGE)
        return 0
    if command not in COMMANDS:
        return _complain(f"there is no command {command!r}.\n\n{USAGE}")
    try:
        return COMMANDS[command](arguments)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except SetupError as error:
        return _complain(str(error))


def run(arguments: list[str]) -> int:
    """Open the window, or run headless where there is no screen to open it on."""
    headless = "--headless" in arguments
    if not headless and not has_display():
        print("There is no display here, so Tunescape runs headless.", flush=True)
        return _run_headless(arguments)
    python = prepare("run", window=not headless)
    return call([python, ROOT / "main.py", *(arguments or [EXAMPLE])])


def _run_headless(arguments: list[str]) -> int:
    """Run `arguments`, or the bundled example; one that is already under way here goes on."""
    study = Path(EXAMPLE.with_suffix(".tune").name)
    example = [study] if study.exists() else [EXAMPLE, "--out", study]
    python = prepare("run", window=False)
    return call([python, ROOT / "main.py", "--headless", *(arguments or example)])


def test(arguments: list[str]) -> int:
    """Run pytest without a screen, unless QT_QPA_PLATFORM asks for one.

    All tests are run side by side, file by file; those that are named one after another.
    """
    python = prepare("test")
    named = any(not argument.startswith("--") for argument in arguments)
    together = [] if named else ["-n", "2", "--dist", "loadfile"]
    command = [python, "-m", "pytest", *together, *arguments]
    return call(command, QT_QPA_PLATFORM=_platform(), cwd=ROOT)


def lint(arguments: list[str]) -> int:
    """Run every check, also after one of them failed."""
    python = prepare("lint", window=False)
    checks = {
        "ruff check": [python, "-m", "ruff", "check", *arguments],
        "ruff format": [python, "-m", "ruff", "format", "--check", *arguments],
        "mypy": [python, "-m", "mypy"],
        "import-linter": [python.with_name("lint-imports"), "--no-cache", "--no-logo"],
    }
    codes = []
    for name, check in checks.items():
        print(f"-- {name}", flush=True)
        codes.append(call(check, cwd=ROOT))
    return max(codes)


def bench(arguments: list[str]) -> int:
    """Run the benchmarks of tests/bench, or those that are named."""
    python = prepare("bench")
    return call([python, "-m", "tests.bench", *arguments], cwd=ROOT)


def screenshots(arguments: list[str]) -> int:
    """Drive the real window through a small study and save pictures of it."""
    python = prepare("screenshots", display=True)
    script = Path(__file__).with_name("screenshots.py")
    return call([python, script, *arguments], PYTHONPATH=str(ROOT))


COMMANDS = {
    "run": run,
    "test": test,
    "lint": lint,
    "bench": bench,
    "screenshots": screenshots,
}


def prepare(purpose: str, window: bool = True, display: bool = False) -> Path:
    """Install whatever `purpose` needs and return the Python to run it with.

    `window` says that Qt will be used, `display` that it cannot be used off-screen.
    """
    if window and sys.platform.startswith("linux"):
        system_libraries.ensure(virtual_display=display and not has_display())
    return environment.ensure(ROOT, purpose)


def has_display() -> bool:
    """Whether a window could be shown; only Linux can be without a display."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def call(argv: list[str | Path], cwd: Path | None = None, **variables: str) -> int:
    """Run a program that gets our Ctrl-C and SIGTERM, and return its exit code as a shell would."""
    child = subprocess.Popen(argv, cwd=cwd, env={**os.environ, **variables})
    usual = signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    try:
        code = _wait(child)
    finally:
        signal.signal(signal.SIGTERM, usual)
    return code if code >= 0 else 128 - code


def _wait(child: subprocess.Popen[bytes]) -> int:
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue  # the child got it too, and decides how to end


def _platform() -> str:
    return os.environ.get("QT_QPA_PLATFORM", "offscreen")


def _too_old() -> str:
    here = "Tunescape needs Python {}.{} or newer; this is Python {}.{} ({}).".format(
        *OLDEST_PYTHON, *sys.version_info[:2], sys.executable
    )
    newer = [name for name in NEWER_PYTHONS if shutil.which(name)]
    return f"{here} Use {newer[0]} instead." if newer else here


def _complain(message: str) -> int:
    print("dev.py: " + message, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
