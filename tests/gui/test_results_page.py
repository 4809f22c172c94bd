"""The Results page: the answer, what speaks for it, and taking it along."""

import json
import tomllib
from dataclasses import replace

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel

from engine.events import StopReason, StudyState, StudyStateChanged, TrialFinished, TrialTested
from gui.jobs import finish_jobs
from gui.models.study_model import StudyModel
from gui.models.trial_text import as_csv, as_json, as_python, as_toml
from gui.pages.results import ResultsPage
from gui.pages.results.files_card import NOT_KEPT
from gui.pages.results.trust_card import NOT_YET
from tests.gui.made_up import failed, grid_trials, made, mixed_trials, snapshot, spec_of


@pytest.fixture
def page(qtbot):
    result = ResultsPage()
    qtbot.addWidget(result)
    result.resize(1210, 715)
    result.show()
    yield result
    finish_jobs(5000)


def _show(page, *args, **changes):
    model = StudyModel(snapshot(*args, **changes))
    page.set_study(model)
    return model


def _texts(widget):
    return [child.text() for child in widget.findChildren(QLabel)]


def test_that_it_says_what_will_be_here_before_a_trial_is_complete(page):
    assert "Open or create a study" in page.message.text()
    _show(page)
    assert "when the first trial is complete" in page.message.text()
    trials = [failed(0, spec_of().space.grid_at(0))]
    _show(page, spec_of(), trials, StudyState.FINISHED, StopReason.TRIALS)
    assert "there is nothing to recommend" in page.message.text()
    assert not page.best.isVisible()


def test_that_the_best_configuration_and_how_it_ended_are_shown(page):
    model = _show(page, spec_of(), grid_trials(25), StudyState.FINISHED, StopReason.TRIALS)
    assert page.best.figure.text() == "0.1025"
    assert page.ending.text() == "All 25 trials are done."
    texts = _texts(page.best)
    for name, value in model.best.params.items():
        assert name in texts
        assert f"{value:g}" in texts or "1e-3" in texts


def test_that_it_follows_a_running_study(qtbot, page):
    model = _show(page, trials=grid_trials(3))
    assert page.ending.text() == "3 of 25 trials are done; this is the best so far."
    model.apply([TrialFinished(trial) for trial in grid_trials(25)[3:]])
    qtbot.waitUntil(lambda: page.best.figure.text() == "0.1025")
    model.apply([StudyStateChanged(StudyState.FINISHED, StopReason.TRIALS, "It is over.")])
    qtbot.waitUntil(lambda: page.ending.text() == "It is over.")


def test_that_test_metrics_are_announced_and_then_shown_beside_the_others(qtbot, page):
    model = _show(page, trials=grid_trials(25))
    assert NOT_YET in page.trust.sentences()[0]
    tested = replace(model.best, test={"test_cross_entropy": 0.1151, "test_accuracy": 0.9667})
    model.apply([TrialTested(tested)])
    qtbot.waitUntil(lambda: "0.9667" in _texts(page.trust))
    assert not any(NOT_YET in sentence for sentence in page.trust.sentences())
    said = page.trust.sentences()[0]
    assert "which the search never saw, cross_entropy is 0.1151; the search had 0.1025" in said


def test_that_a_best_value_at_the_end_of_a_range_is_pointed_out(page):
    trials = [made(n, {"lr": 0.1, "batch_size": 64}, 0.5 - n / 10) for n in range(3)]
    _show(page, trials=trials)
    assert any(
        "lr = 0.1 is at the upper end of its range: better values may lie beyond." in sentence
        for sentence in page.trust.sentences()
    )
    assert not any("batch_size" in sentence for sentence in page.trust.sentences())


def test_that_failures_are_counted_among_what_to_know(page):
    model = _show(page, spec_of("digits-wide"), mixed_trials(60))
    count = sum(trial.failure is not None for trial in model.trials.values())
    assert any(f"{count} of 60 trials failed" in s for s in page.trust.sentences())


def test_that_the_runners_up_stand_beside_the_best_and_can_be_selected(qtbot, page):
    model = _show(page, trials=grid_trials(25))
    buttons = [page.runners.table.itemAtPosition(0, column).widget() for column in range(1, 7)]
    assert [button.text() for button in buttons] == ["★ 15", "13", "1", "5", "17", "10"]
    buttons[1].click()
    assert model.selected == 13
    assert "+5.6e-3" in _texts(page.runners)


def test_that_copies_hold_every_digit(page):
    model = _show(page, spec_of("digits-wide"), mixed_trials(60))
    params = model.best.params
    copied = {}
    for name, button in page.best.copies.items():
        button.click()
        copied[name] = QGuiApplication.clipboard().text()
    assert json.loads(copied["JSON"]) == params
    assert tomllib.loads(copied["TOML"]) == params
    scope = {}
    exec(copied["Python"], scope)
    assert scope["params"] == params


def test_that_weights_that_are_there_are_shown_with_their_folder(qtbot, page, tmp_path):
    model = StudyModel(snapshot(trials=grid_trials(25)))
    weights = tmp_path / "trial-000015.safetensors"
    page.set_study(model, lambda number: tmp_path / f"trial-{number:06d}.safetensors")
    qtbot.waitUntil(lambda: page.files.weights.text() == NOT_KEPT)
    assert not page.files.show_weights.isEnabled()
    weights.touch()
    page.refresh()
    qtbot.waitUntil(lambda: page.files.weights.text() == str(weights))
    assert page.files.show_weights.isEnabled()


def test_that_configurations_keep_their_types_in_every_form():
    params = {"lr": 1e-05, "n": 3, "on": True, "name": 'a "b"'}
    assert json.loads(as_json(params)) == params
    assert tomllib.loads(as_toml(params)) == params
    scope = {}
    exec(as_python(params), scope)
    assert scope["params"] == params


def test_that_a_table_of_trials_has_a_row_each_and_every_digit():
    trials = mixed_trials(12)
    lines = as_csv(trials, ["lr", "momentum"]).splitlines()
    assert lines[0] == "number,state,value,lr,momentum,seconds,best_epoch,failure"
    assert len(lines) == 13
    assert lines[1].startswith(f"0,complete,{trials[0].value!r},{trials[0].params['lr']!r},")
