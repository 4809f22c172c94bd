"""Specs: what is read, what is written, and that one is the inverse of the other."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import places
from engine.space import Categorical, Float, Int, Parameter, SearchSpace, When
from engine.spec import (
    Budget,
    BuiltinTask,
    Limits,
    MethodSpec,
    Resources,
    SpecError,
    Split,
    StudySpec,
)
from engine.tasks import catalog
from tests.effort import calls_of

EXAMPLES = sorted((places.resources() / "examples").glob("*.toml"))
TASK = BuiltinTask(network="mlp", data="digits", objective="val_cross_entropy")
LR = Float("lr", 1e-5, 1e-1, log=True)


def spec(**changes: object) -> StudySpec:
    fields = {
        "name": "digits",
        "task": TASK,
        "space": SearchSpace([LR, Int("batch_size", 32, 512, log=True)]),
        "method": MethodSpec(name="grid"),
    }
    return StudySpec(**{**fields, **changes})


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_that_examples_load_and_are_written_to_the_letter(path: Path) -> None:
    loaded = StudySpec.load(path)
    assert loaded.name == path.stem
    assert loaded.base == path.parent
    assert loaded.to_toml() == path.read_text(encoding="utf-8")
    assert loaded.space.validate(loaded.space.default())


def example(name: str) -> StudySpec:
    return StudySpec.load(places.resources() / "examples" / f"{name}.toml")


def test_that_the_grid_example_has_five_rates_and_five_batch_sizes() -> None:
    grid = example("digits-grid")
    assert grid.space.grid_values("lr") == [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]
    assert grid.space.grid_values("batch_size") == [32, 64, 128, 256, 512]
    assert grid.planned_trials() == 25
    assert grid.task.epochs == 20
    assert grid.method.name == "grid"


def test_that_the_random_example_draws_25_from_two_log_scales() -> None:
    drawn = example("digits-random")
    assert drawn.space["lr"] == Float("lr", 1e-4, 1e-1, log=True)
    assert drawn.space["batch_size"] == Int("batch_size", 32, 512, log=True)
    assert drawn.method.name == "random"
    assert drawn.planned_trials() == 25


def test_that_the_wide_example_has_eight_parameters_and_momentum_for_sgd_alone() -> None:
    wide = example("digits-wide")
    assert set(wide.space.names) == {
        "lr",
        "batch_size",
        "optimizer",
        "width",
        "depth",
        "dropout",
        "weight_decay",
        "momentum",
    }
    assert wide.space["momentum"].when == When("optimizer", ("sgd",))
    assert wide.planned_trials() == 60


def test_that_the_plan_is_the_least_of_budget_and_space() -> None:
    assert spec().planned_trials() == 25
    assert spec(budget=Budget(trials=10)).planned_trials() == 10
    assert spec(budget=Budget(trials=1000)).planned_trials() == 25
    drawn = spec(method=MethodSpec(name="random"))
    assert drawn.planned_trials() is None
    assert drawn.with_(space=SearchSpace([Int("depth", 1, 3)])).planned_trials() == 3


def test_that_a_direction_is_the_objectives_own_unless_stated() -> None:
    assert TASK.direction == "minimize"
    accuracy = {"network": "mlp", "data": "digits", "objective": "val_accuracy"}
    assert BuiltinTask(**accuracy).direction == "maximize"
    assert BuiltinTask(**accuracy, direction="minimize").direction == "minimize"


def test_that_a_task_goes_to_a_worker_as_json() -> None:
    form = TASK.model_dump(mode="json")
    assert form["split"] == {
        "train": 0.7,
        "validation": 0.15,
        "test": 0.15,
        "by": None,
        "column": None,
        "file": None,
    }
    assert BuiltinTask(**{**form, "split": Split(**form["split"])}) == TASK


def test_that_changes_are_validated_and_leave_the_original_alone() -> None:
    original = spec()
    changed = original.with_(budget=Budget(trials=3), name="shorter")
    assert (changed.name, changed.budget.trials) == ("shorter", 3)
    assert original.budget.trials is None
    with pytest.raises(SpecError):
        original.with_(name="")
    with pytest.raises(SpecError):
        original.with_(space=SearchSpace([Float("leraning_rate", 0, 1)]))


def test_that_a_spec_survives_pickling() -> None:
    loaded = StudySpec.load(EXAMPLES[0])
    again = pickle.loads(pickle.dumps(loaded))
    assert again == loaded
    assert again.to_toml() == loaded.to_toml()


def test_that_a_saved_spec_is_the_one_that_is_loaded(tmp_path: Path) -> None:
    original = spec(limits=Limits(trial_seconds=60, memory_mb=4000), base=tmp_path)
    original.save(tmp_path / "digits.toml")
    assert StudySpec.load(tmp_path / "digits.toml") == original
    assert [path.name for path in tmp_path.glob("*.toml*")] == ["digits.toml"]


def test_that_data_beside_a_spec_is_found_again_when_it_is_saved_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    for name in ("prices.csv", "later.csv"):
        (tmp_path / "here" / name).write_text("price\n1\n")
    task = BuiltinTask(
        network="mlp",
        data="prices.csv",
        objective="val_mse",
        target="price",
        split=Split(file="later.csv"),
    )
    spec(task=task, base=tmp_path / "here").save(tmp_path / "there" / "prices.toml")
    loaded = StudySpec.load(tmp_path / "there" / "prices.toml")
    assert loaded.task.data == "../here/prices.csv"
    assert loaded.task.split.file == "../here/later.csv"
    assert spec(base=tmp_path / "here")._moved(tmp_path / "there").task.data == "digits"


def test_that_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    text = EXAMPLES[0].read_text(encoding="utf-8").replace("\n", "\r\n")
    (tmp_path / "spec.toml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert StudySpec.load(tmp_path / "spec.toml").name == EXAMPLES[0].stem


def test_that_reading_a_spec_is_little_work() -> None:
    StudySpec.load(EXAMPLES[0])
    work = calls_of(lambda: [StudySpec.load(path) for path in EXAMPLES])
    assert work < 10_000 * len(EXAMPLES)


_KNOWN = catalog.hyperparameters("mlp")
_numbers = [name for name, h in _KNOWN.items() if not isinstance(h.parameter, Categorical)]


@st.composite
def _parameters(draw: st.DrawFn, name: str) -> Parameter:
    suggested = _KNOWN[name].parameter
    if isinstance(suggested, Categorical):
        choices = draw(st.lists(st.sampled_from(suggested.choices), min_size=1, unique=True))
        return Categorical(name, choices, default=draw(st.sampled_from([None, choices[0]])))
    options = {
        "default": draw(st.sampled_from([None, suggested.low])),
        "grid": draw(st.sampled_from([None, 3, [suggested.low, suggested.high]])),
        "value": draw(st.sampled_from([None, None, suggested.high])),
    }
    return type(suggested)(name, suggested.low, suggested.high, log=suggested.log, **options)


@st.composite
def specs(draw: st.DrawFn) -> StudySpec:
    """Any spec of a task with a built-in network."""
    names = draw(st.lists(st.sampled_from(sorted(set(_KNOWN) - {"momentum"})), unique=True))
    listed = [draw(_parameters(name)) for name in names]
    if "optimizer" in names:
        optimizer = next(p for p in listed if p.name == "optimizer")
        when = When("optimizer", (optimizer.choices[0],))
        listed.insert(draw(st.integers(0, len(listed))), Float("momentum", 0.0, 0.9, when=when))
    seconds = st.none() | st.floats(0.1, 1e9)
    name = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20)
    split = st.builds(Split, by=st.sampled_from([None, "random", "time", "group"]))
    return spec(
        name=draw(name),
        task=BuiltinTask(
            network="mlp",
            data=draw(st.sampled_from(["digits", "some/data.csv", "C:\\data\\x.csv", 'a"b'])),
            epochs=draw(st.integers(1, 1000)),
            objective="val_accuracy",
            at=draw(st.sampled_from(["best", "last"])),
            direction=draw(st.sampled_from(["minimize", "maximize"])),
            target=draw(st.none() | name),
            split=draw(split),
            keep=draw(st.integers(0, 10)),
        ),
        space=SearchSpace(listed),
        method=MethodSpec(name=draw(st.sampled_from(["grid", "random"]))),
        budget=draw(
            st.builds(
                Budget,
                trials=st.none() | st.integers(1, 10**9),
                seconds=seconds,
                target=st.none() | st.floats(-1e9, 1e9),
            )
        ),
        limits=draw(
            st.builds(Limits, trial_seconds=seconds, memory_mb=st.none() | st.integers(1, 10**6))
        ),
        resources=draw(
            st.builds(
                Resources,
                workers=st.none() | st.integers(1, 64),
                devices=st.sampled_from([None, ("cpu",), ("cuda:0", "cuda:1"), ("mps",)]),
                seed=st.integers(0, 2**31 - 1),
            )
        ),
        base=Path("/somewhere"),
    )


@given(specs())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_that_what_is_written_is_read_again(original: StudySpec) -> None:
    if len(original.space):
        text = original.to_toml()
        again = StudySpec.parse(text, original.base)
        assert again == original
        assert again.to_toml() == text


@given(specs(), st.sampled_from(EXAMPLES))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_that_any_edit_of_a_file_says_what_it_should(changed: StudySpec, path: Path) -> None:
    if not len(changed.space):
        return
    loaded = StudySpec.load(path)
    fields = {name: getattr(changed, name) for name in type(changed).model_fields}
    edited = loaded.with_(**fields)
    assert StudySpec.parse(edited.to_toml(), changed.base) == changed
