"""The built-in networks: their layers, and that their randomness is their own."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.tasks import catalog
from engine.tasks.hyperparameters import ACTIVATIONS
from engine.tasks.networks import build_network, largest_product, widths


def params(network: str, **chosen):
    unset = {name: entry.unset for name, entry in catalog.hyperparameters(network).items()}
    return unset | chosen


def build(network="mlp", shape=(12,), outputs=3, seed=0, **chosen):
    return build_network(network, params(network, **chosen), shape, outputs, seed, "cpu")


def linear_widths(network: nn.Module) -> list[int]:
    return [layer.out_features for layer in network if isinstance(layer, nn.Linear)]


def test_that_an_mlp_has_the_depth_and_widths_asked_for():
    assert linear_widths(build(width=20, depth=3)) == [20, 20, 20, 3]
    assert linear_widths(build(width=20, depth=3, width_2=7, width_8=9)) == [20, 7, 20, 3]
    assert widths(params("mlp", depth=2, width_1=5)) == [5, 64]


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("batch_norm", [False, True])
def test_that_every_activation_and_norm_gives_outputs_for_each_row(activation, batch_norm):
    chosen = {"activation": activation, "batch_norm": batch_norm}
    assert build(**chosen)(torch.randn(5, 12)).shape == (5, 3)
    images = torch.randn(5, 1, 8, 8)
    assert build("cnn", (1, 8, 8), **chosen)(images).shape == (5, 3)


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 5, 7), (1, 28, 28), (4, 2, 40)])
@pytest.mark.parametrize("blocks", [1, 3, 8])
@pytest.mark.parametrize("kernel_size", [3, 5, 7])
def test_that_a_cnn_takes_images_of_any_size(shape, blocks, kernel_size):
    network = build("cnn", shape, blocks=blocks, kernel_size=kernel_size, channels=2)
    assert network(torch.randn(2, *shape)).shape == (2, 3)


def test_that_a_cnn_doubles_its_channels_and_pools_as_asked():
    network = build("cnn", (1, 16, 16), blocks=3, channels=4, pooling="average")
    filters = [layer.out_channels for layer in network if isinstance(layer, nn.Conv2d)]
    assert filters == [4, 8, 16]
    assert sum(isinstance(layer, nn.AvgPool2d) for layer in network) == 3


def test_that_the_seed_alone_decides_the_first_weights():
    torch.manual_seed(5)
    state = torch.get_rng_state()
    one = build(seed=1)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(99)
    other = build(seed=1)
    different = build(seed=2)
    x = torch.ones(4, 12)
    assert torch.equal(one(x), other(x))
    assert not torch.equal(one(x), different(x))


def test_that_the_largest_product_counts_multiplications_and_additions():
    assert largest_product(build(width=20, depth=2, shape=(12,)), (12,)) == 2 * 20 * 20
    network = build("cnn", (1, 16, 16), channels=4, blocks=2, kernel_size=3, width=8)
    assert largest_product(network, (1, 16, 16)) == 2 * 4 * 8 * 9 * 8 * 8
    assert network.training
