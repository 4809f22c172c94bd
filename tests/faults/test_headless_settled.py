"""A headless study that has little to gain, with a real method and real training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.settling import LEAST_TRIALS
from tests.faults.test_headless import SPEC, run

SAID = "less than the 100 that it is worth."


@pytest.mark.parametrize(
    ("entry", "trials", "how"),
    [("", LEAST_TRIALS + 2, "trials"), ("stop", LEAST_TRIALS, "settled")],
)
def test_that_it_proposes_to_stop_or_stops_where_it_is_told_to(
    tmp_path: Path, entry: str, trials: int, how: str
) -> None:
    text = SPEC.format(epochs=1, trials=LEAST_TRIALS + 2, limits="")
    budget = "[budget]\nworth = 100.0\n" + (f'when_settled = "{entry}"\n' if entry else "")
    text = text.replace('"random"', '"bayesian"').replace("[budget]\n", budget)
    (tmp_path / "small.toml").write_text(text + "stack = 1\n")
    code, output, errors = run(tmp_path, "small.toml", "--json", "out.json")
    assert (code, errors) == (0, "")
    summary = json.loads((tmp_path / "out.json").read_text())
    assert (summary["trials"]["complete"], summary["stop_reason"]) == (trials, how)
    assert output.count(SAID) == 1
    assert ("It goes on; Ctrl-C ends it" in output) == (how == "trials")
    assert ("To go on: " in output) == (how == "settled")
