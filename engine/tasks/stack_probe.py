"""Whether a stack pays, and of what size: found by training a few steps, not by rules.

A stack that is not clearly faster a member than training alone is none. What is tried takes little
beside what is then trained: no size more steps than it takes to tell, and none that promises
nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from engine.tasks.stack_formation import Formation
from engine.tasks.stack_memory import ran_out
from engine.tasks.stack_network import Layout
from engine.tasks.stack_seats import Member, Seat
from engine.tasks.training import DeviceRows, Goal

if TYPE_CHECKING:
    from torch import Tensor

_STEPS = 4
"""The first one warms up."""
_LONG = 5e-3
"""Seconds of a step of which one is enough."""
_GROWTH = 4
_CLEARLY = 1.1


def choose_size(seconds: Callable[[int], float], most: int) -> int:
    """Members of the stack in which most of them are trained soonest; 1 is training alone.

    `seconds` tells how long a stack of some size takes for what one member takes alone at size 1.
    Larger ones are tried while they are clearly better than as many members in stacks of the best
    size so far, those who are left over taking no less than one does; and while they still promise
    to be: a stack that grew is taken to grow on at the same price a member.
    """
    alone = seconds(1)
    best, took, price = 1, alone, 0.0
    for size in _sizes(most):
        if not _is_better(took + (size - best) * price, size, best, took, alone):
            break
        found = seconds(size)
        if _is_better(found, size, best, took, alone):
            price = max(0.0, (found - took) / (size - best))
            best, took = size, found
        elif best > 1:
            break
    return best


def _is_better(seconds: float, size: int, best: int, took: float, alone: float) -> bool:
    """Whether `size` members in `seconds` are clearly better than in stacks of `best`."""
    stacks, rest = divmod(size, best)
    left_over = max(alone, took * rest / best) if rest else 0.0
    return _CLEARLY * seconds < stacks * took + left_over


def probe(
    member: Member,
    goal: Goal,
    train: DeviceRows,
    most: int,
    prepare: Callable[[int], None] = lambda size: None,
    waste: float = 1.0,
) -> int:
    """The size to stack members like `member` at: choose_size by measuring; 1 is alone.

    `prepare` is called before each size, to set what depends on it (threads). A stack whose batches
    are filled up takes `waste` times what is measured. A size for which the device's memory does
    not suffice ends the search. `member` can be trained as if new then, but for its dropout noise.
    """

    def seconds(size: int) -> float:
        prepare(size)
        try:
            return (waste if size > 1 else 1.0) * _seconds(member, size, goal, train)
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


def _seconds(member: Member, size: int, goal: Goal, train: DeviceRows) -> float:
    """The shortest step of so many, at a rate of 0: what each brings is left as it is.

    A CPU's time is counted, not the clock's, which goes on while others have the CPU.
    """
    import torch

    layout = Layout(member.network)
    seats = [Seat(k, member, layout, goal, len(train)) for k in range(size)]
    formation = Formation(seats, member.network, goal.problem, train)
    device = train.y.device
    rates = torch.zeros(size, 1, device=device)
    batch = next(formation.batches.deal(torch.arange(len(train), device=device).expand(size, -1)))
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    took: list[float] = []
    while len(took) < _STEPS and (len(took) < 2 or took[-1] < _LONG):
        began = clock()
        _await(formation.step(batch, rates))
        took.append(clock() - began)
    return min(took[1:])


def _await(outputs: Tensor) -> None:
    """Until the device has done what it was given."""
    outputs[0, 0, 0].item()
