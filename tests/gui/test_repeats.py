"""Repeats of a configuration by other seeds: asked for in menus, and what they came to in words."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu

from engine.events import StudyState, StudyStateChanged, TrialFinished
from engine.trial import TrialState
from gui.models.repeats import repeated, repeats_words
from gui.models.replay import Replay
from gui.models.study_model import StudyModel
from gui.models.trial_commands import REPEAT
from gui.models.trials_model import TrialsModel
from gui.pages.results import ResultsPage
from gui.panels.best import BestPanel
from gui.panels.trial_menu import open_trial_menu
from gui.panels.trials import TrialsPanel
from tests.gui.made_up import made, snapshot, spec_of
from tests.gui.stand_in import StandInDevices
from tests.gui.windows import program_in

HERE, THERE = {"lr": 0.01, "batch_size": 32}, {"lr": 0.01, "batch_size": 64}
WORDS = "mean 0.3 ± 0.1 over 3 seeds"


def trials():
    """A configuration tried by three seeds, the last the luckiest, and another one between."""
    return [
        made(0, HERE, 0.3, seed=10, ended=1),
        made(1, THERE, 0.5, seed=11, ended=2),
        made(2, HERE, 0.4, seed=12, ended=3),
        made(3, HERE, 0.2, seed=13, ended=4),
    ]


@pytest.fixture
def model(qapp):
    return StudyModel(snapshot(spec_of(), trials()))


@pytest.fixture
def entry(qtbot, tmp_path):
    with program_in(tmp_path, StandInDevices().door()) as program:
        (tmp_path / "old.tune").touch()
        program.open(tmp_path / "old.tune")
        qtbot.waitUntil(lambda: program.studies.current is not None)
        entry = program.studies.current
        entry.model.apply([StudyStateChanged(StudyState.STOPPED), TrialFinished(made(0, HERE))])
        entry.window = program.window
        yield entry


# --- asking for them


def test_that_a_trial_is_repeated_from_the_menu_by_keys_alone(qtbot, entry):
    entry.model.select(0)
    window = entry.window
    menu = next(a.menu() for a in window.menuBar().actions() if a.text() == "&Trial")
    menu.popup(window.mapToGlobal(QPoint(0, 0)))
    qtbot.waitUntil(menu.isVisible)
    qtbot.keyClick(menu, Qt.Key.Key_S)
    repeat = window.commands.repeat_menu
    qtbot.waitUntil(repeat.isVisible)
    qtbot.keyClick(repeat, Qt.Key.Key_5)
    qtbot.waitUntil(lambda: entry.study.commands == ["run again 0 by 5 seeds"])
    said = "5 repeats of trial 0 run when the study goes on."
    qtbot.waitUntil(lambda: said in window.notice.text)


def test_that_a_right_click_on_a_trial_offers_to_repeat_it(qtbot, model):
    panel = TrialsPanel()
    qtbot.addWidget(panel)
    panel.set_study(model)
    panel.show()
    menu = open_trial_menu(panel, 2, QPoint(0, 0))
    (repeat,) = (m for m in menu.findChildren(QMenu) if m.title() == REPEAT)
    assert [action.text() for action in repeat.actions()] == ["&3 seeds", "&5 seeds", "&10 seeds"]
    asked = []
    panel.trial_command.connect(lambda command, number: asked.append((command, number)))
    repeat.actions()[2].trigger()
    menu.close()
    assert asked == [("repeat by 10 seeds", 2)]


def test_that_a_study_that_is_only_looked_at_has_no_repeats(entry):
    entry.model.read_only_because = "somebody runs it"
    entry.model.select(0)
    assert not any(action.isEnabled() for action in entry.window.commands.repeat_menu.actions())


# --- what they came to


def test_that_the_best_says_what_its_configuration_came_to_by_its_seeds(qtbot, model):
    panel = BestPanel()
    qtbot.addWidget(panel)
    panel.set_study(model)
    panel.show()
    qtbot.waitUntil(lambda: panel.repeats.text() == WORDS)
    assert panel.figure.text() == "0.2", "the best stays the luckiest"
    model.apply([TrialFinished(made(4, HERE, 0.3, seed=14, ended=5))])
    qtbot.waitUntil(lambda: panel.repeats.text() == "mean 0.3 ± 0.082 over 4 seeds")


def test_that_a_configuration_tried_once_says_nothing_of_seeds(qtbot, model):
    panel = BestPanel()
    qtbot.addWidget(panel)
    panel.set_study(StudyModel(snapshot(spec_of(), trials()[:2])))
    panel.show()
    qtbot.waitUntil(lambda: panel.figure.text() == "0.3")
    assert not panel.repeats.isVisible()
    assert repeats_words(model, model.trials[1]) == ""


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((0.13, 0.1426), "0.1363 ± 0.0089"),
        ((0.13, 0.1300001), "0.13 ± 7.1e-8"),
        ((3.1e-4, 3.3e-4), "3.2e-4 ± 1.4e-5"),
        ((1200.0, 1480.0), "1340 ± 200"),
        ((0.5, 0.5), "0.5 ± 0"),
    ],
)
def test_that_the_deviation_is_written_as_the_mean_is(qapp, values, words):
    several = [made(n, HERE, value, seed=n) for n, value in enumerate(values)]
    model = StudyModel(snapshot(spec_of(), several))
    assert repeats_words(model, several[0]) == f"mean {words} over 2 seeds"


def test_that_the_past_knows_of_no_later_repeats(qtbot, model):
    panel, replay = BestPanel(), Replay(model)
    qtbot.addWidget(panel)
    panel.set_study(model, replay=replay)
    panel.show()
    replay.go_to(3)
    qtbot.waitUntil(lambda: panel.repeats.text() == "mean 0.35 ± 0.071 over 2 seeds")
    replay.go_to(2)
    qtbot.waitUntil(lambda: not panel.repeats.isVisible())


def test_that_the_results_show_the_mean_beside_the_best_value(qtbot, model):
    page = ResultsPage()
    qtbot.addWidget(page)
    page.set_study(model)
    page.show()
    assert (page.best.figure.text(), page.best.repeats.text()) == ("0.2", WORDS)


def test_that_a_number_in_the_table_says_which_trial_it_repeats(model):
    table = TrialsModel(model)
    tips = [table.index(row, 0).data(Qt.ItemDataRole.ToolTipRole) for row in range(4)]
    assert tips == ["0", "1", "2, a repeat of 0", "3, a repeat of 0"]


def test_that_repeats_are_known_where_a_parameter_is_not_there(qapp):
    """A conditional parameter has no place in the trials in which it is not active."""
    spec = spec_of("digits-wide")
    params = {"lr": 0.01, "batch_size": 64, "optimizer": "adam"}
    first, again = made(0, params, 0.25, seed=1), made(1, dict(params), 0.75, seed=2)
    model = StudyModel(snapshot(spec, [first, again]))
    assert repeats_words(model, again) == "mean 0.5 ± 0.35 over 2 seeds"
    assert (repeated(model, first), repeated(model, again)) == (None, 0)
    queued = made(2, params, state=TrialState.QUEUED, value=None)
    model.apply([TrialFinished(queued)])
    assert repeated(model, queued) == 0
