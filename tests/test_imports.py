"""The import rules that import-linter cannot see: what is loaded when a program really runs."""

from __future__ import annotations

import ast
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import engine

ROOT = Path(__file__).parents[1]
SCREEN = {"PySide6", "shiboken6", "pyqtgraph", "qtawesome", "gui"}
WORKER = ROOT / "engine" / "executors" / "worker.py"

IMPORT_WITHOUT_SCREEN = """
import importlib, json, sys

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {screen!r}:
            raise ImportError(name + " is for the window alone")

sys.meta_path.insert(0, Block())
for name in {modules!r}:
    importlib.import_module(name)
print(json.dumps({{"modules": sorted(sys.modules)}}))
"""


def modules_loaded_by(*arguments: str) -> set[str]:
    """What a Python with these arguments says, in its last line, that it has loaded."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1])["modules"])


def test_that_the_engine_runs_where_there_is_no_qt_and_imports_torch_only_to_train():
    modules = [module.name for module in pkgutil.walk_packages(engine.__path__, "engine.")]
    assert "engine.study" in modules
    loaded = modules_loaded_by("-c", IMPORT_WITHOUT_SCREEN.format(screen=SCREEN, modules=modules))
    assert not loaded & (SCREEN | {"torch"})


def test_that_the_window_starts_without_torch_or_heavy_numerics():
    loaded = modules_loaded_by("-m", "tests.window_start", "1.5")
    assert "gui.main_window" in loaded
    assert not loaded & {"torch", "scipy", "polars"}


CURVE_RULE = """
import json, pathlib, sys, tempfile
from tests.engine.test_study_loop_pruning import simulate, spec_of

with tempfile.TemporaryDirectory() as folder:
    study = simulate(pathlib.Path(folder) / "study.tune", spec_of("curve"))
    study.run()
    assert any("its chance to" in trial.note for trial in study.ledger.all_trials())
print(json.dumps({"modules": sorted(sys.modules)}))
"""


def test_that_a_study_with_the_curve_rule_loads_no_heavy_numerics():
    loaded = modules_loaded_by("-c", CURVE_RULE)
    assert "engine.pruners.extrapolation" in loaded
    assert not loaded & {"torch", "scipy"}


OPEN_A_TASK = """
import gc, json, sys
from engine.executors.worker import open_runner

gc.collect()
before = [generation["collections"] for generation in gc.get_stats()]
task = {"kind": "builtin", "network": "mlp", "data": "digits", "objective": "val_accuracy"}
open_runner({"task": task, "base": ".", "device": "cpu", "threads": 1})
assert [generation["collections"] for generation in gc.get_stats()] == before
assert gc.isenabled()
assert gc.get_freeze_count()
print(json.dumps({"modules": sorted(sys.modules)}))
"""


def test_that_a_worker_looks_for_no_garbage_in_what_it_loads():
    assert "torch" in modules_loaded_by("-c", OPEN_A_TASK)


def test_that_a_worker_needs_nothing_but_the_standard_library_of_python_3_8():
    tree = ast.parse(WORKER.read_text(encoding="utf-8"), feature_version=(3, 8))
    imported = set()
    for statement in tree.body:
        match statement:
            case ast.Import(names=names):
                imported |= {name.name.partition(".")[0] for name in names}
            case ast.ImportFrom(module=module):
                imported.add((module or ".").partition(".")[0])
    assert imported
    assert imported <= sys.stdlib_module_names
