"""The Pythons that a user's script may run by: where they are, and what they have.

Environments are found by the marks that they carry on disk (pyvenv.cfg, conda-meta); what is in
one is asked of its own Python, in a process of its own that imports nothing heavy.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OLDEST = (3, 8)
PATIENCE_SECONDS = 30.0
PARENTS = 3
"""How far above a script environments are looked for."""
PACKAGES = ("torch", "tensorflow", "jax", "scikit-learn", "optuna")
_ASK = """
import json, sys
found = {}
try:
    from importlib import metadata
    for name in sys.argv[1:]:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            pass
except ImportError:
    pass
print(json.dumps([list(sys.version_info[:3]), found]))
"""
_CONDA_ROOTS = ("miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba")
_BINARY = Path("Scripts", "python.exe") if sys.platform == "win32" else Path("bin", "python")


class InterpreterError(ValueError):
    """A Python that cannot be used: one sentence."""


@dataclass(frozen=True)
class Interpreter:
    """A Python's version, such as "3.11.7", and those of the packages that matter."""

    path: Path
    version: str
    packages: dict[str, str]

    def __str__(self) -> str:
        named = [f"{name} {version}" for name, version in self.packages.items()]
        return ", ".join([f"Python {self.version}", *named])


def find_interpreters(near: Path | None = None) -> list[Path]:
    """Pythons on this computer, the likeliest first: those beside the script `near` before others.

    Nothing is started; what is found need not work.
    """
    found = dict.fromkeys(path for path in _candidates(near) if os.access(path, os.X_OK))
    return list(found)


def examine(path: Path) -> Interpreter:
    """Ask a Python what it is. Raises InterpreterError."""
    command = [str(path), "-c", _ASK, *PACKAGES]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE_SECONDS,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise InterpreterError(
            f"{path} does not answer; choose a Python that starts by itself."
        ) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InterpreterError(
            f"{path} cannot be started ({reason}); choose a Python itself."
        ) from None
    try:
        version, packages = json.loads(done.stdout)
        known = Interpreter(path, ".".join(map(str, version)), dict(packages))
    except (ValueError, TypeError):
        raise InterpreterError(f"{path} is no Python; choose a Python itself.") from None
    if tuple(version[:2]) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise InterpreterError(
            f"{path} is Python {known.version}; a script needs {oldest} or a newer one."
        )
    return known


def _candidates(near: Path | None) -> Iterator[Path]:
    if near is not None:
        for folder in [near.parent, *near.parent.parents[:PARENTS]]:
            yield from _environments_in(folder)
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        if os.environ.get(variable):
            yield from _python_of(Path(os.environ[variable]))
    if not getattr(sys, "frozen", False):
        yield Path(sys.executable)
    for folder in _conda_environments():
        yield from _python_of(folder)
    for name in ("python3", "python"):
        on_path = shutil.which(name)
        if on_path:
            yield Path(on_path)


def _environments_in(folder: Path) -> Iterator[Path]:
    try:
        inside = sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError:
        return
    for each in inside:
        if (each / "pyvenv.cfg").is_file() or (each / "conda-meta").is_dir():
            yield from _python_of(each)


def _conda_environments() -> Iterator[Path]:
    """Those that conda has written down, and those in its usual places."""
    home = Path.home()
    with contextlib.suppress(OSError, UnicodeDecodeError):
        yield from map(Path, (home / ".conda" / "environments.txt").read_text().split("\n")[:-1])
    for root in _CONDA_ROOTS:
        yield home / root
        yield from sorted((home / root / "envs").glob("*"))


def _python_of(environment: Path) -> Iterator[Path]:
    """The Python of an environment; conda's on Windows lies in its folder itself."""
    for path in (environment / _BINARY, environment / "python.exe"):
        if path.is_file():
            yield path
            return
