"""The Design page: it says at all times what the study will be, or why it cannot be run."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QUndoStack, QWheelEvent
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit

from engine.spec import Resources, StudySpec
from gui.models.cells import Column
from gui.models.draft import Draft
from gui.models.plan import workers_of
from gui.models.timings import Timings
from gui.pages.design.budget_card import LimitsDialog
from gui.pages.design.page import DesignPage
from gui.settings import Settings
from tests.gui.windows import EXAMPLES

CSV = "a;b;klasse\n" + "".join(f"{n},5;{n % 7},25;{'xyz'[n % 3]}\n" for n in range(60))


@pytest.fixture
def draft(qapp):
    return Draft(StudySpec.load(EXAMPLES / "digits-grid.toml"), QUndoStack())


@pytest.fixture
def page(qtbot, draft, tmp_path):
    page = DesignPage(draft, Timings(Settings(tmp_path / "window.ini")), tmp_path)
    qtbot.addWidget(page)
    page.resize(1200, 700)
    page.show()
    return page


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


def test_that_methods_are_chosen_by_mouse_and_by_arrow_keys(qtbot, page, draft):
    qtbot.mouseClick(page.methods.card("random"), Qt.MouseButton.LeftButton)
    assert draft.document.method == {"name": "random"}
    assert page.footer.plan == "25 trials"
    qtbot.keyClick(page.methods.card("random"), Qt.Key.Key_Up)
    assert page.methods.chosen == "grid"
    draft.undo_stack.undo()
    assert page.methods.chosen == "random"


def shown_words(page, method):
    """What the card of a method says beside its title."""
    labels = page.methods.card(method).findChildren(QLabel)
    return " ".join(one.text() for one in labels[1:] if one.isVisible())


def test_that_only_the_chosen_method_explains_itself_at_length(page):
    for chosen in ("random", "bayesian", "grid"):
        page.methods.choose(chosen)
        for name in ("random", "bayesian", "grid"):
            assert ("Choose it" in shown_words(page, name)) == (name == chosen)
            assert shown_words(page, name).endswith(".")


@pytest.mark.parametrize("method", ["grid", "random", "bayesian"])
def test_that_method_and_budget_are_seen_at_once_in_a_small_window(qtbot, page, method):
    page.resize(1211, 730)  # what is left of 1280 x 800 beside the places and the status strip
    page.methods.choose(method)
    area = page.budget.parentWidget().parentWidget().parentWidget()
    qtbot.waitUntil(lambda: area.verticalScrollBar().maximum() == 0)


def test_that_of_a_long_name_the_beginning_is_seen(page, draft):
    draft.rename("a-name-that-is-far-longer-than-its-field-is-wide-and-goes-on")
    assert page.task.builtin._name.cursorPosition() == 0


def test_that_quick_trials_are_preferred_on_request_and_undone_like_any_edit(qtbot, page, draft):
    quick = page.methods.quick
    assert quick.isHidden()
    qtbot.mouseClick(page.methods.card("bayesian"), Qt.MouseButton.LeftButton)
    assert quick.isVisible()
    assert not quick.isChecked()
    qtbot.mouseClick(quick, Qt.MouseButton.LeftButton, pos=QPoint(8, quick.height() // 2))
    assert draft.document.method == {"name": "bayesian", "cost_weight": 1}
    assert draft.verdict.spec.method.options == {"cost_weight": 1}
    quick.setFocus()
    qtbot.keyClick(quick, Qt.Key.Key_Space)
    assert draft.document.method == {"name": "bayesian"}
    qtbot.keyClick(quick, Qt.Key.Key_Space)
    page.methods.choose("random")
    assert draft.document.method == {"name": "random"}
    assert quick.isHidden()
    draft.undo_stack.undo()
    assert quick.isVisible()
    assert quick.isChecked()
    draft.undo_stack.undo()
    assert not quick.isChecked()


def test_that_a_weight_from_a_file_is_named_and_kept(page, draft):
    draft.put_table("method", {"name": "bayesian", "cost_weight": 0.5})
    assert page.methods.quick.isChecked()
    assert page.methods.quick.text() == "Prefer quick trials (weight 0.5)"
    assert draft.verdict.spec.method.options == {"cost_weight": 0.5}
    draft.put_table("method", {"name": "bayesian", "cost_weight": "much"})
    assert "Cost weight must be a number" in page.footer.plan
    assert not page.footer.run.isEnabled()


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


def test_that_the_data_is_shown(qtbot, page):
    qtbot.waitUntil(lambda: "1 797 images of 8 × 8, 10 classes" in page.preview_card.text)


def test_that_a_file_of_ones_own_is_previewed_and_asked_for_its_target(
    qtbot, page, draft, tmp_path
):
    path = tmp_path / "own.csv"
    path.write_text(CSV)
    page.task.builtin.choose_data(str(path))
    qtbot.waitUntil(lambda: "60 rows of 3 columns" in page.preview_card.text)
    assert "Semicolons and decimal commas recognised." in page.preview_card.text
    assert "a: number, 0.5 to 59.5" in page.preview_card.text
    assert "klasse: 3 levels (x, y, z)" in page.preview_card.text
    assert "choose the column to predict" in page.footer.plan
    assert not page.footer.run.isEnabled()
    page.task.builtin._target.edited.emit("a")
    qtbot.waitUntil(lambda: draft.document.task["objective"] == "val_mse")
    assert draft.document.task["direction"] == "minimize"
    qtbot.waitUntil(page.footer.run.isEnabled)


def test_that_a_test_file_takes_the_place_of_a_share(qtbot, page, draft, tmp_path):
    for name in ("rows.csv", "later.csv"):
        (tmp_path / name).write_text(CSV)
    page.task.builtin.choose_data(str(tmp_path / "rows.csv"))
    page.task.builtin._target.edited.emit("klasse")
    qtbot.keyClicks(page.task.builtin._test_file, str(tmp_path / "later.csv"))
    assert draft.document.task["split"]["file"] == str(tmp_path / "later.csv")
    assert not page.task.builtin._shares["test"].isEnabled()
    qtbot.waitUntil(page.footer.run.isEnabled)
    assert draft.verdict.spec.task.split.file == str(tmp_path / "later.csv")
    page.task.builtin._test_file.clear()
    page.task.builtin._test_file.textEdited.emit("")
    assert "file" not in draft.document.task["split"]


def save_images(folder):
    """Nine small images of each of four classes."""
    for name in "abcd":
        (folder / name).mkdir(parents=True)
        for n in range(9):
            QImage(8, 8, QImage.Format.Format_Grayscale8).save(str(folder / name / f"{n}.png"))
    return str(folder)


def ways_to_split(page):
    return [value for _, value in page.task.builtin._way.choices()]


def test_that_images_have_no_target_to_choose(qtbot, page, tmp_path):
    assert not page.task.builtin._target.isVisible()
    page.task.builtin.choose_data(save_images(tmp_path / "pets"))
    qtbot.waitUntil(lambda: "36 images" in page.preview_card.text)
    assert not page.task.builtin._target.isVisible()
    assert page.task.builtin._test_file.isVisible()


def test_that_only_tables_can_be_split_by_a_column(qtbot, page, tmp_path):
    (tmp_path / "own.csv").write_text(CSV)
    page.task.builtin.choose_data(str(tmp_path / "own.csv"))
    qtbot.waitUntil(lambda: "60 rows" in page.preview_card.text)
    assert ways_to_split(page) == ["stratified", "random", "time", "group"]
    page.task.builtin.choose_data(save_images(tmp_path / "pets"))
    qtbot.waitUntil(lambda: "36 images" in page.preview_card.text)
    assert ways_to_split(page) == ["stratified", "random"]
    np.savez(tmp_path / "own.npz", x=np.eye(40), y=np.arange(40) % 2)
    page.task.builtin.choose_data(str(tmp_path / "own.npz"))
    qtbot.waitUntil(lambda: "own.npz" in page.preview_card.text)
    assert ways_to_split(page) == ["stratified", "random"]


def test_that_the_likeliest_column_of_times_and_of_groups_is_taken_first(
    qtbot, page, draft, tmp_path
):
    rows = "".join(f"{n % 9}.5,{'abc'[n % 3]},2024-01-{n % 28 + 1:02},{n}.25\n" for n in range(60))
    (tmp_path / "own.csv").write_text("size,shop,day,price\n" + rows)
    page.task.builtin.choose_data(str(tmp_path / "own.csv"))
    page.task.builtin._target.edited.emit("price")
    qtbot.waitUntil(lambda: "price (target)" in page.preview_card.text)
    page.task.builtin._way.edited.emit("time")
    assert draft.document.task["split"]["column"] == "day"
    assert [name for _, name in page.task.builtin._column.choices()] == ["day", "size"]
    page.task.builtin._way.edited.emit("group")
    assert draft.document.task["split"]["by"] == "shop"
    assert [name for _, name in page.task.builtin._column.choices()] == ["shop", "size", "day"]


def test_that_a_split_by_columns_goes_with_the_file_that_has_them(qtbot, page, draft, tmp_path):
    (tmp_path / "own.csv").write_text(CSV)
    page.task.builtin.choose_data(str(tmp_path / "own.csv"))
    qtbot.waitUntil(lambda: "60 rows" in page.preview_card.text)
    page.task.builtin._shares["train"].edited.emit(0.8)
    page.task.builtin._way.edited.emit("group")
    shares = {"train": 0.8, "validation": 0.15, "test": 0.15}
    assert draft.document.task["split"] == {**shares, "by": "klasse"}
    page.task.builtin.choose_data(save_images(tmp_path / "pets"))
    assert draft.document.task["split"] == shares
    draft.undo_stack.undo()
    assert draft.document.task["split"] == {**shares, "by": "klasse"}


def test_that_a_missing_file_is_said_where_the_data_would_be(qtbot, page, tmp_path):
    page.task.builtin.choose_data(str(tmp_path / "gone.csv"))
    qtbot.waitUntil(lambda: "there is no file" in page.preview_card.text)
    assert not page.footer.run.isEnabled()


def test_that_a_stale_preview_is_dropped(qtbot, page, tmp_path):
    slow, quick = tmp_path / "slow.csv", tmp_path / "quick.csv"
    slow.write_text("a,b\n" + "1,2\n" * 200_000)
    quick.write_text(CSV)
    page.task.builtin.choose_data(str(slow))
    qtbot.wait(260)
    page.task.builtin.choose_data(str(quick))
    qtbot.waitUntil(lambda: "quick.csv" in page.preview_card.text)
    qtbot.wait(300)
    assert "slow.csv" not in page.preview_card.text


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
