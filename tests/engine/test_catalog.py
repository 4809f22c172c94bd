"""What the built-in networks can be tuned by, and the sentences for what they cannot."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine.space import Categorical, Float, Int, SearchSpace
from engine.tasks import catalog
from engine.tasks.catalog import CatalogError


@pytest.mark.parametrize("network", catalog.NETWORKS)
def test_that_every_suggested_range_is_one_that_the_network_takes(network):
    entries = catalog.hyperparameters(network)
    catalog.check_space(network, [entry.parameter for entry in entries.values()])
    for name, entry in entries.items():
        assert entry.parameter.default is not None
        assert entry.parameter.name == name
        assert entry.label
        assert entry.help.endswith(".")


@pytest.mark.parametrize("network", catalog.NETWORKS)
def test_that_all_suggestions_together_are_a_valid_space(network):
    space = SearchSpace([entry.parameter for entry in catalog.hyperparameters(network).values()])
    assert space.default()["lr"] == 1e-3
    assert "momentum" not in space.active(space.default())


def test_that_the_names_users_know_are_there():
    shared = {"lr", "batch_size", "optimizer", "momentum", "weight_decay", "dropout", "activation"}
    shared |= {"schedule", "label_smoothing", "width"}
    assert shared | {"depth", "width_1"} <= catalog.hyperparameters("mlp").keys()
    assert shared | {"channels", "blocks", "kernel_size"} <= catalog.hyperparameters("cnn").keys()


def test_that_objectives_are_training_and_validation_metrics_with_their_directions():
    classes, numbers = catalog.objectives("classification"), catalog.objectives("regression")
    assert classes["val_cross_entropy"] == "minimize"
    assert classes["train_balanced_accuracy"] == "maximize"
    assert numbers == {
        "val_mse": "minimize",
        "val_mae": "minimize",
        "val_r2": "maximize",
        "train_mse": "minimize",
        "train_mae": "minimize",
        "train_r2": "maximize",
    }
    assert catalog.direction_of("val_f1") == "maximize"
    assert catalog.problem_of("train_mae") == "regression"


@pytest.mark.parametrize(
    ("objective", "says"),
    [
        ("test_accuracy", "would let the search see the test part; aim at val_accuracy"),
        ("val_acuracy", "did you mean 'val_accuracy'?"),
        ("loss", "take one of val_cross_entropy"),
    ],
)
def test_that_an_unknown_objective_is_refused_with_the_mend(objective, says):
    with pytest.raises(CatalogError) as refused:
        catalog.direction_of(objective)
    assert says in str(refused.value)
    assert str(refused.value).startswith("objective: ")


@pytest.mark.parametrize(
    ("parameter", "says"),
    [
        (Float("learning_rate", 0.1, 1.0), "learning_rate: mlp has no such hyperparameter"),
        (Float("dropuot", 0.0, 0.5), "did you mean 'dropout'?"),
        (Float("lr", 0.0, 0.1), "lr: 0 is too low; it must be above 0."),
        (Float("dropout", 0.0, 1.0), "dropout: 1 is too high; it must be below 1."),
        (Int("depth", 1, 9), "depth: 9 is too high; it must be at most 8."),
        (Int("batch_size", 0, 9), "batch_size: 0 is too low; it must be at least 1."),
        (Float("batch_size", 1.5, 9.0), "batch_size: 1.5 is not a whole number"),
        (Categorical("optimizer", ("adam", "lion")), "optimizer: there is no 'lion'"),
        (Categorical("lr", ("fast", "slow")), "lr: 'fast' is not a number"),
        (Float("lr", value=-1.0), "lr: -1 is too low"),
        (Float("momentum", 0.0, 0.9, grid=[0.5, 0.9]), ""),
        (Categorical("batch_size", (32, 64)), ""),
    ],
)
def test_that_a_space_is_held_against_what_the_network_takes(parameter, says):
    if not says:
        catalog.check_space("mlp", [parameter])
        return
    with pytest.raises(CatalogError) as refused:
        catalog.check_space("mlp", SearchSpace([parameter]))
    assert says in str(refused.value)


def test_that_an_unknown_network_is_refused():
    with pytest.raises(CatalogError, match=r"there is no 'mpl' \(did you mean 'mlp'\?\)"):
        catalog.hyperparameters("mpl")


def test_that_the_task_modules_import_no_torch_and_no_polars():
    modules = "builtin, catalog, check, data, metrics, networks, preview, stack, training"
    code = f"import sys\nfrom engine.tasks import {modules}\n"
    code += "print([m for m in ('torch', 'polars', 'PIL', 'scipy') if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
