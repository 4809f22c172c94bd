"""Trials that were stopped early, in words: why, and what that saved."""

import pytest
from PySide6.QtCore import Qt

from engine.trial import TrialState
from gui.models.study_model import StudyModel
from gui.models.study_words import tally
from gui.models.trial_text import card
from gui.models.trials_model import TrialsModel
from tests.gui.made_up import made, snapshot, spec_of

WHY = "after 3 of 20 epochs it is in the worse half: 0.41 beside a median of 0.32"


def trials():
    """Complete trials of 10 s, and two that were stopped after 2 and 4 s."""
    whole = [made(n, {"lr": 0.01, "batch_size": 32 + n}, seconds=10.0) for n in range(3)]
    stopped = [
        made(
            3 + n,
            {"lr": 0.05, "batch_size": 64 + n},
            state=TrialState.PRUNED,
            seconds=2.0 + 2.0 * n,
            note=WHY,
        )
        for n in range(2)
    ]
    return [*whole, *stopped]


@pytest.fixture
def model(qapp):
    return StudyModel(snapshot(spec_of(), trials()))


def test_that_the_time_saved_is_what_they_would_have_taken_like_the_others(model):
    assert model.saved_seconds() == pytest.approx(8.0 + 6.0)
    assert tally(model) == "2 pruned, which saved about 14 s"


def test_that_nothing_is_said_to_be_saved_before_a_trial_is_complete(qapp):
    model = StudyModel(snapshot(spec_of(), trials()[3:]))
    assert model.saved_seconds() == 0.0
    assert tally(model) == "2 pruned"


def test_that_a_stopped_trial_says_why(model):
    trial = model.trials[3]
    assert WHY in card(trial, "val_cross_entropy")
    table = TrialsModel(model)
    state = next(
        c
        for c in range(table.columnCount())
        if table.headerData(c, Qt.Orientation.Horizontal) == "State"
    )
    tips = [table.index(row, state).data(Qt.ItemDataRole.ToolTipRole) for row in range(5)]
    assert tips.count(WHY) == 2
