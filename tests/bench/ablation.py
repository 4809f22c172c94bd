"""What each piece of Bayesian optimisation buys: the method without it, on the tasks of methods."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import statistics
import sys
from typing import Any

from tests.bench.methods import SEEDS, Ours, Run, families, processes, run
from tests.bench.report import table
from tests.bench.tasks import tasks

NOTHING = 1e-9
WITHOUT: dict[str, dict[str, Any]] = {
    "as it is": {},
    "nothing known of names": {"customary._NUMBERS": {}, "customary._CHOICES": {}},
    "no prior mean": {"prior_mean.STEEP": 0.0, "prior_mean.FLAT": 0.0},
    "a prior mean that does not flatten": {"prior_mean.STEEP": 1.0},
    "no effects of single parameters": {"gp.EFFECTS_MEDIAN": NOTHING},
    "no effects of pairs": {"gp.PAIRS_MEDIAN": NOTHING},
    "neither": {"gp.EFFECTS_MEDIAN": NOTHING, "gp.PAIRS_MEDIAN": NOTHING},
    "no transform": {"warp.LEAST": 10**9},
    "any improvement worth a trial": {"chooser.WORTHWHILE": 0.0},
    "no least noise": {"gp.LEAST_NOISE": 1e-6},
    "no points near the best": {"optimise.NEAR": 0},
    "no gradients": {"optimise.GRADIENT_STEPS": 0, "optimise.LEAST_STEPS": 0},
    "length scales half as long": {"gp.LENGTH_MEDIAN": 0.25},
}
"""What is put in place of constants of engine.surrogate."""


def _one(job: tuple[str, int, int]) -> Run:
    name, index, seed = job
    for place, value in WITHOUT[name].items():
        module, _, constant = place.partition(".")
        setattr(importlib.import_module(f"engine.surrogate.{module}"), constant, value)
    task = tasks()[index]
    return run(Ours("bayesian", task.space, seed), task)


def main(names: list[str]) -> None:
    """Run all of them, or those that are named."""
    count, rows = len(tasks()), []
    for name in names or WITHOUT:
        jobs = [(name, index, seed) for seed in SEEDS for index in range(count)]
        with processes(os.cpu_count() or 1, threads=1) as pool:
            found = pool.map(_one, jobs, chunksize=5)
        at = [statistics.fmean(one.regrets[n - 1] for one in found) for n in (10, 30, 60)]
        rows.append([name, *(f"{mean:.3f}" for mean in (*families(found).values(), *at))])
    print(f"\nregret of the best so far, mean of trials 5 to 60, seeds {list(SEEDS)}; at trials\n")
    table(["Bayesian optimisation", *families(found), "at 10", "at 30", "at 60"], rows)


if __name__ == "__main__":
    multiprocessing.freeze_support()
    main(sys.argv[1:])
