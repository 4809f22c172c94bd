"""Control of a study that has begun: trials run again or cancelled, configurations, other terms."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from engine.events import (
    StudyState,
    StudyStateChanged,
    TrialFinished,
    TrialQueued,
    TrialReported,
    TrialStarted,
)
from engine.space import Categorical, Float, SearchSpace, When
from engine.spec import Budget, Limits
from engine.trial import Report, TrialState
from gui.main_window import RUN
from gui.models.cells import Column
from gui.models.curves_view import CurveBook
from gui.models.trial_commands import TrialCommand
from gui.pages.design.space_dialog import SpaceDialog
from gui.pages.run.configuration_dialog import ConfigurationDialog
from gui.pages.run.terms_dialog import TermsDialog
from gui.widgets.code_dialog import OutputDialog
from tests.gui.made_up import failed, made, running
from tests.gui.stand_in import StandInDevices
from tests.gui.windows import program_in

METRICS = {"val_cross_entropy": 0.5}
CONTROL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def program(qtbot, tmp_path):
    with program_in(tmp_path, StandInDevices().door()) as program:
        (tmp_path / "old.tune").touch()
        program.open(tmp_path / "old.tune")
        qtbot.waitUntil(lambda: program.studies.current is not None)
        yield program


@pytest.fixture
def entry(program):
    return program.studies.current


@pytest.fixture
def commands(program):
    return program.window.commands


def enter(entry, state):
    entry.model.apply([StudyStateChanged(state)])


def put(entry, *trials):
    """Have trials happen; the first one is selected."""
    entry.model.apply([TrialStarted(trial) for trial in trials])
    entry.model.apply([TrialFinished(t) for t in trials if t.state is not TrialState.RUNNING])
    entry.model.select(trials[0].number)


def params(entry, index=0):
    return entry.model.spec.space.grid_at(index)


def asked(qtbot, entry, command):
    qtbot.waitUntil(lambda: command in entry.study.commands)


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


# -- a configuration by hand ---------------------------------------------------------------------


def open_configuration(program):
    program.window.commands.add_configuration.trigger()
    return program.window.findChild(ConfigurationDialog)


def type_into(editor, text):
    editor.setText(text)
    editor.textEdited.emit(text)


def test_that_a_configuration_starts_from_the_selected_trial_and_is_added(qtbot, program, entry):
    enter(entry, StudyState.RUNNING)
    put(entry, made(0, params(entry, 3)), made(1, params(entry, 4)))
    entry.model.select(1)
    dialog = open_configuration(program)
    assert dialog.params == params(entry, 4)
    assert "Trial 1 has this configuration" in dialog.remark.text()
    type_into(dialog.fields["lr"].editor, "0.0123")
    assert "runs next" in dialog.remark.text()
    dialog.yes.click()
    wanted = {**params(entry, 4), "lr": 0.0123}
    asked(qtbot, entry, f"enqueue {wanted}")


def test_that_a_configuration_can_start_from_the_best_trial_or_the_defaults(program, entry):
    put(entry, made(0, params(entry, 3), 0.1), made(1, params(entry, 4), 0.2))
    entry.model.select(None)
    dialog = open_configuration(program)
    assert dialog.params == params(entry, 3)
    assert [text for text, _ in dialog.start.choices()] == ["trial 0 (the best)", "the defaults"]
    dialog.start.edited.emit(-1)
    assert dialog.params == entry.model.spec.space.default()
    dialog.reject()


def test_that_a_value_outside_the_space_is_said_beside_its_field(program, entry):
    dialog = open_configuration(program)
    for text, said in (("7", "0.1"), ("much", "number"), ("", "is missing; give one.")):
        type_into(dialog.fields["lr"].editor, text)
        assert said in dialog.fields["lr"].problem
        assert not dialog.yes.isEnabled()
        assert dialog.params is None
    type_into(dialog.fields["lr"].editor, "1e-3")
    assert dialog.fields["lr"].problem == ""
    assert dialog.yes.isEnabled()
    dialog.reject()


def test_that_parameters_without_a_part_cannot_be_edited_and_are_left_out(program, entry):
    space = SearchSpace(
        [
            Float("lr", 1e-5, 1e-1, log=True),
            Categorical("optimizer", ("sgd", "adam")),
            Float("momentum", 0.0, 0.99, when=When("optimizer", ("sgd",))),
        ]
    )
    entry.study.change(space=space)
    entry.bridge.drain()
    dialog = open_configuration(program)
    momentum = dialog.fields["momentum"]
    assert momentum.editor.isEnabled()
    dialog.fields["optimizer"].editor.edited.emit("adam")
    assert not momentum.editor.isEnabled()
    assert momentum._note.text() == "only when optimizer = sgd"
    assert list(dialog.params) == ["lr", "optimizer"]
    dialog.reject()


# -- other terms ---------------------------------------------------------------------------------


def open_terms(program):
    program.window.commands.change_terms.trigger()
    return program.window.findChild(TermsDialog)


def field(dialog, *place):
    return next(form.fields[place] for form in dialog.forms if place in form.fields)


def test_that_only_what_was_changed_of_the_terms_is_changed(qtbot, program, entry):
    dialog = open_terms(program)
    assert not dialog.yes.isEnabled()
    type_into(field(dialog, "limits", "trial_seconds").editor, "2 min")
    type_into(field(dialog, "limits", "retries").editor, "2")
    assert dialog.changes == {"limits": Limits(trial_seconds=120.0, retries=2)}
    dialog.yes.click()
    asked(qtbot, entry, "change limits")
    qtbot.waitUntil(lambda: entry.model.spec.limits.retries == 2)


def test_that_workers_and_budget_are_changed_together(program, entry):
    dialog = open_terms(program)
    type_into(field(dialog, "resources", "workers").editor, "3")
    type_into(field(dialog, "budget", "trials").editor, "40")
    changes = dialog.changes
    assert changes == {"workers": 3, "budget": Budget(trials=40)}
    dialog.reject()


def test_that_terms_that_cannot_be_are_said_beside_their_fields(program, entry):
    dialog = open_terms(program)
    type_into(field(dialog, "limits", "same_failures").editor, "0")
    assert "must be at least 1" in field(dialog, "limits", "same_failures").problem
    type_into(field(dialog, "limits", "same_failures").editor, "")
    type_into(field(dialog, "limits", "retry_on").editor, "crashed, bad luck")
    assert "there is no reason 'bad_luck'" in field(dialog, "limits", "retry_on").problem
    assert not dialog.yes.isEnabled()
    dialog.reject()


def test_that_a_finished_study_with_a_larger_budget_offers_to_go_on(qtbot, program, entry):
    enter(entry, StudyState.FINISHED)
    dialog = open_terms(program)
    type_into(field(dialog, "budget", "trials").editor, "99")
    dialog.yes.click()
    qtbot.waitUntil(lambda: "has more to do now" in program.window.notice.text)
    program.window.notice.answer_buttons()[0].click()
    asked(qtbot, entry, "start")


def test_that_another_space_is_shown_everywhere(qtbot, program, entry):
    program.window.go_to(RUN)
    page = program.window.page(RUN)
    put(entry, made(0, params(entry)), made(1, params(entry, 7)))
    program.window.commands.change_space.trigger()
    dialog = program.window.findChild(SpaceDialog)
    assert not dialog.yes.isEnabled()
    table = dialog.card.model
    table.setData(table.index(0, Column.HIGH), "0.5")
    dialog.card.add("momentum")
    assert dialog.yes.isEnabled()
    wanted = dialog.space
    lens = entry.lens
    dialog.yes.click()
    qtbot.waitUntil(lambda: entry.model.spec.space == wanted)
    assert entry.model.varied == list(wanted.dimensions)
    assert entry.lens is not lens
    titles = [column.title for column in page.trials.rows.columns]
    assert "momentum" in titles
    qtbot.waitUntil(lambda: page.surface.x_choice.count() == 3)
    assert page.trials.rows.rowCount() == 2


def test_that_a_space_that_cannot_be_is_not_changed_to(program, entry):
    program.window.commands.change_space.trigger()
    dialog = program.window.findChild(SpaceDialog)
    table = dialog.card.model
    table.setData(table.index(0, Column.LOW), "7")
    assert "✕" in dialog.remark.text()
    assert not dialog.yes.isEnabled()
    dialog.reject()


def test_that_a_study_of_somebody_else_cannot_be_changed(qtbot, program, entry, commands):
    put(entry, made(0, params(entry)))
    entry.model.read_only_because = "It is being run by ada."
    entry.model.stateChanged.emit()
    for action in (commands.add_configuration, commands.change_terms, commands.change_space):
        assert not action.isEnabled()
    assert not commands.of_trial[TrialCommand.AGAIN].isEnabled()
    assert commands.of_trial[TrialCommand.COPY].isEnabled()
