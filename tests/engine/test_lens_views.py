"""What is drawn of a model, against direct computation: brute force, averages, known functions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtr

from engine.analysis.views import (
    ImportanceRequest,
    MapRequest,
    SlicesRequest,
    TrustRequest,
    WhyRequest,
)
from engine.lens_fitted import Fits, TooFewError
from engine.lens_views import view_of, why_trial
from engine.space import Categorical, Float, Int, SearchSpace, When
from engine.surrogate.chooser import Chooser
from engine.surrogate.gp import JITTER, GaussianProcess
from engine.surrogate.model import milestone
from engine.surrogate.warp import Warp
from engine.trial import Failure, FailureReason, Trial, TrialState

SPACE = SearchSpace(
    [Float("x", 0.0, 1.0), Float("y", 1e-4, 1.0, log=True), Categorical("kind", ["a", "b", "c"])]
)


def trials_of(space, function, count=40, noise=0.0):
    """Random trials of a function of the unit cube."""
    rng, trials = np.random.default_rng(0), []
    for number in range(count):
        params = space.sample(rng)
        value = function(space.encode(params)) + noise * rng.standard_normal()
        trials.append(
            Trial(number, params, TrialState.COMPLETE, value=float(value), finished=float(number))
        )
    return trials


def bowl(u):
    return 1.0 + 4.0 * (u[0] - 0.3) ** 2 + (u[1] - 0.6) ** 2 + 0.1 * (u[2] > 0.5)


def bowl2(u):
    return 1.0 + 4.0 * (u[0] - 0.3) ** 2 + (u[1] - 0.4) ** 2


def model_of(space=SPACE, function=bowl, count=40, noise=0.0, sign=1.0):
    fits = Fits(space, sign)
    fits.know(trials_of(space, function, count, noise))
    return fits.at(None)


def test_that_the_transform_is_undone_exactly_within_the_data():
    values = np.exp(np.random.default_rng(0).standard_normal(30))
    warp = Warp(values)
    np.testing.assert_allclose(warp.back(warp.forward(values)), values, rtol=1e-9)
    assert abs(warp.forward(values).mean()) < 1e-9


def test_that_a_map_agrees_with_the_model_cell_by_cell():
    model = model_of()
    seen = view_of(model, MapRequest("y", "x", size=8))
    point = model.best_point.copy()
    point[[1, 0]] = 2.5 / 8, 6.5 / 8
    mean, _ = model.predict(point[None, :])
    assert seen.mean[6, 2] == pytest.approx(model.values(mean)[0])
    assert seen.mean[6, 2] == pytest.approx(bowl(point), abs=0.1)


@pytest.mark.parametrize("averaged", [False, True])
def test_that_uncertainty_grows_away_from_the_trials_without_a_cliff_where_results_are_bad(
    averaged,
):
    """Results that grow tenfold from one end to the other, and trials at the better end alone."""
    space = SearchSpace([Float("x", 0.0, 1.0), Float("y", 0.0, 1.0)])
    fits = Fits(space, 1.0)
    near = [t for t in trials_of(space, lambda u: 10.0 ** (2 * u[0]), 80) if t.params["x"] < 0.5]
    fits.know(near)
    seen = view_of(fits.at(None), MapRequest("x", "y", size=16, averaged=averaged))
    middle = seen.deviation[8]
    assert (np.diff(middle[8:]) > 0).all()
    assert np.diff(middle).max() < 0.25 * np.ptp(middle)
    assert middle[:6].max() < 0.2 < middle[-1]


def test_that_the_acquisition_drawn_is_what_a_search_goes_by():
    model = model_of()
    seen = view_of(model, MapRequest("x", "y", size=8))
    points = np.repeat(model.best_point[None, :], 64, axis=0)
    middle = (np.arange(8) + 0.5) / 8
    points[:, 0], points[:, 1] = np.tile(middle, 8), np.repeat(middle, 8)
    value = Chooser(model.model).value(points).reshape(8, 8)
    np.testing.assert_allclose(seen.acquisition, value - value.max(), atol=1e-6)


def test_that_an_averaged_map_is_the_average_of_maps():
    model = model_of(noise=0.01)
    seen = view_of(model, MapRequest("x", "y", averaged=True, size=12))
    means = []
    for kind in (1 / 6, 3 / 6, 5 / 6):
        points = np.full((12, 3), kind)
        points[:, 0] = (np.arange(12) + 0.5) / 12
        points[:, 1] = 4.5 / 12
        means.append(model.predict(points)[0])
    np.testing.assert_allclose(seen.mean[4], model.values(np.mean(means, axis=0)), atol=0.02)
    assert seen.acquisition is None
    assert (seen.deviation > 0).all()


def test_that_an_average_over_a_single_point_is_what_is_expected_there():
    """Of more cells than are predicted at once."""
    model = model_of(noise=0.01)
    points = model.cube.snap(np.random.default_rng(1).random((500, 3)))
    mean, variance = model.predict_average(points[None, :, :])
    np.testing.assert_allclose(mean, model.predict(points)[0], atol=1e-9)
    np.testing.assert_allclose(variance, model.predict(points)[1], atol=1e-9)


def test_that_a_child_is_mapped_beside_a_parent_that_has_it():
    space = SearchSpace(
        [
            Categorical("opt", ["adam", "sgd"]),
            Float("lr", 0.0, 1.0),
            Float("momentum", 0.0, 1.0, when=When("opt", ("sgd",))),
        ]
    )

    def function(u):
        return float(u[1] + (0.5 + (u[2] - 0.5) ** 2 if u[0] > 0.5 else 0.0))

    model = model_of(space, function)
    assert np.isnan(model.best_point[2])
    seen = view_of(model, MapRequest("lr", "momentum", size=8))
    assert seen.mean[0, 4] - seen.mean[4, 4] > 0.1
    slices = view_of(model, SlicesRequest())
    assert [one.name for one in slices.slices] == ["opt", "lr"]
    assert set(slices.centre) == {"opt", "lr"}


def test_that_slices_pass_through_the_best_and_are_as_many_as_there_are_choices():
    model = model_of()
    x, _, kind = view_of(model, SlicesRequest(size=200)).slices
    assert len(kind.position) == 3
    assert x.position[x.mean.argmin()] == pytest.approx(0.3, abs=0.05)
    assert x.mean.min() <= float(model.values(np.array([model.best]))[0]) + 1e-3


def test_that_a_slice_over_many_whole_numbers_is_drawn_at_them():
    space = SearchSpace([Int("size", 32, 512, log=True), Float("x", 0.0, 1.0)])
    size, _ = view_of(model_of(space, lambda u: u[0] ** 2 + u[1]), SlicesRequest()).slices
    drawn = [space.decode([place, 0.5])["size"] for place in size.position]
    exact = [space.encode({"size": value, "x": 0.5})[0] for value in drawn]
    np.testing.assert_allclose(size.position, exact, atol=1e-12)
    assert len(set(drawn)) == len(drawn) > 40


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_that_leaving_one_out_agrees_with_brute_force(sign):
    model = model_of(count=15, noise=0.1, sign=sign)
    seen = view_of(model, TrustRequest())
    gp = model.model.gp
    for row in (0, 7, 14):
        rest = np.arange(15) != row
        left = GaussianProcess(gp.x[rest], gp.y[rest], gp.groups, gp.theta)
        beyond, variance = left.predict(gp.x[row : row + 1])
        mean = beyond + model.targets[row] - gp.y[row]  # what was taken off for the process
        sigma = np.sqrt(gp.scale * (variance / left.scale + gp.noise + JITTER))
        reach = 1.6448536269514722 * sigma
        ends = sorted([model.values(mean - reach)[0], model.values(mean + reach)[0]])
        assert seen.predicted[row] == pytest.approx(model.values(mean)[0], rel=1e-6)
        assert [seen.low90[row], seen.high90[row]] == pytest.approx(ends, rel=1e-6)
    inside = (seen.low90 <= seen.actual) & (seen.actual <= seen.high90)
    assert seen.coverage90 == pytest.approx(inside.mean())


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_that_the_intervals_drawn_are_those_counted_also_beside_diverged_trials(sign):
    fits = Fits(SPACE, sign)
    fits.know(
        [
            replace(trial, value=sign * (1e3 if trial.number % 6 == 5 else trial.value))
            for trial in trials_of(SPACE, bowl, 30, noise=0.1)
        ]
    )
    seen = view_of(fits.at(None), TrustRequest())
    for low, high, coverage in (
        (seen.low50, seen.high50, seen.coverage50),
        (seen.low90, seen.high90, seen.coverage90),
    ):
        inside = (low <= seen.actual) & (seen.actual <= high)
        assert coverage == pytest.approx(inside.mean())


def test_that_importance_finds_the_shares_of_a_known_function():
    space = SearchSpace([Float("a", 0, 1), Float("b", 0, 1), Int("c", 1, 5), Float("idle", 0, 1)])

    def function(u):
        a, b, c = u[0] - 0.5, u[1] - 0.5, u[2] - 0.5
        return a + 2.0 * a * b * np.sqrt(3) + c

    seen = view_of(model_of(space, function, 150), ImportanceRequest())
    parts = {"a": 1 / 12, "c": 2 / 25, "pair": 12 / 144}
    total = sum(parts.values())
    found = dict(zip(seen.names, seen.alone, strict=True))
    assert found["a"] == pytest.approx(parts["a"] / total, abs=0.08)
    assert found["c"] == pytest.approx(parts["c"] / total, abs=0.08)
    assert found["b"] < 0.05
    assert found["idle"] < 0.05
    assert seen.pairs[0][:2] == ("a", "b")
    assert seen.pairs[0][2] == pytest.approx(parts["pair"] / total, abs=0.08)


def test_that_a_constant_objective_leaves_nothing_to_explain():
    model = model_of(function=lambda u: 1.0)
    assert view_of(model, ImportanceRequest()).alone.tolist() == [0.0, 0.0, 0.0]
    assert view_of(model, MapRequest("x", "y", size=8)).mean == pytest.approx(np.ones((8, 8)))


def test_that_a_choice_near_the_best_exploits_and_one_far_from_all_trials_explores():
    """Also where the mean is no better than the best, which is the value of the best place."""
    space = SearchSpace([Float("x", 0.0, 1.0), Float("y", 0.0, 1.0)])
    fits = Fits(space, 1.0)
    fits.know([t for t in trials_of(space, bowl2, 80) if max(t.params["x"], t.params["y"]) < 0.6])
    model = fits.at(None)
    best = space.decode(model.best_point)
    beside = why_trial(model, WhyRequest(7), {**best, "x": best["x"] + 0.02})
    far = why_trial(model, WhyRequest(8), {"x": 0.95, "y": 0.95})
    assert beside.exploration < 0.3
    assert beside.mean > beside.best
    assert far.exploration == 1.0


def test_that_a_choice_is_told_by_what_the_model_expected_of_it():
    model = model_of(noise=0.05)
    params = SPACE.decode([0.9, 0.1, 0.5])
    seen = why_trial(model, WhyRequest(7), params)
    mean, variance = model.predict(SPACE.encode(params)[None, :])
    sigma = float(np.sqrt(variance[0]))
    z = (model.best - mean[0]) / sigma
    assert seen.chance == pytest.approx(ndtr(z))
    assert seen.low < seen.mean < seen.high
    best = why_trial(model, WhyRequest(8), SPACE.decode(np.nan_to_num(model.best_point)))
    assert best.mean == pytest.approx(best.best)


def test_that_where_trials_die_is_seen_and_one_accident_does_not_blacklist_its_neighbours():
    def failing(trial):
        return Trial(
            *(trial.number, trial.params, TrialState.FAILED),
            failure=Failure(FailureReason.OUT_OF_MEMORY, "Out of memory."),
            finished=trial.finished,
        )

    trials = trials_of(SPACE, bowl, 60)
    fits = Fits(SPACE, 1.0)
    fits.know([failing(t) if t.params["x"] > 0.6 else t for t in trials])
    seen = view_of(fits.at(None), MapRequest("x", "y", size=10))
    assert seen.feasibility[:, 8].mean() < 0.5 < seen.feasibility[:, 2].mean()
    fits.know([failing(t) if t.number == 5 else t for t in trials])
    seen = view_of(fits.at(None), MapRequest("x", "y", size=10))
    assert seen.feasibility.min() > 0.5


def test_that_models_of_the_past_are_what_they_were_then():
    trials = trials_of(SPACE, bowl, 60, noise=0.1)
    now, then = Fits(SPACE, 1.0), Fits(SPACE, 1.0)
    now.know(trials)
    now.at(None)
    then.know(trials[:33])
    points = SPACE.encode(SPACE.default())[None, :]
    assert now.at(33).predict(points)[0] == then.at(None).predict(points)[0]
    assert now.at(33) is now.at(33)
    with pytest.raises(TooFewError, match="needs 3 finished trials; there are 2"):
        now.at(2)


def test_that_a_study_that_grows_is_known_as_if_heard_of_at_once():
    trials = trials_of(SPACE, bowl, 20, noise=0.1)
    trials[5] = replace(trials[5], state=TrialState.CANCELLED, value=None)
    trials[7] = replace(trials[7], state=TrialState.FAILED, value=None)
    grown, at_once = Fits(SPACE, 1.0), Fits(SPACE, 1.0)
    for count in (4, 6, 7, 20):
        grown.know(trials[:count])
    at_once.know(trials)
    points = SPACE.encode(SPACE.default())[None, :]
    for upto in (6, 15, None):
        one, other = grown.at(upto), at_once.at(upto)
        assert one.numbers == other.numbers
        assert one.predict(points) == other.predict(points)
        assert one.feasibility(points) == other.feasibility(points)


def test_that_milestones_are_every_trial_at_first_and_further_apart_later():
    found = sorted({milestone(count) for count in range(1, 501)})
    gaps = np.diff(found)
    assert found[:9] == list(range(1, 10))
    assert (np.diff(gaps) >= 0).all()
    assert gaps[-1] > 5
    assert len(found) < 100
    assert all(milestone(count) <= count < 1.15 * milestone(count) + 1 for count in range(1, 500))
