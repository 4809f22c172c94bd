"""Control of a study that has begun: pauses, and trials run again, continued or cancelled."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from engine.events import StudyState, TrialQueued, TrialReported, TrialStarted
from engine.trial import Report, TrialState
from gui.main_window import RUN
from gui.models.curves_view import CurveBook
from gui.models.trial_commands import TrialCommand
from gui.widgets.code_dialog import OutputDialog
from tests.gui.controlled import asked, enter, params, put
from tests.gui.made_up import failed, made, running

METRICS = {"val_cross_entropy": 0.5}
CONTROL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def commands(program):
    return program.window.commands


# -- pausing -------------------------------------------------------------------------------------


def test_that_a_pause_comes_after_running_trials_or_now(qtbot, program, entry, commands):
    enter(entry, StudyState.RUNNING)
    pause_after, pause_now = program.window.strip._pause.menu().actions()
    pause_after.trigger()
    asked(qtbot, entry, "pause")
    enter(entry, StudyState.RUNNING)
    pause_now.trigger()
    asked(qtbot, entry, "pause now")


def test_that_what_still_runs_in_a_pause_can_be_interrupted(entry, commands):
    enter(entry, StudyState.PAUSED)
    assert not commands.pause_now.isEnabled()
    put(entry, running(0, params(entry)))
    assert commands.pause_now.isEnabled()
    commands.pause_now.trigger()
    assert entry.study.commands == ["pause now"]


# -- one trial -----------------------------------------------------------------------------------


def test_that_commands_about_a_trial_wait_for_one_to_be_selected(entry, commands):
    put(entry, made(0, params(entry)))
    assert commands.of_trial[TrialCommand.AGAIN].isEnabled()
    assert not commands.of_trial[TrialCommand.CANCEL].isEnabled()
    entry.model.select(None)
    assert not any(action.isEnabled() for action in commands.of_trial.values())


def test_that_the_selected_trial_is_cancelled_from_the_menu(entry, commands):
    enter(entry, StudyState.RUNNING)
    put(entry, running(0, params(entry)))
    commands.of_trial[TrialCommand.CANCEL].trigger()
    assert entry.study.commands == ["cancel 0"]


def test_that_a_finished_study_goes_on_for_a_trial_that_is_run_again(qtbot, entry, commands):
    put(entry, made(0, params(entry)))
    enter(entry, StudyState.FINISHED)
    commands.of_trial[TrialCommand.AGAIN].trigger()
    asked(qtbot, entry, "start")
    assert entry.study.commands == ["run again 0", "start"]


def test_that_a_stopped_study_is_left_alone_until_somebody_goes_on(qtbot, program, entry, commands):
    put(entry, made(0, params(entry)))
    enter(entry, StudyState.STOPPED)
    commands.of_trial[TrialCommand.AGAIN].trigger()
    qtbot.waitUntil(lambda: "runs when the study goes on" in program.window.notice.text)
    assert entry.study.commands == ["run again 0"]
    program.window.notice.answer_buttons()[0].click()
    asked(qtbot, entry, "start")


def stopped(entry, number=0):
    """A trial that was stopped early, after two epochs."""
    trial = made(
        number, params(entry, number), state=TrialState.PRUNED, note="it is in the worse half"
    )
    put(entry, trial)
    reports = [TrialReported(number, Report(step, 0.1 * step, METRICS)) for step in (1, 2)]
    entry.model.apply(reports)
    return trial


def test_that_only_a_stopped_trial_can_be_continued(entry, commands):
    enter(entry, StudyState.RUNNING)
    put(entry, made(0, params(entry)), running(1, params(entry, 1)))
    action = commands.of_trial[TrialCommand.CONTINUE]
    assert not action.isEnabled()
    entry.model.select(1)
    assert not action.isEnabled()
    stopped(entry, 2)
    assert action.isEnabled()
    entry.model.read_only_because = "It is being run by ada."
    entry.model.stateChanged.emit()
    assert not action.isEnabled()


def test_that_a_stopped_trial_is_continued_by_the_keyboard_and_can_be_cancelled_then(
    qtbot, program, entry, commands
):
    enter(entry, StudyState.RUNNING)
    trial = stopped(entry)
    program.window.show()
    qtbot.keyClick(program.window, Qt.Key.Key_G, CONTROL_SHIFT)
    asked(qtbot, entry, "continue 0")
    qtbot.waitUntil(lambda: "Trial 0 goes on next." in program.window.notice.text)
    entry.model.apply([TrialQueued(replace(trial, state=TrialState.QUEUED))])
    assert entry.model.progress()[0] == 0
    assert not commands.of_trial[TrialCommand.CONTINUE].isEnabled()
    commands.of_trial[TrialCommand.CANCEL].trigger()
    assert entry.study.commands[-1] == "cancel 0"


def test_that_it_is_said_where_to_continue_means_to_begin_again(qtbot, program, entry, commands):
    entry.study.has_checkpoints = False
    enter(entry, StudyState.PAUSED)
    stopped(entry)
    commands.of_trial[TrialCommand.CONTINUE].trigger()
    said = "Trial 0 left no checkpoint and begins again from its start, when the study is resumed."
    qtbot.waitUntil(lambda: said in program.window.notice.text)


def test_that_a_finished_study_goes_on_for_a_trial_that_is_continued(qtbot, entry, commands):
    stopped(entry)
    enter(entry, StudyState.FINISHED)
    commands.of_trial[TrialCommand.CONTINUE].trigger()
    asked(qtbot, entry, "start")
    assert entry.study.commands == ["continue 0", "start"]


def test_that_the_curve_of_a_continued_trial_goes_on_from_where_it_was(entry):
    trial = stopped(entry)
    entry.model.apply([TrialQueued(replace(trial, state=TrialState.QUEUED))])
    entry.model.apply([TrialStarted(running(0, params(entry)), continues=True)])
    entry.model.apply([TrialReported(0, Report(3, 0.3, METRICS))])
    book = CurveBook(entry.model.reports, "val_cross_entropy")
    assert book.curve(0)[0].tolist() == [1, 2, 3]


def test_that_the_command_of_a_trial_is_copied(qtbot, program, entry, commands):
    put(entry, made(3, params(entry)))
    commands.of_trial[TrialCommand.COPY].trigger()
    qtbot.waitUntil(lambda: "Copied: tunescape --trial 3" in program.window.notice.text)
    assert QGuiApplication.clipboard().text() == "tunescape --trial 3"


def test_that_what_a_failed_trial_printed_is_one_click_away(qtbot, program, entry):
    program.window.go_to(RUN)
    page = program.window.page(RUN)
    put(entry, failed(0, params(entry)), made(1, params(entry, 1)))
    page.docks.bring_up("selected")
    qtbot.waitUntil(page.selected.output.isVisible)
    assert page.selected.why.text() == "diverged: The loss became NaN."
    page.selected.output.click()
    dialog = program.window.findChild(OutputDialog)
    assert dialog.output.toPlainText() == "epoch 3: loss nan"
    dialog.accept()
    entry.model.select(1)
    qtbot.waitUntil(page.selected.output.isHidden)


def test_that_a_click_on_why_a_trial_failed_shows_its_output(qtbot, program, entry):
    program.window.go_to(RUN)
    trials = program.window.page(RUN).trials
    put(entry, failed(0, params(entry)))
    qtbot.waitUntil(lambda: trials.rows.rowCount() == 1)
    why = trials.rows.index(0, trials.rows.columnCount() - 1)
    assert why.data() == "diverged: The loss became NaN."
    trials.table.clicked.emit(trials.rows.index(0, 0))
    assert program.window.findChild(OutputDialog) is None
    trials.table.clicked.emit(why)
    program.window.findChild(OutputDialog).accept()


def test_that_trials_that_fail_alike_are_told_as_one_error(qtbot, program, entry):
    program.window.go_to(RUN)
    header = program.window.page(RUN).header
    enter(entry, StudyState.RUNNING)
    put(entry, *(failed(n, params(entry, n)) for n in range(2)))
    assert header.output.isHidden()
    put(entry, failed(2, params(entry, 2)))
    assert "The last 3 trials failed alike, diverged: The loss became" in header.sentence.text()
    header.output.click()
    dialog = program.window.findChild(OutputDialog)
    assert dialog.windowTitle() == "Output of trial 2"
    dialog.accept()
    put(entry, made(3, params(entry, 3)))
    assert "alike" not in header.sentence.text()


# -- a study of somebody else --------------------------------------------------------------------


def test_that_a_study_of_somebody_else_cannot_be_changed(qtbot, program, entry, commands):
    put(entry, made(0, params(entry)))
    entry.model.read_only_because = "It is being run by ada."
    entry.model.stateChanged.emit()
    for action in (commands.add_configuration, commands.change_terms, commands.change_space):
        assert not action.isEnabled()
    assert not commands.of_trial[TrialCommand.AGAIN].isEnabled()
    assert commands.of_trial[TrialCommand.COPY].isEnabled()
