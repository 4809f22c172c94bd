"""What the lens says comes next is exactly what Bayesian optimisation proposes, told the same."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.analysis.views import LensProblem, MapRequest, MapView, WhyRequest
from engine.lens_process import Sight
from engine.methods import Method, make_method
from engine.methods.bayesian import BayesianMethod
from engine.proposer import told
from engine.space import Categorical, Float, Int, SearchSpace, When
from engine.spec import StudySpec
from engine.spec_tables import MethodSpec
from engine.surrogate.chooser import Chooser
from engine.trial import Failure, FailureReason, Trial, TrialState

EXAMPLES = Path(__file__).parents[2] / "resources" / "examples"
SPACE = SearchSpace(
    [
        Float("lr", 1e-5, 1e-1, log=True),
        Int("batch_size", 32, 512, log=True),
        Categorical("optimizer", ["sgd", "adam"]),
        Float("momentum", 0.0, 0.99, when=When("optimizer", ("sgd",))),
    ]
)
MAP = MapRequest("lr", "batch_size", size=8)
SEED = 3


def spec_of(space=SPACE, name="bayesian", direction="minimize", **options) -> StudySpec:
    spec = StudySpec.load(EXAMPLES / "digits-grid.toml")
    return spec.with_(
        space=space,
        method=MethodSpec(name=name, options=options),
        task=spec.task.model_copy(update={"direction": direction}),
        resources=spec.resources.model_copy(update={"seed": SEED}),
    )


def loss_of(params) -> float:
    return 0.1 + (math.log10(params["lr"]) + 2.5) ** 2 + (params["optimizer"] == "sgd")


def finished(number: int, params, sign: float) -> Trial:
    """Trial `number`; the fifth one died, and the larger the batch, the quicker it was."""
    times = {"started": 10.0 + number, "finished": 10.9 + number, "ended": number + 1}
    if number == 4:
        failure = Failure(FailureReason.OUT_OF_MEMORY, "Out of memory.")
        return Trial(number, params, TrialState.FAILED, failure=failure, **times)
    seconds = 100.0 / params["batch_size"]
    value = sign * loss_of(params)
    return Trial(number, params, TrialState.COMPLETE, value=value, seconds=seconds, **times)


def searched(method: Method, sign: float = 1.0, count: int = 9) -> list[Trial]:
    """A study's trials by `method`, one after the other; the method is told all of them."""
    trials = []
    for number in range(count):
        (params,) = method.ask(1)
        trial = finished(number, params, sign)
        method.tell(**told(trial, None if trial.value is None else sign * trial.value, ()))
        trials.append(trial)
    return trials


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
@pytest.mark.parametrize("options", [{}, {"cost_weight": 1.0}], ids=["plain", "cost"])
def test_that_what_is_shown_as_next_is_what_the_method_proposes(direction, options) -> None:
    method = make_method("bayesian", SPACE, seed=SEED, **options)
    trials = searched(method, -1.0 if direction == "maximize" else 1.0)
    sight = Sight(spec_of(direction=direction, **options))
    sight.tell(trials[:5])
    sight.answer(MAP)  # while the study runs, it is looked at
    sight.tell(trials[5:])
    shown = sight.answer(MAP)
    why = sight.answer(WhyRequest(None))
    (proposed,) = method.ask(1)
    assert isinstance(shown, MapView)
    assert shown.proposed == why.params == proposed


def test_that_what_runs_is_kept_away_from_as_the_method_keeps_away() -> None:
    method = make_method("bayesian", SPACE, seed=SEED)
    trials = searched(method)
    running, following = method.ask(2)
    sight = Sight(spec_of())
    sight.tell(trials)
    assert sight.answer(WhyRequest(None)).params == running
    sight.tell([Trial(9, running, TrialState.RUNNING, started=30.0)])
    assert sight.answer(WhyRequest(None)).params == following
    assert SPACE.validate(following) == following
    assert SPACE.key(following) != SPACE.key(running)


def test_that_the_acquisition_drawn_is_what_is_left_beside_what_runs() -> None:
    """As the method sees it: there is nothing more to be had where a trial is under way."""
    square = SearchSpace([Float("lr", 1e-5, 1e-1, log=True), Float("dropout", 0.0, 0.9)])
    request = MapRequest("lr", "dropout", size=8)

    def told_to(sight):
        rng = np.random.default_rng(0)
        for number in range(12):
            params = square.sample(rng)
            value = (math.log10(params["lr"]) + 2.5) ** 2 + params["dropout"]
            sight.tell(
                [Trial(number, params, TrialState.COMPLETE, value=value, finished=float(number))]
            )
        return sight

    alone, beside = told_to(Sight(spec_of(square))), told_to(Sight(spec_of(square)))
    before = alone.answer(request)
    row, column = np.unravel_index(before.acquisition.argmax(), (8, 8))
    running = square.decode([(column + 0.5) / 8, (row + 0.5) / 8])
    beside.tell([Trial(12, running, TrialState.RUNNING)])
    after = beside.answer(request)
    assert before.acquisition[row, column] == 0.0
    assert after.acquisition[row, column] < -0.5
    np.testing.assert_array_equal(after.mean, before.mean)
    np.testing.assert_array_equal(after.deviation, before.deviation)
    middle = (np.arange(8) + 0.5) / 8
    points = np.stack(np.meshgrid(middle, middle), axis=-1).reshape(-1, 2)
    fitted = beside._fits.at(None)
    value = Chooser(fitted.model, square.encode(running)[None, :]).value(points)
    np.testing.assert_allclose(after.acquisition.ravel(), value - value.max(), atol=1e-9)
    past = replace(request, upto=12)
    np.testing.assert_array_equal(beside.answer(past).acquisition, before.acquisition)


def test_that_the_method_hears_only_of_what_is_new(monkeypatch) -> None:
    heard = []
    tell = BayesianMethod.tell

    def listen(method, params, value, **more):
        heard.append(params)
        tell(method, params, value, **more)

    trials = searched(make_method("bayesian", SPACE, seed=SEED), count=11)
    sight = Sight(spec_of())
    sight.tell([*trials[:8], replace(trials[8], state=TrialState.RUNNING, value=None)])
    sight.answer(MAP)
    monkeypatch.setattr(BayesianMethod, "tell", listen)
    sight.tell(trials[8:10])
    sight.answer(MAP)
    sight.answer(WhyRequest(None))
    assert heard == [trial.params for trial in trials[8:10]]


def test_that_what_is_heard_late_is_put_where_it_belongs() -> None:
    trials = searched(make_method("bayesian", SPACE, seed=SEED), count=11)
    at_once, late = Sight(spec_of()), Sight(spec_of())
    at_once.tell(trials)
    late.tell([*trials[:6], *trials[8:]])
    late.answer(MAP)
    late.tell(trials[6:8])
    expected, found = at_once.answer(MAP), late.answer(MAP)
    assert found.proposed == expected.proposed
    np.testing.assert_array_equal(found.mean, expected.mean)


def test_that_a_clock_that_is_set_back_changes_nothing_of_what_is_seen() -> None:
    """What counts is the order in which the trials ended, as for a study that goes on."""
    trials = searched(make_method("bayesian", SPACE, seed=SEED), count=11)
    back = [
        replace(t, started=t.started - 100.0, finished=t.finished - 100.0) if t.number > 5 else t
        for t in trials
    ]
    steady, odd = Sight(spec_of()), Sight(spec_of())
    steady.tell(trials)
    odd.tell(back)
    for upto in (7, None):
        expected = steady.answer(replace(MAP, upto=upto))
        np.testing.assert_array_equal(odd.answer(replace(MAP, upto=upto)).mean, expected.mean)
    assert odd.answer(MAP).proposed == steady.answer(MAP).proposed
    assert odd.answer(WhyRequest(9)).upto == steady.answer(WhyRequest(9)).upto == 9


def test_that_what_comes_next_is_shown_after_very_many_trials_too() -> None:
    trials = [
        finished(number, SPACE.sample(np.random.default_rng(number)), 1.0) for number in range(600)
    ]
    sight = Sight(spec_of())
    sight.tell(trials)
    assert sight.answer(MAP).proposed is not None


def test_that_a_study_by_another_method_is_shown_what_bayesian_optimisation_would_do() -> None:
    trials = searched(make_method("random", SPACE, seed=SEED))
    method = make_method("bayesian", SPACE, seed=SEED)
    for trial in trials:
        method.tell(**told(trial, trial.value, ()))
    sight = Sight(spec_of(name="random"))
    sight.tell(trials)
    assert sight.answer(MAP).proposed == method.ask(1)[0]


def test_that_the_acquisition_drawn_weighs_seconds_as_the_study_does() -> None:
    """Small batches take longest: with the option they are less worth trying."""
    trials = searched(make_method("random", SPACE, seed=SEED), count=20)
    plain, weighed = Sight(spec_of()), Sight(spec_of(cost_weight=1.0))
    for sight in (plain, weighed):
        sight.tell(trials)
    gain = weighed.answer(MAP).acquisition - plain.answer(MAP).acquisition
    assert (gain[0] < gain[-1]).all()


def test_that_the_past_has_no_next_configuration() -> None:
    sight = Sight(spec_of())
    sight.tell(searched(make_method("bayesian", SPACE, seed=SEED)))
    assert sight.answer(MapRequest("lr", "batch_size", size=8, upto=6)).proposed is None


def test_that_a_space_with_nothing_left_is_said_to_be_tried() -> None:
    small = SearchSpace([Categorical("optimizer", ["sgd", "adam"]), Int("depth", 1, 2)])
    trials = [
        Trial(number, small.grid_at(number), TrialState.COMPLETE, value=float(number), finished=0.0)
        for number in range(4)
    ]
    sight = Sight(spec_of(small))
    sight.tell(trials)
    problem = sight.answer(WhyRequest(None))
    assert problem == LensProblem(WhyRequest(None), "Every configuration has been tried.")
    assert sight.answer(MapRequest("optimizer", "depth", size=8)).proposed is None
