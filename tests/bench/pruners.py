"""What stopping trials early buys, on recorded learning curves, and how long a verdict takes.

Each method runs as many trials as 60 full ones have epochs, one after the other, with each pruner
and without one. A stopped trial costs the epochs that it ran, and never is the best. Each method
is told of it as in a study, with its curve and no value; Optuna's sampler looks at the reports
itself. A stopped trial that goes on, as Tunescape's rules and Bayesian optimisation have it, costs
the epochs that were left.

Four tasks; `all` on the command line: every task, and how soon each is as good as 60 full trials
of Optuna's GPSampler.
"""

from __future__ import annotations

import itertools
import math
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.pruners import make_pruner, pruner_names
from engine.trial import TrialState
from tests.bench.methods import Ours, Peer, processes
from tests.bench.report import milliseconds, percentile, table
from tests.bench.tasks import Task, tasks

TRIALS = 60
EPOCHS = 52
BUDGET = TRIALS * EPOCHS
OURS = [f"{m} + {p}" for m, p in itertools.product(("random", "bayesian"), pruner_names())]
PEERS = [f"Optuna TPE + {pruner}" for pruner in ("none", "median", "hyperband")]
FULL_PEER = "Optuna GPSampler + none"
QUICK_TASKS = 4
SEEDS = range(1)
DRAWS = 25
"""How often 60 random draws are made for what is to be expected of them."""
MANY = 1000


class OurStudy(Ours):
    """A method and a pruner of Tunescape's."""

    def __init__(self, method: str, pruner: str, task: Task, seed: int) -> None:
        super().__init__(method, task.space, seed)
        self._pruner = make_pruner(pruner, EPOCHS)
        self._key = task.space.key
        self._numbers: dict[Hashable, int] = {}
        self._stopped: dict[int, tuple[dict[str, Any], int]] = {}
        self._number, self.before = -1, 0
        self._curve: list[tuple[int, float]] = []

    def ask(self) -> dict[str, Any]:
        """The next configuration, of whose trial so many epochs were run `before`."""
        promoted = self._pruner.to_continue(self._stopped)
        params = self._promote(promoted[0]) if promoted else self._propose()
        self._number = self._numbers.setdefault(self._key(params), len(self._numbers))
        _, self.before = self._stopped.pop(self._number, (params, 0))
        self._curve = []
        return params

    def _promote(self, number: int) -> dict[str, Any]:
        params, _ = self._stopped[number]
        self._pruner.let_go_on(number)
        self._method.pend(params)
        return params

    def _propose(self) -> dict[str, Any]:
        self._method.offer([params for params, _ in self._stopped.values()])
        params = super().ask()
        number = self._numbers.get(self._key(params))
        if number is not None:
            self._pruner.spare(number)
        return params

    def stops(self, epoch: int, loss: float) -> bool:
        """Whether the trial should stop after this report."""
        self._curve.append((epoch, loss))
        if epoch <= self.before:
            return False
        return self._pruner.report(self._number, epoch, loss) is not None

    def end(self, params: dict[str, Any], loss: float, complete: bool) -> None:
        """The trial is over, or stopped: it can go on from a checkpoint."""
        self._pruner.end(self._number, TrialState.COMPLETE if complete else TrialState.PRUNED)
        self._method.tell(params, loss if complete else None, curve=self._curve)
        if not complete:
            self._stopped[self._number] = params, len(self._curve)


class PeerStudy(Peer):
    """A sampler and a pruner of Optuna's."""

    before = 0

    def __init__(self, sampler: str, pruner: str, task: Task, seed: int) -> None:
        super().__init__(sampler, task.space, seed)
        pruners = self._optuna.pruners
        self._study.pruner = {
            "none": pruners.NopPruner,
            "median": pruners.MedianPruner,
            "hyperband": lambda: pruners.HyperbandPruner(max_resource=EPOCHS),
        }[pruner]()

    def stops(self, epoch: int, loss: float) -> bool:
        """Whether the trial should stop after this report."""
        self._trial.report(loss, epoch)
        return bool(self._trial.should_prune())

    def end(self, params: dict[str, Any], loss: float, complete: bool) -> None:
        """The trial is over."""
        if complete:
            self.tell(params, loss)
        else:
            self._study.tell(self._trial, state=self._optuna.trial.TrialState.PRUNED)


@dataclass(frozen=True)
class Run:
    """One study: the epochs spent and the loss, whenever a complete trial was the best so far."""

    task: str
    trials: int
    stopped: int
    bests: list[tuple[int, float]]

    @property
    def loss(self) -> float:
        """The best one."""
        return self.bests[-1][1]

    def spent_until(self, loss: float) -> float:
        """The part of the budget until it was as good as `loss`; infinite where it never was."""
        return next((spent / BUDGET for spent, best in self.bests if best <= loss), math.inf)


def _one(job: tuple[str, str, int]) -> Run:
    """Run trials until the budget is spent."""
    name, task_name, seed = job
    task = next(task for task in tasks() if task.name == task_name)
    method, _, pruner = name.partition(" + ")
    make = PeerStudy if method.startswith("Optuna") else OurStudy
    assert task.curve is not None
    study = make(method, pruner, task, seed)
    spent, trials, stopped = 0, 0, 0
    bests: list[tuple[int, float]] = []
    while spent < BUDGET:
        params = study.ask()
        curve = task.curve(params)
        ran = next((e for e in range(1, EPOCHS) if study.stops(e, curve[e - 1])), EPOCHS)
        study.end(params, curve[ran - 1], ran == EPOCHS)
        spent, trials = spent + ran - study.before, trials + (not study.before)
        stopped += (ran < EPOCHS) - (study.before > 0)
        if ran == EPOCHS and (not bests or curve[-1] < bests[-1][1]):
            bests.append((spent, curve[-1]))
    return Run(task_name, trials, stopped, bests)


def _expected(task: Task) -> float:
    """What the best of 60 random trials comes to: the median over DRAWS times 60."""
    rng = np.random.default_rng(0)
    return statistics.median(
        min(task.loss(task.space.sample(rng)) for _ in range(TRIALS)) for _ in range(DRAWS)
    )


def _row(name: str, found: Sequence[Run], goals: Sequence[dict[str, float]]) -> list[str]:
    by_task = {task.name: task for task in tasks()}
    regret = statistics.fmean(by_task[run.task].regret(run.loss) for run in found)
    cells = [
        name,
        f"{statistics.fmean(run.trials for run in found):.0f}",
        f"{statistics.fmean(run.stopped / run.trials for run in found):.0%}",
        f"{regret:.4f}",
    ]
    for goal in goals:
        spent = [run.spent_until(goal[run.task]) for run in found]
        reached = sum(map(math.isfinite, spent))
        cells.append(f"{statistics.median(spent):.2f} ({reached} of {len(found)})")
    return cells


def show_runs(chosen: Sequence[Task], whole: bool) -> None:
    """How good each is at the end of the budget, and when it was as good as 60 full trials."""
    names = [*OURS, *PEERS, *([FULL_PEER] if whole else [])]
    jobs = [(n, task.name, seed) for n in names for task in chosen for seed in SEEDS]
    with processes(os.cpu_count() or 1, threads=1) as pool:
        done = pool.map(_one, jobs, chunksize=1)
    found = {
        name: [r for job, r in zip(jobs, done, strict=True) if job[0] == name] for name in names
    }
    goals = [{task.name: _expected(task) for task in chosen}]
    headings = ["60 random trials"]
    if whole:
        goals.append({task.name: _median_loss(found[FULL_PEER], task) for task in chosen})
        headings.append("60 of GPSampler")
    print(
        f"\n{BUDGET} epochs each, {len(chosen)} tasks, seeds {list(SEEDS)}; the part of the epochs"
    )
    print("until as good as full trials: median, and how many ever were\n")
    rows = [_row(name, found[name], goals) for name in names]
    table(["method + pruner", "trials", "stopped", "regret at the end", *headings], rows)


def _median_loss(found: Sequence[Run], task: Task) -> float:
    return statistics.median(run.loss for run in found if run.task == task.name)


# --- how long a verdict takes


def _times(name: str) -> list[float]:
    """Seconds of each verdict on the reports of MANY trials that run beside MANY complete ones."""
    rng = np.random.default_rng(0)
    levels = rng.lognormal(-1.0, 0.5, 2 * MANY)
    curves = levels[:, None] + np.arange(1.0, EPOCHS + 1.0) ** -0.7
    pruner = make_pruner(name, EPOCHS)
    for number, curve in enumerate(curves[:MANY]):
        for epoch, loss in enumerate(curve, 1):
            pruner.tell(number, epoch, loss)
        pruner.end(number, TrialState.COMPLETE)
    found = []
    for epoch in (1, 3, 9, 26):
        for number in range(MANY, 2 * MANY):
            start = time.perf_counter()
            pruner.report(number, epoch, curves[number, epoch - 1])
            found.append(time.perf_counter() - start)
    return found


def show_times() -> None:
    """Of each pruner."""
    print(f"\na verdict, with {MANY} complete trials and {MANY} running ones\n")
    rows = []
    for name in pruner_names():
        with processes(1, threads=1) as pool:
            seconds = pool.apply(_times, (name,))
        figures = (statistics.median(seconds), percentile(seconds, 99), max(seconds))
        rows.append([name, *map(milliseconds, figures)])
    table(["pruner", "median", "99th percentile", "longest"], rows)


def main(arguments: list[str]) -> None:
    """The runs, where there are recorded curves, and the times."""
    recorded = [task for task in tasks() if task.curve is not None]
    if not recorded:
        print("There are no recorded learning curves here.")
    elif "all" in arguments:
        show_runs(recorded, whole=True)
    else:
        show_runs(recorded[:QUICK_TASKS], whole=False)
    show_times()


if __name__ == "__main__":
    multiprocessing.freeze_support()
    main(sys.argv[1:])
