"""What is made of trials that were stopped on the way: what they would have come to, how sure that
is, and that one goes on where much is to be expected of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.methods import make_method
from engine.space import Float, SearchSpace
from engine.surrogate.cube import Cube
from engine.surrogate.evidence import Curve, Evidence
from engine.surrogate.features import Features
from engine.surrogate.model import Learner
from engine.surrogate.partial import Ends, ends_of, learn
from engine.surrogate.warp import Warp

RECORDED = Path(__file__).with_name("recorded_curves.npz")
VALUES = st.floats(-1e3, 1e3) | st.floats(allow_nan=False, allow_infinity=False)
LINE = SearchSpace([Float("x", 0.0, 1.0)])
SQUARE = SearchSpace([Float("x", 0.0, 1.0), Float("y", 0.0, 1.0)])
SAME = 0.5


def falling(end: float, gain: float = 1.0, steps: int = 10) -> list[tuple[int, float]]:
    """A curve that comes down to `end` by `gain`."""
    return [(step, end + gain * (1 - step / steps)) for step in range(1, steps + 1)]


def evidence(
    complete: Sequence[Curve], stopped: Sequence[Curve], places: Sequence[float] | None = None
) -> Evidence:
    """Trials at `places`, or all at the same one; each ended with its curve's last value."""
    curves = (*map(tuple, complete), *map(tuple, stopped))
    losses = [curve[-1][1] if curve else 0.1 for curve in complete] + [math.nan] * len(stopped)
    points = np.array(places or [SAME] * len(curves)).reshape(-1, 1)
    nothing = np.full(len(curves), math.nan)
    return Evidence(points, np.array(losses), nothing, points[:0], curves)


def ends(*args: Sequence, **options: Sequence[float]) -> Ends:
    told, features = evidence(*args, **options), Features(Cube(LINE))
    return ends_of(told, features, learn(told, features))


def test_that_a_stopped_trial_is_expected_to_gain_what_those_like_it_did() -> None:
    found = ends([falling(end) for end in (1.0, 2.0, 3.0, 4.0)], [falling(2.5)[:4]])
    assert found.losses[:4].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert found.losses[4] == pytest.approx(2.5, abs=0.1)


def test_that_it_is_expected_to_do_as_its_neighbours_did() -> None:
    curves = [falling(n / 10, gain=0.5 if n % 2 else 3.0) for n in range(20)]
    places = [0.0 if n % 2 else 1.0 for n in range(20)]
    stopped = [falling(2.0, gain=0.5)[:5], falling(2.0, gain=3.0)[:5]]
    found = ends(curves, stopped, places=[*places, 0.0, 1.0])
    assert found.losses[20:] == pytest.approx([2.0, 2.0], abs=0.2)


def test_that_the_sooner_it_was_stopped_the_less_is_sure() -> None:
    curves = [falling(n / 10, gain=1.0 + n % 3) for n in range(12)]
    found = ends(curves, [falling(1.0)[:done] for done in (9, 5, 2)])
    noise = found.noise(np.arange(15), Warp(found.losses))
    assert noise is not None
    late, middle, early = np.sqrt(noise.diagonal()[12:])
    assert 0.0 < late < middle < early
    assert not noise[:12].any()


def test_that_neighbours_are_too_good_or_too_bad_together() -> None:
    curves = [falling(n / 10, gain=1.0 + n % 3) for n in range(6)]
    places = [0.0, 0.1, 0.2, 0.0, 0.1, 0.2, 0.9, 0.91, 0.3]
    found = ends(curves, [falling(1.0)[:4]] * 3, places=places)
    noise = found.noise(np.array([8, 6, 7]), Warp(found.losses))
    assert noise is not None
    spread = np.sqrt(noise.diagonal())
    alike = noise / np.outer(spread, spread)
    assert alike[1, 2] > 0.5
    assert alike[1, 2] > alike[0, 1] + 0.1


@pytest.mark.parametrize("curves", [[], [()], [[(8, 0.1)]], [[(1, math.nan), (9, 0.1)]]])
def test_that_without_others_to_go_by_its_last_value_counts(curves: list[Curve]) -> None:
    found = ends(curves, [[(3, 0.9), (4, 0.7)]])
    assert found.losses[-1] == 0.7
    assert found.noise(np.arange(len(found.losses)), Warp(found.losses)) is None


@given(st.lists(VALUES, min_size=1, max_size=8), st.lists(VALUES, min_size=1, max_size=12))
@example([-1.0, 0.0, 0.0], [0.0, 0.0, 1.4e-297])
def test_that_what_is_expected_is_finite(partial: list[float], ends_: list[float]) -> None:
    found = ends([falling(end) for end in ends_], [list(enumerate(partial))])
    noise = found.noise(np.arange(len(found.losses)), Warp(found.losses))
    assert np.isfinite(found.losses).all()
    assert noise is None or np.isfinite(noise).all()


@pytest.mark.parametrize("family", ["lcbench", "digits"])
@pytest.mark.parametrize("part", [0.15, 0.3, 0.5])
def test_that_what_is_expected_is_as_near_to_the_truth_as_it_says(family: str, part: float) -> None:
    with np.load(RECORDED) as recorded:
        tasks = [recorded[name].astype(float) for name in recorded.files if family in name]
    off = []
    for curves in tasks:
        complete, stopped = curves[:20], curves[20:]
        done = round(part * curves.shape[1])
        found = ends(
            [list(enumerate(curve, 1)) for curve in complete],
            [list(enumerate(curve[:done], 1)) for curve in stopped],
        )
        warp = Warp(curves[:, -1])
        noise = found.noise(np.arange(len(curves)), warp)
        assert noise is not None
        error = warp.forward(found.losses[20:]) - warp.forward(stopped[:, -1])
        off += (error / np.sqrt(noise.diagonal()[20:])).tolist()
    within = np.abs(off)
    assert 0.6 < np.mean(within < 1.0) < 0.9
    assert np.mean(within < 3.0) > 0.85
    assert abs(np.mean(np.clip(off, -3.0, 3.0))) < 0.35


def test_that_what_was_not_seen_to_its_end_is_not_to_be_beaten() -> None:
    told = evidence(
        [falling(end) for end in (1.0, 1.5, 2.0)], [falling(0.2)[:8]], [0.1, 0.4, 0.7, 1]
    )
    model = Learner(Cube(LINE)).model(told)
    assert model.best == pytest.approx(model.at_trials[0])
    (mean,), (variance,) = model.ends()
    assert mean < model.best - 0.2
    assert variance > 0.0


def test_that_luck_is_no_reason_to_go_on() -> None:
    rng = np.random.default_rng(0)
    lucky = [falling(end) for end in 1.0 + 0.3 * rng.standard_normal(16)]
    chance = [[(s, v + 0.3 * rng.standard_normal()) for s, v in curve[:-1]] for curve in lucky]
    curves = [[*noisy, curve[-1]] for noisy, curve in zip(chance, lucky, strict=True)]
    model = Learner(Cube(LINE)).model(evidence(curves, [falling(1.0)[:5]]))
    (_,), (variance,) = model.ends()
    assert variance < 0.1 * model.targets[:16].var()


def run(trials: int, with_curves: bool, seed: int) -> tuple[int, float]:
    """A search in which trials far from the best are stopped: how many were, and the best."""
    method, best, stopped = make_method("bayesian", SQUARE, seed=seed), math.inf, 0
    for _ in range(trials):
        (params,) = method.ask(1)
        loss = (params["x"] - 0.2) ** 2 + (params["y"] - 0.8) ** 2
        curve = falling(loss)
        if loss > 0.15:
            stopped += 1
            method.tell(params, None, curve=curve[:3] if with_curves else None)
        else:
            method.tell(params, loss, curve=curve)
            best = min(best, loss)
    return stopped, best


def test_that_a_search_learns_from_trials_that_were_stopped() -> None:
    with_curves = [run(25, True, seed) for seed in range(3)]
    without = [run(25, False, seed) for seed in range(3)]
    assert sum(n for n, _ in with_curves) < 2 / 3 * sum(n for n, _ in without)
    assert all(best < 1e-3 for _, best in with_curves)


def told(*trials: tuple[float, int], offer: Sequence[float] = ()):
    """A method that was told trials at x, which end at x, after so many of 10 steps."""
    method = make_method("bayesian", LINE, seed=3)
    for x, done in trials:
        value = x if done == 10 else None
        method.tell({"x": x}, value, curve=falling(x)[:done])
    method.offer([{"x": x} for x in offer])
    return method


SOME = [(0.9, 10), (0.5, 10), (0.7, 10), (0.95, 3)]


def test_that_a_stopped_trial_of_which_much_is_expected_is_proposed_again() -> None:
    assert told(*SOME, (0.0, 5), offer=[0.95, 0.0]).ask(1) == [{"x": 0.0}]
    assert told(*SOME, (0.0, 5), offer=[0.95]).ask(1) != [{"x": 0.0}]


def test_that_a_hopeless_one_is_not_proposed_again() -> None:
    assert told(*SOME, offer=[0.95]).ask(1) != [{"x": 0.95}]


def test_that_one_that_goes_on_is_not_proposed_twice() -> None:
    first, second = told(*SOME, (0.0, 5), offer=[0.0]).ask(2)
    assert first == {"x": 0.0}
    assert second != first


def test_that_of_a_trial_that_went_on_only_its_end_counts() -> None:
    went_on = told((0.9, 10), (0.3, 4), (0.5, 10), (0.7, 3))
    went_on.ask(1)
    went_on.tell({"x": 0.3}, 0.3, curve=falling(0.3))
    at_once = told((0.9, 10), (0.5, 10), (0.7, 3), (0.3, 10))
    for params in went_on.pending:
        at_once.pend(params)
    assert went_on.ask(2) == at_once.ask(2)


def test_that_the_same_stopped_trials_make_the_same_proposals() -> None:
    def asked() -> list[dict]:
        method = make_method("bayesian", SQUARE, seed=3)
        proposals = []
        for number in range(12):
            (params,) = method.ask(1)
            proposals.append(params)
            loss = params["x"] + params["y"]
            curve = falling(loss)
            value = None if number % 3 == 1 else loss
            method.tell(params, value, curve=curve[:4] if value is None else curve)
        return proposals

    assert asked() == asked()
