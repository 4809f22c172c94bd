"""Other terms for a study that has begun: limits, workers, budget, space."""

from engine.events import StudyState
from engine.spec import Budget, Limits
from gui.main_window import RUN
from gui.models.cells import Column
from gui.pages.design.space_dialog import SpaceDialog
from gui.pages.run.terms_dialog import TermsDialog
from tests.gui.controlled import asked, enter, params, put, type_into
from tests.gui.made_up import made


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
