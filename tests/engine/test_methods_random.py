"""Random search: draws by number, none twice, to the last configuration of a finite space."""

from __future__ import annotations

import numpy as np

from engine.methods import make_method
from engine.space import Categorical, Float, Int, SearchSpace, When
from tests.engine.spaces import CONDITIONAL, CONTINUOUS


def test_that_a_proposal_depends_on_the_seed_and_its_number_alone() -> None:
    expected = make_method("random", CONTINUOUS, seed=5).ask(10)
    method = make_method("random", CONTINUOUS, seed=5)
    others = make_method("random", CONTINUOUS, seed=99).ask(7)
    for params in others:
        method.tell(params, 0.0)
    assert method.ask(3) == expected[7:]


def test_that_telling_twice_counts_once() -> None:
    expected = make_method("random", CONTINUOUS).ask(3)
    method = make_method("random", CONTINUOUS)
    for _ in range(3):
        method.pend(expected[0])
        method.tell(expected[0], 1.0)
    assert method.ask(2) == expected[1:]


def test_that_seeds_differ() -> None:
    firsts = [make_method("random", CONTINUOUS, seed=seed).ask(1)[0]["lr"] for seed in range(20)]
    assert len(set(firsts)) == 20


def test_that_draws_are_uniform_on_the_scale() -> None:
    space = SearchSpace([Float("lr", 1e-4, 1.0, log=True)])
    drawn = np.log10([params["lr"] for params in make_method("random", space).ask(2000)])
    counts, _ = np.histogram(drawn, bins=4, range=(-4, 0))
    assert counts.min() > 430


def test_that_a_large_finite_space_is_exhausted() -> None:
    space = SearchSpace(
        [Int("a", 1, 40), Int("b", 1, 200, log=True), Categorical("c", ["x", "y", "z"])]
    )
    method = make_method("random", space)
    asked = method.ask(24_001)
    assert len(asked) == space.size() == 24_000
    assert len({space.key(params) for params in asked}) == 24_000
    assert method.ask(1) == []


def test_that_an_exhausted_branch_does_not_stop_the_others() -> None:
    asked = make_method("random", CONDITIONAL).ask(500)
    assert len(asked) == 500
    assert sum(params["optimizer"] == "none" for params in asked) == 1


def test_that_an_infinite_branch_behind_many_conditions_is_found() -> None:
    chain = [Categorical("c0", [False, True])]
    chain += [
        Categorical(f"c{i}", [False, True], when=When(f"c{i - 1}", (True,))) for i in range(1, 16)
    ]
    space = SearchSpace([*chain, Float("x", 0, 1, when=When("c15", (True,)))])
    assert len(make_method("random", space).ask(100)) == 100
