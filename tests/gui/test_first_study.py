"""From end to end, as somebody does it for the first time: open, edit, run, read the best."""

import json

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLineEdit

from engine.events import StudyState
from gui.main_window import DESIGN, RESULTS, RUN
from gui.models.cells import Column
from gui.numbers import number
from gui.widgets.cards import PressCard
from tests.gui.windows import program_in

TRAINING_MS = 60_000


def type_into_cell(qtbot, table, row, column, text):
    table.setCurrentIndex(table.model().index(row, column))
    qtbot.keyClick(table, Qt.Key.Key_F2)
    editor = table.viewport().findChild(QLineEdit)
    editor.selectAll()
    qtbot.keyClicks(editor, text)
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: table.model().index(row, column).data() == text)
    qtbot.waitUntil(lambda: table.viewport().findChild(QLineEdit) is None)


@pytest.mark.timeout(120)
def test_that_a_first_study_ends_with_a_configuration_that_real_training_found(qtbot, tmp_path):
    with program_in(tmp_path) as program:
        window = program.window
        home = window.page(0)
        qtbot.waitUntil(lambda: len(home.findChildren(PressCard)) >= 3)
        card = next(
            c for c in home.findChildren(PressCard) if c.accessibleName() == "Example digits-grid"
        )
        qtbot.keyClick(card, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: window.place == DESIGN)

        page = program.designing.page()
        assert page.footer.plan.startswith("5 × 5 = 25 trials")
        type_into_cell(qtbot, page.space.table, 0, Column.GRID, "0.0001, 0.001, 0.01")
        type_into_cell(qtbot, page.space.table, 1, Column.GRID, "32, 128")
        page.task.builtin._epochs.selectAll()
        qtbot.keyClicks(page.task.builtin._epochs, "5")
        assert page.footer.plan.startswith("3 × 2 = 6 trials")
        qtbot.mouseClick(page.footer.run, Qt.MouseButton.LeftButton)

        qtbot.waitUntil(lambda: program.studies.current is not None, timeout=TRAINING_MS)
        model = program.studies.current.model
        assert window.place == RUN
        qtbot.waitUntil(lambda: model.state == StudyState.FINISHED, timeout=TRAINING_MS)
        assert model.progress() == (6, 6)
        assert {t.params["lr"] for t in model.trials.values()} == {0.0001, 0.001, 0.01}
        assert {t.params["batch_size"] for t in model.trials.values()} == {32, 128}
        assert model.best.value == min(t.value for t in model.trials.values())
        assert model.best.value < 1.0  # guessing among ten classes is 2.3
        qtbot.waitUntil(lambda: "test_accuracy" in model.best.test, timeout=TRAINING_MS)
        assert model.best.test["test_accuracy"] > 0.7
        assert (tmp_path / "digits-grid.tune").is_file()

        window.commands.places[RESULTS].trigger()
        best = window.page(RESULTS).best
        qtbot.waitUntil(lambda: best.figure.text() == number(model.best.value))
        best.copies["JSON"].click()
        assert json.loads(QGuiApplication.clipboard().text()) == model.best.params
        assert program.recent.study(0).state == "finished"
