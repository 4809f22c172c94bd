"""What a trial costs beside its training, next to Optuna's random sampler on its SQLite storage.

Both run the same number of trials of an instant task, one after another, and have each one on
disk before the next; ours in worker processes, as always. Time runs from the first trial's start
to the last one's end.
"""

from __future__ import annotations

import math
import statistics
import tempfile
import time
from pathlib import Path

import optuna

from engine.spec import StudySpec
from engine.study import Study
from tests.bench.report import Row, milliseconds, show
from tests.bench.stand_in_worker import METRICS, stand_in

RUNS = 3

SPEC = """
name = "overhead"
[task]
kind = "builtin"
network = "mlp"
data = "digits"
epochs = {epochs}
objective = "val_cross_entropy"
[[space]]
name = "lr"
type = "float"
low = 1e-5
high = 1e-1
log = true
[[space]]
name = "batch_size"
type = "int"
low = 32
high = 512
log = true
[[space]]
name = "optimizer"
type = "categorical"
choices = ["adam", "sgd"]
[method]
name = "random"
[budget]
trials = {trials}
[resources]
workers = 1
devices = ["cpu"]
"""


def ours(trials: int, epochs: int, folder: Path) -> float:
    """Seconds a trial that are not training."""
    spec = StudySpec.parse(SPEC.format(trials=trials, epochs=epochs), folder)
    with stand_in("instant"):
        study = Study.create(folder / "ours.tune", spec)
        study.start()
        study.wait()
    done = study.trials
    study.close()
    assert len(done) == trials
    training = sum(trial.seconds or 0.0 for trial in done)
    span = max(t.finished or 0.0 for t in done) - min(t.started or math.inf for t in done)
    return (span - training) / trials


def optunas(trials: int, epochs: int, folder: Path) -> float:
    """Seconds a trial of the same by Optuna, in this process."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        storage=f"sqlite:///{folder / 'optuna.db'}",
        sampler=optuna.samplers.RandomSampler(seed=0),
    )

    def objective(trial: optuna.Trial) -> float:
        loss = abs(math.log10(trial.suggest_float("lr", 1e-5, 1e-1, log=True)) + 2.5)
        trial.suggest_int("batch_size", 32, 512, log=True)
        trial.suggest_categorical("optimizer", ["adam", "sgd"])
        for epoch in range(1, epochs):
            trial.report(loss, epoch)
        for metric in METRICS if epochs > 1 else ():
            trial.set_user_attr(metric, loss)
        return loss

    began = time.perf_counter()
    study.optimize(objective, n_trials=trials)
    return (time.perf_counter() - began) / trials


def compare(trials: int, epochs: int, aim: str = "") -> Row:
    """One row: both, side by side; medians of RUNS runs in turns."""
    runs = []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as folder:
            runs.append((ours(trials, epochs, Path(folder)), optunas(trials, epochs, Path(folder))))
    mine, other = (statistics.median(column) for column in zip(*runs, strict=True))
    what = f"overhead a trial, {trials} trials, {epochs - 1} reports each"
    return Row(what, milliseconds(mine), f"{milliseconds(other)} Optuna", mine / other, aim)


if __name__ == "__main__":
    show([compare(300, 1, "ratio at most 0.1"), compare(50, 20)])
