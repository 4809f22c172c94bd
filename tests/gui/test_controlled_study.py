"""A real study, whose trials are real processes, controlled from the window while it is open."""

import sys

import psutil
import pytest

from engine.events import StudyState
from engine.space import Float, SearchSpace
from engine.spec import Budget, CommandTask, MethodSpec, Resources, StudySpec
from engine.study import Study
from engine.trial import TrialState
from engine.trust import trust
from gui.app import study_door
from gui.main_window import RUN
from gui.models.cells import Column
from gui.models.trial_commands import TrialCommand
from gui.pages.design.space_dialog import SpaceDialog
from gui.pages.run.configuration_dialog import ConfigurationDialog
from gui.pages.run.terms_dialog import TermsDialog
from tests.gui.windows import program_in

PROGRAM = """
import json, pathlib, sys, time
x = float(sys.argv[1])
while pathlib.Path("hold").exists():
    time.sleep(0.01)
print(json.dumps({"loss": (x - 0.3) ** 2, "step": 1}), flush=True)
"""


@pytest.fixture
def program(qtbot, tmp_path):
    (tmp_path / "train.py").write_text(PROGRAM)
    spec = StudySpec(
        name="mine",
        task=CommandTask(
            kind="command", argv=(sys.executable, "train.py", "{x}"), objective="loss"
        ),
        space=SearchSpace([Float("x", 0.0, 1.0)]),
        method=MethodSpec(name="random"),
        budget=Budget(trials=2),
        resources=Resources(workers=1, devices=("cpu",)),
        base=tmp_path,
    )
    trust(spec.task, spec.base)
    Study.create(tmp_path / "mine.tune", spec).close()
    with program_in(tmp_path, study_door()) as program:
        program.open(tmp_path / "mine.tune")
        qtbot.waitUntil(lambda: program.studies.current is not None)
        yield program


@pytest.fixture
def model(program):
    return program.studies.current.model


def run_to_end(qtbot, program, trials):
    model = program.studies.current.model
    if model.state is not StudyState.FINISHED:
        program.window.commands.run.trigger()

    def is_over() -> bool:
        """What is added to a finished study waits a moment until the study goes on for it."""
        ended = [trial for trial in model.trials.values() if trial.state.is_finished]
        return len(ended) == trials and model.state is StudyState.FINISHED

    qtbot.waitUntil(is_over)


def type_into(editor, text):
    editor.setText(text)
    editor.textEdited.emit(text)


def test_that_a_finished_study_runs_what_is_added_and_ends_again(qtbot, program, model):
    run_to_end(qtbot, program, 2)
    model.select(1)
    program.window.commands.of_trial[TrialCommand.AGAIN].trigger()
    run_to_end(qtbot, program, 3)
    again, first = model.trials[2], model.trials[1]
    assert (again.params, again.seed, again.value) == (first.params, first.seed, first.value)
    program.window.commands.add_configuration.trigger()
    dialog = program.window.findChild(ConfigurationDialog)
    type_into(dialog.fields["x"].editor, "0.25")
    dialog.yes.click()
    run_to_end(qtbot, program, 4)
    assert model.trials[3].params == {"x": 0.25}
    assert model.trials[3].value == pytest.approx(0.0025)


def test_that_space_and_budget_of_a_finished_study_are_changed_and_it_goes_on(
    qtbot, program, model
):
    run_to_end(qtbot, program, 2)
    program.window.go_to(RUN)
    program.window.commands.change_space.trigger()
    dialog = program.window.findChild(SpaceDialog)
    table = dialog.card.model
    table.setData(table.index(0, Column.LOW), "5")
    table.setData(table.index(0, Column.HIGH), "6")
    dialog.yes.click()
    qtbot.waitUntil(lambda: model.spec.space["x"].low == 5.0)
    program.window.commands.change_terms.trigger()
    terms = program.window.findChild(TermsDialog)
    type_into(terms.forms[0].fields["budget", "trials"].editor, "4")
    terms.yes.click()
    qtbot.waitUntil(lambda: len(program.window.notice.answer_buttons()) == 1)
    program.window.notice.answer_buttons()[0].click()
    run_to_end(qtbot, program, 4)
    assert all(5.0 <= model.trials[n].params["x"] <= 6.0 for n in (2, 3))
    page = program.window.page(RUN)
    qtbot.waitUntil(lambda: page.trials.rows.rowCount() == 4)


def test_that_a_trial_is_where_the_panel_says_and_a_pause_now_interrupts_it(
    qtbot, program, model, tmp_path
):
    (tmp_path / "hold").touch()
    program.window.go_to(RUN)
    page = program.window.page(RUN)
    page.docks.bring_up("devices")
    program.window.commands.run.trigger()
    qtbot.waitUntil(lambda: "trial 0</a> on worker 1 (" in _trials_on_cpu(page))
    (process,) = program.studies.current.study.processes().values()
    assert psutil.Process(process).children()
    program.window.commands.pause_now.trigger()
    qtbot.waitUntil(lambda: model.trials[0].state is TrialState.INTERRUPTED)
    (tmp_path / "hold").unlink()
    program.window.commands.pause.trigger()
    qtbot.waitUntil(lambda: model.state is StudyState.FINISHED)
    assert [trial.state for trial in model.trials.values()] == [TrialState.COMPLETE] * 2


def _trials_on_cpu(page):
    row = page.devices.rows.get("cpu")
    return "" if row is None else row.trials.text()
