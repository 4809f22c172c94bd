"""What of the user's own code may be run, and how that is remembered."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import places
from engine.spec import StudySpec
from engine.task_tables import Task
from engine.trust import code_of, is_trusted, trust

SPACE = """
[[space]]
name = "lr"
type = "float"
low = 0.1
high = 1.0
[method]
name = "random"
"""
SCRIPT = 'name = "mine"\n[task]\nkind = "script"\nfile = "train.py"\n' + SPACE
COMMAND = (
    'name = "mine"\n[task]\nkind = "command"\nobjective = "loss"\n'
    'argv = ["train", "--lr", "{lr}"]\n'
    'environment = { MODE = "fast one" }\n' + SPACE
)
BUILTIN = (
    'name = "mine"\n[task]\nnetwork = "mlp"\ndata = "digits"\nobjective = "val_cross_entropy"\n'
    + SPACE
)


def task_of(text: str) -> Task:
    return StudySpec.parse(text).task


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(places, "settings", lambda: tmp_path / "config")
    return tmp_path / "config"


def test_that_a_built_in_network_needs_no_trust(tmp_path: Path) -> None:
    assert code_of(task_of(BUILTIN), tmp_path) is None
    assert is_trusted(task_of(BUILTIN), tmp_path)


@pytest.mark.parametrize("text", [SCRIPT, COMMAND])
def test_that_trust_is_given_once_and_remembered(tmp_path: Path, text: str) -> None:
    task = task_of(text)
    assert not is_trusted(task, tmp_path)
    trust(task, tmp_path)
    assert is_trusted(task_of(text), tmp_path)


def test_that_a_script_is_shown_as_it_would_run(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("def objective(trial): ...\n")
    code = code_of(task_of(SCRIPT), tmp_path)
    assert code is not None
    assert code.title == f"objective of {tmp_path / 'train.py'} is run."
    assert code.text == "def objective(trial): ...\n"


def test_that_a_command_is_shown_with_its_variables_and_quotes(tmp_path: Path) -> None:
    code = code_of(task_of(COMMAND), tmp_path)
    assert code is not None
    assert code.title == f"This command is run in {tmp_path}."
    assert code.text == "MODE=fast one\ntrain --lr '{lr}'"


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        (SCRIPT, "train.py", "other.py"),
        (SCRIPT, '"train.py"', '"train.py"\ninterpreter = "python"'),
        (SCRIPT, '"train.py"', '"train.py"\nfunction = "fit"'),
        (SCRIPT, '"train.py"', '"train.py"\nmany = "train_many"'),
        (COMMAND, '"train"', '"rm"'),
        (COMMAND, "fast one", "slow one"),
        (COMMAND, 'objective = "loss"', 'objective = "loss"\nfolder = "elsewhere"'),
    ],
)
def test_that_trust_in_one_thing_is_no_trust_in_another(
    tmp_path: Path, text: str, old: str, new: str
) -> None:
    trust(task_of(text), tmp_path)
    assert not is_trusted(task_of(text.replace(old, new)), tmp_path)


def test_that_a_script_of_the_same_name_elsewhere_is_another(tmp_path: Path) -> None:
    trust(task_of(SCRIPT), tmp_path)
    assert not is_trusted(task_of(SCRIPT), tmp_path / "downloads")


def test_that_other_things_to_tune_in_the_same_script_need_no_new_trust(tmp_path: Path) -> None:
    trust(task_of(SCRIPT), tmp_path)
    assert is_trusted(task_of(SCRIPT.replace("high = 1.0", "high = 2.0")), tmp_path)


@pytest.mark.parametrize("content", ["", "{", '{"a": 1}', "[1, null]", "\udcff"])
def test_that_a_broken_list_means_that_it_is_asked_again(
    tmp_path: Path, config: Path, content: str
) -> None:
    task = task_of(SCRIPT)
    config.mkdir()
    (config / "trusted.json").write_bytes(content.encode(errors="surrogateescape"))
    assert not is_trusted(task, tmp_path)
    trust(task, tmp_path)
    assert is_trusted(task, tmp_path)


def test_that_a_folder_that_cannot_be_written_breaks_nothing(tmp_path: Path, config: Path) -> None:
    config.write_text("a file where the folder should be")
    trust(task_of(SCRIPT), tmp_path)
    assert not is_trusted(task_of(SCRIPT), tmp_path)
