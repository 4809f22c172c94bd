"""From end to end with code of one's own: choose it, find its space, try it, run it."""

import pytest
from PySide6.QtWidgets import QApplication

from engine.events import StudyState
from engine.trial import TrialState
from gui.main_window import RUN
from gui.widgets.code_dialog import CodeDialog, OutputDialog
from tests.gui.windows import program_in

PATIENCE_MS = 60_000
SCRIPT = """
def objective(trial):
    x = trial.suggest_float("x", -2.0, 2.0)
    if trial.suggest_categorical("shape", ["bowl", "wall"]) == "wall":
        raise ValueError("there is a wall at " + str(x))
    for step in range(3):
        trial.report((x - 0.5) ** 2 + 1 / (step + 1), step)
    return (x - 0.5) ** 2
"""


def say_yes(qtbot):
    def shown():
        widgets = QApplication.topLevelWidgets()
        return next((w for w in widgets if isinstance(w, CodeDialog) and w.isVisible()), None)

    qtbot.waitUntil(lambda: shown() is not None, timeout=PATIENCE_MS)
    shown().yes.click()


@pytest.mark.timeout(180)
def test_that_a_script_of_ones_own_is_found_out_tried_and_tuned(qtbot, tmp_path):
    (tmp_path / "mine.py").write_text(SCRIPT)
    with program_in(tmp_path) as program:
        program.window.commands.new.trigger()
        page = program.designing.page()
        page.task.kinds.edited.emit("script")
        page.task.script.choose_file(str(tmp_path / "mine.py"))
        qtbot.waitUntil(page.task.script.discover.isEnabled, timeout=PATIENCE_MS)

        page.task.script.discover.click()
        say_yes(qtbot)
        qtbot.waitUntil(lambda: "2 parameters found" in page.code_card.text, timeout=PATIENCE_MS)
        names = [parameter.name for parameter in program.designing.draft.document.parameters]
        assert sorted(names) == ["shape", "x"]

        page.footer._trial.click()
        qtbot.waitUntil(
            lambda: "It runs: value arrived." in page.code_card.text, timeout=PATIENCE_MS
        )
        assert "The study will take about" in page.code_card.text

        page.budget.form.fields["budget", "trials"].editor.edited.emit(12)
        page.footer.run.click()
        qtbot.waitUntil(lambda: program.studies.current is not None, timeout=PATIENCE_MS)
        model = program.studies.current.model
        assert program.window.place == RUN
        qtbot.waitUntil(lambda: model.state == StudyState.FINISHED, timeout=PATIENCE_MS)
        states = {trial.state for trial in model.trials.values()}
        assert states == {TrialState.COMPLETE, TrialState.FAILED}
        for trial in model.trials.values():
            if trial.state is TrialState.COMPLETE:
                assert trial.value == pytest.approx((trial.params["x"] - 0.5) ** 2)
                assert [report.step for report in model.reports[trial.number]] == [0, 1, 2]
            else:
                assert "there is a wall at" in trial.failure.message
                assert 'raise ValueError("there is a wall' in trial.failure.log_tail


@pytest.mark.timeout(120)
def test_that_a_dry_run_that_fails_shows_what_was_printed(qtbot, tmp_path):
    (tmp_path / "mine.py").write_text(
        "def objective(trial):\n    print('almost there')\n    return 1 / 0\n"
    )
    with program_in(tmp_path) as program:
        program.window.commands.new.trigger()
        page = program.designing.page()
        page.task.kinds.edited.emit("script")
        page.task.script.choose_file(str(tmp_path / "mine.py"))
        qtbot.waitUntil(page.task.script.discover.isEnabled, timeout=PATIENCE_MS)
        page.footer._trial.click()
        say_yes(qtbot)

        def shown():
            widgets = QApplication.topLevelWidgets()
            return next((w for w in widgets if isinstance(w, OutputDialog) and w.isVisible()), None)

        qtbot.waitUntil(lambda: shown() is not None, timeout=PATIENCE_MS)
        text = shown().output.toPlainText()
        assert "almost there" in text
        assert "ZeroDivisionError" in text
        shown().accept()
