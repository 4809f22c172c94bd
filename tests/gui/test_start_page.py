"""The Start page: never empty, and everything on it by keyboard too."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QLabel

from gui.models.examples import find_examples
from gui.models.recent import BEST, NAME, STATE, RecentModel
from gui.pages.start import StartPage
from gui.settings import Settings
from gui.widgets.cards import PressCard


def read(path):
    if path.stem == "broken":
        raise ValueError("broken.tune is not a Tunescape study.")
    return {"state": "finished", "best": 0.0714285, "finished": 25, "planned": 25}


@pytest.fixture
def recent(qtbot, tmp_path):
    model = RecentModel(Settings(tmp_path / "window.ini"), read)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    return model


@pytest.fixture
def page(qtbot, recent):
    page = StartPage(recent)
    page.resize(1200, 700)
    qtbot.addWidget(page)
    return page


def study(folder, name):
    path = folder / f"{name}.tune"
    path.touch()
    return path


def cell(model, row, column):
    return model.index(row, column).data()


def test_that_without_studies_the_page_says_what_to_do_first(page):
    page.show()
    assert page.hint.isVisible()
    assert "press Run" in " ".join(words.text() for words in page.hint.findChildren(QLabel))


def test_that_a_study_used_is_listed_first_with_its_state_and_best_value(qtbot, recent, tmp_path):
    recent.used(study(tmp_path, "one"))
    recent.used(study(tmp_path, "two"))
    assert [cell(recent, row, NAME) for row in range(2)] == ["two", "one"]
    qtbot.waitUntil(lambda: cell(recent, 0, BEST) == "0.07143")
    assert cell(recent, 0, STATE) == "● finished"


def test_that_the_list_is_there_at_once_at_the_next_start(qtbot, recent, tmp_path):
    recent.used(study(tmp_path, "one"))
    qtbot.waitUntil(lambda: cell(recent, 0, BEST) == "0.07143")
    recent._settings.flush()
    again = RecentModel(Settings(tmp_path / "window.ini"), read)
    assert cell(again, 0, BEST) == "0.07143"


@pytest.mark.parametrize(("name", "why"), [("gone", "no such file"), ("broken", "is not a")])
def test_that_what_cannot_be_opened_is_greyed_and_says_why(
    qtbot, recent, page, tmp_path, name, why
):
    path = study(tmp_path, name)
    recent.used(path)
    if name == "gone":
        path.unlink()
        recent.refresh()
    qtbot.waitUntil(lambda: recent.study(0).missing)
    assert why in recent.index(0, NAME).data(Qt.ItemDataRole.ToolTipRole)
    with qtbot.assertNotEmitted(page.pathChosen):
        page._table.activated.emit(recent.index(0, 0))


def test_that_delete_takes_a_study_off_the_list_and_leaves_its_file(qtbot, recent, page, tmp_path):
    path = study(tmp_path, "one")
    recent.used(path)
    page.show()
    page._table.selectRow(0)
    page._table.setFocus()
    qtbot.keyClick(page._table, Qt.Key.Key_Delete)
    assert recent.rowCount() == 0
    assert path.exists()


def test_that_return_opens_the_chosen_study(qtbot, recent, page, tmp_path):
    path = study(tmp_path, "one")
    recent.used(path)
    page.show()
    page._table.selectRow(0)
    page._table.setFocus()
    with qtbot.waitSignal(page.pathChosen) as chosen:
        qtbot.keyClick(page._table, Qt.Key.Key_Return)
    assert chosen.args == [path]


def test_that_examples_say_what_they_are_and_open_by_keyboard(qtbot, page):
    examples = find_examples()
    assert [example.name for example in examples] == [
        *("digits-grid", "digits-random", "digits-bayesian"),
        *("diabetes-random", "digits-wide-bayesian", "digits-wide"),
    ]
    assert all(e.description.endswith(".") or e.description.endswith("?") for e in examples)
    page.set_examples(examples)
    page.show()
    card = next(c for c in page.findChildren(PressCard) if "digits-grid" in c.accessibleName())
    assert "Grid search · 25 trials" in [label.text() for label in card.findChildren(QLabel)]
    card.setFocus()
    with qtbot.waitSignal(page.pathChosen) as chosen:
        qtbot.keyClick(card, Qt.Key.Key_Space)
    assert chosen.args == [examples[0].path]
