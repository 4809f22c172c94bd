"""Whether a stack pays, and of what size: found by training a few steps, not by rules.

A stack that is not clearly faster a member than training alone is none.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

from engine.tasks.stack import Member, StackTrainer, train_one
from engine.tasks.stack_memory import ran_out
from engine.tasks.training import DeviceRows, Goal

_STEPS = 6
_EPOCHS = 3
_GROWTH = 4
_CLEARLY = 1.1
_HARMLESS = 1e-12
"""A learning rate at which nothing diverges."""


def choose_size(seconds: Callable[[int], float], most: int) -> int:
    """Members of the stack in which most of them are trained soonest; 1 is training alone.

    `seconds` tells how long a stack of some size takes for what one member takes alone at size 1.
    Larger ones are tried while they are clearly better than as many members in stacks of the best
    size so far, those who are left over taking no less than one does.
    """
    alone = seconds(1)
    best, took = 1, alone
    for size in _sizes(most):
        found = seconds(size)
        stacks, rest = divmod(size, best)
        left_over = max(alone, took * rest / best) if rest else 0.0
        if _CLEARLY * found < stacks * took + left_over:
            best, took = size, found
        elif best > 1:
            break
    return best


def probe(
    build: Callable[[], Member],
    goal: Goal,
    train: DeviceRows,
    validation: DeviceRows,
    most: int,
    prepare: Callable[[int], None] = lambda size: None,
    waste: float = 1.0,
) -> int:
    """The size to stack members like build()'s at: choose_size by measuring; 1 is alone.

    `prepare` is called before each size, to set what depends on it (threads). A stack whose batches
    are filled up takes `waste` times what is measured. A size for which the device's memory does
    not suffice ends the search. A CPU's time is counted, not the clock's,
    which goes on while others have the CPU.
    """

    def harmless() -> Member:
        member = build()
        return Member(member.network, {**member.params, "lr": _HARMLESS}, member.seed)

    member = harmless()
    share = min(1.0, _STEPS * int(member.params["batch_size"]) / len(train))
    few = replace(goal, epochs=_EPOCHS)
    rows = _first(train, share), _first(validation, share)

    def seconds(size: int) -> float:
        prepare(size)
        try:
            if size == 1:
                return _seconds(harmless(), 1, few, *rows)
            return waste * _seconds(member, size, few, *rows)
        except Exception as error:
            if not ran_out(error):
                raise
            return float("inf")

    return choose_size(seconds, most)


def _sizes(most: int) -> Iterator[int]:
    size = _GROWTH
    while size < most:
        yield size
        size *= _GROWTH
    if most > 1:
        yield most


def _first(rows: DeviceRows, share: float) -> DeviceRows:
    count = max(1, round(share * len(rows)))
    return DeviceRows(rows.x[:count], rows.y[:count])


def _seconds(
    member: Member, size: int, goal: Goal, train: DeviceRows, validation: DeviceRows
) -> float:
    """The shortest epoch but the first, which warms up."""
    clock = time.process_time if train.y.device.type == "cpu" else time.perf_counter
    ends: list[float] = []
    if size == 1:
        train_one(member, goal, train, validation, lambda *_: ends.append(clock()), lambda: False)
    else:
        StackTrainer(
            [member] * size, goal, train, validation, lambda *_: ends.append(clock())
        ).run()
        ends = ends[::size]
    return min(after - before for before, after in pairwise(ends))
