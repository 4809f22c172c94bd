"""Which trials a worker trained at the same time, by when they began and ended: its stacks.

Nothing else tells of stacks; a worker that is handed one trial after the other has none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np

_SLACK_S, _SLACK_SHARE = 0.25, 0.1
"""Trials that overlap by no more than this, in seconds and as a share of the first, only follow
upon each other: one clock says when a trial began, another when it was heard to be over."""


@dataclass(frozen=True)
class Tiers:
    """Where trials that overlap lie beside each other: trial i on tier `tier[i]` of `count[i]`.

    `start` (s,) and `end` (s,) are those of each stack, `of` (s,) its worker, `most` (s,) how many
    it had at once.
    """

    tier: np.ndarray
    count: np.ndarray
    start: np.ndarray
    end: np.ndarray
    of: np.ndarray
    most: np.ndarray


def side_by_side(worker: np.ndarray, start: np.ndarray, over: np.ndarray) -> Tiers:
    """Tiers for trials in the order of `start`; `over` is when each was over (see over_by)."""
    tier, count = np.zeros(len(start), dtype=np.intp), np.ones(len(start), dtype=np.intp)
    stacks = []
    for one in np.unique(worker):
        mine = np.flatnonzero(worker == one)
        for members in _overlapping(mine, start, over):
            tier[members] = _dealt(start[members].tolist(), over[members].tolist())
            count[members] = tier[members].max() + 1
            stacks.append((start[members[0]], over[members].max(), one, count[members[0]]))
    table = np.array(stacks, dtype=float).reshape(-1, 4)
    return Tiers(tier, count, *table.T)


def over_by(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """When trials were over for sure, in seconds like `end`: a little before it was heard."""
    return end - np.minimum(_SLACK_S, _SLACK_SHARE * (end - start))


def _overlapping(mine: np.ndarray, start: np.ndarray, over: np.ndarray) -> list[np.ndarray]:
    """Those of one worker's trials that overlap, in groups that do not touch each other."""
    last = np.maximum.accumulate(over[mine])
    firsts = np.flatnonzero(start[mine][1:] >= last[:-1]) + 1
    bounds = np.concatenate([[0], firsts, [len(mine)]])
    some = np.flatnonzero(np.diff(bounds) > 1)
    return [mine[bounds[at] : bounds[at + 1]] for at in some]


def _dealt(starts: list[float], overs: list[float]) -> list[int]:
    """The lowest tier that is free when each trial begins."""
    busy: list[tuple[float, int]] = []
    free: list[int] = []
    tiers = []
    for start, over in zip(starts, overs, strict=True):
        while busy and busy[0][0] <= start:
            heappush(free, heappop(busy)[1])
        tiers.append(heappop(free) if free else len(busy))
        heappush(busy, (over, tiers[-1]))
    return tiers


def ranges(numbers: Iterable[int]) -> str:
    """ "3–14, 17" for those numbers."""
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ", ".join(f"{a}" if a == b else f"{a}–{b}" for a, b in found)
