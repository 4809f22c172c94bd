"""Successive halving beside a simulation with known answers: rungs, ASHA and Hyperband."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.pruners import make_pruner
from engine.pruners.hyperband import dealt, sizes
from engine.pruners.rungs import Rung
from engine.trial import TrialState

QUALITIES = st.permutations(range(20)).map(lambda some: [float(quality) for quality in some])


class Workers:
    """Runs trials of known quality on some workers, in an order that is drawn."""

    def __init__(self, qualities: Sequence[float], workers: int, reduction: int, steps: int):
        self.pruner = make_pruner("asha", steps, min_steps=1, reduction=reduction)
        self.steps, self.reduction = steps, reduction
        self.waiting = list(enumerate(qualities))
        self.running: list[tuple[int, float, Iterator[int]]] = []
        self.workers = workers
        self.at_rung: dict[int, list[float]] = {}
        self.passed: dict[int, list[float]] = {}
        self.complete: list[float] = []

    def run(self, turns: Iterator[int]) -> None:
        """Until every trial is over; each turn says which running trial does its next step."""
        while self.waiting or self.running:
            while self.waiting and len(self.running) < self.workers:
                number, quality = self.waiting.pop(0)
                self.running.append((number, quality, iter(range(1, self.steps + 1))))
            self._step(next(turns) % len(self.running))

    def _step(self, index: int) -> None:
        number, quality, steps = self.running[index]
        step = next(steps)
        stops = self.pruner.report(number, step, quality) is not None
        assert stops == self._should_stop(step, quality)
        if stops or step == self.steps:
            del self.running[index]
            self.pruner.end(number, TrialState.PRUNED if stops else TrialState.COMPLETE)
        if step == self.steps:
            self.complete.append(quality)

    def _should_stop(self, step: int, quality: float) -> bool:
        """Counted out, not looked up: fewer than one in `reduction` must be better."""
        power = math.log(step, self.reduction)
        if step >= self.steps or abs(power - round(power)) > 1e-9:
            return False
        here = self.at_rung.setdefault(step, [])
        here.append(quality)
        better = sum(other < quality for other in here)
        stops = len(here) >= self.reduction and better >= len(here) // self.reduction
        if not stops:
            self.passed.setdefault(step, []).append(quality)
        return stops


class Promoting(Workers):
    """Stopped trials that may go on do, before a new one is begun, whenever a worker is free."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.came: dict[int, list[int]] = {}
        self.stopped: dict[int, float] = {}
        self.promotions = 0

    def run(self, turns: Iterator[int]) -> None:
        while True:
            while len(self.running) < self.workers and self._begin_one():
                pass
            if not self.running:
                return
            self._step(next(turns) % len(self.running))

    def _begin_one(self) -> bool:
        able = self.pruner.to_continue(list(self.stopped))
        assert able == self._promotable()
        if able:
            number = able[0]
            assert self.pruner.why(number).endswith(f"the best one in {self.reduction} goes on")
            self.pruner.let_go_on(number)
            self.promotions += 1
            quality, first = self.stopped.pop(number), self.came[number][-1] + 1
        elif self.waiting:
            (number, quality), first = self.waiting.pop(0), 1
        else:
            return False
        self.running.append((number, quality, iter(range(first, self.steps + 1))))
        return True

    def _step(self, index: int) -> None:
        number, quality, _ = self.running[index]
        before = {step: len(here) for step, here in self.at_rung.items()}
        super()._step(index)
        grown = [step for step, here in self.at_rung.items() if len(here) > before.get(step, 0)]
        self.came.setdefault(number, []).extend(grown)
        if all(other != number for other, *_ in self.running) and quality not in self.complete:
            self.stopped[number] = quality

    def is_at_top(self, step: int, quality: float) -> bool:
        here = self.at_rung[step]
        return sum(other < quality for other in here) < len(here) // self.reduction

    def _promotable(self) -> list[int]:
        """Counted out: from the highest rung down, the best first."""
        able = [
            (-self.came[number][-1], quality, number)
            for number, quality in self.stopped.items()
            if self.is_at_top(self.came[number][-1], quality)
        ]
        return [number for *_, number in sorted(able)]


@settings(max_examples=100, deadline=None)
@given(
    qualities=QUALITIES,
    workers=st.integers(1, 8),
    reduction=st.integers(2, 4),
    steps=st.integers(2, 17),
    random=st.randoms(use_true_random=False),
)
def test_that_in_any_order_whoever_is_at_the_top_of_a_rung_has_gone_on_in_the_end(
    qualities: list[float], workers: int, reduction: int, steps: int, random: object
) -> None:
    simulation = Promoting(qualities, workers, reduction, steps)
    simulation.run(iter(lambda: random.randrange(100), -1))  # type: ignore[attr-defined]
    assert min(qualities) in simulation.complete
    left = {quality: simulation.came[number][-1] for number, quality in simulation.stopped.items()}
    assert sorted([*left, *simulation.complete]) == sorted(qualities)
    for step, here in simulation.at_rung.items():
        for quality in here:
            assert not (simulation.is_at_top(step, quality) and left.get(quality) == step)


@settings(max_examples=50, deadline=None)
@given(data=st.data(), workers=st.integers(1, 3))
def test_that_in_every_interleaving_promotions_are_those_that_are_due(
    data: st.DataObject, workers: int
) -> None:
    simulation = Promoting([3.0, 1.0, 2.0, 0.0, 4.0], workers, 2, 5)
    simulation.run(iter(lambda: data.draw(st.integers(0, 2)), -1))
    assert 0.0 in simulation.complete


def test_that_a_trial_that_was_stopped_is_promoted_once_it_is_among_the_best() -> None:
    simulation = Promoting([0.0, 1.0, 2.0, 9.0, 8.0, 7.0], 1, 3, 9)
    simulation.run(iter(lambda: 0, -1))
    assert simulation.complete == [0.0, 1.0]
    late = Promoting([0.0, 2.0, 1.0, 9.0, 8.0, 7.0], 1, 3, 9)
    late.run(iter(lambda: 0, -1))
    assert late.promotions == 1
    assert late.came[2] == [1, 3]


@settings(max_examples=100, deadline=None)
@given(
    qualities=QUALITIES,
    workers=st.integers(1, 8),
    reduction=st.integers(2, 4),
    steps=st.integers(2, 17),
    random=st.randoms(use_true_random=False),
)
def test_that_any_number_of_workers_in_any_order_promotes_as_the_rungs_say(
    qualities: list[float], workers: int, reduction: int, steps: int, random: object
) -> None:
    simulation = Workers(qualities, workers, reduction, steps)
    simulation.run(iter(lambda: random.randrange(100), -1))  # type: ignore[attr-defined]
    assert min(qualities) in simulation.complete
    for step, here in simulation.at_rung.items():
        before = simulation.passed.get(step // reduction, qualities) if step > 1 else qualities
        assert sorted(here) == sorted(before)


@settings(max_examples=50, deadline=None)
@given(data=st.data(), workers=st.integers(1, 3))
def test_that_the_best_trial_is_complete_in_every_interleaving(
    data: st.DataObject, workers: int
) -> None:
    simulation = Workers([3.0, 1.0, 2.0, 0.0, 4.0], workers, 2, 5)
    simulation.run(iter(lambda: data.draw(st.integers(0, 2)), -1))
    assert 0.0 in simulation.complete


def test_that_of_trials_that_get_worse_only_those_before_there_were_enough_go_on() -> None:
    simulation = Workers([float(n) for n in range(20)], 1, 3, 9)
    simulation.run(iter(lambda: 0, -1))
    assert simulation.complete == [0.0, 1.0]


def test_that_trials_that_get_ever_better_all_go_on() -> None:
    simulation = Workers([float(-n) for n in range(20)], 1, 3, 9)
    simulation.run(iter(lambda: 0, -1))
    assert len(simulation.complete) == 20


def test_that_a_stopped_trial_is_told_its_place_and_the_rung() -> None:
    pruner = make_pruner("asha", 27, min_steps=3, unit="epochs")
    assert pruner.levels_of(0) == (3, 9)
    for number, value in enumerate([0.3, 0.1, 0.2]):
        said = pruner.report(number, 3, value)
    assert said == (
        "after 3 of 27 epochs it is number 2 of 3 there, where the best one in 3 goes on: "
        "0.2 beside 0.1"
    )


def test_that_a_rung_that_was_passed_between_two_reports_keeps_its_own_values() -> None:
    pruner = make_pruner("asha", 27, min_steps=3)
    for number in range(3):
        assert pruner.report(number, 10, 0.1 * number) is None or number == 2
    assert pruner.report(3, 3, 9.0) is None


@settings(max_examples=100, deadline=None)
@given(values=st.lists(st.integers(0, 9), min_size=1, max_size=40), reduction=st.integers(2, 5))
def test_that_the_top_of_a_rung_is_the_best_one_in_so_many_with_all_that_tie(
    values: list[int], reduction: int
) -> None:
    rung = Rung(3)
    for number, value in enumerate(values):
        rung.enter(number, 3, float(value))
    kept = len(values) // reduction
    limit = sorted(values)[kept - 1] if kept else -1
    assert sorted(rung.top(reduction)) == [n for n, v in enumerate(values) if v <= limit]
    assert [values[n] for n in rung.top(reduction)] == sorted(v for v in values if v <= limit)


def test_that_brackets_have_the_proportions_of_the_paper() -> None:
    assert sizes(5, 3) == [81, 34, 15, 8, 5]  # Li et al. (2018), table 1 for R = 81
    assert Counter(dealt(5, 3)) == {0: 81, 1: 34, 2: 15, 3: 8, 4: 5}
    counts = Counter(dealt(5, 3)[:35])
    assert (counts[0], counts[1]) == (20, 8)


def test_that_a_bracket_leaves_out_the_first_rungs_and_the_last_one_has_none() -> None:
    pruner = make_pruner("hyperband", 81, min_steps=1)
    ladders = {pruner.levels_of(number) for number in range(143)}
    assert ladders == {(1, 3, 9, 27), (3, 9, 27), (9, 27), (27,), ()}
    fewer = make_pruner("hyperband", 81, min_steps=1, brackets=2)
    assert {fewer.levels_of(number) for number in range(9)} == {(1, 3, 9, 27), (3, 9, 27)}


def test_that_trials_compete_within_their_bracket_alone() -> None:
    pruner = make_pruner("hyperband", 9, min_steps=1)
    numbers: dict[int, list[int]] = {}
    for number in range(30):
        numbers.setdefault(len(pruner.levels_of(number)), []).append(number)
    for number in numbers[1]:
        pruner.tell(number, 3, 0.0)
    verdicts = [pruner.report(number, 3, 5.0 + number) for number in numbers[2][:3]]
    assert [verdict is None for verdict in verdicts] == [True, True, False]


def test_that_very_many_brackets_are_dealt_in_rounds_of_bearable_length() -> None:
    deal = dealt(20, 2)
    assert set(deal) == set(range(20))
    assert len(deal) < 1100
