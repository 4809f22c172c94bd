"""Finding Pythons and asking them what they have."""

from __future__ import annotations

import sys
import venv
from pathlib import Path

import pytest

from engine.tasks.interpreters import InterpreterError, examine, find_interpreters


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    return tmp_path / "home"


def environment(folder: Path) -> Path:
    venv.create(folder, with_pip=False, symlinks=True)
    return folder / "bin" / "python"


def conda(folder: Path) -> Path:
    (folder / "conda-meta").mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(sys.executable)
    return folder / "bin" / "python"


@pytest.mark.skipif(sys.platform == "win32", reason="made of symbolic links")
def test_that_environments_beside_the_script_come_first(tmp_path: Path, home: Path) -> None:
    project = tmp_path / "project"
    (project / "src").mkdir(parents=True)
    ours, above = environment(project / "src" / "env"), environment(project / ".venv")
    assert find_interpreters(project / "src" / "train.py")[:2] == [ours, above]


def test_that_the_programs_own_python_is_there_once(home: Path) -> None:
    found = find_interpreters()
    assert found.count(Path(sys.executable)) == 1


def test_that_the_active_environment_is_found(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    active = conda(tmp_path / "active")
    monkeypatch.setenv("CONDA_PREFIX", str(tmp_path / "active"))
    assert find_interpreters()[0] == active


def test_that_condas_environments_are_found(tmp_path: Path, home: Path) -> None:
    listed, usual = conda(tmp_path / "listed"), conda(home / "miniconda3" / "envs" / "vision")
    (home / ".conda").mkdir(parents=True)
    (home / ".conda" / "environments.txt").write_text(f"{tmp_path / 'listed'}\n/gone\n")
    assert {listed, usual} <= set(find_interpreters())


def test_that_a_python_tells_its_version_and_packages() -> None:
    found = examine(Path(sys.executable))
    assert found.version == ".".join(map(str, sys.version_info[:3]))
    assert str(found).startswith(f"Python {found.version}, torch 2.")


@pytest.mark.skipif(sys.platform == "win32", reason="shell scripts")
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("#!/bin/sh\necho hello", "is no Python; choose"),
        ("#!/bin/sh\necho '[[3, 7, 1], {}]'", "is Python 3.7.1; a script needs 3.8"),
        ("#!/nowhere/sh", "cannot be started (no such file"),
        ("#!/bin/sh\nexec sleep 60", "does not answer"),
        ("#!/bin/sh\nexit 1", "is no Python"),
    ],
)
def test_that_what_is_no_python_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, sentence: str
) -> None:
    monkeypatch.setattr("engine.tasks.interpreters.PATIENCE_SECONDS", 1.0)
    path = tmp_path / "python"
    path.write_text(content)
    path.chmod(0o755)
    with pytest.raises(InterpreterError) as refused:
        examine(path)
    assert sentence in str(refused.value)
