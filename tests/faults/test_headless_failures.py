"""Headless studies whose trials go on failing: tried again, given up, and told by the exit code."""

from __future__ import annotations

import json
from pathlib import Path

from engine.headless import BAD_INPUT, _exit_code, _Received
from engine.store import Store
from engine.study import Study
from engine.trial import TrialState
from tests.engine.simulation import Behaviour, Simulation, failed, make_spec
from tests.faults.test_headless import run, write_spec


def test_that_a_study_that_goes_on_failing_alike_stops_and_names_the_reason(tmp_path: Path) -> None:
    limits = "trial_seconds = 0.05\nretries = 1\nsame_failures = 2"
    write_spec(tmp_path, epochs=2000, trials=10, limits=limits)
    code, output, errors = run(tmp_path, "small.toml", "--json", "summary.json")
    assert (code, errors) == (1, "")
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["state"], summary["stop_reason"]) == ("stopped", "failures")
    assert summary["trials"]["failed"] == 2
    why = "Stopped: 2 trials in a row failed alike (time limit): failed 2 times; last: The trial"
    assert output.count(why) == 1
    assert "To go on: python main.py --headless" in output
    store = Store.open(tmp_path / "small.tune")
    assert {t.state for t in store.trials()} == {TrialState.FAILED}
    store.close()


def test_that_what_stopped_a_study_with_good_trials_is_bad_input(tmp_path: Path) -> None:
    spec = make_spec(budget="trials = 20", limits="same_failures = 3")
    broken = Behaviour(failure=lambda number: failed() if number > 1 else None)
    Simulation(tmp_path / "study.tune", spec, broken).run()
    study = Study.open(tmp_path / "study.tune")
    assert study.best is not None
    assert _exit_code(study, _Received()) == BAD_INPUT
    study.close()
