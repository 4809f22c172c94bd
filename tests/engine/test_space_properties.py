"""What holds for every search space, whatever its parameters and conditions."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.space import Parameter, SearchSpace
from tests.engine.spaces import parameters, small_spaces, spaces

points = st.lists(st.floats(-0.1, 1.1), min_size=6, max_size=6)


@given(parameters(), st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_that_decoding_and_encoding_are_inverse(parameter: Parameter, us: list[float]) -> None:
    space = SearchSpace([parameter])
    for u in us:
        params = space.decode([u])
        assert space.decode(space.encode(params)) == params
        assert space.validate(params) == params


@given(parameters())
def test_that_both_ends_and_their_neighbours_survive(parameter: Parameter) -> None:
    space = SearchSpace([parameter])
    tiny = np.finfo(float).eps
    for u in (0.0, 5e-324, tiny, 1e-13, 1e-12, 1 - 1e-12, 1 - 1e-13, 1 - tiny / 2, 1.0):
        params = space.decode([u])
        assert space.decode(space.encode(params)) == params


@given(spaces(), points, st.integers(0, 2**32))
def test_that_whatever_a_space_gives_is_valid_and_round_trips(
    space: SearchSpace, point: list[float], seed: int
) -> None:
    index = seed % space.grid_size()
    for params in (
        space.decode(point[: len(space.dimensions)]),
        space.sample(np.random.default_rng(seed)),
        space.default(),
        space.grid_at(index),
    ):
        assert space.validate(params) == params
        assert list(params) == space.active(params)
        u = space.encode(params)
        assert np.all((u >= 0) & (u <= 1) | np.isnan(u))
        assert space.decode(u) == params
        stored = json.loads(json.dumps(params))
        assert space.key(stored) == space.key(params)


@given(spaces())
def test_that_discrete_values_lie_at_the_centre_of_their_bin(space: SearchSpace) -> None:
    for name in space.dimensions:
        domain = space.domain(name)
        if domain.count is not None and domain.count <= 100:
            edges = [domain.to_unit(value) for value in map(domain.at, range(domain.count))]
            assert edges == sorted(edges)
            assert all(0 < edge < 1 for edge in edges)


@given(small_spaces())
def test_that_the_grid_is_counted_exactly(space: SearchSpace) -> None:
    size = space.grid_size()
    listed = [space.grid_at(index) for index in range(size)]
    assert len({space.key(params) for params in listed}) == size
    for index, params in enumerate(listed):
        assert space.grid.rank(params) == index
        for name, value in params.items():
            assert value in space.grid_values(name)


@given(spaces(4), st.integers(0, 2**64))
def test_that_a_finite_space_is_numbered(space: SearchSpace, seed: int) -> None:
    size = space.size()
    if size is None:
        assert any(space.domain(name).count is None for name in space.dimensions)
        return
    index = seed % size
    params = space.validate(space.enumeration.at(index))
    assert space.enumeration.rank(params) == index
    sampled = space.sample(np.random.default_rng(seed))
    assert space.key(space.enumeration.at(space.enumeration.rank(sampled))) == space.key(sampled)


@given(small_spaces())
def test_that_the_size_agrees_with_a_count_by_hand(space: SearchSpace) -> None:
    assert space.grid_size() == _count_by_hand(space, {})


def _count_by_hand(space: SearchSpace, params: dict) -> int:
    """Branch over the values of one active parameter after the other."""
    for name in space.parents_first:
        if name not in params and space.is_active(name, params):
            return sum(
                _count_by_hand(space, {**params, name: value}) for value in space.grid_values(name)
            )
    return 1
