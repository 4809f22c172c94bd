"""Finding the parameters of a script: a real worker runs its function."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from engine import discovery
from engine.discovery import discover
from engine.dry_run import DryRunError, DryRunStoppedError
from engine.space import Categorical, Float, Int
from engine.task_tables import ScriptTask
from engine.tasks.dataset import TaskError

SCRIPT = """
def objective(trial):
    lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    kind = trial.suggest_categorical("optimizer", ["adam", "sgd"])
    if kind == "sgd":
        trial.suggest_float("momentum", 0.0, 0.99)
    width = trial.suggest_int("width", 8, 64, step=8)
    trial.report(lr, 1)
    open("went-on", "w")
    return lr
"""


def task_in(folder: Path, text: str) -> ScriptTask:
    (folder / "train.py").write_text(text)
    return ScriptTask(kind="script", file="train.py")


def test_that_a_function_is_asked_for_its_space_up_to_its_first_report(tmp_path: Path) -> None:
    found = discover(task_in(tmp_path, SCRIPT), tmp_path)
    lr, kind, momentum, width = sorted(
        found.parameters, key=lambda p: ["lr", "optimizer", "momentum", "width"].index(p.name)
    )
    assert lr == Float("lr", 1e-5, 1e-1, log=True)
    assert kind == Categorical("optimizer", ["adam", "sgd"])
    assert isinstance(momentum, Float)
    assert momentum.when is not None
    assert (momentum.when.parameter, momentum.when.values) == ("optimizer", ("sgd",))
    assert width == Int("width", 8, 64, step=8)
    assert not (tmp_path / "went-on").exists()


def test_that_a_script_that_cannot_be_imported_says_so(tmp_path: Path) -> None:
    with pytest.raises(DryRunError, match=r"line 1: No module named .no_such_module."):
        discover(task_in(tmp_path, "import no_such_module\ndef objective(t): ..."), tmp_path)


def test_that_a_function_that_asks_for_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DryRunError, match="asks for no parameter"):
        discover(task_in(tmp_path, "def objective(trial):\n    return 1.0"), tmp_path)


def test_that_a_script_that_is_not_there_is_not_looked_for(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"gone\.py is not there"):
        discover(ScriptTask(kind="script", file="gone.py"), tmp_path)


def test_that_the_search_can_be_stopped(tmp_path: Path) -> None:
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    with pytest.raises(DryRunStoppedError):
        discover(
            task_in(tmp_path, "import time\ntime.sleep(60)\ndef objective(t): ..."), tmp_path, stop
        )


def test_that_a_script_that_never_answers_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "SECONDS", 0.5)
    monkeypatch.setattr(discovery, "GRACE_SECONDS", 1.5)
    text = "import ctypes\ndef objective(trial):\n    ctypes.PyDLL(None).sleep(60)\n"
    with pytest.raises(DryRunError, match="did not answer for 2 s; have it ask") as refused:
        discover(task_in(tmp_path, text), tmp_path)
    assert not isinstance(refused.value, DryRunStoppedError)


def test_that_a_crash_is_told_of(tmp_path: Path) -> None:
    text = "import os\ndef objective(trial):\n    print('bye', flush=True)\n    os._exit(3)"
    with pytest.raises(DryRunError, match="exit code 3") as refused:
        discover(task_in(tmp_path, text), tmp_path)
    assert "bye" in refused.value.log
