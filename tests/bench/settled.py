"""When studies would propose to stop, and what they would have lost by doing so.

Bayesian optimisation runs 80 trials of each task with each seed, once by the recorded losses and
once with noise of a tenth of the standard deviation among the better half of random draws, which is
the unit of gains here. An hour is taken to hold 10 trials.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from engine.methods import make_method
from engine.outlook import Outlook
from engine.settling import FOR_EACH_PARAMETER, LEAST_TRIALS
from tests.bench.methods import processes
from tests.bench.report import table
from tests.bench.tasks import Task, tasks

TRIALS, HOUR = 80, 10
SEEDS = range(2)
DRAWS = 200
NOISES = (0.0, 0.1)
WORTHS = (0.05, 0.02, 0.01, 0.005)

Rule = Callable[[Outlook, float], bool]


class Moment(NamedTuple):
    """What was expected of a trial, and the least true loss before it."""

    outlook: Outlook | None
    best: float


class Study(NamedTuple):
    """One run; `unit` is what gains are measured in, `least` the trials before a proposal."""

    noise: float
    unit: float
    least: int
    moments: list[Moment]
    regrets: list[float]


def run(job: tuple[int, int, float]) -> Study:
    """One task with one seed and noise."""
    index, seed, noise = job
    task = tasks()[index]
    method, rng = make_method("bayesian", task.space, seed=seed), np.random.default_rng(seed)
    unit, best, moments = _unit(task), np.inf, []
    while len(moments) < TRIALS and (asked := method.ask(1)):
        moments.append(Moment(method.outlook(), best))
        loss = task.loss(asked[0])
        best = min(best, loss)
        method.tell(asked[0], loss + noise * unit * rng.standard_normal())
    moments.append(Moment(None, best))
    least = max(LEAST_TRIALS, FOR_EACH_PARAMETER * len(task.space.dimensions))
    return Study(noise, unit, least, moments, [task.regret(m.best) for m in moments])


def _unit(task: Task) -> float:
    rng = np.random.default_rng(0)
    losses = sorted(task.loss(task.space.sample(rng)) for _ in range(DRAWS))
    return statistics.stdev(losses[: DRAWS // 2])


def row(name: str, rule: Rule, studies: list[Study]) -> list[str]:
    """What would have come of a rule."""
    ends = [_end(study, rule) for study in studies]
    ended = [(study, end) for study, end in zip(studies, ends, strict=True) if end is not None]
    share = f"{len(ended)} of {len(studies)}"
    if not ended:
        return [name, share, *[""] * 5]
    return [
        name,
        share,
        f"{statistics.median(end for _, end in ended):.0f}",
        str(min(end for _, end in ended)),
        f"{statistics.fmean(study.regrets[end] for study, end in ended):.3f}",
        f"{statistics.fmean(study.regrets[-1] for study, _ in ended):.3f}",
        f"{statistics.fmean(_gained(*one) for one in ended):.4f}",
    ]


def _gained(study: Study, end: int) -> float:
    """By how much the hour after the proposal bettered the best, in the study's unit."""
    later = study.moments[min(end + HOUR, len(study.moments) - 1)]
    return (study.moments[end].best - later.best) / study.unit


def _end(study: Study, rule: Rule) -> int | None:
    """After how many trials a study would propose to stop."""
    for count, (outlook, _) in enumerate(study.moments):
        if outlook is not None and count >= study.least and rule(outlook, study.unit):
            return count
    return None


def _worth(worth: float) -> Rule:
    return lambda outlook, unit: min(HOUR * outlook.next, outlook.all) < worth * unit


def main() -> None:
    """Run everything."""
    jobs = [(i, seed, noise) for noise in NOISES for seed in SEEDS for i in range(len(tasks()))]
    with processes(os.cpu_count() or 1, threads=1) as pool:
        found = pool.map(run, jobs, chunksize=1)
    rules: dict[str, Rule] = {"below the noise": lambda outlook, _: outlook.all < outlook.noise}
    rules.update({f"an hour is worth {worth:g}": _worth(worth) for worth in WORTHS})
    heads = ("rule", "proposes", "at trial", "earliest", "regret then", f"regret at {TRIALS}")
    for noise in NOISES:
        print(f"\nnoise {noise:g}\n")
        studies = [study for study in found if study.noise == noise]
        rows = [row(name, rule, studies) for name, rule in rules.items()]
        table([*heads, "gained in the next hour"], rows)


if __name__ == "__main__":
    main()
