"""A unit of trials on a worker: how many train as one, who joins, leaves, and is given back."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from engine.tasks import stack_run
from engine.tasks.builtin import Runner, open_task
from engine.tasks.catalog import CatalogError
from engine.tasks.stack_formation import Formation
from engine.tasks.stack_keys import bucket
from engine.tasks.stack_probe import probe
from engine.tasks.training import Diverged
from tests.engine.stack_units import OWN, Trial, Unit
from tests.engine.stacks import assert_same

EPOCHS, STEPS = 3, 5
TASK = {"data": "digits", "network": "mlp", "objective": "val_cross_entropy", "epochs": EPOCHS}


@pytest.fixture
def runner() -> Runner:
    return open_task(TASK, ".", "cpu", 1)


@pytest.fixture
def found(monkeypatch):
    """Says which size the probe finds; the list grows by what it is asked."""
    asked = []

    def choose(size: int) -> list[int]:
        def probed(member, goal, train, most, prepare, waste):
            asked.append(most if waste(most) == 1 else (most, waste(most)))
            return min(size, most)

        monkeypatch.setattr(stack_run, "probe", probed)
        return asked

    return choose


def trials(folder: Path, count: int = len(OWN), first: int = 0) -> list[Trial]:
    return [Trial(k, folder, OWN[k % len(OWN)]) for k in range(first, first + count)]


def assert_as_alone(runner: Runner, trial: Trial, outcome: object, folder: Path) -> None:
    """The numbers that it has by itself, to the bit, and the weights."""
    alone = Trial(trial.number, folder / "alone", trial.params)
    assert runner.run(alone) == outcome
    assert alone.curve == trial.curve
    assert alone.weights.read_bytes() == trial.weights.read_bytes()


def test_that_the_company_of_an_mlp_has_no_say_in_its_numbers(runner, tmp_path, found):
    found(4)
    unit = Unit(trials(tmp_path))
    runner.run_many(unit)
    assert unit.told[:5] == ["size 4", "0 began", "1 began", "2 began", "3 began"]
    for trial in unit.trials:
        assert_as_alone(runner, trial, unit.outcomes[trial.number], tmp_path)


def test_that_the_time_of_an_epoch_is_shared_out_before_it_is_reported(runner, tmp_path, found):
    for size in (4, 1):
        found(size)
        unit = Unit(trials(tmp_path, size), most=size)
        runner.run_many(unit)
        heard = [word for word in unit.told if word == "over" or "epoch" in word]
        assert heard[0] == "over"
        assert heard.count("over") == EPOCHS
        assert heard[1 :: size + 1] == [f"{unit.told[1][0]} epoch {k}" for k in (1, 2, 3)]


def test_that_those_beyond_the_size_that_pays_come_back_before_any_begins(runner, tmp_path, found):
    found(2)
    unit = Unit(trials(tmp_path))
    runner.run_many(unit)
    assert unit.told[:5] == ["size 2", "2 back", "3 back", "0 began", "1 began"]
    assert unit.outcomes.keys() == {0, 1}


def test_that_the_first_trains_by_itself_where_a_stack_does_not_pay(runner, tmp_path, found):
    found(1)
    unit = Unit(trials(tmp_path))
    runner.run_many(unit)
    assert unit.told[:5] == ["size 1", "1 back", "2 back", "3 back", "0 began"]
    alone = Trial(0, tmp_path / "alone", OWN[0])
    assert unit.outcomes == {0: runner.run(alone)}
    assert unit.trials[0].curve == alone.curve


def test_that_a_size_is_found_once_for_a_group_within_what_the_unit_may_have(
    runner, tmp_path, found
):
    asked = found(64)
    for _ in range(2):
        runner.run_many(Unit(trials(tmp_path, 2), most=3))
    assert asked == [3]
    other = [Trial(9, tmp_path, {"width": 8})]
    runner.run_many(Unit(other, most=3))
    assert asked == [3, 3]


def test_that_a_size_is_found_once_for_a_bucket_of_batch_sizes(runner, tmp_path, found):
    asked = found(4)
    for sizes in ((200, 250), (210, 220, 230)):
        unit = Unit([Trial(k, tmp_path, {"batch_size": size}) for k, size in enumerate(sizes)])
        runner.run_many(unit)
        assert unit.outcomes.keys() == set(range(len(sizes)))
    ((most, waste),) = asked
    assert most == 4
    assert 1 < waste < bucket(200) / 200


def test_that_memory_bounds_the_size_that_is_tried(runner, tmp_path, found, monkeypatch):
    asked = found(64)
    monkeypatch.setattr(stack_run, "free_memory", lambda device: 1_000_000)
    runner.run_many(Unit(trials(tmp_path), most=64))
    assert 1 <= asked[0] < 10


def test_that_the_probe_itself_names_a_size_and_trains_nobody(runner, tmp_path):
    unit = Unit(trials(tmp_path))
    runner.run_many(unit)
    assert stack_run.probe is probe
    assert unit.told[0] in ("size 1", "size 4")
    assert unit.outcomes


def test_that_parameters_that_cannot_be_used_fail_one_trial(runner, tmp_path, found):
    found(4)
    wrong = Trial(7, tmp_path, {"dropout": 2.0})
    unit = Unit([wrong, *trials(tmp_path, 2)])
    runner.run_many(unit)
    assert isinstance(unit.outcomes[7], CatalogError)
    assert unit.told[:3] == ["7 began", "7 ended", "size 4"]
    assert unit.outcomes[0].finished


def test_that_a_diverging_trial_fails_alone(runner, tmp_path, found):
    found(4)
    wild = Trial(7, tmp_path, {"optimizer": "sgd", "lr": 1e30})
    unit = Unit([wild, *trials(tmp_path, 2)])
    runner.run_many(unit)
    assert isinstance(unit.outcomes[7], Diverged)
    for trial in unit.trials[1:]:
        assert_as_alone(runner, trial, unit.outcomes[trial.number], tmp_path)


def test_that_a_trial_that_is_to_stop_leaves_with_its_last_epoch(runner, tmp_path, found):
    found(4)
    unit = Unit(trials(tmp_path))
    unit.trials[1].stop_after = 1
    runner.run_many(unit)
    ours = unit.outcomes[1]
    assert (ours.finished, ours.step, list(unit.trials[1].curve)) == (False, 1, [1])
    assert unit.told.index("1 ended") < unit.told.index("0 epoch 2")
    again = Unit([Trial(1, tmp_path, OWN[1]), *trials(tmp_path, 1)])
    runner.run_many(again)
    assert list(again.trials[0].curve) == [2, 3]
    assert_same(
        [unit.trials[1].curve[1], *again.trials[0].curve.values()], alone(runner, 1, tmp_path)
    )


def alone(runner: Runner, number: int, folder: Path) -> list[dict[str, float]]:
    trial = Trial(number, folder / "alone", OWN[number])
    runner.run(trial)
    return list(trial.curve.values())


def test_that_newcomers_take_the_places_that_are_free_and_the_rest_comes_back(
    runner, tmp_path, found
):
    found(3)
    late = iter([[], trials(tmp_path, 2, first=2), [], [], trials(tmp_path, 1, first=8)])
    unit = Unit(trials(tmp_path, 2), late=lambda: next(late, []))
    runner.run_many(unit)
    joined = unit.told.index("2 began")
    assert unit.told[joined - 1] == "3 back"
    assert "1 epoch 1" in unit.told[:joined]
    assert "1 epoch 2" not in unit.told[:joined]
    assert unit.outcomes.keys() == {0, 1, 2, 8}
    assert all(outcome.finished for outcome in unit.outcomes.values())


def test_that_who_joins_a_trial_that_trains_by_itself_comes_back(runner, tmp_path, found):
    found(1)
    late = iter([trials(tmp_path, 1, 5)])
    unit = Unit(trials(tmp_path, 1), late=lambda: next(late, []))
    runner.run_many(unit)
    assert unit.told[-2:] == ["0 ended", "5 back"]


@pytest.fixture
def failing(monkeypatch):
    """Has a step after the first `after` fail while there are more members than `fit`."""

    def fail(fit: int, after: int = 0, error: type[Exception] = torch.OutOfMemoryError) -> None:
        step, done = Formation.step, []

        def failing_step(formation, *rows):
            if len(formation.seats) > fit and len(done) >= after:
                raise error("CUDA: no luck; out of memory or not")
            done.append(True)
            return step(formation, *rows)

        monkeypatch.setattr(Formation, "step", failing_step)

    return fail


def test_that_half_go_on_from_their_last_epoch_where_memory_runs_out(
    runner, tmp_path, found, failing
):
    found(4)
    failing(fit=2, after=2 * STEPS + 1)
    unit = Unit(trials(tmp_path))
    runner.run_many(unit)
    ran_out = unit.told.index("size 2")
    assert unit.told[ran_out:][:3] == ["size 2", "2 back", "3 back"]
    assert [len(trial.curve) for trial in unit.trials] == [3, 3, 2, 2]
    assert unit.told.count("0 began") == 1
    for trial in unit.trials[:2]:
        assert_as_alone(runner, trial, unit.outcomes[trial.number], tmp_path)
    again = Unit([Trial(k, tmp_path, OWN[k]) for k in (2, 3)])
    runner.run_many(again)
    assert again.told[0] == "size 2"
    assert [list(trial.curve) for trial in again.trials] == [[3], [3]]


def test_that_a_stack_halves_until_one_trains_by_itself(runner, tmp_path, found, failing):
    found(4)
    failing(fit=1)
    unit = Unit(trials(tmp_path))
    unit.trials[0].checkpoint = None
    runner.run_many(unit)
    assert [word for word in unit.told if word.startswith("size")] == ["size 4", "size 2", "size 1"]
    assert unit.outcomes.keys() == {0}
    assert_as_alone(runner, unit.trials[0], unit.outcomes[0], tmp_path)


def test_that_another_error_is_not_taken_for_a_lack_of_memory(runner, tmp_path, found, failing):
    found(4)
    failing(fit=1, error=ValueError)
    unit = Unit(trials(tmp_path))
    with pytest.raises(ValueError, match="no luck"):
        runner.run_many(unit)
    assert not unit.outcomes


SCRIPT = """
import sys, time
from pathlib import Path
from engine.tasks import stack_run
from tests.engine.stack_units import Trial, Unit
from tests.engine.test_stack_run import open_task, TASK, trials
stack_run.probe = lambda *_: 4
class Slow(Trial):
    def report(self, step, metrics):
        super().report(step, metrics)
        print(self.number, step, flush=True)
        if (self.number, step) == (1, 2):
            time.sleep(60)
runner = open_task(TASK, ".", "cpu", 1)
runner.checkpoint_seconds = 0.0
unit = Unit([Slow(one.number, one.folder, one.params) for one in trials(Path(sys.argv[1]))])
runner.run_many(unit)
"""


def test_that_a_stack_killed_in_the_middle_goes_on_from_each_members_last_epoch(
    runner, tmp_path, found
):
    found(4)
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    with process:
        heard = list(itertools.takewhile(lambda line: line != "1 2\n", process.stdout))
        process.kill()
    assert "0 2\n" in heard
    unit = Unit(trials(tmp_path))
    runner.run_many(unit)
    for trial in unit.trials:
        first = next(iter(trial.curve))
        assert first in (2, 3)
        peer = alone(runner, trial.number, tmp_path)
        assert_same(list(trial.curve.values()), peer[first - 1 :])
        assert unit.outcomes[trial.number].finished
    assert {3, 2} == {next(iter(trial.curve)) for trial in unit.trials}
