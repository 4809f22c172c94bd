"""The curve rule on recorded learning curves: its probabilities come true, and it says why.

recorded_curves.npz holds validation losses after each epoch, (trials, epochs), of random
configurations: 60 each of six tasks of LCBench (Zimmer et al. 2021), from its surrogate in YAHPO
Gym (Pfisterer et al. 2022, Apache-2.0), and 80 of the built-in MLP on digits. No constant of the
rule was chosen by any of them.
"""

from __future__ import annotations

import functools
import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.pruners import make_pruner
from engine.pruners.curve import CurvePruner
from engine.trial import TrialState

RECORDED = Path(__file__).with_name("recorded_curves.npz")
FEW = 5
ORDERS = {"lcbench": 1, "digits": 6}


@functools.cache
def tasks() -> dict[str, NDArray[np.float64]]:
    with np.load(RECORDED) as recorded:
        return {name: recorded[name].astype(float) for name in recorded.files}


def curve_pruner(steps: int, **options: object) -> CurvePruner:
    pruner = make_pruner("curve", steps, **options)
    assert isinstance(pruner, CurvePruner)
    return pruner


@functools.cache
def forecasts(family: str, at: str) -> NDArray[np.float64]:
    """Of full trials of each task, one after the other in several orders: the predicted chance, at
    several steps, to come among the best three at its end; and whether it did."""
    found = []
    for task, order in itertools.product(tasks(), range(ORDERS[family])):
        if not task.startswith(family):
            continue
        curves = np.random.default_rng(order).permutation(tasks()[task])[:40]
        steps = curves.shape[1]
        pruner = curve_pruner(steps, at=at, top_k=3)
        scores = np.minimum.accumulate(curves, 1) if at == "best" else curves
        for number, curve in enumerate(curves):
            limit = np.sort(scores[:number, -1])[2] if number >= FEW else math.inf
            for step, value in enumerate(curve, 1):
                pruner.tell(number, step, value)
                if number >= FEW and step in (3, 5, 9, 15, 26, 40) and step < steps:
                    chance = pruner.chance(number)
                    found.append((chance, scores[number, -1] < limit))
            pruner.end(number, TrialState.COMPLETE)
    return np.array(found, dtype=float)


@pytest.mark.parametrize("at", ["best", "last"])
@pytest.mark.parametrize("family", ["lcbench", "digits"])
def test_that_of_the_trials_with_a_predicted_chance_about_as_many_make_it(
    family: str, at: str
) -> None:
    chance, made_it = forecasts(family, at).T
    for low, high in itertools.pairwise([0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 1.0 + 1e-9]):
        here = (chance >= low) & (chance < high)
        predicted, true = chance[here].mean(), made_it[here].mean()
        error = math.sqrt(predicted * (1.0 - predicted) / here.sum())
        assert predicted - 0.2 - error < true < predicted + 0.05 + error, (low, high)
    unlikely = chance < 0.05
    assert made_it[unlikely].mean() < 0.02


@pytest.mark.parametrize("at", ["best", "last"])
@pytest.mark.parametrize("family", ["lcbench", "digits"])
def test_that_its_chances_tell_more_than_the_share_that_makes_it(family: str, at: str) -> None:
    chance, made_it = forecasts(family, at).T
    assert ((chance - made_it) ** 2).mean() < 0.5 * made_it.var()


def study(**options: object) -> CurvePruner:
    """After eight complete trials of 20 epochs that end at 0.1 to 0.8."""
    pruner = curve_pruner(20, unit="epochs", **options)
    for number in range(8):
        for step in range(1, 21):
            pruner.tell(number, step, 0.1 * (number + 1) + 1.0 / step)
        pruner.end(number, TrialState.COMPLETE)
    return pruner


def verdict(pruner: CurvePruner, level: float, step: int = 10) -> str | None:
    for earlier in range(1, step):
        pruner.tell(99, earlier, level + 1.0 / earlier)
    return pruner.report(99, step, level + 1.0 / step)


def test_that_it_says_what_is_to_be_expected_and_what_has_to_be_beaten() -> None:
    said = verdict(study(), 0.6)
    assert said is not None
    head, _, rest = said.partition(": ")
    assert head == "after 10 of 20 epochs its chance to become the best is less than 1 %"
    assert rest.startswith("it is at 0.7 and should end near 0.6")
    assert rest.endswith("beside 0.15")


def test_that_a_maximised_value_is_said_with_its_own_sign() -> None:
    said = verdict(study(maximised=True), 0.6)
    assert said is not None
    assert "it is at -0.7 and" in said
    assert said.endswith("beside -0.15")


def test_that_enough_for_the_best_few_is_less_than_for_the_best() -> None:
    assert verdict(study(), 0.33) is not None
    assert verdict(study(top_k=4), 0.33) is None
    said = verdict(study(top_k=4), 0.7)
    assert said is not None
    assert "its chance to come among the best 4 is" in said


def test_that_a_lower_bound_lets_more_go_on() -> None:
    chance = study()
    verdict(chance, 0.2, step=4)
    at = chance.chance(99)
    assert at is not None
    assert 0.0 < at < 1.0
    assert verdict(study(probability=at * 1.01), 0.2, step=4) is not None
    assert verdict(study(probability=at * 0.99), 0.2, step=4) is None


def test_that_nothing_is_predicted_while_few_trials_are_complete() -> None:
    pruner = study(min_trials=9)
    assert verdict(pruner, 5.0) is None
    assert pruner.outlook(99) is None


def test_that_shifting_and_stretching_the_values_changes_no_chance() -> None:
    chances = []
    for shift, stretch in [(0.0, 1.0), (-40.0, 1e-3), (7.0, 1e6)]:
        pruner = curve_pruner(52)
        curves = tasks()["lcbench/" + "34539"][:12]
        for number, curve in enumerate(shift + stretch * curves):
            for step, value in enumerate(curve[: 52 if number < 11 else 9], 1):
                pruner.tell(number, step, value)
            pruner.end(number, TrialState.COMPLETE if number < 11 else TrialState.RUNNING)
        chances.append(pruner.chance(11))
    assert chances == pytest.approx([chances[0]] * 3, rel=1e-3)
    assert chances[0] is not None


@pytest.mark.parametrize(
    "values", [[1.0] * 9, [0.0] * 9, [1e99] * 8 + [-1e99], [1e-300] * 8 + [0.0]]
)
def test_that_values_without_a_scale_of_their_own_do_no_harm(values: list[float]) -> None:
    pruner = curve_pruner(10)
    for number, value in enumerate(values):
        for step in range(1, 11):
            pruner.report(number, step, value)
        pruner.end(number, TrialState.COMPLETE)
    for step in range(1, 10):
        pruner.report(99, step, 2.0)
    chance = pruner.chance(99)
    assert chance is not None
    assert 0.0 <= chance <= 1.0


def late_bloomer(pruner: CurvePruner, number: int, end: float) -> None:
    """A trial that stands like the one of `verdict` after ten steps, and then falls to `end`."""
    for step in range(1, 11):
        pruner.tell(number, step, 0.6 + 1.0 / step)
    for step in range(11, 21):
        pruner.tell(number, step, end)
    pruner.end(number, TrialState.COMPLETE)


def test_that_a_stopped_trial_may_go_on_when_its_chance_has_risen_far_above_the_bound() -> None:
    pruner = study(top_k=4)
    assert verdict(pruner, 0.6) is not None
    pruner.end(99, TrialState.PRUNED)
    assert pruner.to_continue([99]) == []
    for number in range(100, 112):
        late_bloomer(pruner, number, 0.2 + 0.001 * number)
    chance = pruner.chance(99)
    assert chance is not None
    assert chance > 0.2
    assert pruner.to_continue([99]) == [99]
    why = f"its chance to come among the best 4 is {100 * chance:.0f} % by what has been seen since"
    assert pruner.why(99) == why
    pruner.let_go_on(99)
    assert pruner.to_continue([99]) == []
    assert pruner.report(99, 11, 5.0) is None


def test_that_it_looks_at_one_stopped_trial_at_a_time_in_turn() -> None:
    pruner = study(top_k=4)
    for number in (97, 98, 99):
        for step in range(1, 11):
            pruner.tell(number, step, 0.6 + 1.0 / step)
        pruner.end(number, TrialState.PRUNED)
    found = []
    for number in range(100, 115):
        late_bloomer(pruner, number, 0.2 + 0.001 * number)
        found.append(pruner.to_continue([97, 98, 99]))
        assert pruner.to_continue([97, 98, 99]) == found[-1]
    assert sorted(found[-3:]) == [[97], [98], [99]]
