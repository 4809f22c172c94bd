"""The peer of bench quality: Optuna and plain PyTorch, as somebody at home in both would write it.

A program of its own, which imports nothing of Tunescape's: `python quality_peer.py JOB`. The job is
a JSON file; the trials are in the journal that it names. One process a worker, each of one thread,
shares that journal, as Optuna recommends. Data lie on the device as whole tensors; batches are
gathered by index.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import optuna

NAME = "peer"
Rows = tuple[Any, Any]
"""Inputs and answers, as tensors."""


def open_study(job: dict[str, Any], seed: int) -> optuna.Study:
    """The study that all workers share."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")  # GPSampler and constant_liar are called experimental
    backend = optuna.storages.journal.JournalFileBackend(job["journal"])
    return optuna.create_study(
        study_name=NAME,
        storage=optuna.storages.JournalStorage(backend),
        sampler=sampler(job["sampler"], seed),
        pruner=optuna.pruners.MedianPruner() if job["prunes"] else optuna.pruners.NopPruner(),
        load_if_exists=True,
    )


def sampler(name: str, seed: int) -> optuna.samplers.BaseSampler:
    """The sampler of that name, as Optuna recommends it for several workers."""
    if name == "TPE":
        return optuna.samplers.TPESampler(seed=seed, constant_liar=True)
    if name == "GPSampler":
        return optuna.samplers.GPSampler(seed=seed)
    return optuna.samplers.RandomSampler(seed=seed)


def launch(path: Path) -> int:
    """Create the study, start its workers and wait for them; whether one failed."""
    job = json.loads(path.read_text())
    study = open_study(job, job["seed"])
    for params in job["enqueued"]:
        study.enqueue_trial(params)
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}
    workers = [
        subprocess.Popen([sys.executable, __file__, path, str(number)], env=one_thread)
        for number in range(job["workers"])
    ]
    return max(worker.wait() for worker in workers)


def work(job: dict[str, Any], number: int) -> None:
    """Run trials until the study has as many as it should."""
    import torch

    torch.set_num_threads(1)
    torch.optim.Adam([torch.zeros(1, requires_grad=True)])  # imports the rest of torch
    study = open_study(job, job["seed"] + 1000 * number)
    states = optuna.trial.TrialState
    begun = (states.RUNNING, states.COMPLETE, states.PRUNED, states.FAIL)
    study.optimize(Objective(job), callbacks=[optuna.study.MaxTrialsCallback(job["trials"], begun)])


class Objective:
    """Trains one configuration; the validation loss of its best epoch, or of its last."""

    def __init__(self, job: dict[str, Any]) -> None:
        import numpy as np
        import torch

        self.job = job
        arrays = np.load(job["data"])
        self.outputs, self.scale = int(arrays["outputs"]), float(arrays["scale"])
        parts = []
        for part in ("train", "validation"):
            x = torch.from_numpy(arrays[f"{part}_x"]).to(job["device"])
            x = x.flatten(1) if job["network"] == "mlp" else x
            parts.append((x, torch.from_numpy(arrays[f"{part}_y"]).to(job["device"])))
        self.train, self.validation = parts
        classifies = not self.train[1].is_floating_point()
        self.loss_of = torch.nn.CrossEntropyLoss() if classifies else _squared_error

    def __call__(self, trial: optuna.Trial) -> float:
        import torch

        params = {entry["name"]: suggest(trial, entry) for entry in self.job["space"]}
        torch.manual_seed(self.job["seed"] * 10_000 + trial.number)
        network = self.network(params["dropout"]).to(self.job["device"])
        optimizer = torch.optim.Adam(
            network.parameters(), lr=params["lr"], weight_decay=params["weight_decay"]
        )
        best = math.inf
        for epoch in range(1, self.job["epochs"] + 1):
            self.train_epoch(network, optimizer, params["batch_size"])
            loss = self.evaluate(network)
            best = min(best, loss) if self.job["at"] == "best" else loss
            if self.job["prunes"]:
                trial.report(loss, epoch)
                if trial.should_prune():
                    raise optuna.TrialPruned
        return best

    def network(self, dropout: float) -> Any:
        """The MLP or the CNN, with the sizes that Tunescape's have by default."""
        from torch import nn

        inputs = self.train[0].shape[1]
        hidden = [nn.Linear(64, 64), nn.ReLU(), nn.Dropout(dropout), nn.Linear(64, self.outputs)]
        if self.job["network"] == "mlp":
            return nn.Sequential(nn.Linear(inputs, 64), nn.ReLU(), nn.Dropout(dropout), *hidden)
        convolutions = [nn.Conv2d(inputs, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        convolutions += [nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        return nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(32 * 2 * 2, 64), *hidden[1:])

    def train_epoch(self, network: Any, optimizer: Any, batch_size: int) -> None:
        import torch

        x, y = self.train
        network.train()
        for chosen in torch.randperm(len(x), device=x.device).split(batch_size):
            optimizer.zero_grad()
            loss = self.loss_of(network(x[chosen]), y[chosen])
            loss.backward()
            optimizer.step()

    def evaluate(self, network: Any) -> float:
        import torch

        x, y = self.validation
        network.eval()
        with torch.no_grad():
            return float(self.loss_of(network(x), y)) * self.scale**2


def suggest(trial: optuna.Trial, entry: dict[str, Any]) -> Any:
    """The trial's value of a parameter, given as in [[space]]."""
    kind = trial.suggest_int if entry["type"] == "int" else trial.suggest_float
    return kind(entry["name"], entry["low"], entry["high"], log=entry.get("log", False))


def _squared_error(output: Any, y: Any) -> Any:
    from torch.nn import functional

    return functional.mse_loss(output.squeeze(1), y)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        sys.exit(launch(Path(sys.argv[1])))
    work(json.loads(Path(sys.argv[1]).read_text()), int(sys.argv[2]))
