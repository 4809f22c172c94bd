"""The lens's process on a small study: what it answers, which answers count, and its end."""

from __future__ import annotations

import math
import queue
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from engine.analysis.views import (
    ImportanceRequest,
    LensProblem,
    MapRequest,
    MapView,
    SlicesRequest,
    TrustRequest,
    WhyRequest,
)
from engine.lens import Lens
from engine.spec import StudySpec
from engine.trial import Failure, FailureReason, Trial, TrialState

EXAMPLES = Path(__file__).parents[2] / "resources" / "examples"
MAP = MapRequest("lr", "batch_size", size=16)


@pytest.fixture(scope="module")
def spec():
    return StudySpec.load(EXAMPLES / "digits-grid.toml")


def value_of(params):
    return 0.1 + (math.log10(params["lr"]) + 2.5) ** 2 + 0.1 * math.log2(params["batch_size"])


def trials_of(spec, count=12):
    """Random trials, one after the other, the fourth of which diverged."""
    rng = np.random.default_rng(0)
    trials = []
    for number in range(count):
        params = spec.space.sample(rng)
        trial = Trial(
            number,
            params,
            TrialState.COMPLETE,
            value=value_of(params),
            seconds=1.0,
            started=10.0 + number,
            finished=10.9 + number,
        )
        if number == 3:
            failure = Failure(FailureReason.DIVERGED, "The loss became NaN.")
            trial = replace(trial, state=TrialState.FAILED, value=None, failure=failure)
        trials.append(trial)
    return trials


@pytest.fixture
def answers():
    return queue.SimpleQueue()


@pytest.fixture
def lens(spec, answers):
    lens = Lens(spec, answers.put)
    yield lens
    lens.close()
    assert lens.wait(5)


def ask(lens, answers, request):
    lens.ask(request)
    return answers.get(timeout=30)


def processes():
    return [p for p in psutil.Process().children() if "--lens" in p.cmdline()]


def test_that_every_kind_of_view_is_answered(lens, answers, spec):
    lens.tell(trials_of(spec))
    seen = ask(lens, answers, MAP)
    assert seen.request == MAP
    assert seen.upto == 12
    assert seen.mean.shape == seen.deviation.shape == seen.feasibility.shape == (16, 16)
    assert seen.acquisition is not None
    assert seen.acquisition.max() == 0.0
    slices = ask(lens, answers, SlicesRequest(size=20))
    assert [one.name for one in slices.slices] == ["lr", "batch_size"]
    assert all(
        (one.low <= one.mean).all() and (one.mean <= one.high).all() for one in slices.slices
    )
    importance = ask(lens, answers, ImportanceRequest())
    assert importance.names == ("lr", "batch_size")
    assert importance.alone[0] > 0.8
    trust = ask(lens, answers, TrustRequest())
    assert trust.numbers == (0, 1, 2, *range(4, 12))
    assert 0.0 <= trust.coverage50 <= trust.coverage90 <= 1.0
    why = ask(lens, answers, WhyRequest())
    assert spec.space.validate(why.params) == why.params


def test_that_the_map_is_near_the_truth_and_its_best_cell_where_the_best_values_are(
    lens, answers, spec
):
    lens.tell(trials_of(spec, 40))
    seen = ask(lens, answers, MAP)
    middle = (np.arange(16) + 0.5) / 16
    truth = np.array([[value_of(spec.space.decode([x, y])) for x in middle] for y in middle])
    assert np.abs(seen.mean - truth).mean() < 0.05 * np.ptp(truth)


def test_that_a_moment_of_the_past_knows_nothing_of_what_came_later(lens, answers, spec):
    trials = trials_of(spec)
    lens.tell(trials)
    ask(lens, answers, MAP)
    past = ask(lens, answers, replace(MAP, upto=6))
    other = queue.SimpleQueue()
    early = Lens(spec, other.put)
    try:
        early.tell(trials[:6])
        then = ask(early, other, MAP)
    finally:
        early.close()
        assert early.wait(5)
    assert past.upto == then.upto == 6
    np.testing.assert_array_equal(past.mean, then.mean)


def test_that_why_speaks_of_the_model_that_the_trial_was_chosen_by(lens, answers, spec):
    trials = trials_of(spec)
    pending = Trial(12, spec.space.default(), TrialState.RUNNING, started=17.5)
    lens.tell([*trials, pending])
    why = ask(lens, answers, WhyRequest(8))
    assert why.upto == 8
    assert why.params == trials[8].params
    assert why.low <= why.mean <= why.high
    assert why.best <= min(t.value for t in trials[:8] if t.value) + 0.3
    assert ask(lens, answers, WhyRequest(12)).upto == 7


def test_that_a_maximised_objective_is_shown_as_the_user_states_it(answers, spec):
    task = spec.task.model_copy(update={"objective": "val_accuracy", "direction": "maximize"})
    upside = [replace(t, value=-t.value if t.value else None) for t in trials_of(spec)]
    lens = Lens(spec.with_(task=task), answers.put)
    try:
        lens.tell(upside)
        seen = ask(lens, answers, MAP)
        why = ask(lens, answers, WhyRequest(9))
    finally:
        lens.close()
        assert lens.wait(5)
    assert seen.mean.max() < 0.5
    assert why.low <= why.mean <= why.high
    assert why.best >= max(t.value for t in upside[:9] if t.value) - 0.3


def test_that_too_few_trials_are_said_in_one_sentence(lens, answers, spec):
    lens.tell(trials_of(spec, 2))
    problem = ask(lens, answers, MAP)
    assert problem == LensProblem(MAP, "The model needs 3 finished trials; there are 2.")


def test_that_of_many_requests_of_a_kind_the_last_is_answered_and_not_all(lens, answers, spec):
    lens.tell(trials_of(spec))
    sizes = list(range(8, 40))
    for size in sizes:
        lens.ask(replace(MAP, size=size))
    seen = answers.get(timeout=30)
    assert seen.request.size == sizes[-1]
    time.sleep(0.3)
    assert answers.empty()


def test_that_frames_of_a_drag_through_time_are_shown_on_the_way(lens, answers, spec):
    lens.tell(trials_of(spec))
    ask(lens, answers, MAP)
    for upto in range(4, 12):
        lens.ask(replace(MAP, upto=upto))
    frames = [answers.get(timeout=30)]
    while frames[-1].upto != 11:
        frames.append(answers.get(timeout=30))
    assert all(isinstance(frame, MapView) for frame in frames)
    assert frames[0].upto < 11


def test_that_a_killed_lens_is_started_again_once_and_knows_what_it_knew(lens, answers, spec):
    lens.tell(trials_of(spec))
    before = ask(lens, answers, MAP)
    processes()[0].kill()
    after = ask(lens, answers, MAP)
    np.testing.assert_array_equal(after.mean, before.mean)
    processes()[0].kill()
    time.sleep(0.2)
    problem = ask(lens, answers, MAP)
    assert isinstance(problem, LensProblem)
    assert "stopped (signal SIGKILL" in problem.sentence


def test_that_the_windows_end_of_the_line_loads_no_heavy_numerics():
    code = "import sys, engine.lens; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not {"scipy", "torch", "PySide6"} & set(loaded.stdout.split())


def test_that_nothing_is_started_before_anything_is_asked(lens, spec):
    lens.tell(trials_of(spec))
    time.sleep(0.2)
    assert processes() == []
