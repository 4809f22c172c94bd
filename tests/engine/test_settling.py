"""A study that has little to gain proposes to stop: when, how often, in which words."""

from __future__ import annotations

import queue
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.commands import Change, Stop
from engine.events import Event, GainForeseen, Logged, StopReason, StopSuggested, StudyState
from engine.methods.bayesian import BayesianMethod
from engine.outlook import Outlook
from engine.proposer import ProcessProposer, Proposed
from engine.settling import AGAIN_AFTER, FOR_EACH_PARAMETER, LEAST_TRIALS
from engine.space import Float, SearchSpace
from engine.spec import Budget, StudySpec
from engine.trial import Trial, TrialState
from tests.engine.simulation import Behaviour, Simulation, make_spec

LITTLE = Outlook(next=1e-6, all=4e-4, noise=0.0)
"""Of a study whose trials take 10 s: 360 an hour, which together have 3.6e-4 to gain."""
WORTH = "worth = 0.001\n"


@pytest.fixture
def expect(monkeypatch):
    """Have the method expect something: an outlook, or one for each number of trials.

    It takes points at random, which does not take the time of a model.
    """

    def expect(outlook: Any) -> None:
        def of(method: BayesianMethod) -> Outlook:
            return outlook(method.counts[0]) if callable(outlook) else outlook

        monkeypatch.setattr(BayesianMethod, "outlook", of)
        monkeypatch.setattr(BayesianMethod, "_best_point", lambda method: None)

    return expect


def simulate(
    path: Path, budget: str, *, method: str = "bayesian", workers: int = 1, **behaviour: Any
) -> tuple[Simulation, list[Event]]:
    spec = make_spec(method, budget, workers)
    simulation = Simulation(path, spec, Behaviour(**behaviour), looks_ahead=False)
    simulation.ledger.workers = workers
    return simulation, simulation.run()


def suggestions(events: list[Event]) -> list[StopSuggested]:
    return [event for event in events if isinstance(event, StopSuggested)]


def test_that_a_study_proposes_to_stop_when_an_hour_gains_less_than_it_is_worth(tmp_path, expect):
    expect(LITTLE)
    study, events = simulate(tmp_path / "s.tune", f"trials = 25\n{WORTH}")
    (said,) = suggestions(events)
    assert said.message == (
        "More trials are expected to improve val_cross_entropy by at most 0.00036 an hour, "
        "less than the 0.001 that it is worth."
    )
    assert any(isinstance(event, Logged) and event.text == said.message for event in events)
    assert len(study.ledger.trials) == 25
    assert study.ledger.reason is StopReason.TRIALS


def test_that_a_study_proposes_to_stop_when_all_there_is_to_gain_is_noise(tmp_path, expect):
    expect(replace(LITTLE, noise=0.002))
    _, events = simulate(tmp_path / "s.tune", "trials = 25")
    (said,) = suggestions(events)
    assert said.message == (
        "More trials are not expected to improve val_cross_entropy by more than 0.0004, "
        "less than its noise of 0.002."
    )


def test_that_little_to_gain_is_no_reason_where_nobody_says_what_an_hour_is_worth(tmp_path, expect):
    expect(LITTLE)
    _, events = simulate(tmp_path / "s.tune", "trials = 25")
    assert not suggestions(events)


def test_that_it_is_said_after_enough_trials_and_again_after_some_more(tmp_path, expect):
    expect(LITTLE)
    _, events = simulate(tmp_path / "s.tune", f"trials = {LEAST_TRIALS + 15}\n{WORTH}")
    assert [s.trials for s in suggestions(events)] == [LEAST_TRIALS, LEAST_TRIALS + AGAIN_AFTER]


def test_that_it_takes_more_trials_where_more_parameters_are_searched(tmp_path, expect):
    expect(LITTLE)
    spec = make_spec("bayesian", f"trials = 28\n{WORTH}")
    more = [Float(name, 0.1, 0.5) for name in ("dropout", "momentum", "weight_decay")]
    spec = spec.with_(space=SearchSpace([*spec.space, *more]))
    simulation = Simulation(tmp_path / "s.tune", spec, looks_ahead=False)
    assert [said.trials for said in suggestions(simulation.run())] == [5 * FOR_EACH_PARAMETER]


@pytest.mark.parametrize(
    ("method", "budget"), [("bayesian", 'when_settled = "ignore"'), ("random", ""), ("grid", "")]
)
def test_that_nothing_is_said_where_it_is_not_wanted_or_not_known(tmp_path, expect, method, budget):
    expect(replace(LITTLE, noise=1.0))
    _, events = simulate(tmp_path / "s.tune", f"trials = 25\n{budget}", method=method)
    assert not [event for event in events if isinstance(event, StopSuggested | GainForeseen)]


def test_that_the_gain_of_an_hour_grows_with_the_trials_that_fit_up_to_all_there_is(
    tmp_path, expect
):
    expect(Outlook(next=1e-4, all=0.5, noise=0.0))
    hourly = []
    for name, workers, seconds in (("one", 1, 10.0), ("two", 2, 10.0), ("fast", 1, 0.1)):
        _, events = simulate(
            tmp_path / f"{name}.tune",
            "trials = 8",
            workers=workers,
            seconds=lambda params, seconds=seconds: seconds,
        )
        hourly.append([e for e in events if isinstance(e, GainForeseen)][-1].hour)
    assert hourly == pytest.approx([360 * 1e-4, 720 * 1e-4, 0.5])


def test_that_a_study_ends_by_itself_where_it_is_told_to_with_no_trial_cut_short(tmp_path, expect):
    expect(LITTLE)
    budget = f'trials = 100\nwhen_settled = "stop"\n{WORTH}'
    study, events = simulate(tmp_path / "s.tune", budget)
    assert study.ledger.state is StudyState.STOPPED
    assert study.ledger.reason is StopReason.SETTLED
    assert "less than the 0.001" in study.ledger.message
    assert [t.state for t in study.ledger.all_trials()] == [TrialState.COMPLETE] * LEAST_TRIALS
    assert not suggestions(events)


def test_that_a_study_gone_on_with_after_it_settled_gets_some_trials_more(tmp_path, expect):
    expect(LITTLE)
    budget = f'trials = 100\nwhen_settled = "stop"\n{WORTH}'
    simulate(tmp_path / "s.tune", budget)
    study, _ = simulate(tmp_path / "s.tune", budget)
    assert len(study.ledger.trials) == LEAST_TRIALS + AGAIN_AFTER
    assert study.ledger.reason is StopReason.SETTLED


def test_that_an_interrupted_study_settles_where_it_would_have(tmp_path, expect):
    expect(lambda count: replace(LITTLE, next=1.0, all=0.03 / max(1, count)))
    budget = f'trials = 100\nwhen_settled = "stop"\n{WORTH}'
    straight, _ = simulate(tmp_path / "straight.tune", budget)
    spec = straight.ledger.spec
    first = Simulation(tmp_path / "parts.tune", spec, looks_ahead=False)
    first.command_at(255.0, Stop())
    first.run()
    rest = Simulation(tmp_path / "parts.tune", spec, looks_ahead=False)
    rest.run()
    assert first.ledger.reason is StopReason.USER
    assert len(straight.ledger.trials) == 31
    assert [t.params for t in rest.ledger.all_trials()] == [
        t.params for t in straight.ledger.all_trials()
    ]


def test_that_what_an_hour_is_worth_can_be_said_while_the_study_runs(tmp_path, expect):
    expect(LITTLE)
    simulation = Simulation(
        tmp_path / "s.tune", make_spec("bayesian", "trials = 32"), looks_ahead=False
    )
    simulation.command_at(255.0, Change(budget=Budget(trials=32, worth=0.001)))
    assert [said.trials for said in suggestions(simulation.run())] == [26]


def test_that_the_method_s_process_says_what_it_expects(tmp_path):
    inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
    proposer = ProcessProposer(make_spec("bayesian"), inbox)
    try:
        proposer.ask(1)
        first: Proposed = inbox.get(timeout=60)
        for number, lr in enumerate((1e-5, 1e-4, 1e-3, 1e-2)):
            params = {"lr": lr, "batch_size": 64}
            proposer.tell(Trial(number, params, TrialState.COMPLETE, seconds=1.0), lr, ())
        proposer.ask(2)
        second: Proposed = inbox.get(timeout=60)
    finally:
        proposer.close()
    assert first.outlook is None
    assert second.outlook is not None
    assert 0.0 < second.outlook.next <= second.outlook.all


@pytest.mark.parametrize("entry", ["worth = 0.1", 'when_settled = "stop"'])
def test_that_a_method_without_expectations_is_refused_what_goes_by_them(entry):
    with pytest.raises(ValueError, match="needs a method that learns") as error:
        make_spec("grid", entry)
    key = entry.partition(" ")[0]
    assert str(error.value) == (
        f"[budget] {key}: needs a method that learns, which grid does not; remove it or take "
        "bayesian."
    )


def test_that_what_is_to_be_done_is_written_only_where_it_is_not_the_usual():
    assert "when_settled" not in make_spec("bayesian", WORTH).to_toml()
    spec = make_spec("bayesian", 'when_settled = "ignore"')
    again = StudySpec.parse(spec.with_(budget=Budget(when_settled="stop")).to_toml())
    assert again.budget.when_settled == "stop"
