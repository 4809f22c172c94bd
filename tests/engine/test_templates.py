"""The templates: each is complete, runs where its library is, and goes on when it is resumed."""

from __future__ import annotations

import ast
import importlib.util
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from engine.places import resources
from engine.spec import StudySpec
from engine.tasks import command
from gui.models.templates import find_templates
from tests.engine.command_runs import Context

pytestmark = pytest.mark.filterwarnings("default")  # what the libraries think of small examples

TEMPLATES = resources() / "templates"
NAMES = sorted(path.stem for path in TEMPLATES.glob("*.py"))
SCRIPTS = [name for name in NAMES if name != "command_train"]
NEEDS = {
    "pytorch_train": "torch",
    "lightning_train": "lightning",
    "keras_train": "keras",
    "sklearn_train": "sklearn",
    "transformers_train": "transformers",
    "jax_flax_train": "flax",
}
GOES_ON = [name for name in SCRIPTS if name != "sklearn_train"]


class Trial:
    """A trial in the middle of its space; it should be pruned once `stop_at` was reported."""

    number, seed, device = 3, 5, "cpu"

    def __init__(self, folder: Path, stop_at: int | None = None) -> None:
        folder.mkdir(exist_ok=True)
        self.checkpoint_dir = str(folder)
        self.params: dict[str, Any] = {}
        self.reports: dict[int, float] = {}
        self._stop_at = stop_at

    def suggest_float(self, name, low, high, *, step=None, log=False):
        return self._suggest(name, math.sqrt(low * high) if log else (low + high) / 2)

    def suggest_int(self, name, low, high, *, step=1, log=False):
        return self._suggest(name, int(math.sqrt(low * high) if log else (low + high) / 2))

    def suggest_categorical(self, name, choices):
        return self._suggest(name, choices[0])

    def _suggest(self, name, value):
        assert name not in self.params
        self.params[name] = value
        return value

    def report(self, value, step):
        assert type(value) is float
        assert type(step) is int
        self.reports[step] = value

    def should_prune(self):
        return self._stop_at in self.reports


def load(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The template as a module of 4 epochs; skips where its library is not installed."""
    pytest.importorskip(NEEDS[name])
    spec = importlib.util.spec_from_file_location(name, TEMPLATES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "EPOCHS", 4)
    return module


@pytest.mark.parametrize("name", NAMES)
def test_that_a_template_says_at_its_top_what_to_edit(name):
    lines = (TEMPLATES / f"{name}.py").read_text(encoding="utf-8").splitlines()
    comment = lines[: lines.index("")]
    assert 3 <= len(comment) <= 6
    assert all(line.startswith("# ") for line in comment)
    assert any("Edit" in line for line in comment)


def test_that_the_menu_of_templates_names_the_frameworks():
    assert [title for title, _ in find_templates()] == [
        "Hugging Face Trainer",
        "JAX/Flax",
        "Keras",
        "Lightning",
        "PyTorch",
        "scikit-learn",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_that_a_template_runs_under_python_3_9_and_hides_no_library_by_its_name(name):
    text = (TEMPLATES / f"{name}.py").read_text(encoding="utf-8")
    tree = ast.parse(text, feature_version=(3, 9))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
    assert imported
    assert not {module.partition(".")[0] for module in imported} & {*NAMES, *NEEDS}


@pytest.mark.parametrize("name", SCRIPTS)
def test_that_a_template_uses_what_a_trial_offers(name):
    tree = ast.parse((TEMPLATES / f"{name}.py").read_text(encoding="utf-8"))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert [argument.arg for argument in functions["objective"].args.args] == ["trial"]
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert {"suggest_float", "report", "should_prune", "device", "seed"} <= used
    assert ("checkpoint_dir" in used) == (name in GOES_ON)


@pytest.mark.parametrize("name", SCRIPTS)
def test_that_a_template_learns_and_reports_each_epoch(name, monkeypatch, tmp_path):
    trial = Trial(tmp_path / "checkpoint")
    value = load(name, monkeypatch).objective(trial)
    assert list(trial.reports) == [1, 2, 3, 4]
    assert value == pytest.approx(trial.reports[4])
    assert trial.reports[4] < trial.reports[1]


@pytest.mark.parametrize("name", SCRIPTS)
def test_that_a_template_ends_where_it_should_be_pruned(name, monkeypatch, tmp_path):
    trial = Trial(tmp_path / "checkpoint", stop_at=2)
    load(name, monkeypatch).objective(trial)
    assert list(trial.reports) == [1, 2]


@pytest.mark.parametrize("name", GOES_ON)
def test_that_a_template_goes_on_from_its_checkpoint(name, monkeypatch, tmp_path):
    module = load(name, monkeypatch)
    module.objective(Trial(tmp_path / "checkpoint", stop_at=2))
    rest = Trial(tmp_path / "checkpoint")
    value = module.objective(rest)
    assert list(rest.reports) == [3, 4]
    if name in ("pytorch_train", "jax_flax_train"):
        whole = Trial(tmp_path / "another")
        assert module.objective(whole) == value
        assert {**whole.reports, **rest.reports} == whole.reports
    assert module.objective(Trial(tmp_path / "checkpoint")) == pytest.approx(value)


def run_command(folder: Path, *more: str, **params: Any) -> tuple[Any, Context]:
    """Runs the command of the template, in this very Python, with `more` arguments."""
    spec = StudySpec.load(TEMPLATES / "command_train.toml")
    task = spec.task.model_dump(mode="json")
    assert task["argv"][0] == "python"
    task["argv"] = [sys.executable, *task["argv"][1:], *more]
    given = spec.space.validate({"lr": 0.5, "batch_size": 32, "optimizer": "sgd", **params})
    context = Context(params=given, checkpoint=str(folder))
    return command.open_task(task, str(TEMPLATES), "cpu", 1).run(context), context


@pytest.mark.parametrize("params", [{}, {"optimizer": "momentum", "momentum": 0.9}])
def test_that_the_command_of_the_template_learns_and_reports_each_epoch(tmp_path, params):
    outcome, context = run_command(tmp_path / "checkpoint", **params)
    assert [step for step, _ in context.reports] == list(range(1, 21))
    assert outcome.value == context.reports[-1][1]["val_loss"]
    assert outcome.value < context.reports[0][1]["val_loss"]


def test_that_the_command_of_the_template_goes_on_from_its_checkpoint(tmp_path):
    whole, uninterrupted = run_command(tmp_path / "whole")
    run_command(tmp_path / "cut", "--epochs", "5")
    rest, resumed = run_command(tmp_path / "cut")
    assert rest == whole
    assert resumed.reports == uninterrupted.reports[5:]
