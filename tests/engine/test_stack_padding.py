"""Members whose batches differ in size train as one, each to the numbers that it has alone."""

from __future__ import annotations

import pytest
import torch

from engine.tasks.hyperparameters import OPTIMIZERS
from engine.tasks.stack_batches import Batches
from engine.tasks.stack_keys import FEW_BATCH_SIZES, bucket, can_stack, shared_names, stack_key
from engine.tasks.training import batch_sizes
from tests.engine.stacks import Bench
from tests.engine.test_stack import assert_as_alone

SIZES = (64, 50, 57, 49)
ROWS = 150


@pytest.mark.parametrize("network", ["mlp", "cnn"])
@pytest.mark.parametrize("batch_norm", [True, False])
def test_that_members_of_a_bucket_train_as_one(network, batch_norm):
    place = {"batch_norm": batch_norm, "optimizer": "sgd", "lr": 0.02}
    place |= {"channels": 3, "blocks": 1} if network == "cnn" else {"depth": 2}
    own = [place | {"batch_size": size, "momentum": 0.2 * k} for k, size in enumerate(SIZES)]
    assert_as_alone(Bench(network), own, rel=5e-3)


@pytest.mark.parametrize("data", ["digits", "diabetes"])
def test_that_every_optimizer_waits_with_those_whose_epoch_is_over(data):
    own = [
        {"optimizer": optimizer, "batch_size": size, "schedule": "cosine", "weight_decay": 0.01}
        for optimizer in OPTIMIZERS
        for size in (37, 64, 48)
    ]
    assert_as_alone(Bench(data=data), own)


@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_that_noise_is_drawn_for_a_members_own_rows(network):
    own = [{"dropout": 0.1 * k, "batch_size": size} for k, size in enumerate(SIZES)]
    own = [{"channels": 3} | one if network == "cnn" else one for one in own]
    assert_as_alone(Bench(network), own)


def test_that_running_statistics_rest_while_a_member_waits():
    bench = Bench(epochs=2)
    own = [
        {"batch_size": size, "batch_norm": True, "optimizer": name, "lr": lr}
        for size, name, lr in ((64, "adam", 1e-5), (33, "sgd", 0.01), (60, "sgd", 0.01))
    ]
    endings, _ = bench.stack([bench.member(k, **one) for k, one in enumerate(own)])
    for k, (ending, one) in enumerate(zip(endings, own, strict=True)):
        alone, _ = bench.alone(bench.member(k, **one))
        for name, tensor in alone.weights.items():
            assert torch.allclose(ending.weights[name], tensor, atol=1e-4), name


def test_that_the_company_of_other_sizes_has_no_say_in_a_members_numbers():
    bench = Bench()

    def curve(*others):
        members = [bench.member(0, batch_size=40), *(bench.member(k, batch_size=k) for k in others)]
        return bench.stack(members)[1][0]

    assert curve(48) == curve(33, 47) == curve(34)


def test_that_batches_are_dealt_as_each_member_has_them_alone():
    sizes = [batch_sizes(ROWS, size) for size in (37, 50, 149)]
    assert [len(own) for own in sizes] == [5, 3, 1]
    batches = Batches(sizes, torch.device("cpu"))
    order = torch.stack([torch.randperm(ROWS) for _ in sizes])
    dealt = list(batches.deal(order))
    assert [list(batch.counts) for batch in dealt] == [[37, 50, 150], [37, 50], [37, 50], [37], [2]]
    for member, own in enumerate(sizes):
        rows = [b.chosen[member, :count] for b, count in zip(dealt, own, strict=False)]
        assert torch.equal(torch.cat(rows), order[member])
    collected = batches.collect([batch.chosen.unsqueeze(1) for batch in dealt])
    assert torch.equal(collected.squeeze(1), order)


def test_that_a_step_is_filled_up_to_the_most_that_any_has_there():
    sizes = [batch_sizes(ROWS, size) for size in (40, 60, 64)]
    batches = Batches(sizes, torch.device("cpu"))
    dealt = list(batches.deal(torch.arange(ROWS).expand(3, -1)))
    assert [tuple(b.chosen.shape) for b in dealt] == [(3, 64), (3, 64), (3, 48), (1, 32)]
    assert batches.waste == (3 * (64 + 64 + 48) + 32) / (3 * ROWS)
    assert Batches(sizes[:1] * 2, torch.device("cpu")).waste == 1


def test_that_shares_are_those_of_a_mean_over_own_rows():
    batches = Batches([batch_sizes(ROWS, size) for size in (50, 64)], torch.device("cpu"))
    order = torch.arange(ROWS).expand(2, -1)
    *_, last = batches.deal(order)
    assert last.counts == [50, 22]
    for share, count in zip(last.padding.shares.squeeze(1), last.counts, strict=True):
        assert torch.allclose(share[:count], torch.tensor(1 / count))
        assert not share[count:].any()


def test_that_sizes_share_a_bucket_where_there_are_many_of_them():
    one, other = {"batch_size": 50}, {"batch_size": 64}
    for few in (None, 1, FEW_BATCH_SIZES):
        assert not can_stack("mlp", one, other, few)
    for many in (FEW_BATCH_SIZES + 1, float("inf")):
        assert can_stack("mlp", one, other, many)
        assert not can_stack("mlp", one, {"batch_size": 65}, many)
        assert stack_key("mlp", {}, many) == stack_key("mlp", other, many)


def test_that_buckets_waste_a_third_of_the_rows_at_most():
    tops = [bucket(size) for size in range(1, 2000)]
    assert tops == sorted(tops)
    assert {bucket(top) for top in tops} == set(tops)
    assert all(size <= top < 1.5 * size for size, top in enumerate(tops, start=1))


def test_that_members_share_what_gives_a_network_its_shape():
    names = ["lr", "width", "batch_size", "dropout", "activation", "optimizer"]
    assert shared_names("mlp", names) == ("width", "batch_size", "activation")
