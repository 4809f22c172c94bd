"""The draft: every edit can be taken back, and what is wrong is said in one sentence."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QUndoStack
from PySide6.QtTest import QAbstractItemModelTester

from engine.parameters import Categorical, Int, When
from engine.spec import StudySpec
from gui.models import draft as draft_module
from gui.models.cells import Column, cell_text, parse_condition, with_text
from gui.models.draft import Draft
from gui.models.new_study import new_study
from gui.models.plan import duration_text, parse_duration, plan_of
from gui.models.space_model import SpaceModel
from tests.gui.windows import EXAMPLES


@pytest.fixture
def draft(qapp):
    return Draft(StudySpec.load(EXAMPLES / "digits-grid.toml"), QUndoStack())


@pytest.fixture
def wide(qapp):
    return Draft(StudySpec.load(EXAMPLES / "digits-wide.toml"), QUndoStack())


@pytest.fixture
def model(draft):
    model = SpaceModel(draft)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    return model


def put(model, row, column, text):
    assert model.setData(model.index(row, column), text)


def test_that_a_draft_without_edits_is_the_spec_that_was_opened(draft):
    assert draft.verdict.spec == StudySpec.load(EXAMPLES / "digits-grid.toml")


def test_that_comments_of_the_file_outlive_edits(draft, tmp_path):
    draft.set_entry("task", "epochs", 7)
    draft.verdict.spec.save(tmp_path / "mine.toml")
    text = (tmp_path / "mine.toml").read_text()
    assert text.startswith("# Every combination")
    assert "epochs = 7" in text


def test_that_every_kind_of_edit_can_be_taken_back(draft, model):
    before = draft.document
    put(model, 0, Column.LOW, "1e-4")
    model.add(Int("width", 16, 64))
    model.remove([0])
    model.move(0, 1)
    draft.set_entry("task", "epochs", 3)
    draft.put_table("method", {"name": "random"})
    draft.set_entry("budget", "trials", 10)
    draft.rename("other")
    while draft.undo_stack.canUndo():
        draft.undo_stack.undo()
    assert draft.document == before
    while draft.undo_stack.canRedo():
        draft.undo_stack.redo()
    assert draft.document.name == "other"


def test_that_typing_is_taken_back_as_a_whole(draft):
    for text in ("d", "di", "dig"):
        draft.rename(text)
    assert draft.undo_stack.count() == 1
    draft.undo_stack.undo()
    assert draft.document.name == "digits-grid"


def test_that_later_typing_is_an_edit_of_its_own(draft, monkeypatch):
    draft.rename("d")
    monkeypatch.setattr(draft_module, "_MERGE_SECONDS", -1)
    draft.rename("di")
    assert draft.undo_stack.count() == 2


def test_that_an_edit_that_changes_nothing_leaves_no_trace(draft, model):
    put(model, 0, Column.LOW, "1e-5")
    assert draft.undo_stack.isClean()


@pytest.mark.parametrize(
    ("column", "text", "sentence"),
    [
        (Column.LOW, "600", "batch_size: low (600) is above high (512); swap them."),
        (Column.LOW, "many", "low is the text 'many'"),
        (Column.LOW, "", "low is missing"),
        (Column.NAME, "lr", "the name is taken by parameter 1"),
        (Column.NAME, "batchsize", "did you mean 'batch_size'?"),
        (Column.GRID, "0", "grid must be 1 to"),
        (Column.WHEN, "optimizer = sgd", "optimizer"),
    ],
)
def test_that_what_is_wrong_is_said_at_its_cell(draft, model, column, text, sentence):
    put(model, 1, column, text)
    assert draft.verdict.spec is None
    (problem,) = draft.verdict.space_problems
    assert sentence in str(problem)
    model.set_problems(draft.verdict.space_problems)
    marked = model.index(1, column)
    if problem.field:
        assert sentence in marked.data(Qt.ItemDataRole.ToolTipRole)
    draft.undo_stack.undo()
    assert draft.verdict.sentence == ""


@pytest.mark.parametrize(
    ("table", "entries", "sentence"),
    [
        ("budget", {"trials": 0}, "Trials must be at least 1, not 0."),
        ("task", {"epochs": "x"}, "Epochs must be a whole number, not 'x'."),
        ("resources", {"devices": ("gpu",)}, "Devices"),
        ("budget", {"seconds": "soon"}, "Seconds must be a number"),
    ],
)
def test_that_what_is_wrong_elsewhere_names_its_field(draft, table, entries, sentence):
    draft.set_entries(table, entries)
    assert draft.verdict.spec is None
    assert draft.verdict.sentence.startswith(sentence)
    assert draft.verdict.problem_at(table, next(iter(entries)))


def test_that_a_space_without_parameters_says_so(draft, model):
    model.remove([0, 1])
    assert "add a parameter" in draft.verdict.sentence


def test_that_rows_keep_their_identity_when_undone(draft, model):
    model.remove([0])
    draft.undo_stack.undo()
    assert [model.parameter(row).name for row in range(model.rowCount())] == ["lr", "batch_size"]
    assert model.move(0, 1) == 1
    assert model.move(1, 1) == 1
    assert [p.name for p in draft.document.parameters] == ["batch_size", "lr"]


def test_that_the_log_box_is_an_edit_too(draft, model):
    model.setData(model.index(0, Column.LOG), Qt.CheckState.Unchecked.value, Qt.CheckStateRole)
    assert draft.document.parameters[0].log is False
    draft.undo_stack.undo()
    assert draft.document.parameters[0].log is True


@pytest.mark.parametrize(
    ("column", "text"),
    [(Column.LOW, "sgd, adam"), (Column.WHEN, "optimizer = sgd, adam"), (Column.GRID, "sgd,adam")],
)
def test_that_lists_are_read_and_shown_alike(column, text):
    parameter = with_text(Categorical("momentum", ("sgd", "adam")), column, text)
    assert with_text(parameter, column, cell_text(parameter, column)) == parameter


def test_that_a_grid_is_a_number_of_points_or_the_points():
    batch = Int("batch_size", 32, 512, log=True)
    assert with_text(batch, Column.GRID, "4").grid == 4
    assert with_text(batch, Column.GRID, "32, 64").grid == (32, 64)
    alone = with_text(batch, Column.GRID, "32,")
    assert alone.grid == (32,)
    assert cell_text(alone, Column.GRID) == "32,"


def test_that_values_keep_all_their_digits():
    lr = with_text(Int("x"), Column.KIND, "float")
    lr = with_text(lr, Column.LOW, "0.00012345678901")
    assert cell_text(lr, Column.LOW) == "0.00012345678901"
    assert cell_text(with_text(lr, Column.LOW, "1e-5"), Column.LOW) == "1e-5"


def test_that_a_changed_type_keeps_what_still_makes_sense():
    batch = Int("batch_size", 32, 512, log=True)
    choices = with_text(batch, Column.KIND, "choices")
    assert choices == Categorical("batch_size", (32, 512))
    assert with_text(batch, Column.KIND, "float").low == 32


def test_that_conditions_read_as_people_write_them():
    assert parse_condition("optimizer = sgd, adam") == When("optimizer", ("sgd", "adam"))
    assert parse_condition("") is None


def test_that_the_plan_multiplies_a_small_grid_and_warns_of_a_huge_one(draft, model):
    plan = plan_of(draft.verdict.spec, draft.verdict.trials)
    assert plan.trials == "5 × 5 = 25 trials"
    draft.set_entry("budget", "trials", 10)
    plan = plan_of(draft.verdict.spec, draft.verdict.trials)
    assert plan.trials == "10 trials of the grid's 5 × 5 = 25"
    assert not plan.warning


def test_that_a_grid_beyond_counting_reads_well(wide):
    rows = [p for p in wide.document.parameters if p.name in ("lr", "dropout", "weight_decay")]
    model = SpaceModel(wide)
    for row in range(model.rowCount()):
        if model.parameter(row) in rows:
            put(model, row, Column.GRID, "10000")
    wide.put_table("method", {"name": "grid"})
    wide.set_entry("budget", "trials", None)
    plan = plan_of(wide.verdict.spec, wide.verdict.trials)
    assert "e+" in plan.trials
    assert plan.warning


def test_that_a_study_without_any_limit_warns(wide):
    wide.set_entry("budget", "trials", None)
    assert plan_of(wide.verdict.spec, wide.verdict.trials).warning
    wide.set_entry("budget", "seconds", 90.0)
    plan = plan_of(wide.verdict.spec, wide.verdict.trials)
    assert plan.trials == "Trials for 1 min 30 s"
    assert not plan.warning


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("1 h 30 min", 5400), ("1,5 h", 5400), ("2 d", 172800)]
)
def test_that_durations_are_typed_as_people_say_them(text, seconds):
    assert parse_duration(text) == seconds
    assert parse_duration(duration_text(parse_duration(text))) == seconds
    assert parse_duration("soon") == "soon"


def test_that_a_new_design_ends_where_all_trials_fail_alike(tmp_path):
    assert new_study(tmp_path).limits.same_failures == 10
    assert "same_failures = 10" in new_study(tmp_path).to_toml()
