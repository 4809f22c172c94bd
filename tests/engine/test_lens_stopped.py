"""Stopped trials in the lens: it learns from their curves just as the method does."""

from __future__ import annotations

import json
import math
import queue
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest

from engine.analysis.views import LensProblem, MapRequest, TrustRequest, WhyRequest
from engine.executors.child import Child
from engine.lens import Lens
from engine.lens_process import Sight
from engine.methods import make_method
from engine.proposer import answer, told
from engine.space import Float, Int, SearchSpace
from engine.spec import StudySpec
from engine.spec_tables import MethodSpec, PrunerSpec
from engine.trial import Report, Trial, TrialState, curve_of

EXAMPLES = Path(__file__).parents[2] / "resources" / "examples"
SPACE = SearchSpace(
    [
        Float("lr", 1e-5, 1e-1, log=True),
        Int("batch_size", 32, 512, log=True),
        Float("dropout", 0.0, 0.9),
    ]
)
MAP = MapRequest("lr", "batch_size", size=8)
OBJECTIVE, SEED, EPOCHS = "val_cross_entropy", 3, 9
STOPPED = (5, 8, 11)


def spec_of(direction="minimize"):
    spec = StudySpec.load(EXAMPLES / "digits-grid.toml")
    return spec.with_(
        space=SPACE,
        method=MethodSpec(name="bayesian"),
        pruner=PrunerSpec(name="asha"),
        task=spec.task.model_copy(update={"direction": direction}),
        resources=spec.resources.model_copy(update={"seed": SEED}),
    )


@dataclass
class Search:
    """Trials by Bayesian optimisation, number 5, 8 and 11 of which were stopped on the way.

    The method was told them as over its pipe, so each trial is what it proposed after the ones
    before.
    """

    trials: list[Trial]
    reports: dict[int, list[Report]]
    sign: float

    def first(self, count):
        """Trials, and the curves of all."""
        curves = {n: tuple(curve_of(r, OBJECTIVE, self.sign)) for n, r in self.reports.items()}
        return self.trials[:count], curves


def trained(number, params, epochs, sign=1.0):
    """A trial of so many epochs, and its reports."""
    end = 0.1 + (math.log10(params["lr"]) + 2.5) ** 2 + params["dropout"]
    losses = [end + 3.0 / (step + params["batch_size"] / 100) for step in range(1, epochs + 1)]
    reports = [Report(step, 0.1, {OBJECTIVE: sign * loss}) for step, loss in enumerate(losses, 1)]
    times = {"started": 10.0 + number, "finished": 10.9 + number, "ended": number + 1}
    value = sign * losses[-1]
    state = TrialState.COMPLETE if epochs == EPOCHS else TrialState.PRUNED
    return Trial(number, params, state, value=value, seconds=1.0, **times), reports


@cache
def searched(direction="minimize"):
    """13 trials."""
    sign = -1.0 if direction == "maximize" else 1.0
    method = make_method("bayesian", SPACE, seed=SEED)
    search = Search([], {}, sign)
    for number in range(13):
        (params,) = method.ask(1)
        trial, reports = trained(number, params, 3 if number in STOPPED else EPOCHS, sign)
        search.trials.append(trial)
        search.reports[number] = reports
        loss = None if number in STOPPED else sign * trial.value
        line = json.dumps({"type": "tell", **told(trial, loss, curve_of(reports, OBJECTIVE, sign))})
        answer(method, json.loads(line))
    return search


@pytest.fixture
def answers():
    return queue.SimpleQueue()


@pytest.fixture
def lens(answers):
    lens = Lens(spec_of(), answers.put)
    yield lens
    lens.close()
    assert lens.wait(5)


@pytest.fixture
def sent(monkeypatch):
    """The trials that are sent to the lens's process, message by message."""
    found, send = [], Child.send

    def listen(child, kind, **content):
        if kind == "tell":
            found.append(content["trials"])
        send(child, kind, **content)

    monkeypatch.setattr(Child, "send", listen)
    return found


def ask(lens, answers, request):
    lens.ask(request)
    return answers.get(timeout=60)


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_that_what_is_shown_as_next_is_what_the_method_proposes(direction):
    search, sight = searched(direction), Sight(spec_of(direction))
    for count in (8, 12):
        sight.tell(*search.first(count))
        shown, why = sight.answer(MAP), sight.answer(WhyRequest(None))
        assert shown.proposed == why.params == search.trials[count].params


def test_that_the_next_one_would_be_another_without_the_curves():
    """So that the test above shows something."""
    deaf = Sight(spec_of())
    deaf.tell(searched().trials[:12])
    assert deaf.answer(MAP).proposed != searched().trials[12].params


def test_that_the_process_hears_the_curves_once_a_trial_was_stopped(lens, answers, sent):
    trials, reports = searched().trials, searched().reports
    lens.tell(trials[:5], reports)
    assert ask(lens, answers, MAP).proposed == trials[5].params
    assert not any("curve" in wire for message in sent for wire in message)
    lens.tell(trials[5:9], reports)
    assert ask(lens, answers, MAP).proposed == trials[9].params
    told_of = {wire["number"] for message in sent for wire in message if "curve" in wire}
    assert told_of == set(range(9))


def test_that_of_a_study_with_stopped_trials_nothing_is_sent_twice(lens, answers, sent):
    trials, reports = searched().trials, searched().reports
    lens.tell(trials[:9], reports)
    ask(lens, answers, MAP)
    lens.tell(trials[9:10], reports)
    assert ask(lens, answers, MAP).proposed == trials[10].params
    assert [wire["number"] for message in sent for wire in message] == list(range(10))


def test_that_many_trials_are_sent_in_parts(lens, answers, sent):
    lens.tell([trained(n, SPACE.default(), EPOCHS)[0] for n in range(450)])
    ask(lens, answers, WhyRequest(0))
    assert [len(message) for message in sent] == [200, 200, 50]


def test_that_a_moment_of_the_past_is_what_it_was_then():
    now, then = Sight(spec_of()), Sight(spec_of())
    then.tell(*searched().first(7))
    now.tell(*searched().first(12))
    past, seen = (sight.answer(replace(MAP, upto=7)) for sight in (now, then))
    assert past.upto == seen.upto == 7
    assert past.mean.tolist() == seen.mean.tolist()


def test_that_stopped_trials_count_for_the_map_and_not_for_trust():
    """What they would have come to is the model's own guess: it is no proof of the model."""
    sight = Sight(spec_of())
    sight.tell(*searched().first(12))
    trust = sight.answer(TrustRequest())
    assert set(sight._fits.at(None).numbers) == set(range(12))
    whole = [trial for trial in searched().trials[:12] if trial.number not in STOPPED]
    assert sorted(trust.numbers) == [trial.number for trial in whole]
    assert sorted(trust.actual) == sorted(trial.value for trial in whole)
    assert len(trust.low50) == len(trust.predicted) == len(whole)


def test_that_before_a_trial_is_complete_trust_says_so():
    sight = Sight(spec_of())
    trials, curves = searched().first(12)
    sight.tell([trial for trial in trials if trial.number in STOPPED], curves)
    problem = sight.answer(TrustRequest())
    assert isinstance(problem, LensProblem)
    assert problem.sentence == (
        "There is nothing to hold the model against before a trial is complete."
    )
