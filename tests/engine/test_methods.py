"""The contract that every registered method keeps, on several kinds of spaces."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from engine.methods import Method, MethodError, make_method, method_names
from engine.space import SearchSpace
from engine.trial import Params
from tests.engine.spaces import FINITE, SPACES

ENOUGH = 40
"""Proposals that are looked at where there is no end of them."""


@pytest.fixture(params=method_names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=SPACES.values(), ids=SPACES.keys())
def space(request: pytest.FixtureRequest) -> SearchSpace:
    space: SearchSpace = request.param
    return space


def loss(params: Params) -> float:
    """Some function of a configuration, the same in each process."""
    return sum(
        math.sin(3.0 * value) if isinstance(value, float) else 0.1 for value in params.values()
    )


def run(method: Method, trials: int) -> list[Params]:
    """Ask and tell one at a time."""
    asked: list[Params] = []
    for _ in range(trials):
        for params in method.ask(1):
            asked.append(params)
            finish(method, params)
    return asked


def finish(method: Method, params: Params) -> None:
    """Tell a method what a configuration always comes to."""
    method.tell(params, loss(params), seconds=1.0, curve=[(1, 1.0), (2, loss(params))])


def keys(space: SearchSpace, configurations: list[Params]) -> list[Any]:
    return [space.key(params) for params in configurations]


def test_that_proposals_are_valid_and_never_the_same(name: str, space: SearchSpace) -> None:
    asked = run(make_method(name, space), ENOUGH)
    assert asked
    for params in asked:
        assert space.validate(params) == params
    assert len(set(keys(space, asked))) == len(asked)


def test_that_the_same_seed_gives_the_same_proposals(name: str, space: SearchSpace) -> None:
    assert run(make_method(name, space, seed=3), 12) == run(make_method(name, space, seed=3), 12)


def test_that_a_finite_space_is_exhausted_without_a_repeat(name: str, space: SearchSpace) -> None:
    method = make_method(name, space)
    if method.capacity is None or method.capacity > 1000:
        assert len(method.ask(ENOUGH)) == ENOUGH
        return
    asked = run(method, method.capacity // 2) + method.ask(method.capacity + 5)
    assert len(set(keys(space, asked))) == len(asked) == method.capacity
    assert method.ask(1) == []


def test_that_eight_can_be_asked_for_at_once(name: str, space: SearchSpace) -> None:
    method = make_method(name, space)
    asked = method.ask(8)
    wanted = 8 if method.capacity is None else min(8, method.capacity)
    assert len(set(keys(space, asked))) == len(asked) == wanted
    assert method.pending == asked


def test_that_what_was_asked_for_is_pending_until_told(name: str, space: SearchSpace) -> None:
    method = make_method(name, space)
    first, *others = method.ask(3)
    method.tell(first, 1.0)
    assert method.pending == others
    for params in others:
        method.tell(params, None, failure="crashed")
    assert method.pending == []


def test_that_proposals_can_be_changed_by_whoever_asked(name: str, space: SearchSpace) -> None:
    method = make_method(name, space)
    (params,) = method.ask(1)
    before = dict(params)
    params.clear()
    assert method.pending == [before]


def test_that_what_is_pended_or_told_without_being_asked_is_not_proposed(
    name: str, space: SearchSpace
) -> None:
    expected = make_method(name, space).ask(6)
    method = make_method(name, space)
    for params in expected[:2]:
        method.pend(params)
    for params in expected[2:4]:
        method.tell(params, 0.5)
    asked = method.ask(ENOUGH)
    assert not set(keys(space, asked)) & set(keys(space, expected[:4]))
    assert method.pending == expected[:2] + asked


def test_that_a_configuration_from_another_space_is_tolerated(
    name: str, space: SearchSpace
) -> None:
    method = make_method(name, space)
    foreign = {"unheard_of": 3, "lr": "very high", "list": [1, 2]}
    method.pend(foreign)
    assert method.pending == [foreign]
    method.tell(foreign, 0.1)
    method.tell({"": None}, None, failure="exception")
    assert method.pending == []
    assert method.ask(1)


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf, 1e300])
def test_that_failures_and_odd_values_are_tolerated(
    name: str, space: SearchSpace, value: float | None
) -> None:
    method = make_method(name, space)
    for _ in range(6):
        for params in method.ask(2):
            method.tell(params, value, failure=None if value else "diverged", seconds=math.nan)
    if method.capacity is None:
        assert len(method.ask(2)) == 2


def test_that_a_constant_objective_is_tolerated(name: str, space: SearchSpace) -> None:
    method = make_method(name, space)
    for _ in range(10):
        for params in method.ask(1):
            method.tell(params, 0.25)


@pytest.mark.parametrize("seed", range(3))
def test_that_replay_gives_the_same_continuation(name: str, space: SearchSpace, seed: int) -> None:
    """One worker: whatever moment the program dies at, the rest is as if it had not."""
    uninterrupted = run(make_method(name, space, seed=seed), 14)
    for died_after in (0, 1, 7, 13):
        resumed = make_method(name, space, seed=seed)
        for params in uninterrupted[:died_after]:
            finish(resumed, params)
        assert run(resumed, 14 - died_after) == uninterrupted[died_after:]


def test_that_replay_with_running_trials_goes_on_alike(name: str, space: SearchSpace) -> None:
    """Two workers: one trial was running when the program died; it is pended, later told."""
    living = make_method(name, space)
    finished = run(living, 5)
    running = living.ask(1)
    resumed = make_method(name, space)
    for params in finished:
        finish(resumed, params)
    for params in running:
        resumed.pend(params)
    assert resumed.ask(1) == living.ask(1)
    for params in running:
        finish(living, params)
        finish(resumed, params)
    assert resumed.ask(3) == living.ask(3)


def test_that_any_order_of_asking_and_telling_works(name: str, space: SearchSpace) -> None:
    method, chance = make_method(name, space), random.Random(1)
    asked: list[Params] = []
    for _ in range(ENOUGH):
        if chance.random() < 0.5 or not method.pending:
            asked += method.ask(chance.randint(1, 4))
        if method.pending:
            method.tell(chance.choice(method.pending), chance.random())
    assert len(set(keys(space, asked))) == len(asked)


def test_that_random_metrics_are_no_trouble(name: str, space: SearchSpace) -> None:
    method, chance = make_method(name, space), random.Random(2)
    for _ in range(ENOUGH):
        for params in method.ask(1):
            failed = chance.random() < 0.3
            method.tell(
                params,
                None if failed else chance.gauss(0, 10.0 ** chance.randint(-3, 3)),
                failure="out_of_memory" if failed else None,
            )


def test_that_nothing_is_asked_for_when_none_is_wanted(name: str, space: SearchSpace) -> None:
    method = make_method(name, space)
    assert method.ask(0) == []
    assert method.pending == []


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        (("gird",), {}, "name: there is no method 'gird'; did you mean 'grid'?"),
        (("random",), {"explore": 1}, "explore: random has no such option; remove it."),
    ],
)
def test_how_unknown_names_and_options_are_refused(
    arguments: tuple, options: dict, sentence: str
) -> None:
    with pytest.raises(MethodError) as refused:
        make_method(arguments[0], FINITE, **options)
    assert str(refused.value) == sentence


@pytest.mark.parametrize("seed", [-1, 1.5, True, "0"])
def test_that_a_seed_is_a_whole_number(name: str, seed: Any) -> None:
    with pytest.raises(MethodError, match="seed: must be a whole number from 0"):
        make_method(name, FINITE, seed=seed)
