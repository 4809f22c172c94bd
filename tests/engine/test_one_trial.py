"""One trial by itself: the command to copy, and the run in the foreground, as a user has them."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.spec import StudySpec
from engine.study import Study, StudyError
from tests.engine.simulation import make_spec

ROOT = Path(__file__).parents[2]
COMMAND = """
name = "brought"
[task]
kind = "command"
argv = [{python}, "train.py", "--lr", "{{lr}}", "--note", "{{note}}", "--momentum", "{{momentum}}"]
environment = {{ SEED = "{{seed}}", PLACE = "{{checkpoint_dir}}" }}
folder = "a folder"
objective = "loss"
[[space]]
name = "lr"
type = "float"
low = 0.0
high = 1.0
[[space]]
name = "note"
type = "categorical"
choices = ["plain", "it's $HOME; rm -rf"]
[[space]]
name = "momentum"
type = "float"
low = 0.0
high = 1.0
when = {{ parameter = "note", values = ["plain"] }}
[method]
name = "random"
"""
TRAIN = """
import json, os, sys
argv = sys.argv[1:]
print(json.dumps({"step": 1, "loss": 1 - float(argv[1]), "seed": int(os.environ["SEED"])}))
print("argv", json.dumps(argv))
print("place", os.path.isdir(os.environ["PLACE"]))
if float(argv[1]) > 0.9:
    sys.exit("too large")
"""
SCRIPT = """
def objective(trial):
    lr = trial.suggest_float("lr", 0.0, 1.0)
    breakpoint()
    return 2 * lr
"""
SCRIPT_SPEC = """
name = "debugged"
[task]
kind = "script"
file = "train.py"
{interpreter}
[[space]]
name = "lr"
type = "float"
low = 0.0
high = 1.0
[method]
name = "random"
"""
ODD = {"lr": 0.25, "note": "it's $HOME; rm -rf"}


def run(*arguments: object, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "main.py"), *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture
def brought(tmp_path: Path):
    """A study of a command, with two trials that have yet to be run."""
    (tmp_path / "a folder").mkdir()
    (tmp_path / "a folder" / "train.py").write_text(TRAIN)
    text = COMMAND.format(python=json.dumps(sys.executable))
    study = Study.create(tmp_path / "brought.tune", StudySpec.parse(text, tmp_path))
    study.enqueue(ODD)
    study.enqueue({"lr": 0.95, "note": "plain", "momentum": 0.5})
    study.close()
    return study


def test_that_a_users_command_is_written_out_so_that_any_shell_takes_it(brought: Study) -> None:
    command = brought.command_of(0)
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    printed = done.stdout.splitlines()
    assert json.loads(printed[1].removeprefix("argv ")) == ["--lr", "0.25", "--note", ODD["note"]]
    assert json.loads(printed[0])["seed"] == brought.trials[0].seed
    assert printed[2] == "place True"
    assert "--note plain --momentum 0.5" in brought.command_of(1)
    with pytest.raises(StudyError, match="has no trial 2"):
        brought.command_of(2)


def test_that_a_built_in_trial_is_run_in_the_foreground_with_the_studys_result(
    tmp_path: Path,
) -> None:
    study = Study.create(tmp_path / "a study.tune", make_spec("grid", "trials = 1"))
    study.start()
    assert study.wait(60)
    command = shlex.split(study.command_of(0))
    study.close()
    before = study.path.read_bytes()
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    value = f"val_cross_entropy {study.best.value:.6g}"
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"Trial 0 of simulated: lr = {study.best.params['lr']}")
    assert lines[1] == f"In the study: {value}."
    assert [line.partition(":")[0] for line in lines[2:5]] == ["step 1", "step 2", "step 3"]
    assert lines[5].startswith("Trial 0 finished in ")
    assert value in lines[5]
    assert study.path.read_bytes() == before
    folder = study.path.with_name("a study.tune.d")
    assert {path.name for path in folder.iterdir()} <= {"lock", "trial-000000.safetensors"}


def test_that_a_command_is_run_in_the_foreground_once_it_is_trusted(
    brought: Study, tmp_path: Path
) -> None:
    refused = run("--trial", 0, brought.path, folder=tmp_path)
    assert refused.returncode == 2
    assert "look at it, then add --trust" in refused.stderr
    done = run("--trial", 0, brought.path, "--trust", folder=tmp_path)
    assert done.returncode == 0
    assert "step 1: loss 0.75" in done.stdout
    assert "Trial 0 finished in " in done.stdout
    failed = run("--trial", 1, brought.path, "--trust", folder=tmp_path)
    assert failed.returncode == 1
    assert "Trial 1 failed: " in failed.stdout
    assert "Traceback" not in failed.stdout + failed.stderr


@pytest.mark.parametrize("interpreter", ["", f"interpreter = {json.dumps(sys.executable)}"])
def test_that_a_script_stops_in_the_debugger_where_it_says_so(
    tmp_path: Path, interpreter: str
) -> None:
    (tmp_path / "train.py").write_text(SCRIPT)
    text = SCRIPT_SPEC.format(interpreter=interpreter)
    study = Study.create(tmp_path / "debugged.tune", StudySpec.parse(text, tmp_path))
    study.enqueue({"lr": 0.25})
    study.close()
    done = subprocess.run(
        [*shlex.split(study.command_of(0)), "--trust"],
        input="p lr * 100, trial.seed\nc\n",
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"(25.0, {study.trials[0].seed})" in done.stdout
    assert "value 0.5" in done.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--trial", "7", "brought.tune"], "brought.tune has no trial 7; it has 0 to 1."),
        (["--trial", "0", "digits.toml"], "digits.toml is no study (.tune)"),
        (["--trial", "0", "absent.tune"], "absent.tune is not there"),
        (["--trial", "0"], "--trial goes with a study (.tune)"),
        (["--trial", "0", "brought.tune", "--headless"], "and not with --headless"),
        (["--trial", "0", "brought.tune", "--seed", "3"], "--seed goes with --headless"),
    ],
)
def test_that_a_trial_that_cannot_be_is_refused_in_one_sentence(
    brought: Study, tmp_path: Path, arguments: list[Any], sentence: str
) -> None:
    done = run(*arguments, folder=tmp_path)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
