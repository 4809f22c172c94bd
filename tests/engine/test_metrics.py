"""Metrics against their definitions, computed the slow way."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.tasks.metrics import classification_metrics, confusion_metrics, regression_metrics

PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=80)


@given(PAIRS)
def test_that_confusion_metrics_are_those_of_counting_by_hand(pairs):
    true, predicted = (np.array(column) for column in zip(*pairs, strict=True))
    counted = np.zeros((5, 5), dtype=np.int64)
    np.add.at(counted, (true, predicted), 1)
    found = confusion_metrics(counted)
    assert found["accuracy"] == pytest.approx(np.mean(true == predicted))
    recalls = [np.mean(predicted[true == k] == k) for k in np.unique(true)]
    assert found["balanced_accuracy"] == pytest.approx(np.mean(recalls))
    scores = []
    for k in np.union1d(true, predicted):
        hits = np.sum((true == k) & (predicted == k))
        scores.append(2 * hits / (np.sum(true == k) + np.sum(predicted == k)))
    assert found["f1"] == pytest.approx(np.mean(scores))


def test_that_cross_entropy_is_the_mean_negative_log_probability():
    logits = torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
    y = torch.arange(50) % 4
    probabilities = np.exp(logits.numpy()) / np.exp(logits.numpy()).sum(axis=1, keepdims=True)
    expected = -np.log(probabilities[np.arange(50), y.numpy()]).mean()
    assert classification_metrics(logits, y)["cross_entropy"] == pytest.approx(expected, rel=1e-5)


@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=2, max_size=50))
def test_that_regression_metrics_are_in_the_users_units(pairs):
    predicted, y = (torch.tensor(column) for column in zip(*pairs, strict=True))
    found = regression_metrics(predicted, y, scale=10.0)
    errors = 10 * (predicted.double() - y.double()).numpy()
    assert found["mse"] == pytest.approx(np.mean(errors**2))
    assert found["mae"] == pytest.approx(np.mean(np.abs(errors)))
    spread = np.sum((10 * y.double().numpy() - 10 * y.double().numpy().mean()) ** 2)
    if spread > 1e-6:
        assert found["r2"] == pytest.approx(1 - np.sum(errors**2) / spread)


def test_that_r2_of_a_target_without_spread_is_one_only_for_a_perfect_hit():
    y = torch.ones(4)
    assert regression_metrics(torch.ones(4), y, 1.0)["r2"] == 1.0
    assert regression_metrics(torch.zeros(4), y, 1.0)["r2"] == 0.0
