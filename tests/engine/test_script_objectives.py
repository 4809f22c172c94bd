"""Objectives after the pattern of Optuna's documentation run unchanged, from file to result."""

from __future__ import annotations

import ast
import importlib.util
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.parameters import Categorical, Float, Int, Parameter, When
from engine.space import SearchSpace
from tests.script_worker import ScriptWorker

ENGINE = Path(__file__).parents[2] / "engine"
OBJECTIVES = Path(__file__).with_name("objectives")
FOREIGN = [
    ENGINE / "executors" / "worker.py",
    ENGINE / "executors" / "surroundings.py",
    *sorted((ENGINE / "executors" / "inside").glob("*.py")),
    *sorted((ENGINE / "tasks" / "script").rglob("*.py")),
]
STAND_IN = """
class TrialPruned(Exception):
    pass

def create_study(**options):
    return study.Study()
"""
STAND_IN_STUDY = """
class Study:
    def optimize(self, objective, n_trials):
        raise RuntimeError("the script tunes by itself")
"""


@pytest.fixture
def worker_for(tmp_path: Path) -> Iterator[Any]:
    workers: list[ScriptWorker] = []

    def make(name: str) -> ScriptWorker:
        script = tmp_path / name
        shutil.copy(OBJECTIVES / name, script)
        if importlib.util.find_spec("optuna") is None:
            package = tmp_path / "optuna"
            package.mkdir(exist_ok=True)
            (package / "__init__.py").write_text("from optuna import study\n" + STAND_IN)
            (package / "study.py").write_text(STAND_IN_STUDY)
        workers.append(ScriptWorker(script))
        return workers[-1]

    yield make
    for worker in workers:
        worker.__exit__()


def space_of(parameters: list[dict[str, Any]]) -> SearchSpace:
    """The space that was discovered."""
    kinds: dict[str, type[Parameter]] = {"float": Float, "int": Int, "categorical": Categorical}
    made = []
    for parameter in parameters:
        fields = {k: v for k, v in parameter.items() if v is not None and k not in ("type", "log")}
        if parameter["log"]:
            fields["log"] = True
        if parameter["when"]:
            fields["when"] = When(**parameter["when"])
        made.append(kinds[parameter["type"]](**fields))
    return SearchSpace(made)


def names_and_conditions(found: dict[str, Any]) -> dict[str, Any]:
    return {
        p["name"]: p["when"] and {p["when"]["parameter"]: p["when"]["values"]}
        for p in found["parameters"]
    }


def run_some(worker: ScriptWorker, found: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """Trials with configurations of the discovered space."""
    space = space_of(found["parameters"])
    ended = []
    for number in range(count):
        params = space.sample(np.random.default_rng(number))
        ended.append(worker.run(params, trial=number, seed=number))
        assert ended[-1]["type"] == "result", (params, ended[-1])
    return ended


def test_that_a_quadratic_runs_unchanged_without_tuning_by_itself(worker_for: Any) -> None:
    worker = worker_for("quadratic.py")
    found = worker.discover()
    assert names_and_conditions(found) == {"x": None, "y": None}
    assert worker.run({"x": 3.0, "y": 0.5})["value"] == 1.5
    assert "the script's own study.optimize(...) is left out" in worker.log


def test_that_a_scripts_own_storage_is_left_alone(worker_for: Any, tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    worker = worker_for("stored.py")
    assert names_and_conditions(worker.discover()) == {"x": None}
    assert worker.run({"x": 0.5})["value"] == 0.25
    assert not (tmp_path / "trials.db").exists()


def test_that_a_choice_of_classifiers_runs_unchanged(worker_for: Any) -> None:
    worker = worker_for("classifier.py")
    found = worker.discover()
    assert names_and_conditions(found) == {
        "classifier": None,
        "svc_c": {"classifier": ["SVC"]},
        "rf_max_depth": {"classifier": ["RandomForest"]},
        "rf_max_features": {"classifier": ["RandomForest"]},
    }
    forest = {"classifier": "RandomForest", "rf_max_depth": 4, "rf_max_features": "None"}
    assert worker.run(forest)["value"] > 0.9
    assert all(0 < result["value"] <= 1 for result in run_some(worker, found, 3))


def test_that_a_pruned_training_runs_unchanged(worker_for: Any) -> None:
    worker = worker_for("pruning.py")
    assert names_and_conditions(worker.discover()) == {"alpha": None}
    worker.begin({"alpha": 1e-4}, trial=1)
    reports = [m for m in worker.hear_all("result", "failure") if m["type"] == "report"]
    assert [report["step"] for report in reports] == list(range(20))
    worker.begin({"alpha": 1e-4}, trial=2)
    worker.send("stop", trial=2)
    result = worker.hear("result", "failure")
    assert result["pruned"]
    assert not result["finished"]
    assert result["step"] < 19


def test_that_a_network_with_a_data_loader_runs_unchanged(worker_for: Any) -> None:
    worker = worker_for("network.py")
    found = worker.discover()
    assert names_and_conditions(found) == {
        "n_layers": None,
        "n_units_l0": None,
        "dropout_l0": None,
        "n_units_l1": {"n_layers": [2, 3]},
        "dropout_l1": {"n_layers": [2, 3]},
        "n_units_l2": {"n_layers": [3]},
        "dropout_l2": {"n_layers": [3]},
        "optimizer": None,
        "lr": None,
    }
    first, *_ = run_some(worker, found, 2)
    again = run_some(worker, found, 1)[0]
    assert first["value"] == again["value"], "torch is seeded by the trial"


@pytest.mark.parametrize("file", FOREIGN, ids=lambda file: file.stem)
def test_that_a_users_python_needs_nothing_but_the_standard_library_of_3_8(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 8))
    imported = set()
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                imported |= {name.name.partition(".")[0] for name in names}
            case ast.ImportFrom(module=module, level=0):
                imported.add((module or "").partition(".")[0])
    own = {"engine"} if file.name == "worker.py" else set()  # for built-in tasks alone
    assert imported <= sys.stdlib_module_names | own
