"""Trials that were stopped early, in words: why, and what that saved."""

import pytest
from PySide6.QtCore import Qt

from engine.trial import TrialState
from gui.models.history_view import view_history
from gui.models.results import top_trials
from gui.models.study_model import StudyModel
from gui.models.study_times import saved_seconds
from gui.models.study_words import saved_words, tally
from gui.models.trial_text import card
from gui.models.trials_model import TrialsModel
from gui.pages.results import ResultsPage
from gui.panels.best import SelectedPanel
from gui.theme import theme
from tests.gui.made_up import made, snapshot, spec_of

PARAMS = {"lr": 0.01, "batch_size": 32}
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
    assert saved_seconds(model) == pytest.approx(8.0 + 6.0)
    assert tally(model) == "2 pruned, which saved about 14 s"


def test_that_nothing_is_said_to_be_saved_before_a_trial_is_complete(qapp):
    model = StudyModel(snapshot(spec_of(), trials()[3:]))
    assert saved_seconds(model) == 0.0
    assert tally(model) == "2 pruned"
    assert saved_words(model) == "2 trials were stopped early."


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


def test_that_the_results_say_how_many_were_stopped_and_what_that_saved(qtbot, model):
    page = ResultsPage()
    qtbot.addWidget(page)
    page.set_study(model)
    page.show()
    said = page.ending.text()
    assert said.endswith("2 trials were stopped early, which saved about 14 s.")


def test_that_a_selected_trial_says_why_it_was_stopped(qtbot, model):
    panel = SelectedPanel()
    qtbot.addWidget(panel)
    panel.set_study(model)
    panel.show()
    for number, says in ((3, f"Stopped early: {WHY}."), (0, "")):
        model.select(number)
        qtbot.waitUntil(lambda says=says: panel.why.text() == says and panel.shown is not None)
        assert panel.why.isVisible() is bool(says)


@pytest.fixture
def deceptive(qapp):
    """A study whose stopped trial had a better value than those that were finished."""
    return StudyModel(
        snapshot(
            spec_of(),
            [
                made(0, PARAMS, 0.4),
                made(1, PARAMS, 0.1, state=TrialState.PRUNED, note=WHY),
                made(2, PARAMS, 0.3),
                made(3, PARAMS, 0.6, state=TrialState.PRUNED, note=WHY),
            ],
        )
    )


def test_that_a_stopped_trial_is_never_the_best(deceptive):
    assert deceptive.best.number == 2
    assert [trial.number for trial in top_trials(deceptive, 5)] == [2, 0]
    assert "★" not in card(deceptive.trials[1], "loss", deceptive.best)


@pytest.mark.parametrize(
    ("order", "numbers"),
    [(Qt.SortOrder.AscendingOrder, [2, 0, 1, 3]), (Qt.SortOrder.DescendingOrder, [0, 2, 3, 1])],
)
def test_that_sorted_by_value_stopped_trials_follow_the_others_dimmed(deceptive, order, numbers):
    table = TrialsModel(deceptive)
    column = next(c for c, known in enumerate(table.columns) if known.title == deceptive.objective)
    table.sort(column, order)
    assert [table.number_at(row) for row in range(4)] == numbers
    last = table.index(3, column)
    assert last.data(Qt.ItemDataRole.ForegroundRole) == theme().muted
    assert "it was stopped early" in last.data(Qt.ItemDataRole.ToolTipRole)
    assert table.index(0, column).data(Qt.ItemDataRole.ForegroundRole) == theme().text


def test_that_in_the_history_a_stopped_trial_is_where_it_was_at_last(deceptive):
    view = view_history(deceptive, by_time=False, log=False)
    assert view.y.tolist()[:3] == [0.4, 0.1, 0.3]
    assert 0.4 < view.y[3] < view.scales[1].high, "beside the bad end: it was far worse"
    assert view.scales[1].low < 0.1
    assert view.line[1].min() == 0.3


def test_that_a_trial_that_goes_on_is_not_said_to_be_stopped():
    note = "it goes on: asked for by you"
    trial = made(3, {"lr": 0.05, "batch_size": 64}, state=TrialState.QUEUED, note=note)
    assert "Stopped early, but it goes on: asked for by you." in card(trial, "val_cross_entropy")
