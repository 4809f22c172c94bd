"""Users' training functions in real worker processes, started as the executor starts them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.script_worker import ScriptWorker, ended, write

FOREIGN = getattr(sys, "_base_executable", sys.executable)
"""A Python that has none of the program's own packages."""


def test_that_a_foreign_python_runs_a_script_with_the_standard_library_alone(
    tmp_path: Path,
) -> None:
    script = write(
        tmp_path,
        """
        import sys
        from tunescape import TrialPruned

        def objective(trial):
            assert not any(name.partition(".")[0] == "engine" for name in sys.modules)
            assert not any(folder.endswith("executors") for folder in sys.path)
            x = trial.suggest_float("x", 0, 1)
            trial.report(x, 0)
            raise TrialPruned
        """,
    )
    bare = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    with ScriptWorker(script, FOREIGN, bare) as worker:
        assert worker.hear("ready", "refused")["type"] == "ready"
        result = worker.run({"x": 0.25})
    assert (result["value"], result["step"], result["pruned"]) == (0.25, 0, True)


def test_that_the_libraries_of_a_frozen_program_are_not_the_scripts(tmp_path: Path) -> None:
    script = write(
        tmp_path,
        """
        import os

        def objective(trial):
            left = [name for name in os.environ if name.startswith("_PYI") or "_ORIG" in name]
            print([left, os.environ["LD_LIBRARY_PATH"], os.environ["PATH"]])
            return 1
        """,
    )
    frozen = {
        **os.environ,
        "_PYI_APPLICATION_HOME_DIR": "/tmp/_MEI1",
        "LD_LIBRARY_PATH": os.pathsep.join(["/tmp/_MEI1", "/opt/mine"]),
        "LD_LIBRARY_PATH_ORIG": "/opt/mine",
        "PATH": os.pathsep.join(["/tmp/_MEI1/bin", "/usr/bin"]),
    }
    with ScriptWorker(script, environment=frozen) as worker:
        assert worker.run()["value"] == 1
    assert worker.log.strip() == str([[], "/opt/mine", "/usr/bin"])


def test_that_reports_may_be_no_numbers(tmp_path: Path) -> None:
    script = write(
        tmp_path,
        """
        def objective(trial):
            trial.report(float("nan"), 1)
            return 0
        """,
    )
    with ScriptWorker(script) as worker:
        worker.begin()
        report = worker.hear("report")
        assert worker.hear()["value"] == 0
    assert report["metrics"]["value"] != report["metrics"]["value"]


def test_that_a_script_cannot_disturb_the_protocol(tmp_path: Path) -> None:
    result = ended(
        tmp_path,
        """
        import os, sys

        def objective(trial):
            print('{"type": "result", "trial": 0, "value": -1, "finished": true}')
            os.write(1, b"\\xff\\x00 {}\\n")
            print("\\u2192 caf\\u00e9")
            sys.stdout.close()
            assert sys.stdin.read() == ""
            return 2
        """,
    )
    assert result["value"] == 2
    assert "→ café" in result["printed"]


def test_that_what_a_script_printed_before_it_crashed_is_in_the_log(tmp_path: Path) -> None:
    script = write(
        tmp_path,
        """
        import ctypes

        def objective(trial):
            print("last words")
            ctypes.string_at(0)
        """,
    )
    buffered = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    with ScriptWorker(script, environment=buffered) as worker:
        worker.begin()
        assert worker.process.wait(timeout=60) != 0
    assert "last words" in worker.log
    assert "train.py" in worker.log, "where it crashed"


def test_that_a_checkpoint_folder_is_there_and_goes_when_it_stays_empty(tmp_path: Path) -> None:
    script = write(
        tmp_path,
        """
        def objective(trial):
            assert trial.checkpoint_dir.is_dir()
            if trial.suggest_categorical("keep", [True, False]):
                (trial.checkpoint_dir / "model.txt").write_text("weights")
            return 1
        """,
    )
    with ScriptWorker(script) as worker:
        for number, keep in enumerate([True, False]):
            folder = tmp_path / "checkpoints" / f"trial-{number}"
            ends = worker.run({"keep": keep}, trial=number, checkpoint=str(folder))
            assert ends["type"] == "result"
            assert folder.exists() == keep
        ends = worker.run({"keep": True}, checkpoint=None)
        assert ends["type"] == "result", "it has one all the same"


@pytest.mark.parametrize(
    ("leave", "value", "pruned"),
    [("raise TrialPruned", 0.5, True), ("return", 0.5, False), ("return 0.25", 0.25, False)],
)
def test_that_a_trial_that_is_told_to_stop_ends_with_what_it_has(
    tmp_path: Path, leave: str, value: float, pruned: bool
) -> None:
    script = write(
        tmp_path,
        f"""
        import time
        from tunescape import TrialPruned

        def objective(trial):
            trial.report(0.5, 3)
            while not trial.should_prune():
                time.sleep(0.005)
            {leave}
        """,
    )
    with ScriptWorker(script) as worker:
        worker.begin()
        worker.hear("report")
        worker.send("stop", trial=0)
        result = worker.hear()
    assert (result["value"], result["step"]) == (value, 3)
    assert (result["finished"], result["pruned"]) == (False, pruned)


def test_that_a_seed_repeats_a_trial_and_the_import_is_the_same_for_all(tmp_path: Path) -> None:
    script = write(
        tmp_path,
        """
        import random
        import numpy

        SPLIT = random.random() + numpy.random.random()

        def objective(trial):
            trial.set_user_attr("split", SPLIT)
            return random.random() + numpy.random.random()
        """,
    )
    with ScriptWorker(script) as worker:
        first, again, other = (worker.run(seed=seed) for seed in (1, 1, 2))
    assert first["value"] == again["value"] != other["value"]
    assert first["metrics"]["split"] == again["metrics"]["split"] == other["metrics"]["split"]


def test_that_a_foreign_python_runs_commands_as_well(tmp_path: Path) -> None:
    script = write(tmp_path, "import sys\nprint({'loss': 0.5})\nsys.exit(int(sys.argv[1]))\n")
    task = {
        "kind": "command",
        "argv": [sys.executable, "train.py", "{code}"],
        "objective": "loss",
        "read": "pattern",
        "pattern": "'loss': (\\S+)}",
    }
    with ScriptWorker(script, FOREIGN, **task) as worker:
        assert worker.run({"code": 0})["value"] == 0.5
        failure = worker.run({"code": 3})
    assert failure["reason"] == "crashed"
    assert "exit code 3" in failure["message"]
    assert failure["log"] == ""
