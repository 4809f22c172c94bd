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

from engine.tasks.stack_keys import bucket

if TYPE_CHECKING:
    import torch
    from torch import Tensor


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
            self._width = _width(sizes)
            self._lay_out(sizes, device)

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
        width, units = self._width, outputs[0].shape[1]
        found = outputs[0].new_zeros(self.members, units, self.steps * width)
        for step, output in enumerate(outputs):
            found[: len(output), :, step * width : (step + 1) * width] = output
        return found.gather(2, self._back.unsqueeze(1).expand(-1, units, -1))

    def _lay_out(self, sizes: Sequence[Sequence[int]], device: torch.device) -> None:
        import torch

        counts = np.zeros((self.members, self.steps), dtype=np.int64)
        for row, own in zip(counts, sizes, strict=True):
            row[: len(own)] = own
        column = np.arange(self._width)
        real = column < counts[:, :, None]
        places = np.where(real, (counts.cumsum(axis=1) - counts)[:, :, None] + column, 0)
        shares = (real / np.maximum(counts, 1)[:, :, None]).astype(np.float32)
        back = np.nonzero(real.reshape(self.members, -1))[1].reshape(self.members, -1)
        self._counts = counts.T.tolist()
        self._places, self._back, self._shares, self._counted = (
            torch.from_numpy(array).to(device)
            for array in (places.reshape(self.members, -1), back, shares, counts)
        )

    def _padded(self, order: Tensor) -> Iterator[Batch]:
        chosen = order.gather(1, self._places).view(self.members, self.steps, self._width)
        for step, counts in enumerate(self._counts):
            at_it = max(k for k, count in enumerate(counts) if count) + 1
            padding = Padding(self._shares[:at_it, step].unsqueeze(1), self._counted[:at_it, step])
            yield Batch(chosen[:at_it, step], counts[:at_it], padding)


def _width(sizes: Sequence[Sequence[int]]) -> int:
    """Rows that batches are filled up to: the same for all members that can share a bucket."""
    top = min(bucket(max(own[0] for own in sizes)), sum(sizes[0]))
    return max(top, *(max(own) for own in sizes))
