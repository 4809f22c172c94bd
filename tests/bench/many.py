"""Forty-eight trials of an MLP on digits as the program groups them, next to a plain PyTorch loop.

Once with batch sizes 32, 64 and 128, sixteen trials of each; once with any size from 32 to 512,
where stacks are padded. Processes and data are there already, and one thread trains; what studies
and workers add is not measured here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from engine.tasks.builtin import Runner
from engine.tasks.stack import train_one
from engine.tasks.stack_keys import stack_key
from tests.bench.report import Row, show
from tests.bench.stacks import member, open_digits, stacked

COUNT, MOST, EPOCHS, REPEATS = 48, 16, 5, 5
AIM = "at least 3"


def main() -> None:
    runner = open_digits("mlp", 1)
    runner.goal = replace(runner.goal, epochs=EPOCHS)
    logs = np.random.default_rng(0).uniform(np.log(31.5), np.log(512.5), COUNT)
    spaces = {
        "batch sizes 32, 64, 128": ([32, 64, 128] * (COUNT // 3), 3),
        "any batch size from 32 to 512": ([round(size) for size in np.exp(logs)], 481),
    }
    show([row for name, (sizes, many) in spaces.items() for row in rows(runner, name, sizes, many)])


def rows(runner: Runner, name: str, sizes: Sequence[int], many: int) -> list[Row]:
    """The program's stacks, and its single trials, each beside the plain loop."""
    ways: dict[str, Callable[[], None]] = {
        "plain": lambda: plain_loop(runner, sizes),
        "one by one": lambda: one_by_one(runner, sizes),
        "in stacks": lambda: in_stacks(runner, sizes, many),
    }
    took = [[seconds(way) for way in ways.values()] for _ in range(REPEATS)]
    base, *ours = (min(column) for column in zip(*took, strict=True))
    return [
        Row(
            f"48 trials, {name}, {way}",
            hourly(one),
            f"{hourly(base)} plain PyTorch",
            base / one,
            AIM if way == "in stacks" else "",
        )
        for way, one in zip(list(ways)[1:], ours, strict=True)
    ]


def hourly(seconds: float) -> str:
    """Trials of twenty epochs."""
    return f"{3600 * COUNT * EPOCHS / 20 / seconds:,.0f} trials/h"


def seconds(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def one_by_one(runner: Runner, sizes: Sequence[int]) -> None:
    for number, size in enumerate(sizes):
        one = member(runner, size, number)
        train_one(one, runner.goal, runner.train, runner.validation, lambda *_: None, lambda: False)


def in_stacks(runner: Runner, sizes: Sequence[int], many: int) -> None:
    """In stacks of up to MOST, of a space with `many` batch sizes."""
    groups: dict[Any, list[int]] = {}
    for number, size in enumerate(sizes):
        groups.setdefault(stack_key("mlp", {"batch_size": size}, many), []).append(number)
    for group in groups.values():
        for first in range(0, len(group), MOST):
            chosen = group[first : first + MOST]
            stacked(runner, [member(runner, sizes[number], number) for number in chosen])


def plain_loop(runner: Runner, sizes: Sequence[int]) -> None:
    for number, size in enumerate(sizes):
        plain(runner, member(runner, size, number).params, size)


def plain(runner: Runner, params: Mapping[str, Any], size: int) -> float:
    """What somebody would write for one configuration; the lowest validation loss."""
    import torch
    from torch import nn

    train, validation, best = runner.train, runner.validation, float("inf")
    network = nn.Sequential(
        *(nn.Linear(64, 64), nn.ReLU(), nn.Dropout(params["dropout"])),
        *(nn.Linear(64, 64), nn.ReLU(), nn.Dropout(params["dropout"])),
        nn.Linear(64, 10),
    )
    adam = torch.optim.Adam(
        network.parameters(), lr=params["lr"], weight_decay=params["weight_decay"]
    )
    loss_of = nn.CrossEntropyLoss()
    for _ in range(EPOCHS):
        network.train()
        order = torch.randperm(len(train))
        for first in range(0, len(train), size):
            chosen = order[first : first + size]
            adam.zero_grad()
            loss_of(network(train.x[chosen]), train.y[chosen]).backward()
            adam.step()
        network.eval()
        with torch.no_grad():
            best = min(best, float(loss_of(network(validation.x), validation.y)))
    return best


if __name__ == "__main__":
    main()
