"""Random search: independent draws, uniform on each parameter's scale, none of them twice."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np

from engine.methods.base import Method
from engine.space import SearchSpace
from engine.trial import Params

DRAWS = 64
"""How often a draw that was seen before is repeated before the unseen ones are counted out."""


class RandomMethod(Method):
    """Proposal k depends on the seed, on k = the number of configurations seen, and on nothing
    else but which ones they were."""

    def __init__(self, space: SearchSpace, seed: int = 0) -> None:
        super().__init__(space, seed)
        self._ranks: list[int] = []  # of the seen configurations of a finite space, rising

    def _propose(self) -> Params | None:
        size = self.space.size()
        if size is not None and len(self._ranks) >= size:
            return None
        rng = np.random.default_rng([self.seed, self._count])
        for _ in range(DRAWS):
            params = self.space.sample(rng)
            if self.space.key(params) not in self._seen:
                return params
        return self._unseen(rng)

    def _see(self, params: Mapping[str, Any]) -> Hashable:
        before = len(self._seen)
        key = super()._see(params)
        if len(self._seen) > before and self.space.size() is not None:
            insort(self._ranks, self.space.enumeration.rank(self.space.validate(params)))
        return key

    def _unseen(self, rng: np.random.Generator) -> Params:
        """Any unseen configuration with equal chance, however few are left."""
        numbering = self.space.enumeration
        while True:
            skipped = _below(rng, numbering.size - len(self._ranks))
            number = skipped + bisect_right(
                range(len(self._ranks)), skipped, key=lambda i: self._ranks[i] - i
            )
            params = self.space.validate(numbering.at(number))
            if self.space.key(params) not in self._seen:
                return params


def _below(rng: np.random.Generator, end: int) -> int:
    """A whole number from 0 to `end` - 1, which may be beyond 64 bits."""
    width = (end.bit_length() + 7) // 8 + 8  # 8 bytes more make the remainder's bias negligible
    return int.from_bytes(rng.bytes(width), "little") % end
