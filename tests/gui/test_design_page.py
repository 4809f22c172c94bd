"""The Design page: it says at all times what the study will be, or why it cannot be run."""

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit

from engine.spec import Resources
from gui.models.cells import Column
from gui.models.plan import workers_of
from gui.pages.design.budget_card import LimitsDialog
from tests.gui.design_pages import design_page, example_draft


@pytest.fixture
def draft(qapp):
    return example_draft()


@pytest.fixture
def page(qtbot, draft, tmp_path):
    return design_page(qtbot, draft, tmp_path)


def edit_cell(qtbot, page, row, column, text):
    """Type into a cell as a person does: F2, text, Return."""
    table = page.space.table
    table.setCurrentIndex(table.model().index(row, column))
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_F2)
    editor = table.viewport().findChild(QLineEdit) or table.viewport().findChild(QComboBox)
    editor.selectAll() if isinstance(editor, QLineEdit) else editor.lineEdit().selectAll()
    qtbot.keyClicks(editor, text)
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.space.model.index(row, column).data() == text)


def test_that_the_plan_is_said_and_run_is_offered(page):
    assert page.footer.plan == "5 × 5 = 25 trials"
    assert page.footer.run.isEnabled()


def test_that_a_wrong_cell_is_marked_said_and_keeps_run_back_until_undone(qtbot, page, draft):
    edit_cell(qtbot, page, 1, Column.LOW, "600")
    sentence = "batch_size: low (600) is above high (512); swap them."
    assert sentence in page.space.sentence.text()
    assert sentence in page.footer.plan
    assert not page.footer.run.isEnabled()
    assert page.footer.run.toolTip() == sentence
    marked = page.space.model.index(1, Column.LOW)
    assert marked.data(Qt.ItemDataRole.DecorationRole) is not None
    with qtbot.assertNotEmitted(page.runRequested):
        page.footer.run.click()
    draft.undo_stack.undo()
    assert page.footer.run.isEnabled()


def test_that_a_wrong_field_says_so_beside_itself(qtbot, page):
    field = page.budget.form.fields["budget", "trials"]
    field.editor.selectAll()
    qtbot.keyClicks(field.editor, "0")
    assert field.problem == "must be at least 1, not 0."
    assert field.editor.property("invalid")
    assert not page.footer.run.isEnabled()


def test_that_what_is_seldom_limited_is_edited_in_a_dialog(page, draft):
    page.budget.more.click()
    dialog = page.findChild(LimitsDialog)
    field = dialog.form.fields["limits", "same_failures"]
    for text, problem in (("0", "must be at least 1, not 0."), ("5", "")):
        field.editor.setText(text)
        field.editor.textEdited.emit(text)
        assert field.problem == problem
    assert draft.verdict.spec.limits.same_failures == 5
    dialog.accept()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    draft.set_entry("limits", "same_failures", 6)  # nobody is left who would show it


def test_that_typing_in_a_field_is_undone_by_the_window(qtbot, page, draft):
    editor = page.task.builtin._epochs
    editor.selectAll()
    qtbot.keyClicks(editor, "15")
    assert draft.document.task["epochs"] == 15
    draft.undo_stack.undo()
    assert editor.text() == "20"


def test_that_it_is_chosen_how_many_trials_keep_their_weights(qtbot, page, draft):
    editor = page.task.builtin._keep
    assert editor.text() == "3"
    editor.selectAll()
    qtbot.keyClicks(editor, "5")
    assert draft.verdict.spec.task.keep == 5
    editor.selectAll()
    qtbot.keyClick(editor, Qt.Key.Key_Delete)
    assert draft.verdict.spec.task.keep == 3


def test_that_arrow_keys_count_in_a_field_of_whole_numbers(qtbot, page, draft):
    qtbot.keyClick(page.task.builtin._epochs, Qt.Key.Key_Up)
    assert draft.document.task["epochs"] == 21


def test_that_the_wheel_scrolls_and_does_not_choose(qtbot, page, draft):
    before = draft.document
    wheel = QWheelEvent(
        QPointF(5, 5),
        QPointF(5, 5),
        QPoint(0, -120),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QGuiApplication.sendEvent(page.task.builtin._network, wheel)
    assert draft.document == before


def test_that_of_a_long_name_the_beginning_is_seen(page, draft):
    draft.rename("a-name-that-is-far-longer-than-its-field-is-wide-and-goes-on")
    assert page.task.builtin._name.cursorPosition() == 0


def test_that_rows_are_removed_copied_and_moved_by_keys(qtbot, page, draft):
    table = page.space.table
    table.setCurrentIndex(table.model().index(0, 0))
    qtbot.keyClick(table, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert [p.name for p in draft.document.parameters] == ["batch_size", "lr"]
    qtbot.keyClick(table, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert len(draft.document.parameters) == 3
    qtbot.keyClick(table, Qt.Key.Key_Delete)
    assert len(draft.document.parameters) == 2
    assert page.footer.run.isEnabled()


def test_that_adding_takes_the_suggested_range(page, draft):
    page.space.add("width")
    assert draft.document.parameters[-1].low == 16
    assert page.footer.plan == "25 trials of the grid's 5 × 5 × 5 = 125"


def test_that_a_suggested_condition_needs_the_parameter_that_it_names(page, draft):
    page.space.add("momentum")
    assert draft.document.parameters[-1].when is None
    draft.undo_stack.undo()
    page.space.add("optimizer")
    page.space.add("momentum")
    assert draft.document.parameters[-1].when.parameter == "optimizer"


def test_that_exact_values_are_copied(qtbot, page):
    table = page.space.table
    table.selectAll()
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert "lr\tfloat\t1e-5\t0.1" in QGuiApplication.clipboard().text()


def test_that_a_timed_trial_tells_how_long_it_will_take(page, draft):
    page._timings.add(draft.verdict.spec, [1.6])
    page.refresh()
    assert page.footer.plan.startswith("5 × 5 = 25 trials · about 40 s on 1 worker (±")


def test_that_automatic_workers_are_counted_as_many_as_there_will_be(page, draft):
    page._timings.add(draft.verdict.spec, [1.6])
    page.set_automatic_workers(4)
    assert " on 4 workers (±" in page.footer.plan
    assert workers_of(draft.verdict.spec.with_(resources=Resources(workers=2)), 4) == 2
    assert workers_of(draft.verdict.spec.with_(resources=Resources(devices=["cuda:1"])), 4) == 1


def test_that_a_moment_is_not_estimated_to_the_tenth(page, draft):
    page._timings.add(draft.verdict.spec, [0.00002])
    page.refresh()
    assert page.footer.plan == "5 × 5 = 25 trials · under 1 s on 1 worker"


def test_that_the_file_of_the_study_avoids_those_that_exist(qtbot, page, tmp_path):
    qtbot.waitUntil(lambda: "digits-grid.tune" in page.footer._place.text())
    Path(tmp_path / "digits-grid.tune").touch()
    page.look_for_place()
    qtbot.waitUntil(lambda: "digits-grid-2.tune" in page.footer._place.text())


def test_that_every_editor_has_a_name_and_is_reached_by_tab(page):
    for editor in page.findChildren(QLineEdit) + page.findChildren(QComboBox):
        if editor.isVisible() and not isinstance(editor.parent(), QComboBox):
            assert editor.accessibleName(), editor
            assert editor.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_that_a_rule_to_stop_trials_early_is_chosen(page, draft):
    rule = page.budget.form.fields["pruner", "name"].editor
    assert rule.currentText() == "never"
    rule.edited.emit("curve")
    assert draft.verdict.spec.pruner.name == "curve"
    assert 'name = "curve"' in draft.verdict.spec.to_toml().split("[pruner]")[1]
    draft.undo_stack.undo()
    assert rule.currentText() == "never"


def test_that_the_options_of_a_rule_go_with_it(page, draft):
    draft.put_table("pruner", {"name": "curve", "probability": 0.1})
    page.budget.form.fields["pruner", "name"].editor.edited.emit("median")
    assert draft.verdict.spec.pruner.options == {}


def test_that_it_is_said_how_many_configurations_train_together(qtbot, page, draft):
    field = page.budget.form.fields["resources", "stack"]
    assert field.editor.placeholderText() == "automatic"
    qtbot.keyClicks(field.editor, "12")
    assert draft.verdict.spec.resources.stack == 12
    for most, text in ((1, "each by itself"), (8, "at most 8"), (None, "")):
        draft.set_entry("resources", "stack", most)
        assert field.editor.text() == text
        assert field.editor.parse(text) == most
    qtbot.keyClicks(field.editor, "0")
    assert field.problem == "must be at least 1, not 0."


def test_that_training_together_is_offered_where_it_can_be(page, draft):
    field = page.budget.form.fields["resources", "stack"]
    assert field.isVisible()
    for table, offered in (
        ({"kind": "command", "argv": ["train"], "objective": "loss"}, False),
        ({"kind": "script", "file": "a.py", "objective": "loss"}, False),
        ({"kind": "script", "file": "a.py", "objective": "loss", "many": "train_many"}, True),
    ):
        draft.put_table("task", table)
        assert field.isVisible() is offered
