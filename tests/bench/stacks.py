"""Stacks of the built-in networks on digits, next to the same trials in a plain PyTorch loop.

The loop trains one after another, as the program does in stacks of one. A trial has 20 epochs; its
hour is counted from a few of them, data and process being there. Both have as many threads as they
have work for. The last row of a block is the size that the program's own probe chooses, from 1
(none) to the most that is shown.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from engine.tasks.builtin import Runner, open_task
from engine.tasks.stack import Member, StackTrainer
from engine.tasks.stack_probe import probe
from tests.bench.report import Row, show
from tests.engine.trained_alone import train_alone

CASES = {"mlp": ((32, 64, 128, 512), (1, 4, 16, 48), 3), "cnn": ((32, 128), (1, 4, 16), 1)}
"""By network: batch sizes, sizes of stacks, epochs that are measured."""
THREADS = (1, 2)
REPEATS = 6
ALONE = 4
EPOCHS = 20
AIM = "at least 3 up to batch 64, never below 1"


def open_digits(network: str, threads: int) -> Runner:
    task = {"data": "digits", "network": network, "objective": "val_cross_entropy"}
    return open_task(task, ".", "cpu", threads)


def member(runner: Runner, batch_size: int, number: int) -> Member:
    """One of 48 configurations that differ in learning rate, weight decay and dropout."""
    own = {"lr": 1e-3 * (1 + number % 4), "weight_decay": 1e-4 * (number // 4 % 4)}
    own |= {"dropout": 0.1 * (number // 16), "batch_size": batch_size}
    params = runner.complete(own)
    return Member(runner.network(params, number), params, number, number)


def alone(runner: Runner, members: list[Member]) -> None:
    """Train one after another, in a plain loop."""
    for one in members:
        train_alone(one, runner.goal, runner.train, runner.validation)


def stacked(runner: Runner, members: list[Member]) -> None:
    """Train all as one."""
    StackTrainer(members, runner.goal, runner.train, runner.validation, lambda *_: None).run()


def hourly(runner: Runner, batch_size: int, sizes: Sequence[int]) -> list[float]:
    """Trials an hour in stacks of `sizes`, 0: in a plain loop; the best of REPEATS, in turns."""
    paces = [[pace(runner, batch_size, size) for size in sizes] for _ in range(REPEATS)]
    return [max(found) for found in zip(*paces, strict=True)]


def pace(runner: Runner, batch_size: int, size: int) -> float:
    """Trials an hour in a stack of `size`, 0: in a plain loop."""
    share_out(runner, batch_size, max(1, size))
    count = size or ALONE
    members = [member(runner, batch_size, number) for number in range(0, 48, 48 // count)]
    began = time.perf_counter()
    (stacked if size else alone)(runner, members)
    return 3600 * count * runner.goal.epochs / EPOCHS / (time.perf_counter() - began)


def share_out(runner: Runner, batch_size: int, size: int) -> None:
    """Set torch's threads as for a batch of all members' rows."""
    runner.share_out(member(runner, batch_size, 0).network, size * batch_size)


def rows(network: str, threads: int) -> Iterator[Row]:
    """The figures of one network."""
    batch_sizes, sizes, epochs = CASES[network]
    runner = open_digits(network, threads)
    runner.goal = replace(runner.goal, epochs=epochs)
    for batch_size in batch_sizes:
        base, *found = hourly(runner, batch_size, (0, *sizes))
        title = f"{network}, batch {batch_size}, {threads} thread{'s' * (threads > 1)}"
        for size, one in zip(sizes, found, strict=True):
            yield row(f"{title}, stack of {size}", one, base)
        chosen = choose(runner, batch_size, max(sizes))
        paces = dict(zip(sizes, found, strict=True))
        yield row(f"{title}, probed: {chosen}", paces[chosen], base, AIM)


def choose(runner: Runner, batch_size: int, most: int) -> int:
    """The size that the probe chooses."""
    return probe(
        member(runner, batch_size, 0),
        runner.goal,
        runner.train,
        most,
        lambda size: share_out(runner, batch_size, size),
    )


def row(what: str, ours: float, base: float, aim: str = "") -> Row:
    return Row(what, f"{ours:,.0f} trials/h", f"{base:,.0f} plain PyTorch", ours / base, aim)


if __name__ == "__main__":
    show([found for network in CASES for threads in THREADS for found in rows(network, threads)])
