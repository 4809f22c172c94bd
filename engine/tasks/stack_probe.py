"""Whether a stack pays, and of what size: found by training a few steps, not by rules.

A stack that is not clearly faster a member than training alone is none. What is tried takes little
beside what is then trained: no size more steps than it takes to tell, and none that promises
nothing.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator

from engine.tasks.stack_formation import Formation
from engine.tasks.stack_memory import ran_out
from engine.tasks.stack_network import Layout
from engine.tasks.stack_seats import Member, Seat
from engine.tasks.training import DeviceRows, Goal

_TURNS = 4
_LONG = 2e-3
"""Seconds of a step of which one is enough."""
_CPU_TIME = time.perf_counter if sys.platform == "win32" else time.process_time
"""A CPU's time goes on only while it is ours; Windows counts it in sixtieths of a second."""
_GROWTH = 4
_CLEARLY = 1.1


def choose_size(seconds: Callable[[int], float], most: int) -> int:
    """Members of the stack in which most of them are trained soonest; 1 is training alone.

    `seconds` tells how long a stack of some size takes for what one member takes alone at size 1.
    Larger ones are tried while they are clearly better than as many members in stacks of the best
    size so far, those who are left over taking no less than one does; and while they still promise
    to be, further members taken to cost what the last ones did.
    """
    alone = seconds(1)
    best, took, each = 1, alone, 0.0
    for size in _sizes(most):
        if not _is_better(took + (size - best) * each, size, best, took, alone):
            break
        found = seconds(size)
        each = max(0.0, (found - took) / (size - best))
        if _is_better(found, size, best, took, alone):
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
    waste: Callable[[int], float] = lambda size: 1.0,
) -> int:
    """The size to stack members like `member` at: choose_size by measuring; 1 is alone.

    `prepare` is called before each size, to set what depends on it (threads). A stack whose batches
    are filled up takes `waste` of its size times what is measured. A size for which the device's
    memory does not suffice ends the search. Nothing of `member` is changed.
    """

    def pace(size: int) -> _Pace:
        prepare(size)
        return _Pace(member, size, goal, train)

    alone = pace(1)

    def seconds(size: int) -> float:
        """How many steps one member takes alone meanwhile."""
        if size == 1:
            return 1.0
        try:
            return waste(size) * _compared(pace(size), alone)
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


class _Pace:
    """A stack of so many like `member`, to time a step of: at a rate of 0, on the same rows.

    It keeps to the threads that torch has when it is made.
    """

    def __init__(self, member: Member, size: int, goal: Goal, train: DeviceRows) -> None:
        import torch

        layout, device = Layout(member.network), train.y.device
        seats = [Seat(k, member, layout, goal, len(train)) for k in range(size)]
        self.threads = torch.get_num_threads()
        self.formation = Formation(seats, member.network, goal, train)
        self.rates = torch.zeros(size, 1, device=device)
        order = torch.arange(len(train), device=device).expand(size, -1)
        self.batch = next(self.formation.batches.deal(order))
        self.clock = _CPU_TIME if device.type == "cpu" else time.perf_counter

    def seconds(self) -> float:
        import torch

        torch.set_num_threads(self.threads)
        began = self.clock()
        self.formation.step(self.batch, self.rates)[0, 0, 0].item()
        return self.clock() - began


def _compared(one: _Pace, other: _Pace) -> float:
    """How much longer a step of `one` takes: the median of a few turns, after one that warms up.

    In turns, as the machine's pace changes: others who work on it slow this one down.
    """
    ratios: list[float] = []
    took = 0.0
    while len(ratios) <= _TURNS and (len(ratios) < 2 or took < _LONG):
        took = one.seconds()
        ratios.append(took / other.seconds())
    return statistics.median(ratios[1:])
