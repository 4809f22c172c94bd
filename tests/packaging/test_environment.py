"""The virtual environment: filled once, again for new requirements, repaired when half made."""

from __future__ import annotations

import environment
import pytest
from system_libraries import SetupError

PYPROJECT = """
[project]
dependencies = ["numpy"]
[project.optional-dependencies]
test = ["pytest"]
lint = ["ruff"]
"""


class Pip:
    """Stands in for pip and for the making of the environment, and counts what is asked of it."""

    def __init__(self, root):
        self.folder = root / ".venv"
        self.installed = []
        self.made = 0
        self.outcome = ("", False)

    def create(self, folder, unfinished):
        self.made += 1
        python = environment._python_of(folder)
        python.parent.mkdir(parents=True, exist_ok=True)
        python.touch()
        unfinished.touch()

    def install(self, python, wanted, constraints):
        self.installed.append(wanted)
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome


@pytest.fixture
def pip(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "packaging").mkdir()
    (tmp_path / "packaging" / "constraints.txt").write_text("numpy==2\n")
    pip = Pip(tmp_path)
    monkeypatch.setattr(environment, "_create", pip.create)
    monkeypatch.setattr(environment, "_has_pip", lambda python: python.exists())
    monkeypatch.setattr(environment, "_pip_install", pip.install)
    return pip


def test_that_a_second_call_installs_nothing(pip, tmp_path):
    for _ in range(2):
        environment.ensure(tmp_path, "run")
    assert pip.made == 1
    assert pip.installed == [["numpy"]]


def test_that_a_purpose_brings_its_own_packages_into_the_same_environment(pip, tmp_path):
    environment.ensure(tmp_path, "run")
    environment.ensure(tmp_path, "test")
    environment.ensure(tmp_path, "run")
    assert pip.made == 1
    assert pip.installed == [["numpy"], ["numpy", "pytest"]]


def test_that_new_pins_are_installed(pip, tmp_path):
    environment.ensure(tmp_path, "run")
    (tmp_path / "packaging" / "constraints.txt").write_text("numpy==3\n")
    environment.ensure(tmp_path, "run")
    assert pip.made == 1
    assert len(pip.installed) == 2


def test_that_a_change_beside_the_requirements_installs_nothing(pip, tmp_path):
    environment.ensure(tmp_path, "run")
    (tmp_path / "pyproject.toml").write_text(PYPROJECT + "[tool.ruff]\nline-length = 100\n")
    environment.ensure(tmp_path, "run")
    assert len(pip.installed) == 1


def test_that_an_interrupted_installation_starts_over(pip, tmp_path):
    pip.outcome = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        environment.ensure(tmp_path, "run")
    pip.outcome = ("", False)
    environment.ensure(tmp_path, "run")
    environment.ensure(tmp_path, "run")
    assert pip.made == 2
    assert len(pip.installed) == 2


def test_that_a_failed_installation_is_told_and_tried_again(pip, tmp_path):
    pip.outcome = ("ERROR: no matching distribution", True)
    with pytest.raises(SetupError, match=r"no matching distribution[^$]*check the connection"):
        environment.ensure(tmp_path, "run")
    pip.outcome = ("", False)
    environment.ensure(tmp_path, "run")
    assert pip.made == 1


def test_that_an_environment_made_by_hand_is_taken_over(pip, tmp_path):
    python = environment._python_of(tmp_path / ".venv")
    python.parent.mkdir(parents=True)
    python.touch()
    environment.ensure(tmp_path, "run")
    assert pip.made == 0
    assert len(pip.installed) == 1
