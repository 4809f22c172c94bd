"""Repeats of a configuration by other seeds: added, run as one, summed up, and learned from."""

from __future__ import annotations

import itertools
import statistics
from pathlib import Path

import numpy as np
import pytest

from engine.analysis.repeats import Repeats, repeats_of
from engine.commands import RunAgain, Stop
from engine.events import Logged, StopReason, StudyState, TrialQueued
from engine.headless_summary import summarise
from engine.methods import make_method
from engine.methods.bayesian import BayesianMethod
from engine.spec import PrunerSpec
from engine.study import Study, StudyError
from engine.trial import Trial, TrialState
from tests.engine.landscapes import SQUARE
from tests.engine.simulation import Behaviour, Simulation, make_spec

COMPLETE = TrialState.COMPLETE


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "study.tune"


def by_turns(*values: float):
    """Each trial is worth the next of these, whatever its configuration."""
    rest = itertools.cycle(values)
    return lambda params: next(rest)


# --- in a study


def test_that_repeats_are_new_trials_of_one_configuration_each_by_a_seed_of_its_own(
    path: Path,
) -> None:
    simulation = Simulation(path, make_spec("grid", "trials = 8"))
    simulation.command_at(15, RunAgain(0, seeds=4))
    events = simulation.run()
    added = [event.trial.number for event in events if isinstance(event, TrialQueued)]
    trials = simulation.ledger.trials
    assert len(added) == 4
    assert all(trials[number].params == trials[0].params for number in added)
    assert len({trials[number].seed for number in (0, *added)}) == 5
    assert [trials[number].seed for number in added] == [
        simulation.around.seed_of(n) for n in added
    ]
    assert {trial.state for trial in trials.values()} == {COMPLETE}
    assert len(trials) == 8, "they count in the budget"
    said = [event.text for event in events if isinstance(event, Logged)]
    assert f"Trial {added[0]} repeats trial 0." in said


def test_that_no_repeat_has_the_seed_that_the_configuration_was_tried_by(path: Path) -> None:
    """In stacks a trial has the seed of its place among the proposals, not of its number."""
    simulation = Simulation(path, make_spec("grid", "trials = 25"), stacks=True)
    seed_of, ledger = simulation.around.seed_of, simulation.ledger
    ledger.put(Trial(0, {"lr": 1e-3, "batch_size": 64}, COMPLETE, seed=seed_of(2), value=0.5))
    simulation.loop.carry_out(RunAgain(0, seeds=2))
    assert [ledger.trials[number].seed for number in (1, 2)] == [seed_of(1), seed_of(3)]


def test_that_repeats_in_a_finished_study_are_one_unit(path: Path) -> None:
    spec = make_spec("random", "trials = 3")
    Simulation(path, spec, stacks=True).run()
    second = Simulation(path, spec, Behaviour(size=lambda params: 8), stacks=True)
    second.loop.carry_out(RunAgain(1, seeds=5))
    second.run()
    assert second.behaviour.units == [[3, 4, 5, 6, 7]]
    assert second.ledger.elapsed() < 50, "they took no longer than one trial"
    assert (second.ledger.state, second.ledger.reason) == (StudyState.FINISHED, StopReason.TRIALS)


def test_that_repeats_of_a_learning_study_are_one_unit_beside_what_is_proposed(path: Path) -> None:
    spec = make_spec("bayesian", "trials = 16")
    behaviour = Behaviour(size=lambda params: 8)
    simulation = Simulation(path, spec, behaviour, looks_ahead=False, stacks=True)
    simulation.command_at(15, RunAgain(0, seeds=5))
    events = simulation.run()
    added = [event.trial.number for event in events if isinstance(event, TrialQueued)]
    assert any(set(added) <= set(unit) for unit in behaviour.units)
    assert len(simulation.ledger.trials) == 16
    others = [t for t in simulation.ledger.all_trials() if t.number not in added]
    assert len({tuple(t.params.items()) for t in others}) == len(others), "none is proposed again"


def test_that_a_study_with_repeats_goes_on_as_if_never_stopped(path: Path) -> None:
    def run(file: Path, stop: float | None) -> list[tuple]:
        spec = make_spec("bayesian", "trials = 12")
        first = Simulation(file, spec, Behaviour(checkpoints=True), looks_ahead=False)
        first.command_at(15, RunAgain(0, seeds=3))
        if stop is not None:
            first.command_at(stop, Stop())
        first.run()
        first.store.close()
        last = Simulation(file, spec, looks_ahead=False)
        if stop is not None:
            last.run()
        return [(t.params, t.seed, t.value) for t in last.ledger.all_trials()]

    whole = run(path, stop=None)
    assert run(path.with_name("stopped.tune"), stop=35) == whole


def test_that_a_rule_does_not_stop_repeats_lest_the_lucky_ones_alone_be_counted(path: Path) -> None:
    spec = make_spec(budget="trials = 24")
    task = spec.task.model_copy(update={"epochs": 8})
    spec = spec.with_(task=task, pruner=PrunerSpec(name="median", options={"min_steps": 2}))
    first = Simulation(path, spec, Behaviour(epochs=8))
    first.run()
    worst = max(first.ledger.all_trials(), key=lambda trial: trial.params["lr"])
    assert worst.state is TrialState.PRUNED
    second = Simulation(path, spec, Behaviour(epochs=8))
    second.loop.carry_out(RunAgain(worst.number))
    second.loop.carry_out(RunAgain(worst.number, seeds=3))
    second.run()
    states = [second.ledger.trials[number].state for number in range(24, 28)]
    assert states == [TrialState.PRUNED, *[COMPLETE] * 3]


def test_that_fewer_seeds_than_none_are_refused(path: Path) -> None:
    study = Study.create(path, make_spec())
    study.enqueue({"lr": 1e-3, "batch_size": 64})
    with pytest.raises(StudyError, match="seeds: must be a whole number from 0, not -1"):
        study.run_again(0, seeds=-1)
    study.close()


# --- what they come to


def test_that_repeats_are_summed_up_by_mean_and_standard_deviation() -> None:
    here, there = {"lr": 0.1}, {"lr": 0.2}
    trials = [
        Trial(0, here, COMPLETE, seed=0, value=1.0),
        Trial(1, there, COMPLETE, seed=1, value=50.0),
        Trial(2, here, COMPLETE, seed=2, value=2.0),
        Trial(3, here, COMPLETE, seed=3, value=6.0),
        Trial(4, here, COMPLETE, seed=3, value=6.0),
        Trial(5, here, TrialState.PRUNED, seed=5, value=90.0),
        Trial(6, here, TrialState.FAILED, seed=6),
        Trial(7, here, COMPLETE, seed=7, value=float("inf")),
    ]
    found = repeats_of(trials[0], trials)
    assert found == Repeats(3, 3.0, statistics.stdev([1.0, 2.0, 6.0]))
    assert repeats_of(trials[1], trials) is None


def test_that_a_summary_tells_of_the_repeats_of_the_best(path: Path) -> None:
    values = by_turns(0.3, 0.2, 0.4, 0.1, 0.6)
    simulation = Simulation(path, make_spec("grid", "trials = 5"), Behaviour(value=values))
    simulation.command_at(25, RunAgain(1, seeds=2))
    simulation.run()
    study = Study.open(path)
    best = summarise(study)["best"]
    assert (best["number"], best["value"]) == (3, 0.1)
    std = statistics.stdev([0.2, 0.1, 0.6])
    assert best["repeats"] == pytest.approx({"n": 3, "mean": 0.3, "std": std})
    study.close()


def test_that_a_summary_is_silent_where_nothing_was_repeated(path: Path) -> None:
    Simulation(path, make_spec("grid", "trials = 3")).run()
    study = Study.open(path)
    assert "repeats" not in summarise(study)["best"]
    study.close()


# --- what a method makes of them


def method_told(places: np.ndarray, values: np.ndarray) -> BayesianMethod:
    """One that was told `values` (places, repeats), all of a place having been begun at once."""
    method = make_method("bayesian", SQUARE, seed=0)
    assert isinstance(method, BayesianMethod)
    for x, found in zip(places.tolist(), values.tolist(), strict=True):
        params = {"x": x, "y": 0.5}
        for _ in found:
            method.pend(params)
        for value in found:
            method.tell(params, value)
    return method


def noise_of(method: BayesianMethod) -> float:
    """The standard deviation that the model takes for noise, in the values' own terms."""
    evidence = method.evidence()
    gp = method.learner.model(evidence).gp
    return float(np.sqrt(gp.scale * gp.noise) * evidence.losses.std())


@pytest.mark.parametrize("seed", range(3))
def test_that_the_model_learns_its_noise_from_repeats(seed: int) -> None:
    places = np.linspace(0.05, 0.95, 6)
    scatter = np.random.default_rng(seed).standard_normal((6, 5))
    bowl = 1.0 + 4.0 * (places[:, None] - 0.4) ** 2
    for noise in (0.03, 0.1, 0.3):
        method = method_told(places, bowl + noise * scatter)
        assert method.counts == (30, 0)
        assert not method.pending
        assert noise_of(method) == pytest.approx(noise, rel=0.5)
    assert noise_of(method_told(places, bowl + 0.0 * scatter)) < 0.01
