"""The virtual environment .venv: made, filled, repaired, and left alone when it is up to date.

The packages are those of pyproject.toml, in the versions of constraints.txt. Tunescape itself is
not installed: it runs from the tree.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import subprocess
import venv
from collections.abc import Iterable, Iterator
from pathlib import Path

import system_libraries
from system_libraries import SetupError

EXTRAS = {
    "run": (),
    "screenshots": (),
    "test": ("test",),
    "lint": ("test", "lint"),
    "bench": ("bench",),
}
"""The extras of pyproject.toml that each purpose needs beside the program's own dependencies."""


def ensure(root: Path, purpose: str) -> Path:
    """Bring `root`/.venv up to date for `purpose` and return its Python."""
    folder = root / ".venv"
    python = _python_of(folder)
    wanted = requirements(root, EXTRAS[purpose])
    constraints = root / "packaging" / "constraints.txt"
    stamps = folder / "installed.json"
    fingerprint = _fingerprint(wanted, constraints)
    if python.exists() and _read(stamps).get(purpose) == fingerprint:
        return python
    unfinished = folder / "unfinished"  # there from the first step to the last one
    if unfinished.exists() or not _has_pip(python):
        _create(folder, unfinished)
    unfinished.touch()
    print(f"Installing what `{purpose}` needs into {folder} ...", flush=True)
    said, failed = _pip_install(python, wanted, constraints)
    unfinished.unlink()
    if failed:
        raise SetupError(
            f"{said}\npip could not install the packages (its words are above); check the "
            "connection and the free disk space, then run the same command again."
        )
    stamps.write_text(json.dumps({**_read(stamps), purpose: fingerprint}, indent=1))
    return python


def requirements(root: Path, extras: tuple[str, ...]) -> list[str]:
    """The requirements that pyproject.toml states, and those of `extras`."""
    import tomllib  # not in the older Pythons that must get as far as being told so

    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    return [*project["dependencies"], *(line for extra in extras for line in optional[extra])]


def _fingerprint(wanted: list[str], constraints: Path) -> str:
    return hashlib.sha256("\n".join(wanted).encode() + constraints.read_bytes()).hexdigest()


def _read(stamps: Path) -> dict[str, str]:
    try:
        return json.loads(stamps.read_text())
    except (OSError, ValueError):
        return {}


def _python_of(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _has_pip(python: Path) -> bool:
    try:
        answer = subprocess.run([python, "-m", "pip", "--version"], capture_output=True)
    except OSError:
        return False
    return answer.returncode == 0


def _create(folder: Path, unfinished: Path) -> None:
    print(f"Making {folder} ...", flush=True)
    if importlib.util.find_spec("ensurepip") is None:
        system_libraries.ensure_venv_module()
    try:
        venv.create(folder, clear=True, symlinks=os.name != "nt")
        unfinished.touch()
        ensurepip = [_python_of(folder), "-m", "ensurepip", "--default-pip"]
        subprocess.run(ensurepip, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SetupError(
            f"could not make {folder} ({error}); delete that folder and try again."
        ) from error


def _pip_install(python: Path, wanted: list[str], constraints: Path) -> tuple[str, bool]:
    """Show pip's progress; return the end of what it said, and whether it failed."""
    pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    child = subprocess.Popen(
        [*pip, "--constraint", constraints, *wanted],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    said = list(_showing_progress(child.stdout or ()))
    return "".join(said[-20:]), child.wait() != 0


def _showing_progress(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if line.lstrip().startswith(("Downloading", "Installing collected")):
            print("  " + line.strip()[:100], flush=True)
        yield line
