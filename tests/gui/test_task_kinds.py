"""The Design page with code of the user's own: scripts and command lines."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QUndoStack

from engine.spec import CommandTask, ScriptTask, StudySpec
from gui.models.draft import Draft
from gui.models.timings import Timings
from gui.pages.design.page import DesignPage
from gui.settings import Settings
from tests.gui.windows import EXAMPLES

SCRIPT = '''"""A script."""


def objective(trial):
    return trial.suggest_float("lr", 0.1, 1.0)


def other(trial):
    return 1.0
'''


@pytest.fixture
def draft(qapp):
    return Draft(StudySpec.load(EXAMPLES / "digits-random.toml"), QUndoStack())


@pytest.fixture
def page(qtbot, draft, tmp_path):
    page = DesignPage(draft, Timings(Settings(tmp_path / "window.ini")), tmp_path)
    qtbot.addWidget(page)
    page.resize(1200, 700)
    page.show()
    return page


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "train.py"
    path.write_text(SCRIPT)
    return path


def choose_script(qtbot, page, path):
    page.task.kinds.edited.emit("script")
    page.task.script.choose_file(str(path))
    qtbot.waitUntil(lambda: page.code_card._busy.isHidden() and path.name in page.code_card.text)


def test_that_each_kind_of_task_has_its_own_form(page):
    for kind, form in (("script", page.task.script), ("command", page.task.command)):
        page.task.kinds.edited.emit(kind)
        assert form.isVisible()
        assert page.code_card.isVisible()
        assert not page.task.builtin.isVisible()
        assert not page.preview_card.isVisible()
    page.task.kinds.edited.emit("builtin")
    assert page.task.builtin.isVisible()
    assert page.preview_card.isVisible()


def test_that_what_was_said_of_a_kind_comes_back_with_it(page, draft):
    before = draft.document.task
    page.task.kinds.edited.emit("command")
    page.task.command._objective.edited.emit("error")
    page.task.kinds.edited.emit("builtin")
    assert draft.document.task == before
    page.task.kinds.edited.emit("command")
    assert draft.document.task["objective"] == "error"


def test_that_the_choice_of_a_kind_is_undone(page, draft):
    before = draft.document
    page.task.kinds.edited.emit("script")
    draft.undo_stack.undo()
    assert draft.document == before
    assert page.task.builtin.isVisible()


def test_that_a_script_is_shown_with_its_functions(qtbot, page, draft, script):
    choose_script(qtbot, page, script)
    qtbot.waitUntil(lambda: "A script." in page.code_card.text)
    assert [name for name, _ in page.task.script._function.choices()] == ["objective", "other"]
    assert page.footer.run.isEnabled()
    task = draft.verdict.spec.task
    assert isinstance(task, ScriptTask)
    assert task.file == str(script)
    page.task.script._function.edited.emit("other")
    assert draft.verdict.spec.task.function == "other"


def test_that_a_script_that_is_not_there_keeps_run_back(qtbot, page, tmp_path):
    page.task.kinds.edited.emit("script")
    assert not page.footer.run.isEnabled()
    page.task.script._file.edited.emit("gone.py")
    qtbot.waitUntil(lambda: "gone.py is not there" in page.footer.plan)
    assert "gone.py is not there" in page.code_card.text
    assert not page.footer.run.isEnabled()


def test_that_a_script_is_read_anew_when_one_comes_back_from_the_editor(qtbot, page, script, qapp):
    choose_script(qtbot, page, script)
    script.write_text(SCRIPT.replace("A script.", "Another one.").replace("other(", "third("))
    qapp.applicationStateChanged.emit(Qt.ApplicationState.ApplicationActive)
    qtbot.waitUntil(lambda: "Another one." in page.code_card.text)
    assert [name for name, _ in page.task.script._function.choices()] == ["objective", "third"]


def test_that_the_problem_of_a_script_is_none_of_a_built_in_network(qtbot, page):
    page.task.kinds.edited.emit("script")
    page.task.script._file.edited.emit("gone.py")
    qtbot.waitUntil(lambda: "gone.py is not there" in page.footer.plan)
    page.task.kinds.edited.emit("builtin")
    qtbot.waitUntil(page.footer.run.isEnabled)


def test_that_a_command_is_typed_as_a_line(qtbot, page, draft):
    page.task.kinds.edited.emit("command")
    editor = page.task.command._argv
    editor.selectAll()
    qtbot.keyClicks(editor, "true '--lr={lr}' -b {batch_size}")
    task = draft.verdict.spec.task
    assert isinstance(task, CommandTask)
    assert task.argv == ("true", "--lr={lr}", "-b", "{batch_size}")


def test_that_a_parameter_that_the_command_lacks_is_marked(page):
    page.task.kinds.edited.emit("command")
    sentence = "batch_size: does not come up in the command"
    assert sentence in page.space.sentence.text()
    assert not page.footer.run.isEnabled()


def test_that_tab_leaves_the_command_for_the_next_field(qtbot, page):
    page.task.kinds.edited.emit("command")
    page.activateWindow()
    editor = page.task.command._argv
    editor.setFocus()
    qtbot.keyClick(editor, Qt.Key.Key_Tab)
    assert "\t" not in editor.toPlainText()


def test_that_another_way_to_read_metrics_starts_with_an_example(page, draft):
    page.task.kinds.edited.emit("command")
    page.task.command._way.edited.emit("pattern")
    assert draft.document.task["pattern"] == r"loss=(\S+)"
    assert page.task.command._pattern.isVisible()
    page.task.command._way.edited.emit("file")
    assert "pattern" not in draft.document.task
    assert not page.task.command._pattern.isVisible()


def test_that_data_that_are_dropped_on_a_script_make_it_a_built_in_network(page, tmp_path):
    page.task.kinds.edited.emit("script")
    page.task.choose_data("wine")
    assert page.task.kind == "builtin"
