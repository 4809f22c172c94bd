"""Users' training functions in real worker processes, started as the executor starts them."""

from __future__ import annotations

import os
import sys
import textwrap
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.script_worker import ScriptWorker, run_once

FOREIGN = getattr(sys, "_base_executable", sys.executable)
"""A Python that has none of the program's own packages."""
posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


def write(folder: Path, body: str, name: str = "train.py") -> Path:
    """A script; its function is `objective`."""
    script = folder / name
    script.write_text(textwrap.dedent(body), encoding="utf-8")
    return script


def ended(folder: Path, body: str, **params: Any) -> dict[str, Any]:
    return run_once(folder, textwrap.dedent(body), params)


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


def test_that_a_script_is_where_it_would_be_if_it_were_started_by_hand(tmp_path: Path) -> None:
    (tmp_path / "neighbour.py").write_text("VALUE = 3")
    (tmp_path / "data.txt").write_text("4")
    result = ended(
        tmp_path,
        """
        import sys
        from neighbour import VALUE

        if __name__ == "__main__":
            raise SystemExit("it is not started by hand")

        def objective(trial):
            assert sys.argv == [__file__]
            return VALUE + float(open("data.txt").read())
        """,
    )
    assert result["value"] == 7


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("None", "returned nothing (None); let it return its value."),
        ("'0.5'", "returned the text '0.5'; let it return a number."),
        ("(1, 2)", "returned a tuple of 2 values; let it return one number"),
        ("{'loss': 1}", "returned a dict without 'value' (it has loss)"),
        ("{'value': 'low'}", "returned a dict whose 'value' is the text 'low'"),
        ("objective", "returned a function; let it return a number."),
    ],
)
def test_that_what_is_no_objective_is_named(tmp_path: Path, returned: str, said: str) -> None:
    failure = ended(tmp_path, f"def objective(trial):\n    return {returned}\n")
    assert (failure["type"], failure["reason"]) == ("failure", "no_objective")
    assert said in failure["message"]
    assert failure["log"] == ""


@pytest.mark.parametrize("returned", ["nan", "inf", "-inf"])
def test_that_an_objective_that_is_no_finite_number_has_diverged(
    tmp_path: Path, returned: str
) -> None:
    failure = ended(tmp_path, f"def objective(trial):\n    return float({returned!r})\n")
    assert failure["reason"] == "diverged"
    assert failure["message"] == f"the objective is {returned}."


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


@pytest.mark.parametrize(
    ("call", "reason", "said"),
    [
        ("sys.exit(3)", "crashed", "sys.exit (exit code 3)."),
        ("sys.exit('no data')", "crashed", "sys.exit (exit code 1: no data)."),
        ("sys.exit()", "crashed", "sys.exit (exit code 0)."),
        ("raise KeyboardInterrupt", "exception", "KeyboardInterrupt"),
        ("raise GeneratorExit", "exception", "GeneratorExit"),
        ("raise MemoryError", "out_of_memory", "MemoryError (train.py, line 4)"),
        ("raise RuntimeError('CUDNN_STATUS_ALLOC_FAILED')", "out_of_memory", "(train.py, line 4)"),
        ("raise Mute", "exception", "Mute (train.py, line 4)"),
    ],
)
def test_that_a_worker_outlives_whatever_a_script_raises(
    tmp_path: Path, call: str, reason: str, said: str
) -> None:
    script = write(
        tmp_path,
        f"""\
        import sys
        def objective(trial):
            if trial.number == 0:
                {call}
            return 1
        class Mute(Exception):
            def __str__(self):
                raise ValueError
        """,
    )
    with ScriptWorker(script) as worker:
        failure = worker.run()
        assert (failure["type"], failure["reason"]) == ("failure", reason)
        assert failure["message"].endswith(said)
        assert worker.run(trial=1)["value"] == 1


def test_that_a_traceback_begins_with_the_users_own_code(tmp_path: Path) -> None:
    failure = ended(
        tmp_path,
        """
        def objective(trial):
            return deeper(trial)

        def deeper(trial):
            return trial.suggest_float("width", 0, 1)
        """,
    )
    assert "the function asks for 'width', which the space does not have" in failure["message"]
    assert "discover the space anew" in failure["message"]
    assert failure["log"].count("File ") == 2
    assert failure["log"].splitlines()[1].endswith('train.py", line 3, in objective')


def test_that_a_sentence_about_an_error_stands_in_the_place_of_its_traceback(
    tmp_path: Path,
) -> None:
    log = ended(tmp_path, "import no_such_thing\n")["log"]
    assert log.endswith("ModuleNotFoundError: No module named 'no_such_thing'\n")
    assert "tunescape" not in log


def test_that_half_a_character_harms_nothing(tmp_path: Path) -> None:
    body = """
        def objective(trial):
            trial.log(**{"\\udcff": 1})
            raise OSError("\\udcff.csv is not there")
        """
    with ScriptWorker(write(tmp_path, body)) as worker:
        worker.begin()
        report, failure = worker.hear_all()[-2:]
    assert report["metrics"] == {"?": 1}
    assert failure["message"] == "OSError: ?.csv is not there (train.py, line 4)"
    assert "OSError: ?.csv" in failure["log"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import no_such_thing", "train.py, line 1: No module named 'no_such_thing'; install it"),
        ("from os import nothing", "train.py, line 1: cannot import name 'nothing'"),
        ("\n1 / 0", "ZeroDivisionError: division by zero (train.py, line 2)"),
        ("def train(t): ...", "train.py has no function objective (it has train)"),
        ("", "train.py has no function objective (it has none at all)"),
    ],
)
def test_that_a_script_that_cannot_be_imported_says_where(
    tmp_path: Path, source: str, said: str
) -> None:
    assert said in ended(tmp_path, source)["message"]


def test_that_bad_syntax_and_a_missing_file_are_refused_before_any_trial(tmp_path: Path) -> None:
    with ScriptWorker(write(tmp_path, "x = 1\nx = = 2\n")) as worker:
        assert worker.hear()["message"] == "train.py, line 2: invalid syntax; correct it."
    with ScriptWorker(tmp_path / "gone.py") as worker:
        assert worker.hear()["message"].endswith(
            "gone.py cannot be read (no such file or directory); check it."
        )


@posix
def test_that_a_fork_says_nothing_in_the_name_of_the_trial(tmp_path: Path) -> None:
    script = write(
        tmp_path,
        """
        import os

        def objective(trial):
            codes = []
            for does in ("return", "raise", "exit"):
                if os.fork() == 0:
                    trial.report(99.0, 9)
                    if does == "raise":
                        raise RuntimeError("only the child")
                    if does == "exit":
                        raise SystemExit(7)
                    return
                codes.append(os.wait()[1] >> 8)
            assert trial.checkpoint_dir.is_dir()
            trial.log(first=codes[0], second=codes[1], third=codes[2])
            return 1.0
        """,
    )
    with ScriptWorker(script) as worker:
        worker.begin()
        heard = worker.hear_all()
        assert psutil.Process(worker.process.pid).children() == []
    assert [message["type"] for message in heard] == ["ready", "started", "report", "result"]
    assert heard[2]["metrics"] == {"first": 0, "second": 1, "third": 7}
    assert "RuntimeError: only the child" in worker.log


@posix
@pytest.mark.parametrize("does", ["return 1", "raise RuntimeError"])
def test_that_a_fork_does_not_look_for_parameters_either(tmp_path: Path, does: str) -> None:
    script = write(
        tmp_path,
        f"""
        import os

        def objective(trial):
            with open("calls.txt", "a") as calls:
                print(os.getpid(), file=calls)
            x = trial.suggest_categorical("x", [1, 2])
            if os.fork() == 0:
                {does}
            os.wait()
            assert trial.checkpoint_dir.is_dir()
            return x
        """,
    )
    with ScriptWorker(script) as worker:
        found = worker.discover()
    assert [parameter["name"] for parameter in found["parameters"]] == ["x"]
    assert found["notes"] == []
    assert (tmp_path / "calls.txt").read_text().split() == [str(worker.process.pid)] * 2


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_that_multiprocessing_works_with_functions_of_the_script(
    tmp_path: Path, method: str
) -> None:
    if method == "fork" and not hasattr(os, "fork"):
        pytest.skip("there is no fork here")
    result = ended(
        tmp_path,
        """
        import multiprocessing
        from tunescape import TrialPruned

        def double(x):
            return 2 * x

        def objective(trial):
            method = trial.suggest_categorical("method", ["fork", "spawn"])
            with multiprocessing.get_context(method).Pool(1) as pool:
                return sum(pool.map(double, [1, 2]))
        """,
        method=method,
    )
    assert result["type"] == "result", result
    assert result["value"] == 6


def test_that_a_script_named_as_a_module_that_is_there_does_not_take_its_place(
    tmp_path: Path,
) -> None:
    source = "import queue\ndef objective(trial):\n    return queue.Queue(5).maxsize\n"
    script = write(tmp_path, source, "queue.py")
    with ScriptWorker(script) as worker:
        assert worker.run()["value"] == 5


SPREAD = {
    "beside": ("train.py", "from . import helper\nfrom .helper import VALUE\n"),
    "in a package": ("pkg/train.py", "from .helper import VALUE\n"),
    "above": ("pkg/runs/train.py", "from ..helper import VALUE\n"),
    "by its package's name": ("pkg/train.py", "from pkg.helper import VALUE\n"),
}


@pytest.mark.parametrize("place", SPREAD)
def test_that_a_script_may_be_a_part_of_a_package(tmp_path: Path, place: str) -> None:
    name, imports = SPREAD[place]
    script, package = tmp_path / name, tmp_path / Path(name).parts[0]
    script.parent.mkdir(parents=True, exist_ok=True)
    if package.is_dir():
        (package / "__init__.py").touch()
    (package if package.is_dir() else tmp_path).joinpath("helper.py").write_text("VALUE = 3")
    script.write_text(
        f"{imports}\nimport multiprocessing\n"
        "def double(x):\n    return 2 * x\n"
        "def objective(trial):\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        return pool.map(double, [VALUE])[0]\n"
    )
    with ScriptWorker(script) as worker:
        assert worker.run()["value"] == 6, worker.log


def test_that_a_relative_import_that_leads_nowhere_says_where(tmp_path: Path) -> None:
    folder = tmp_path / "json"  # whose name is taken
    folder.mkdir()
    failure = ended(folder, "from .helper import VALUE\ndef objective(trial): ...\n")
    assert failure["message"].startswith("train.py, line 1: attempted relative import")


def test_that_a_script_of_a_librarys_name_runs(tmp_path: Path) -> None:
    source = "def objective(trial):\n    return 5\n"
    with ScriptWorker(write(tmp_path, source, "tensorflow.py")) as worker:
        assert worker.run()["value"] == 5


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
