"""Which rows each member of a stack looks at in each step of an epoch.

Members whose batches have one size go through an epoch side by side. Where sizes differ, batches
are filled up with rows that count for nothing, and who is through leaves the others to go on: those
with the most steps come first, so that it is always the first ones that are still at it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_VECTOR = 16
"""Rows that the widest vector of a CPU holds: batches are filled up to a multiple of it."""


@dataclass(frozen=True)
class Padding:
    """`shares` (members, 1, rows): what a row has of its member's mean, 0 where it only fills up.

    `counts` (members,) are Batch's, on the device.
    """

    shares: Tensor
    counts: Tensor


@dataclass(frozen=True)
class Batch:
    """A step of a stack's first members: the rows `chosen` (members, rows) of the training data.

    The first `counts` of a member's rows are its own; a member without any is through.
    """

    chosen: Tensor
    counts: Sequence[int]
    padding: Padding | None = None


class Batches:
    """The steps of an epoch for members with these `sizes` of batches, which add up to the rows."""

    def __init__(self, sizes: Sequence[Sequence[int]], device: torch.device) -> None:
        self.members, self.sizes = len(sizes), list(sizes[0])
        self.steps = max(len(own) for own in sizes)
        self.padded = any(own != sizes[0] for own in sizes)
        if self.padded:
            self._lay_out(sizes, device)

    @property
    def waste(self) -> float:
        """How many rows are computed with for each that a member has."""
        if not self.padded:
            return 1.0
        steps = zip(self._counts, self._widths, strict=True)
        computed = sum(_at_it(counts) * width for counts, width in steps)
        return float(computed / (self.members * sum(self.sizes)))

    def deal(self, order: Tensor) -> Iterator[Batch]:
        """The steps, for rows in each member's `order` (members, n)."""
        if self.padded:
            yield from self._padded(order)
            return
        for chosen in order.split_with_sizes(self.sizes, dim=1):
            yield Batch(chosen, [chosen.shape[1]] * self.members)

    def collect(self, outputs: Sequence[Tensor]) -> Tensor:
        """What the steps gave (members, outputs, rows) for all rows in their order."""
        import torch

        if not self.padded:
            return torch.cat(list(outputs), dim=2)
        units = outputs[0].shape[1]
        found = outputs[0].new_zeros(self.members, units, sum(self._widths))
        for output, there in zip(outputs, found.split_with_sizes(self._widths, dim=2), strict=True):
            there[: len(output)] = output
        return found.gather(2, self._back.unsqueeze(1).expand(-1, units, -1))

    def _lay_out(self, sizes: Sequence[Sequence[int]], device: torch.device) -> None:
        """Where all steps of a member lie side by side: in each as many rows as any has, or more.

        Numbers of one member, places of its rows: `places` are those in its order, `back` says
        where each of them lies.
        """
        import torch

        counts = np.zeros((self.members, self.steps), dtype=np.int64)
        for row, own in zip(counts, sizes, strict=True):
            row[: len(own)] = own
        widths = -(-counts.max(axis=0) // _VECTOR) * _VECTOR
        step = np.repeat(np.arange(self.steps), widths)
        column = np.arange(len(step)) - (widths.cumsum() - widths)[step]
        real = column < counts[:, step]
        places = np.where(real, (counts.cumsum(axis=1) - counts)[:, step] + column, 0)
        shares = (real / np.maximum(counts, 1)[:, step]).astype(np.float32)
        back = np.nonzero(real)[1].reshape(self.members, -1)
        self._counts, self._widths = counts.T.tolist(), widths.tolist()
        self._places, self._back, self._shares, self._counted = (
            torch.from_numpy(array).to(device) for array in (places, back, shares, counts)
        )

    def _padded(self, order: Tensor) -> Iterator[Batch]:
        chosen = order.gather(1, self._places).split_with_sizes(self._widths, dim=1)
        shares = self._shares.unsqueeze(1).split_with_sizes(self._widths, dim=2)
        for step, counts in enumerate(self._counts):
            at_it = _at_it(counts)
            padding = Padding(shares[step][:at_it], self._counted[:at_it, step])
            yield Batch(chosen[step][:at_it], counts[:at_it], padding)


def _at_it(counts: Sequence[int]) -> int:
    """How many of the members, from the first one on, a step is computed for."""
    return max(k for k, count in enumerate(counts) if count) + 1
