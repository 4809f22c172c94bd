"""Code of the user's own is shown before it is run for the first time, and asked about once."""

import pytest
from PySide6.QtWidgets import QApplication

from engine.spec import StudySpec
from gui.main_window import DESIGN, RUN
from gui.widgets.code_dialog import CodeDialog
from tests.gui.stand_in import StandInDevices
from tests.gui.windows import program_in

SPEC = """
name = "mine"
[task]
kind = "script"
file = "train.py"
[[space]]
name = "lr"
type = "float"
low = 0.1
high = 1.0
[method]
name = "random"
[budget]
trials = 2
"""


@pytest.fixture
def devices():
    return StandInDevices()


@pytest.fixture
def program(qapp, tmp_path, devices):
    (tmp_path / "train.py").write_text("def objective(trial):\n    return 1.0\n")
    (tmp_path / "mine.toml").write_text(SPEC)
    with program_in(tmp_path, devices.door()) as program:
        yield program


def open_design(qtbot, program, tmp_path):
    program.open(tmp_path / "mine.toml")
    qtbot.waitUntil(lambda: program.window.place == DESIGN)
    page = program.designing.page()
    qtbot.waitUntil(lambda: "def objective" in page.code_card.text and page.footer.run.isEnabled())
    return page


def question(qtbot):
    def shown():
        return [w for w in QApplication.topLevelWidgets() if isinstance(w, CodeDialog)]

    qtbot.waitUntil(lambda: any(dialog.isVisible() for dialog in shown()))
    return next(dialog for dialog in shown() if dialog.isVisible())


def test_that_a_script_is_shown_before_its_study_is_made(qtbot, program, devices, tmp_path):
    page = open_design(qtbot, program, tmp_path)
    page.footer.run.click()
    dialog = question(qtbot)
    assert dialog.code.toPlainText() == "def objective(trial):\n    return 1.0\n"
    dialog.no.click()
    qtbot.waitUntil(lambda: page.footer.run.isEnabled() and page.footer.run.text() == "Run")
    assert devices.studies == []
    assert program.window.place == DESIGN


def test_that_it_is_asked_once(qtbot, program, devices, tmp_path):
    page = open_design(qtbot, program, tmp_path)
    page.footer.run.click()
    question(qtbot).yes.click()
    qtbot.waitUntil(lambda: program.window.place == RUN)
    program.window.go_to(DESIGN)
    qtbot.waitUntil(page.footer.run.isEnabled)
    page.footer.run.click()
    qtbot.waitUntil(lambda: len(devices.studies) == 2)


def test_that_a_study_that_arrived_is_asked_about_before_it_goes_on(
    qtbot, program, devices, tmp_path
):
    spec = StudySpec.load(tmp_path / "mine.toml")
    program.studies.create(lambda: tmp_path / "own.tune", spec, lambda entry: None, lambda: None)
    qtbot.waitUntil(lambda: program.studies.current is not None)
    program.watching.start_current()
    question(qtbot).no.click()
    assert devices.studies[-1].commands == []
    program.watching.start_current()
    question(qtbot).yes.click()
    qtbot.waitUntil(lambda: devices.studies[-1].commands == ["start"])


def test_that_a_dry_run_asks_too_and_tells_what_it_saw(qtbot, program, tmp_path):
    page = open_design(qtbot, program, tmp_path)
    page.footer._trial.click()
    question(qtbot).yes.click()
    qtbot.waitUntil(lambda: "It runs: val_loss arrived." in page.code_card.text)
    assert "A trial took 1.5 s with 3 reports." in page.code_card.text
    assert page.footer._trial.text() == "Dry run"


def test_that_the_parameters_a_script_asks_for_become_the_space(qtbot, program, tmp_path):
    page = open_design(qtbot, program, tmp_path)
    before = program.designing.draft.document
    page.task.script.discover.click()
    question(qtbot).yes.click()
    qtbot.waitUntil(lambda: "1 parameter found" in page.code_card.text)
    assert [p.name for p in program.designing.draft.document.parameters] == ["width"]
    assert "One branch was not seen." in page.code_card.text
    program.designing.draft.undo_stack.undo()
    assert program.designing.draft.document == before
