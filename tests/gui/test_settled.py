"""A study that proposes to stop, in the window: what it says, and what can be answered."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QUndoStack

from engine.events import GainForeseen, StopReason, StopSuggested, StudyState, StudyStateChanged
from engine.spec import Budget, MethodSpec
from gui.jobs import finish_jobs
from gui.main_window import RUN
from gui.models.draft import Draft
from gui.models.study_model import StudyModel
from gui.models.study_words import sentence, tally
from gui.pages.design.budget_card import BudgetCard, LimitsDialog
from gui.pages.run import RunPage
from tests.gui.made_up import grid_trials, running, snapshot, spec_of
from tests.gui.stand_in import StandInDevices
from tests.gui.windows import program_in

WHY = (
    "More trials are expected to improve val_cross_entropy by at most 0.0004 an hour, "
    "less than the 0.001 that it is worth."
)
SUGGESTED = StopSuggested(WHY, 20)


@pytest.fixture
def model(qapp):
    spec = spec_of(method=MethodSpec(name="bayesian"), budget=Budget(trials=60, worth=0.001))
    trials = [*grid_trials(20), running(20, {"lr": 0.02, "batch_size": 48})]
    return StudyModel(snapshot(spec, trials, state=StudyState.RUNNING))


@pytest.fixture
def page(qtbot, model):
    result = RunPage()
    qtbot.addWidget(result)
    result.resize(1210, 715)
    result.show()
    qtbot.waitExposed(result)
    result.set_study(model)
    yield result
    finish_jobs(5000)


def offered(page):
    return [b.text() for b in page.header._buttons if not b.isHidden()]


def test_that_the_expected_gain_is_seen_while_a_study_runs(model):
    assert tally(model) == "1 running"
    model.apply([GainForeseen(None, 0.5, 0.0)])
    assert tally(model) == "1 running"
    model.apply([GainForeseen(0.01234, 0.5, 0.0)])
    assert tally(model) == "1 running · expected gain ≤ 0.01234/h"


def test_that_a_proposal_to_stop_is_said_with_its_figures_and_two_answers(page, model):
    assert offered(page) == []
    model.apply([SUGGESTED])
    assert page.header.sentence.text() == f"{WHY} · 1 running"
    assert offered(page) == ["Stop here", "Go on"]


def test_that_going_on_takes_the_proposal_away_until_it_is_made_again(qtbot, page, model):
    model.apply([SUGGESTED])
    page.header.decline.setFocus()
    qtbot.keyClick(page.header.decline, Qt.Key.Key_Space)
    assert sentence(model) == ""
    assert offered(page) == []
    model.apply([SUGGESTED])
    assert offered(page) == ["Stop here", "Go on"]


def test_that_a_pause_leaves_the_question_for_when_the_study_is_resumed(page, model):
    model.apply([SUGGESTED, StudyStateChanged(StudyState.PAUSED)])
    assert offered(page) == ["Resume"]
    model.apply([StudyStateChanged(StudyState.RUNNING)])
    assert offered(page) == ["Stop here", "Go on"]


def test_that_stopping_here_asks_for_the_study_to_be_stopped(qtbot, page, model):
    model.apply([SUGGESTED])
    with qtbot.waitSignal(page.stopRequested):
        page.header.stop.click()


def test_that_stop_here_reaches_the_study_that_is_shown(qtbot, tmp_path):
    with program_in(tmp_path, StandInDevices().door()) as program:
        (tmp_path / "old.tune").touch()
        program.open(tmp_path / "old.tune")
        qtbot.waitUntil(lambda: program.studies.current is not None)
        entry = program.studies.current
        program.window.go_to(RUN)
        entry.model.apply([StudyStateChanged(StudyState.RUNNING), SUGGESTED])
        program.window.page(RUN).header.stop.click()
        assert entry.study.commands == ["stop"]


def test_that_a_proposal_goes_with_the_run_that_it_was_about(page, model):
    model.apply([GainForeseen(0.0004, 0.001, 0.0), SUGGESTED])
    model.apply([StudyStateChanged(StudyState.STOPPING, StopReason.USER, "")])
    assert WHY not in page.header.sentence.text()
    assert "gain" not in tally(model)
    assert offered(page) == []


def test_that_what_an_hour_is_worth_is_said_in_the_budget_and_refused_for_a_grid(qtbot):
    draft = Draft(spec_of(method=MethodSpec(name="bayesian")), QUndoStack())
    card = BudgetCard(draft)
    qtbot.addWidget(card)
    field = card.form.fields["budget", "worth"]
    qtbot.keyClicks(field.editor, "0.002")
    assert draft.verdict.spec.budget.worth == 0.002
    draft.put_table("method", {"name": "grid"})
    card.set_verdict(draft.verdict)
    assert field.problem == (
        "needs a method that learns, which grid does not; remove it or take bayesian."
    )
    draft.undo_stack.undo()
    draft.undo_stack.undo()
    assert field.editor.text() == ""
    assert draft.verdict.spec.budget.worth is None


def test_that_a_study_can_be_told_to_end_by_itself(qtbot):
    draft = Draft(spec_of(method=MethodSpec(name="bayesian")), QUndoStack())
    card = BudgetCard(draft)
    qtbot.addWidget(card)
    card.more.click()
    editor = card.findChild(LimitsDialog).form.fields["budget", "when_settled"].editor
    assert editor.currentText() == "propose to stop"
    editor.edited.emit("stop")
    assert draft.verdict.spec.budget.when_settled == "stop"
    assert editor.currentText() == "stop"


def test_that_a_study_that_ended_by_itself_says_why_and_offers_to_go_on(page, model):
    model.apply([StudyStateChanged(StudyState.STOPPED, StopReason.SETTLED, WHY)])
    assert page.header.sentence.text().startswith(f"{WHY} 20 of 60 trials are done. Go on?")
    assert "Go on" in offered(page)
