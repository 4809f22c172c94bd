"""Hyperband: successive halving from several first rungs at once, in brackets."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from engine.pruners.asha import AshaPruner
from engine.pruners.curves import Reports
from engine.pruners.options import whole_or_none
from engine.pruners.rungs import Ladder

ROUND = 1000
"""Trials are dealt to brackets in rounds of no more than about so many."""


class HyperbandPruner(AshaPruner):
    """Li et al., "Hyperband" (2018), each bracket an asynchronous one as in Li et al. (2020).

    Bracket b leaves out the first b rungs; the last has none, and its trials all run to their end.
    That guards against early values that mislead. Trials are dealt to the brackets by their
    number, in the paper's proportions: those of algorithm 1's n, evenly mixed. `brackets` are as
    many as there are, or fewer: then those with the most rungs.
    """

    def __init__(self, reports: Reports, *, brackets: int | None = None, **options: Any) -> None:
        self._brackets = whole_or_none("brackets", brackets, 1)
        super().__init__(reports, **options)

    def _ladder_of(self, number: int) -> Ladder:
        deal = dealt(len(self._ladders), self._reduction)
        return self._ladders[deal[number % len(deal)]]

    def _make_ladders(self, all_levels: tuple[int, ...]) -> tuple[Ladder, ...]:
        count = min(len(all_levels) + 1, self._brackets or len(all_levels) + 1)
        return tuple(Ladder(all_levels[bracket:]) for bracket in range(count))


def sizes(brackets: int, reduction: int) -> list[int]:
    """How many trials each bracket has beside the others, the one with the most rungs first.

    n = ceil((s_max + 1) eta^s / (s + 1)), algorithm 1 of Li et al. (2018).
    """
    return [math.ceil(brackets * reduction**s / (s + 1)) for s in reversed(range(brackets))]


@cache
def dealt(brackets: int, reduction: int) -> tuple[int, ...]:
    """The bracket of each trial of one round: each time the one that has most to catch up on."""
    shares = sizes(brackets, reduction)
    fewer = max(1.0, sum(shares) / ROUND)
    shares = [math.ceil(share / fewer) for share in shares]
    due = [0] * brackets
    round_ = []
    for _ in range(sum(shares)):
        due = [owed + share for owed, share in zip(due, shares, strict=True)]
        bracket = due.index(max(due))
        due[bracket] -= sum(shares)
        round_.append(bracket)
    return tuple(round_)
