"""The space that a function states itself, found by running it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from engine.tasks.script.discovery import Discovery
from engine.tasks.script.loading import Script
from engine.tasks.script.trial import Study

ROOT = Path(__file__).parents[2]


class Found:
    """What a discovery answered."""

    def __init__(self, function: Any, seconds: float, probes: int) -> None:
        answers: list[dict[str, Any]] = []
        self.runs = 0

        def counted(trial: Any) -> Any:
            self.runs += 1
            return function(trial)

        script = Script(__file__, "objective")
        discovery = Discovery(counted, script, "cpu", Study("minimize"))
        discovery.run(lambda **answer: answers.append(answer), seconds, probes)
        (answer,) = answers
        self.parameters, self.notes = answer["parameters"], answer["notes"]
        self.problem = answer["problem"]
        self.names = [parameter["name"] for parameter in self.parameters]
        self.when = {
            p["name"]: (p["when"]["parameter"], p["when"]["values"])
            for p in self.parameters
            if p["when"]
        }


@pytest.fixture
def discover() -> Any:
    def run(function: Any, seconds: float = 60, probes: int = 200) -> Found:
        return Found(function, seconds, probes)

    return run


def test_that_ranges_and_choices_are_found_as_they_are_asked_for(discover: Any) -> None:
    def objective(trial: Any) -> float:
        trial.suggest_float("lr", 1e-5, 0.1, log=True)
        trial.suggest_float("share", 0, 1, step=0.3)
        trial.suggest_int("width", 16, 127, step=16)
        trial.suggest_int("depth", 4, 4)
        trial.suggest_categorical("opt", ["adam", "sgd"])
        return 1.0

    found = discover(objective)
    unset = {"low": None, "high": None, "log": False, "step": None, "choices": None}
    unset |= {"value": None, "when": None}
    assert found.parameters == [
        {**unset, "name": "lr", "type": "float", "low": 1e-5, "high": 0.1, "log": True},
        {**unset, "name": "share", "type": "float", "low": 0, "high": 0.9, "step": 0.3},
        {**unset, "name": "width", "type": "int", "low": 16, "high": 112, "step": 16},
        {**unset, "name": "depth", "type": "int", "value": 4},
        {**unset, "name": "opt", "type": "categorical", "choices": ["adam", "sgd"]},
    ]
    assert (found.notes, found.problem) == ([], "")


def test_that_defaults_are_the_middle_and_the_first(discover: Any) -> None:
    asked = []

    def objective(trial: Any) -> float:
        asked.append(trial.suggest_float("lr", 1e-4, 1e-2, log=True))
        asked.append(trial.suggest_float("x", 0, 1))
        asked.append(trial.suggest_int("n", 1, 3))
        asked.append(trial.suggest_int("m", 1, 100, log=True))
        asked.append(trial.suggest_categorical("c", ["first", "second"]))
        return 1.0

    discover(objective, probes=1)
    assert asked == [pytest.approx(1e-3), 0.5, 2, 10, "first"]


def test_that_a_run_ends_at_the_first_report(discover: Any) -> None:
    def objective(trial: Any) -> float:
        trial.suggest_float("x", 0, 1)
        try:
            trial.report(1, 0)
        except Exception as error:
            raise AssertionError from error
        raise AssertionError("training goes on")

    assert discover(objective).notes == []


def test_that_the_parameters_of_a_branch_have_its_choice_as_condition(discover: Any) -> None:
    def objective(trial: Any) -> float:
        if trial.suggest_categorical("model", ["svc", "forest", "linear"]) == "svc":
            trial.suggest_float("c", 0.1, 1)
        elif trial.params["model"] == "forest":
            trial.suggest_int("depth", 2, 32)
            if trial.suggest_categorical("weighted", [True, False]):
                trial.suggest_float("weight", 0, 1)
        if trial.params["model"] != "linear":
            trial.suggest_float("tol", 0, 1)
        return 1.0

    found = discover(objective)
    assert found.names == ["model", "c", "depth", "weighted", "weight", "tol"]
    assert found.when == {
        "c": ("model", ["svc"]),
        "depth": ("model", ["forest"]),
        "weighted": ("model", ["forest"]),
        "weight": ("weighted", [True]),
        "tol": ("model", ["svc", "forest"]),
    }


def test_that_layers_depend_on_how_many_there_are(discover: Any) -> None:
    def objective(trial: Any) -> float:
        for i in range(trial.suggest_int("n_layers", 1, 12)):
            trial.suggest_int(f"n_units_l{i}", 4, 128)
        return 1.0

    found = discover(objective)
    assert found.names == ["n_layers", *(f"n_units_l{i}" for i in range(12))]
    assert "n_units_l0" not in found.when
    assert found.when["n_units_l1"] == ("n_layers", list(range(2, 13)))
    assert found.when["n_units_l11"] == ("n_layers", [12])


def test_that_a_long_whole_number_is_tried_at_its_ends_alone(discover: Any) -> None:
    def objective(trial: Any) -> float:
        trial.suggest_int("width", 1, 50)
        trial.suggest_int("many", 1, 10_000)
        return 1.0

    found = discover(objective)
    assert found.runs == 1 + 2 + 2
    assert not found.notes


def test_that_what_depends_on_a_number_with_too_many_values_is_said(discover: Any) -> None:
    def objective(trial: Any) -> float:
        if trial.suggest_int("many", 1, 10_000) > 7000:
            trial.suggest_float("late", 0, 1)
        return 1.0

    found = discover(objective)
    assert found.names == ["many", "late"]
    assert not found.when
    assert "depends on many, which has too many values" in found.notes[0]


def test_that_two_conditions_at_once_are_said(discover: Any) -> None:
    def both(trial: Any) -> float:
        a, b = (trial.suggest_categorical(name, [1, 2]) for name in "ab")
        if a == 1 and b == 1:
            trial.suggest_float("x", 0, 1)
        return 1.0

    def either(trial: Any) -> float:
        a, b = (trial.suggest_categorical(name, [1, 2]) for name in "ab")
        if a == 2 or b == 2:
            trial.suggest_float("x", 0, 1)
        return 1.0

    found = discover(both)
    assert found.when == {"x": ("a", [1])}
    assert found.notes == ["x is asked for with a = 1 and b = 1 alone; its condition is a = 1."]
    found = discover(either)
    assert found.when == {}
    assert "a = 2, or with b = 2; it is searched in every trial" in found.notes[0]


def test_that_ranges_that_depend_on_others_are_kept_wide(discover: Any) -> None:
    def objective(trial: Any) -> float:
        most = trial.suggest_categorical("most", [10, 20])
        trial.suggest_int("width", 1, most)
        return 1.0

    found = discover(objective)
    assert found.parameters[1]["high"] == 20
    assert "the range of width depends on other parameters" in found.notes[0]


def test_that_choices_that_are_objects_come_with_their_mend(discover: Any) -> None:
    def objective(trial: Any) -> float:
        trial.suggest_categorical("features", ["sqrt", None])
        trial.suggest_categorical("layer", [object(), object()])
        return 1.0

    found = discover(objective)
    assert found.parameters[0]["choices"] == ["sqrt", "None"]
    assert found.parameters[1]["choices"] == ["choice 1", "choice 2"]
    assert found.notes[0].startswith("features: 'None' stand in the space as text")
    assert "let the function choose among names" in found.notes[1]


def test_that_a_choice_that_fails_does_not_hide_what_others_show(discover: Any) -> None:
    def objective(trial: Any) -> float:
        choice = trial.suggest_categorical("opt", ["adam", "broken", "sgd"])
        if choice == "broken":
            raise RuntimeError("no such optimiser")
        trial.suggest_float("lr", 0, 1)
        if choice == "sgd":
            trial.suggest_float("momentum", 0, 1)
        return 1.0

    found = discover(objective)
    assert found.names == ["opt", "lr", "momentum"]
    assert found.when == {"momentum": ("opt", ["broken", "sgd"])}
    assert "with opt = 'broken' the function raised RuntimeError: no such opt" in found.notes[0]


def test_that_a_function_that_fails_at_once_is_a_problem(discover: Any) -> None:
    def objective(trial: Any) -> float:
        return trial.params["lr"]

    assert discover(objective).problem.startswith("KeyError: 'lr' (test_script_discovery.py, line")
    found = discover(lambda trial: 1.0)
    assert (found.parameters, found.problem) == ([], "")
    assert found.notes == ["the function asks for no parameter; write the space by hand."]


def test_that_each_run_has_a_checkpoint_folder_of_its_own(discover: Any) -> None:
    folders = []

    def objective(trial: Any) -> float:
        trial.suggest_categorical("a", [1, 2])
        assert not list(trial.checkpoint_dir.iterdir())
        (trial.checkpoint_dir / "model.txt").write_text("weights")
        folders.append(trial.checkpoint_dir)
        return 1.0

    assert discover(objective).notes == []
    assert len(folders) == 2
    assert not any(folder.exists() for folder in folders)


def test_that_probes_are_no_more_than_asked_for(discover: Any) -> None:
    def objective(trial: Any) -> float:
        trial.suggest_categorical("a", list(range(50)))
        return 1.0

    found = discover(objective, probes=5)
    assert found.runs == 5
    assert "ended after 5 runs" in found.notes[-1]


def test_that_a_long_training_is_ended_after_its_last_question(discover: Any) -> None:
    caught = threading.Event()

    def objective(trial: Any) -> float:
        trial.suggest_float("x", 0, 1)
        while True:
            try:
                time.sleep(0.01)
            except Exception:
                caught.set()

    found = discover(objective, seconds=1)
    assert found.names == ["x"]
    assert "was ended a while after the last parameter" in found.notes[0]
    assert not caught.is_set()


def test_that_the_answer_comes_in_time_from_a_function_that_cannot_be_ended(discover: Any) -> None:
    release = threading.Event()
    answered: list[Any] = []

    def objective(trial: Any) -> float:
        trial.suggest_float("x", 0, 1)
        for _ in range(1000):
            try:
                release.wait(30)
                return 1.0
            except BaseException:
                answered.append(release.is_set())
        return 1.0

    timer = threading.Timer(2.0, release.set)
    timer.start()
    found = discover(objective, seconds=1)
    timer.join()
    assert found.names == ["x"]
    assert "ended after its 1 s" in found.notes[-1]


def test_that_a_probe_that_was_cut_leaves_nothing_behind_in_the_interpreter() -> None:
    """An exception that was called back kept a profiled program in an endless loop."""
    code = (
        "import sys, time, threading\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from engine.tasks.script import discovery\n"
        "class Trial:\n    last_asked = time.monotonic() - 9\n"
        "watch = discovery._Watch(Trial(), 0.0)\n"
        "try:\n    while True: time.sleep(0.01)\n"
        "except discovery.Enough: pass\n"
        "finally: watch.end()\n"
        "count = 0\n"
        "def note(*_):\n    global count\n    count += 1\n"
        "sys.setprofile(note)\n"
        "[str(n).upper() for n in range(1000)]\n"
        "sys.setprofile(None)\n"
        "print(count < 10_000)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("True\n", "")
