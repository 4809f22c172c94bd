"""The head of the Run page: how the study stands, and what it offers to do about that."""

from dataclasses import replace

import pytest

from engine.events import (
    HolderChanged,
    StopReason,
    StudyState,
    StudyStateChanged,
    TrialFinished,
    TrialStarted,
)
from gui.models.study_model import StudyModel
from tests.gui.made_up import failed, grid_trials, running, snapshot, spec_of
from tests.gui.run_pages import run_page, show

MORE = ["Add trials…", "See results"]


@pytest.fixture
def page(qtbot):
    with run_page(qtbot) as page:
        yield page


def _offered(page):
    header = page.header
    buttons = (header.start, header.resume, header.more, header.share, header.results)
    return [button.text() for button in buttons if not button.isHidden()]


@pytest.mark.parametrize(
    ("state", "reason", "says", "offers"),
    [
        (StudyState.NEW, None, "Not started yet.", ["Run"]),
        (StudyState.WAITING, None, "Waiting", ["Share the devices"]),
        (StudyState.RUNNING, None, "", []),
        (StudyState.PAUSED, None, "no new trials start", ["Resume"]),
        (StudyState.STOPPING, None, "Stopping", []),
        (
            StudyState.STOPPED,
            StopReason.KILLED,
            "Interrupted: 14 of 25 trials are done. Go on?",
            ["Go on", "Add trials…"],
        ),
        (
            StudyState.STOPPED,
            StopReason.USER,
            "Stopped: 14 of 25 trials are done. Go on?",
            ["Go on", "Add trials…"],
        ),
        (
            StudyState.STOPPED,
            StopReason.FAILURES,
            "Stopped by an error. 14 of 25 trials are done. Go on?",
            ["Go on", "Add trials…"],
        ),
        (StudyState.FINISHED, StopReason.TARGET, "The target is reached", MORE),
    ],
)
def test_that_the_head_says_how_it_stands_and_offers_what_can_be_done(
    qtbot, page, state, reason, says, offers
):
    spec = spec_of()
    spec = spec.with_(budget=spec.budget.model_copy(update={"target": 0.2}))
    show(qtbot, page, spec, grid_trials(14), state, reason)
    qtbot.waitUntil(lambda: says in page.header.sentence.text())
    assert page.header.bar.toolTip() == "14 of 25 trials"
    assert _offered(page) == offers


def test_that_a_study_that_gets_its_devices_at_once_is_not_said_to_wait(page):
    model = StudyModel(snapshot(trials=grid_trials(3), state=StudyState.NEW))
    page.set_study(model)
    model.apply([StudyStateChanged(StudyState.WAITING)])
    assert page.header.sentence.text() == ""
    assert _offered(page) == []


def test_that_a_study_of_somebody_else_can_only_be_looked_at(qtbot, page):
    show(
        qtbot,
        page,
        trials=grid_trials(3),
        state=StudyState.STOPPED,
        read_only_because="It is being run by ada on lab-3.",
    )
    assert page.header.sentence.text().startswith("It is being run by ada on lab-3.")
    assert _offered(page) == []


def test_that_a_study_is_offered_when_somebody_else_lets_go_of_it(qtbot, page):
    model = show(
        qtbot, page, None, grid_trials(3), StudyState.RUNNING, read_only_because="Ada has it."
    )
    assert _offered(page) == []
    model.apply(
        [StudyStateChanged(StudyState.STOPPED, StopReason.USER), HolderChanged("")],
    )
    assert page.header.sentence.text().startswith("Stopped: 3 of 25 trials are done. Go on?")
    assert "Go on" in _offered(page)
    model.apply([HolderChanged("It is being run by ada on lab-3.")])
    assert page.header.sentence.text().startswith("It is being run by ada on lab-3.")
    assert _offered(page) == []


def test_that_trouble_with_the_disk_is_said_in_its_own_words(page):
    model = StudyModel(snapshot(trials=grid_trials(3), state=StudyState.RUNNING))
    page.set_study(model)
    full = "The disk is full, so digits.tune cannot be written: 1 trial is not yet saved."
    model.apply([StudyStateChanged(StudyState.PAUSED, StopReason.ERROR, full)])
    assert page.header.sentence.text().startswith(full)
    assert _offered(page) == ["Resume"]
    model.apply([StudyStateChanged(StudyState.STOPPED, StopReason.ERROR, full)])
    assert page.header.sentence.text().startswith(f"{full} 3 of 25 trials are done. Go on?")


def test_that_buttons_ask_for_what_they_say(qtbot, page):
    model = show(qtbot, page, trials=grid_trials(3))
    model.apply([StudyStateChanged(StudyState.PAUSED)])
    with qtbot.waitSignal(page.resumeRequested):
        page.header.resume.click()
    model.apply([StudyStateChanged(StudyState.STOPPED, StopReason.USER)])
    with qtbot.waitSignal(page.startRequested):
        page.header.start.click()
    model.apply([StudyStateChanged(StudyState.FINISHED, StopReason.TRIALS)])
    with qtbot.waitSignal(page.resultsRequested):
        page.header.results.click()
    with qtbot.waitSignal(page.moreRequested):
        page.header.more.click()


def test_that_no_trials_are_offered_where_every_configuration_was_tried(qtbot, page):
    trials = grid_trials(25)
    model = show(qtbot, page, None, trials, StudyState.FINISHED, StopReason.TRIALS)
    assert model.room() == 0
    assert _offered(page) == ["See results"]


def test_that_progress_and_time_move_with_the_study(qtbot, page):
    model = show(qtbot, page)
    assert page.header.bar.value() == 0
    trials = [replace(trial, seconds=2.0) for trial in grid_trials(10)]
    model.apply([TrialStarted(running(0, trials[0].params))])
    model.apply([TrialFinished(t) for t in trials])
    model.apply([TrialFinished(failed(10, trials[0].params))])
    assert page.header.bar.value() == 440
    assert page.header.sentence.text() == "1 failed"
    assert page.header.time.text().endswith("so far")


def test_that_the_head_says_that_workers_are_starting_until_one_begins_a_trial(qtbot, page):
    model = show(qtbot, page, state=StudyState.WAITING, workers=2)
    model.apply([StudyStateChanged(StudyState.RUNNING)])
    assert page.header.sentence.text().startswith("Starting 2 workers")
    assert page.header.time.text() == "0 s so far"
    trial = grid_trials(1)[0]
    model.apply([TrialStarted(running(0, trial.params)), TrialFinished(trial)])
    assert page.header.sentence.text() == ""
    model.apply([StudyStateChanged(StudyState.PAUSED), StudyStateChanged(StudyState.RUNNING)])
    assert page.header.sentence.text() == ""
    model.apply([StudyStateChanged(StudyState.STOPPED), StudyStateChanged(StudyState.WAITING)])
    model.apply([StudyStateChanged(StudyState.RUNNING)])
    assert page.header.sentence.text().startswith("Starting 2 workers")
