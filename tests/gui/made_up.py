"""Studies that were never run: specs, trials and snapshots made up for the window's tests."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from engine.events import Logged, StopReason, StudySnapshot, StudyState
from engine.spec import StudySpec
from engine.trial import Failure, FailureReason, Params, Report, Trial, TrialState

EXAMPLES = Path(__file__).parents[2] / "resources" / "examples"
START = 1_700_000_000.0


def spec_of(name: str = "digits-grid", **changes: Any) -> StudySpec:
    """One of the bundled examples."""
    spec = StudySpec.load(EXAMPLES / f"{name}.toml")
    return spec.with_(**changes) if changes else spec


def loss(params: Params) -> float:
    """A bowl over the learning rate with a tilt by every other number, always positive."""
    lr, batch = math.log10(params["lr"]), math.log2(params.get("batch_size", 64))
    value = 0.08 + 0.25 * (lr + 2.7 - 0.12 * (batch - 6)) ** 2 + 0.02 * (batch - 6) ** 2
    value += 0.4 * params.get("dropout", 0.0) ** 2 + 0.03 * (params.get("depth", 2) - 2) ** 2
    return value + (0.15 if params.get("optimizer") == "rmsprop" else 0.0)


def made(number: int, params: Params, value: float | None = None, **changes: Any) -> Trial:
    """A complete trial, or what `changes` make of it."""
    value = loss(params) if value is None else value
    fields: dict[str, Any] = {
        "state": TrialState.COMPLETE,
        "value": value,
        "step": 14,
        "metrics": {"val_cross_entropy": value, "val_accuracy": math.exp(-value)},
        "seconds": 1.5 + 0.1 * (number % 5),
        "started": START + 2.0 * number,
        "finished": START + 2.0 * number + 1.5 + 0.1 * (number % 5),
        "worker": 0,
        "device": "cpu",
        **changes,
    }
    return Trial(number, params, **fields)


def failed(number: int, params: Params, message: str = "The loss became NaN.") -> Trial:
    """A trial that diverged."""
    failure = Failure(FailureReason.DIVERGED, message, "epoch 3: loss nan")
    return made(number, params, state=TrialState.FAILED, failure=failure).__class__(
        number,
        params,
        TrialState.FAILED,
        failure=failure,
        seconds=0.4,
        started=START + 2.0 * number,
        finished=START + 2.0 * number + 0.4,
        worker=0,
        device="cpu",
    )


def running(number: int, params: Params) -> Trial:
    """A trial under way."""
    return Trial(
        number, params, TrialState.RUNNING, started=START + 2.0 * number, worker=0, device="cpu"
    )


def grid_trials(count: int = 25, spec: StudySpec | None = None) -> list[Trial]:
    """The first trials of the digits grid."""
    space = (spec or spec_of()).space
    order = np.random.default_rng(3).permutation(25)
    return [made(n, space.grid_at(int(order[n]))) for n in range(count)]


def mixed_trials(count: int = 60, spec: StudySpec | None = None) -> list[Trial]:
    """Random trials of eight parameters, some of which failed, were pruned or still run."""
    space, rng = (spec or spec_of("digits-wide")).space, np.random.default_rng(1)
    trials = []
    for n in range(count):
        params = space.sample(rng)
        if n % 13 == 7 or params["lr"] > 0.06:
            trials.append(failed(n, params))
        elif n % 9 == 4:
            trials.append(made(n, params, loss(params) + 0.3, state=TrialState.PRUNED, step=4))
        elif n >= count - 2:
            trials.append(running(n, params))
        else:
            trials.append(made(n, params, loss(params) + 0.02 * rng.standard_exponential()))
    return trials


def curve(trial: Trial, epochs: int = 20) -> tuple[Report, ...]:
    """Reports that lead down to the trial's value at epoch 14."""
    value = trial.value if trial.value is not None else loss(trial.params)
    if trial.state in (TrialState.RUNNING, TrialState.FAILED):
        epochs = 3 + trial.number % 6
    reports = []
    for step in range(1, epochs + 1):
        now = value + (2.3 - value) * math.exp(-step / 3) + 0.01 * value * max(0, step - 14)
        metrics = {
            "train_cross_entropy": 0.8 * now,
            "val_cross_entropy": now,
            "val_accuracy": math.exp(-now),
        }
        reports.append(Report(step, 0.08 * step, metrics))
    return tuple(reports)


def snapshot(
    spec: StudySpec | None = None,
    trials: Iterable[Trial] = (),
    state: StudyState = StudyState.RUNNING,
    reason: StopReason | None = None,
    **changes: Any,
) -> StudySnapshot:
    """A study at one instant, with learning curves for its trials."""
    spec, trials = spec or spec_of(), tuple(trials)
    fields: dict[str, Any] = {
        "path": Path(f"/studies/{spec.name}.tune"),
        "message": "",
        "reports": {t.number: curve(t) for t in trials if t.state is not TrialState.QUEUED},
        "log": tuple(
            Logged(START + 2.0 * t.number, "info", f"Trial {t.number} started on cpu.", t.number)
            for t in trials
        ),
        "best": None,
        "elapsed": 2.0 * len(trials),
        **changes,
    }
    return StudySnapshot(spec=spec, state=state, reason=reason, trials=trials, **fields)
