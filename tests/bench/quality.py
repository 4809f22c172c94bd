"""Time to quality: trials an hour, and seconds until a loss, beside Optuna and plain PyTorch.

Trials an hour: the same configurations for the same epochs, as Tunescape trains them by itself,
with `[resources] stack = 1` (each alone), and as the peer does (quality_peer.py), in turns. The
whole command counts, and beside it the time from the first trial's start to the last one's end. The
final losses must agree: their mean ratio to the peer's, configuration by configuration, is given
with twice its standard error.

Seconds until a loss: the best that the better of the peer's samplers has found after 60 full
trials. Tunescape's command is run until a trial of its own is as good. Training seconds are those
of all trials until then, whatever became of them, summed over the workers.

On two cores; the trials an hour on a GPU too, where there is one. `quick` on the command line: a
minute of it, for trying it out. How many epochs of recorded learning curves it takes until a loss,
on LCBench, is shown by bench pruners.
"""

from __future__ import annotations

import math
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tests.bench.quality_runs import Case, Run, Way, ours, peer, stay_on
from tests.bench.report import table

WORKERS, WORKERS_ON_GPU = 2, 1
PEER_WORKERS_ON_GPU = (1, 4)
"""What is compared with is the fastest of these."""
GRID = (
    {"name": "lr", "type": "float", "low": 3e-4, "high": 1e-2, "log": True, "grid": 4},
    {"name": "weight_decay", "type": "float", "low": 1e-6, "high": 1e-3, "log": True, "grid": 2},
    {"name": "dropout", "type": "float", "low": 0.0, "high": 0.2, "grid": 2},
    {"name": "batch_size", "type": "int", "low": 32, "high": 128, "log": True, "grid": 3},
)
SPACE = (
    {"name": "lr", "type": "float", "low": 1e-5, "high": 1e-1, "log": True},
    {"name": "weight_decay", "type": "float", "low": 1e-6, "high": 1e-2, "log": True},
    {"name": "dropout", "type": "float", "low": 0.0, "high": 0.5},
    {"name": "batch_size", "type": "int", "low": 32, "high": 512, "log": True},
)
DIGITS_MLP = Case("mlp", "digits", 20, SPACE)
DIGITS_CNN = Case("cnn", "digits", 8, SPACE)
BREAST_CANCER = Case("mlp", "breast_cancer", 20, SPACE)
DIABETES = Case("mlp", "diabetes", 20, SPACE, objective="val_mse")
MOST_TRIALS = 3000
WAYS = {
    "bayesian": Way("bayesian", MOST_TRIALS),
    "bayesian, stack = 1": Way("bayesian", MOST_TRIALS, stack=1),
    "random + asha": Way("random", MOST_TRIALS, pruner="asha"),
}
SAMPLERS = ("TPE", "GPSampler")


@dataclass(frozen=True)
class Plan:
    """What is measured: cases with how often each, and how many trials."""

    paces: Sequence[tuple[Case, int]]
    configurations: int
    goals: Sequence[tuple[Case, int]]
    full_trials: int


WHOLE = Plan(
    [(DIGITS_MLP, 3), (DIGITS_CNN, 1)],
    48,
    [(DIGITS_MLP, 3), (DIGITS_CNN, 1), (BREAST_CANCER, 1), (DIABETES, 1)],
    60,
)
QUICK = Plan([(replace(DIGITS_MLP, epochs=5), 1)], 12, [(replace(DIGITS_MLP, epochs=5), 1)], 12)


# --- trials an hour


def show_paces(plan: Plan, device: str = "cpu") -> None:
    """Of every case, over a grid and over a random space."""
    for case, repeats in plan.paces:
        for method, space in (("grid", GRID), ("random", SPACE)):
            fixed = replace(case, space=space, at="last", device=device)
            count = plan.configurations
            print(f"\n{case.title}, {count} configurations of {case.epochs} epochs, {method}\n")
            runs = [_round(fixed, method, count, seed) for seed in range(repeats)]
            _show_round(list(zip(*runs, strict=True)), 3 if device == "cpu" else 20)


def _round(case: Case, method: str, trials: int, seed: int) -> tuple[Run, Run, Run]:
    """Ours, ours with each alone, and the peer's with the same configurations."""
    on_gpu = case.device != "cpu"
    workers = WORKERS_ON_GPU if on_gpu else WORKERS
    way = Way(method, trials)
    stacked, alone = (ours(case, each, workers, seed) for each in (way, replace(way, stack=1)))
    chosen = [trial.params for trial in alone.trials]
    crews = PEER_WORKERS_ON_GPU if on_gpu else (WORKERS,)
    others = [peer(case, crew, trials, seed=seed, enqueued=chosen) for crew in crews]
    return stacked, alone, min(others, key=lambda run: run.total)


def _show_round(columns: Sequence[Sequence[Run]], aim: int) -> None:
    """Medians of each column, and how its losses agree with the last one's."""
    stacked, alone, others = columns
    rows = []
    for what, seconds in (("whole command", _totals), ("start-up aside", _spans)):
        paces = [3600 * len(runs[0].trials) / seconds(runs) for runs in columns]
        ratios = [f"{pace / paces[-1]:.2f}" for pace in paces[:-1]]
        cells = [f"{pace:,.0f}" for pace in paces]
        rows.append([f"trials an hour, {what}", *cells, *ratios, f"at least {aim}, never below 1"])
    cpu = [statistics.median(run.cpu for run in runs) for runs in columns]
    ratios = [f"{cpu[-1] / one:.2f}" for one in cpu[:-1]]
    rows.append(["CPU seconds", *(f"{one:.1f}" for one in cpu), *ratios, ""])
    losses = [f"{_median_loss(runs):.4g}" for runs in columns]
    agree = [_agreement(runs, others) for runs in (stacked, alone)]
    rows.append(["median final loss, and how it agrees", *losses, *agree, "within the noise of 1"])
    headings = ["what", "Tunescape", "stack = 1", "Optuna", "ratio", "ratio, stack = 1", "aim"]
    table(headings, rows)


def _totals(runs: Sequence[Run]) -> float:
    return statistics.median(run.total for run in runs)


def _spans(runs: Sequence[Run]) -> float:
    return statistics.median(run.span for run in runs)


def _median_loss(runs: Sequence[Run]) -> float:
    return statistics.median(loss for run in runs for loss in run.losses)


def _agreement(runs: Sequence[Run], others: Sequence[Run]) -> str:
    """The mean ratio of the losses of equal configurations, and twice its standard error."""
    found = []
    for run, other in zip(runs, others, strict=True):
        known = {_key(trial.params): trial.loss for trial in other.trials}
        pairs = [(trial.loss, known.get(_key(trial.params))) for trial in run.trials]
        found += [math.log(one / two) for one, two in pairs if one and two]
    error = 2 * statistics.stdev(found) / math.sqrt(len(found))
    return f"{math.exp(statistics.fmean(found)):.3f} ± {error:.3f} ({len(found)} pairs)"


def _key(params: dict[str, float]) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(params.items()))


# --- seconds until a loss


def show_goals(plan: Plan) -> None:
    """Of every case, by each of WAYS."""
    for case, repeats in plan.goals:
        seeds = range(repeats)
        full = {s: [_full(case, plan, s, seed) for seed in seeds] for s in SAMPLERS}
        best = min(full, key=lambda sampler: _best(full[sampler]))
        goal, total = _best(full[best]), _totals(full[best])
        print(f"\n{case.title}: {case.objective} of {goal:.4g}, which Optuna's {best}")
        print(f"has after {plan.full_trials} full trials of {case.epochs} epochs; seeds {[*seeds]}")
        print("\nseconds, medians; of ours until such a trial has ended\n")
        rows = [
            _peer_row(f"Optuna {s}{' + median' * prunes}", runs, total)
            for s, prunes, runs in _peers(case, plan, best, full)
        ]
        for name, way in WAYS.items():
            limited = replace(way, target=goal, seconds=total)
            runs = [ours(case, limited, WORKERS, seed) for seed in seeds]
            rows.append(_our_row(name, runs, goal, total))
        headings = ["what", "loss", "trials", "whole command", "training", "part of the peer's"]
        table([*headings, "aim"], rows)


def _full(case: Case, plan: Plan, sampler: str, seed: int, prunes: bool = False) -> Run:
    return peer(case, WORKERS, plan.full_trials, sampler=sampler, prunes=prunes, seed=seed)


def _peers(
    case: Case, plan: Plan, best: str, full: dict[str, list[Run]]
) -> Iterator[tuple[str, bool, list[Run]]]:
    """The peer's samplers, and the best one with its median pruner."""
    for sampler, runs in full.items():
        yield sampler, False, runs
    pruned = [_full(case, plan, best, seed, prunes=True) for seed in range(len(full[best]))]
    yield best, True, pruned


def _best(runs: Sequence[Run]) -> float:
    """The best loss of a run: the median."""
    return statistics.median(min(run.losses, default=math.inf) for run in runs)


def _peer_row(name: str, runs: Sequence[Run], total: float) -> list[str]:
    training = statistics.median(sum(t.seconds for t in run.trials) for run in runs)
    part = f"{_totals(runs) / total:.2f}"
    return [name, *_found(runs), f"{_totals(runs):.1f}", f"{training:.1f}", part, ""]


def _our_row(name: str, runs: Sequence[Run], goal: float, total: float) -> list[str]:
    until = [run.until(goal) for run in runs]
    seconds, training = (statistics.median(column) for column in zip(*until, strict=True))
    reached = sum(math.isfinite(one) for one, _ in until)
    part = f"{seconds / total:.2f} ({reached} of {len(runs)} reached it)"
    return [name, *_found(runs), f"{seconds:.1f}", f"{training:.1f}", part, "at most 0.2"]


def _found(runs: Sequence[Run]) -> tuple[str, str]:
    return f"{_best(runs):.4g}", f"{statistics.median(len(run.trials) for run in runs):.0f}"


# --- where there is a GPU


def card() -> str:
    """The name of the first GPU that torch can use; empty where there is none."""
    program = (
        "import torch; print(torch.cuda.get_device_name() if torch.cuda.is_available() else '')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    return done.stdout.strip()


def main(arguments: list[str]) -> None:
    """All of it."""
    plan = QUICK if "quick" in arguments else WHOLE
    name = card()
    if name:
        print(f"\nOn {name}; the peer with {PEER_WORKERS_ON_GPU} processes, the faster of them:")
        show_paces(plan, "cuda:0")
    else:
        print("\nThere is no GPU here that torch can use; its figures are left out.")
    stay_on(WORKERS)
    print(f"\nOn {WORKERS} cores, {WORKERS} workers of one thread each:")
    show_paces(plan)
    show_goals(plan)
    print("\nOn LCBench tasks: bench pruners.")


if __name__ == "__main__":
    main(sys.argv[1:])
