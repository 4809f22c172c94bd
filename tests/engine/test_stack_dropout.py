"""Dropout in a stack: its shares, and whose noise it is.

That its numbers are those of a plain loop is in test_stack.py and test_stack_padding.py.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from engine.tasks.stack_batches import Batch
from engine.tasks.stack_dropout import Draws, Dropouts, level_of
from engine.tasks.stack_layers import Dropout
from tests.engine.stacks import Bench

CPU = torch.device("cpu")


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_that_dropout_drops_its_share_in_training_only_and_keeps_the_mean():
    shares = [0.25, 0.0, 0.5]
    noises = [seeded(1), None, seeded(3)]
    layer = Dropout(Dropouts([{"dropout": share} for share in shares], noises, CPU))
    plain = 1 + torch.rand(3, 2000, 50, generator=seeded(0))
    trained = layer.forward(plain.clone(), Batch(torch.zeros(3, 50, dtype=torch.int64), [50] * 3))
    assert torch.equal(layer.forward(plain.clone(), None), plain)
    assert torch.equal(trained[1], plain[1])
    for before, after, share in zip(plain, trained, shares, strict=True):
        assert (after == 0).float().mean().item() == pytest.approx(share, abs=0.02)
        assert after.mean().item() == pytest.approx(before.mean().item(), rel=0.05)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.999])
def test_that_a_share_of_random_levels_lies_below_its_level(share):
    draws = Draws((1, 333, 301), [seeded(0)], [301])
    levels = draws.again().clone()
    assert (levels < level_of(share)).float().mean().item() == pytest.approx(share, abs=0.005)
    assert not torch.equal(levels, draws.again())
    assert len(levels.unique()) > 50_000


def test_that_a_members_seed_alone_decides_its_noise():
    bench = Bench(epochs=1)

    def curve(seed: int, others: int):
        torch.manual_seed(others)
        state = torch.get_rng_state()
        member = replace(bench.member(dropout=0.3), dropout_seed=seed)
        company = [bench.member(k, dropout=0.5) for k in range(others)]
        _, curves = bench.stack([*company, member])
        assert torch.equal(torch.get_rng_state(), state)
        return curves[-1]

    assert curve(7, others=1) == curve(7, others=3)
    assert curve(7, others=1) != curve(8, others=1)
