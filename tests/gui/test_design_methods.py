"""The methods that the Design page offers, and what it says of them."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLabel

from tests.gui.design_pages import design_page, example_draft


@pytest.fixture
def draft(qapp):
    return example_draft()


@pytest.fixture
def page(qtbot, draft, tmp_path):
    return design_page(qtbot, draft, tmp_path)


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
