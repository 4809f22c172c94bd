"""A study's training written as one bare PyTorch loop, to measure what the program adds to it.

Every configuration of a grid over an MLP and a classification set, with torch.optim, one after the
other in this process: what somebody would write who wanted these trials and nothing else.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from engine.spec import StudySpec
from engine.tasks.data import load


def seconds(spec_path: Path | str, threads: int = 1) -> float:
    """Seconds for all trainings of the spec's grid; imports and data are not counted."""
    import torch

    torch.set_num_threads(threads)
    spec = StudySpec.load(Path(spec_path))
    dataset = load(spec.task, spec.base)
    parts = [
        (torch.from_numpy(rows.x).flatten(1), torch.from_numpy(rows.y))
        for rows in (dataset.train, dataset.validation)
    ]
    torch.optim.Adam([torch.zeros(1, requires_grad=True)])  # imports the rest of torch
    started = time.perf_counter()
    for index in range(spec.space.grid_size()):
        params = spec.space.grid_at(index)
        train(params, spec.task.epochs, len(dataset.classes), *parts[0], *parts[1])
    return time.perf_counter() - started


def train(
    params: dict[str, Any], epochs: int, classes: int, x: Any, y: Any, val_x: Any, val_y: Any
) -> float:
    """The lowest validation loss of one configuration."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Linear(x.shape[1], 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, classes)
    )
    optimizer = torch.optim.Adam(network.parameters(), lr=params["lr"])
    loss_of, batch_size, best = nn.CrossEntropyLoss(), params["batch_size"], float("inf")
    for _ in range(epochs):
        network.train()
        order = torch.randperm(len(x))
        for start in range(0, len(x), batch_size):
            chosen = order[start : start + batch_size]
            optimizer.zero_grad()
            loss = loss_of(network(x[chosen]), y[chosen])
            loss.backward()
            optimizer.step()
        network.eval()
        with torch.no_grad():
            best = min(best, loss_of(network(val_x), val_y).item())
    return best


if __name__ == "__main__":
    print(f"{seconds(sys.argv[1]):.2f} s")
