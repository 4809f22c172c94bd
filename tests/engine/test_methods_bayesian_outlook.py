"""What Bayesian optimisation expects of more trials, in the objective's own units."""

from __future__ import annotations

import numpy as np
import pytest

from engine.methods import make_method
from engine.outlook import Outlook
from engine.space import Categorical, SearchSpace
from engine.surrogate.prospects import outlook
from tests.engine.landscapes import (
    MIXED,
    SQUARE,
    bowl,
    evidence_of,
    model_of,
    points_of,
    report,
    search,
    wavy,
)


def after(trials, *, factor=1.0, look=False):
    """A method that has looked for the bottom of a bowl, and asked for one more."""
    method = make_method("bayesian", SQUARE, seed=0)
    loss = bowl(0.3, 0.4)
    asked = []
    for _ in range(trials):
        (params,) = method.ask(1)
        asked.append(params)
        if look:
            method.outlook()
        report(method, params, factor * loss(params))
    asked += method.ask(1)
    return method, asked


def test_that_nothing_is_expected_before_a_trial_has_told_something() -> None:
    method = make_method("bayesian", SQUARE, seed=0)
    assert method.outlook() is None
    method.ask(1)
    assert method.outlook() is None
    assert make_method("random", SQUARE, seed=0).outlook() is None


def test_that_less_is_expected_the_more_is_known() -> None:
    early, late = after(6)[0].outlook(), after(25)[0].outlook()
    assert 0.0 < late.next < 0.1 * early.next
    assert 0.0 < late.all < 0.1 * early.all
    assert early.next <= early.all


def test_that_it_is_said_in_the_objective_s_own_units() -> None:
    small, large = after(12)[0].outlook(), after(12, factor=1000.0)[0].outlook()
    assert [large.next, large.all, large.noise] == pytest.approx(
        [1000.0 * small.next, 1000.0 * small.all, 1000.0 * small.noise], rel=0.01
    )


def test_that_looking_changes_no_proposal() -> None:
    assert after(15, look=True)[1] == after(15)[1]


@pytest.mark.parametrize("noise", [0.05, 0.2])
def test_that_the_noise_is_that_of_the_trials(noise: float) -> None:
    points = points_of(SQUARE, 80)
    losses = wavy(points) + noise * np.random.default_rng(1).standard_normal(80)
    found = outlook(model_of(SQUARE, evidence_of(points, losses)), points_of(SQUARE, 200, 1))
    assert found.noise == pytest.approx(noise, rel=0.4)


def test_that_the_next_trial_s_gain_is_the_mean_of_what_the_model_believes() -> None:
    """Against draws from the model's belief at each place, which take no short cuts."""
    points, places = points_of(MIXED, 20), points_of(MIXED, 30, 1)
    model = model_of(MIXED, evidence_of(points, wavy(points)))
    mean, variance = model.predict(places)
    draws = np.random.default_rng(0).standard_normal((20_000, 1)) * np.sqrt(variance) + mean
    best = model.warp.back(np.array([model.best]))
    gains = np.maximum(best - model.warp.back(draws), 0.0).mean(0)
    assert outlook(model, places).next == pytest.approx(gains.max(), rel=0.1)


def test_that_the_last_place_left_is_all_there_is_to_gain_from() -> None:
    """A poor one, as all others say: it is asked for, and hardly anything is expected of it."""
    space = SearchSpace([Categorical("a", list("pqrs")), Categorical("b", list("tuvw"))])
    method = make_method("bayesian", space, seed=0)

    def loss(params):
        return float("pqrs".index(params["a"]) + "tuvw".index(params["b"]))

    search(method, loss, 15)
    (last,) = method.ask(1)
    assert loss(last) >= 4.0
    assert 0.0 <= method.outlook().next < 1e-3
    report(method, last, loss(last))
    assert method.ask(1) == []
    assert method.outlook() is None


def test_that_a_place_where_trials_fail_promises_nothing() -> None:
    points = points_of(SQUARE, 30)
    fails = points[:, 0] > 0.5
    evidence = evidence_of(points[~fails], wavy(points[~fails]), failed=points[fails])
    model = model_of(SQUARE, evidence)
    hopeless = points[fails][model.feasibility(points[fails]) < 0.15]
    assert len(hopeless)
    found = outlook(model, hopeless)
    assert found == Outlook(0.0, 0.0, found.noise)
