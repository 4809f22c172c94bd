"""The precision of a built-in network, among what is seldom set on the Design page."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QUndoStack
from PySide6.QtWidgets import QLineEdit

from engine.spec import ScriptTask, StudySpec
from gui.models.draft import Draft
from gui.models.timings import Timings
from gui.pages.design.budget_card import LimitsDialog
from gui.pages.design.page import DesignPage
from gui.settings import Settings
from tests.gui.windows import EXAMPLES

PRECISION = ("task", "precision")


@pytest.fixture
def draft(qapp):
    return Draft(StudySpec.load(EXAMPLES / "digits-grid.toml"), QUndoStack())


@pytest.fixture
def page(qtbot, draft, tmp_path):
    page = DesignPage(draft, Timings(Settings(tmp_path / "window.ini")), tmp_path)
    qtbot.addWidget(page)
    page.resize(1280, 800)
    page.show()
    return page


def more_of(page):
    """The dialog that More… opens, as a person opens it."""
    page.budget.more.click()
    return page.findChildren(LimitsDialog)[-1]


def test_that_the_precision_is_chosen_said_in_the_spec_and_undone(qtbot, page, draft):
    field = more_of(page).form.fields[PRECISION]
    assert field.editor.currentText() == "float32"
    qtbot.keyClick(field.editor, Qt.Key.Key_Down)
    assert draft.verdict.spec.task.precision == "bfloat16"
    assert 'precision = "bfloat16"' in draft.verdict.spec.to_toml()
    draft.undo_stack.undo()
    assert field.editor.currentText() == "float32"
    assert "precision" not in draft.verdict.spec.to_toml()
    draft.undo_stack.redo()
    assert field.editor.currentText() == "bfloat16"


def test_that_it_is_said_when_bfloat16_pays(page):
    tip = more_of(page).form.fields[PRECISION].editor.toolTip()
    assert "tensor cores" in tip
    assert "on other CPUs it is far slower" in tip


def test_that_a_spec_that_is_opened_shows_its_precision(page, draft):
    text = draft.verdict.spec.to_toml().replace("[task]", '[task]\nprecision = "bfloat16"')
    draft.replace_all(StudySpec.parse(text, Path.cwd()), None)
    assert more_of(page).form.fields[PRECISION].editor.currentText() == "bfloat16"


def test_that_only_a_built_in_network_has_a_precision(page, draft):
    for kind, is_there in (("script", False), ("builtin", True), ("command", False)):
        page.task.choose_kind(kind)
        dialog = more_of(page)
        assert dialog.form.fields[PRECISION].isVisible() == is_there
        dialog.accept()


def test_that_a_network_chosen_after_a_script_trains_in_float32(page, draft):
    spec = draft.verdict.spec.with_(task=ScriptTask(kind="script", file="train.py"))
    draft.replace_all(spec, None)
    page.task.choose_kind("builtin")
    assert more_of(page).form.fields[PRECISION].editor.currentText() == "float32"


def test_that_times_are_remembered_of_the_precision_that_they_were_taken_in(draft, tmp_path):
    timings, spec = Timings(Settings(tmp_path / "other.ini")), draft.verdict.spec
    timings.add(spec, [1.5])
    draft.set_entry("task", "precision", "bfloat16")
    assert timings.of(draft.verdict.spec) == []
    assert timings.of(spec) == [1.5]


def test_that_no_field_of_the_dialog_is_cut_off(qtbot, page):
    dialog = more_of(page)
    qtbot.waitExposed(dialog)
    for field in dialog.form.fields.values():
        place = QRect(field.mapTo(dialog, QPoint()), field.size())
        assert dialog.rect().contains(place)
        assert field.editor.width() >= field.editor.minimumSizeHint().width()
        if isinstance(field.editor, QLineEdit):
            text = field.editor.fontMetrics().horizontalAdvance(field.editor.text())
            assert field.editor.contentsRect().width() >= text
    assert dialog.height() < page.height()
