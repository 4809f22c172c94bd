"""How a study says in which precision its network trains, and that its trials heed it."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from engine.spec import BuiltinTask, SpecError, StudySpec
from engine.study import Study
from tests.engine.simulation import make_spec

ROOT = Path(__file__).parents[2]
BUILTIN = """\
kind = "builtin"
network = "mlp"
data = "digits"
epochs = 2
objective = "val_cross_entropy"
"""
SCRIPT = 'kind = "script"\nfile = "train.py"\n'
COMMAND = 'kind = "command"\nargv = ["train", "{lr}"]\nobjective = "loss"\n'
TEXT = """\
name = "precise"
[task]
{task}# as exactly as it has to be
[[space]]
name = "lr"
type = "float"
low = 1e-3
high = 1e-2
[method]
name = "random"
[budget]
trials = 1
"""


def parsed(task: str) -> StudySpec:
    return StudySpec.parse(TEXT.format(task=task))


def with_precision(spec: StudySpec, precision: str) -> StudySpec:
    task: dict[str, Any] = {name: getattr(spec.task, name) for name in BuiltinTask.model_fields}
    return spec.with_(task=BuiltinTask(**{**task, "precision": precision}))


def test_that_a_spec_says_it_only_where_it_is_not_float32(tmp_path: Path) -> None:
    plain = parsed(BUILTIN)
    assert plain.task.precision == "float32"
    low = with_precision(plain, "bfloat16")
    assert low != plain
    low.save(tmp_path / "low.toml")
    text = (tmp_path / "low.toml").read_text()
    assert 'precision = "bfloat16"' in text
    assert "# as exactly as it has to be" in text
    again = StudySpec.load(tmp_path / "low.toml")
    assert again.task == low.task
    for spec in (plain, with_precision(again, "float32")):
        assert "precision" not in spec.to_toml()


@pytest.mark.parametrize(
    ("task", "sentence"),
    [
        (
            BUILTIN + 'precision = "float16"\n',
            "[task] precision: must be 'float32' or 'bfloat16', not 'float16'.",
        ),
        (
            BUILTIN + "precision = 16\n",
            "[task] precision: must be 'float32' or 'bfloat16', not 16.",
        ),
        (
            SCRIPT + 'precision = "bfloat16"\n',
            "[task] precision: there is no such key; remove it.",
        ),
        (
            COMMAND + 'precision = "bfloat16"\n',
            "[task] precision: there is no such key; remove it.",
        ),
    ],
)
def test_that_what_cannot_be_is_refused_in_one_sentence(task: str, sentence: str) -> None:
    with pytest.raises(SpecError) as refused:
        parsed(task)
    assert str(refused.value) == sentence


def test_that_a_study_and_each_of_its_trials_by_itself_train_alike(tmp_path: Path) -> None:
    values = {}
    for precision in ("float32", "bfloat16"):
        spec = with_precision(make_spec("grid", "trials = 1"), precision)
        study = Study.create(tmp_path / f"{precision}.tune", spec)
        study.start()
        assert study.wait(60)
        values[precision] = f"val_cross_entropy {study.best.value:.6g}"
        command = shlex.split(study.command_of(0))
        study.close()
        assert Study.open(study.path).spec.task.precision == precision
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert values["bfloat16"] != values["float32"]
    assert values["bfloat16"] in done.stdout.splitlines()[-1]
