"""How good search methods are, and how long they think: ours beside Optuna's, on the same tasks.

Each method runs 60 trials of each task with each seed. Regret is that of the best so far, averaged
over trials 5 to 60: 0 at the best known, 1 at the median random draw. Then the time of 20 proposals
in a row after n trials, each told before the next, refits included, on a space of six parameters.
"""

from __future__ import annotations

import itertools
import math
import multiprocessing
import os
import statistics
import time
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.methods import make_method
from engine.space import Categorical, Float, Int, SearchSpace
from tests.bench.report import table
from tests.bench.tasks import Task, tasks

TRIALS = 60
FIRST = 5
SEEDS = range(5)
OURS, PEERS = ("bayesian", "random"), ("Optuna GPSampler", "Optuna TPE")
PROPOSALS = 20
SIZES = (50, 100, 200, 500)
LARGE = (1000, 5000)
SPACE = SearchSpace(
    [
        Float("lr", 1e-5, 1e-1, log=True),
        Float("decay", 1e-6, 1e-2, log=True),
        Float("mix", 0.0, 1.0),
        Int("batch", 16, 512, log=True),
        Int("depth", 1, 8),
        Categorical("optimizer", ["adam", "sgd", "rmsprop"]),
    ]
)


class Ours:
    """A method of Tunescape's, by ask and tell."""

    def __init__(self, name: str, space: SearchSpace, seed: int) -> None:
        self._method = make_method(name, space, seed=seed)

    def ask(self) -> dict[str, Any]:
        (params,) = self._method.ask(1)
        return params

    def tell(self, params: dict[str, Any], loss: float) -> None:
        self._method.tell(params, loss)


class Peer:
    """A sampler of Optuna's, by ask and tell."""

    def __init__(self, name: str, space: SearchSpace, seed: int) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        samplers = {
            "Optuna GPSampler": optuna.samplers.GPSampler,
            "Optuna TPE": optuna.samplers.TPESampler,
        }
        self._optuna, self._space = optuna, space
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # GPSampler is called experimental
            self._study = optuna.create_study(sampler=samplers[name](seed=seed))
        self._trial: Any = None

    def ask(self) -> dict[str, Any]:
        self._trial = self._study.ask()
        return {parameter.name: self._suggest(parameter) for parameter in self._space}

    def _suggest(self, parameter: Any) -> Any:
        if isinstance(parameter, Categorical):
            return self._trial.suggest_categorical(parameter.name, parameter.choices)
        suggest = self._trial.suggest_int
        if isinstance(parameter, Float):
            suggest = self._trial.suggest_float
        return suggest(parameter.name, parameter.low, parameter.high, log=parameter.log)

    def tell(self, params: dict[str, Any], loss: float) -> None:
        self._study.tell(self._trial, loss)

    def learn(self, told: Iterable[tuple[dict[str, Any], float]]) -> None:
        """Take trials for its own that it did not propose."""
        optuna = self._optuna
        ranges = {p.name: _distribution(optuna, p) for p in self._space}
        self._study.add_trials(
            [optuna.create_trial(params=p, distributions=ranges, value=loss) for p, loss in told]
        )


def _distribution(optuna: Any, parameter: Any) -> Any:
    if isinstance(parameter, Categorical):
        return optuna.distributions.CategoricalDistribution(parameter.choices)
    kind = optuna.distributions.IntDistribution
    if isinstance(parameter, Float):
        kind = optuna.distributions.FloatDistribution
    return kind(parameter.low, parameter.high, log=parameter.log)


def searcher(name: str, space: SearchSpace, seed: int) -> Ours | Peer:
    """The method called `name`."""
    return (Peer if name in PEERS else Ours)(name, space, seed)


@dataclass(frozen=True)
class Run:
    """What one method did on one task with one seed."""

    task: str
    regrets: list[float]
    """Of the best so far, after each trial."""
    seconds: float
    """A proposal, on average."""

    @property
    def average(self) -> float:
        """Over trials FIRST to TRIALS."""
        return statistics.fmean(self.regrets[FIRST - 1 :])


def run(search: Ours | Peer, task: Task) -> Run:
    """TRIALS trials, one after the other."""
    best, regrets, thought = math.inf, [], 0.0
    for _ in range(TRIALS):
        start = time.perf_counter()
        params = search.ask()
        thought += time.perf_counter() - start
        loss = task.loss(params)
        search.tell(params, loss)
        best = min(best, loss)
        regrets.append(task.regret(best))
    return Run(task.name, regrets, thought / TRIALS)


def _one(job: tuple[str, int, int]) -> Run:
    name, index, seed = job
    task = tasks()[index]
    return run(searcher(name, task.space, seed), task)


def runs(name: str, workers: int) -> list[Run]:
    """All tasks and seeds, spread over processes of one thread each."""
    jobs = [(name, index, seed) for seed in SEEDS for index in range(len(tasks()))]
    with processes(workers, threads=1) as pool:
        return pool.map(_one, jobs, chunksize=5)


def processes(workers: int, threads: int) -> Any:
    """A pool of processes whose BLAS, and torch, use so many threads."""
    os.environ.update(OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads))
    return multiprocessing.get_context("spawn").Pool(workers)


def families(found: list[Run]) -> dict[str, float]:
    """The mean regret of each family of tasks, and of all tasks."""
    by_family: dict[str, list[float]] = {}
    for one in found:
        by_family.setdefault(one.task.partition("/")[0], []).append(one.average)
    means = {family: statistics.fmean(values) for family, values in by_family.items()}
    return {**means, "all": statistics.fmean(one.average for one in found)}


def show_regrets(by_name: dict[str, list[Run]]) -> None:
    """Per family and overall, with the ratio of ours to each."""
    ours = families(by_name["bayesian"])
    print(f"\nregret of the best so far, mean of trials {FIRST} to {TRIALS}, seeds {list(SEEDS)}\n")
    rows = []
    for name, found in by_name.items():
        means = families(found)
        cells = [f"{mean:.3f} ({ours[family] / mean:.2f})" for family, mean in means.items()]
        pace = f"{1000 * statistics.fmean(one.seconds for one in found):.1f} ms"
        rows.append([name, *cells, pace])
    table(["method (ratio of ours to it)", *ours, "a proposal"], rows)
    at = (5, 10, 20, 30, 45, 60)
    print("\nregret after so many trials, all tasks\n")
    curves = [
        [name, *(f"{statistics.fmean(one.regrets[n - 1] for one in found):.3f}" for n in at)]
        for name, found in by_name.items()
    ]
    table(["method", *map(str, at)], curves)
    print("\neach task\n")
    names = list(by_name)
    rows = [[task, *(f"{_mean_of(by_name[n], task):.3f}" for n in names)] for task in _names()]
    table(["task", *names], rows)


def _names() -> list[str]:
    return [task.name for task in tasks()]


def _mean_of(found: list[Run], task: str) -> float:
    return statistics.fmean(one.average for one in found if one.task == task)


# --- how long a proposal takes


def _made_up(params: dict[str, Any]) -> float:
    shift = {"adam": 0.0, "sgd": 0.4, "rmsprop": 0.2}[params["optimizer"]]
    rate, decay = math.log10(params["lr"]) + 3, math.log10(params["decay"]) + 4
    size = math.log2(params["batch"]) - 6
    return (
        rate * rate + 0.3 * decay * decay + (params["mix"] - 0.3) ** 2 + 0.1 * size * size
    ) + shift


def history(count: int) -> list[tuple[dict[str, Any], float]]:
    rng = np.random.default_rng(count)
    drawn = (SPACE.sample(rng) for _ in range(count))
    return [(params, _made_up(params) + 0.05 * rng.standard_normal()) for params in drawn]


def _after(name: str, count: int, seed: int) -> Ours | Peer:
    """The method called `name`, having been told `count` trials."""
    search = searcher(name, SPACE, seed)
    if isinstance(search, Peer):
        search.learn(history(count))
    else:
        for params, loss in history(count):
            search.tell(params, loss)
    return search


def times(name: str, count: int) -> list[float]:
    """Seconds of each of PROPOSALS proposals in a row after `count` trials.

    What a method imports for its first proposal is there before: both have had one elsewhere.
    """
    _after(name, 12, seed=1).ask()
    search = _after(name, count, seed=0)
    found = []
    for _ in range(PROPOSALS):
        start = time.perf_counter()
        params = search.ask()
        search.tell(params, _made_up(params))
        found.append(time.perf_counter() - start)
    return found


def show_times() -> None:
    """Ours beside Optuna's, and ours alone where there are very many trials.

    Ours has one thread, as in the program; Optuna has all cores.
    """
    print(f"\n{PROPOSALS} proposals in a row after n trials, on one thread (Optuna: all cores)\n")
    rows = []
    for count, name in itertools.product((*SIZES, *LARGE), ("bayesian", *PEERS)):
        if count in LARGE and name != "bayesian":
            continue
        threads = (os.cpu_count() or 1) if name in PEERS else 1
        with processes(1, threads) as pool:
            found = pool.apply(times, (name, count))
        if name == "bayesian":
            ours = sum(found)
        cells = f"{1000 * statistics.fmean(found):.1f} ms", f"{1000 * max(found):.0f} ms"
        rows.append([str(count), name, *cells, f"{sum(found) / ours:.1f}"])
    table(["n", "method", "mean", "longest", "times ours"], rows)


def main() -> None:
    """Run everything."""
    workers = os.cpu_count() or 1
    show_regrets({name: runs(name, workers) for name in (*OURS, *PEERS)})
    show_times()


if __name__ == "__main__":
    main()
