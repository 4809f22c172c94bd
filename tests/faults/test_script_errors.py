"""What users' training functions raise and return that is no objective, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.script_worker import ScriptWorker, ended, write


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
