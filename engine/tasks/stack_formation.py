"""Members side by side: their rows in tensors of all, and what computes with those."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from engine.tasks.stack_batches import Batch, Batches
from engine.tasks.stack_dropout import Dropouts
from engine.tasks.stack_loss import LossGradient
from engine.tasks.stack_network import StackedNetwork
from engine.tasks.stack_optimizers import STACKED, StackedOptimizer
from engine.tasks.stack_seats import Seat
from engine.tasks.training import DeviceRows, Goal

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class Line:
    """What computes with the first members, and which of them each optimiser moves."""

    network: StackedNetwork
    loss: LossGradient
    optimizers: Sequence[tuple[slice, StackedOptimizer]]


class Formation:
    """`seats` in the order of their rows: those with the same optimiser next to each other.

    From now on the seats' rows and memory are views of those of all.
    """

    def __init__(
        self, seats: Sequence[Seat], template: nn.Sequential, goal: Goal, train: DeviceRows
    ) -> None:
        self.seats = sorted(seats, key=lambda seat: (seat.optimizer, -len(seat.sizes)))
        self.template, self.goal, self.train = template, goal, train
        device = train.y.device
        self.batches = Batches([seat.sizes for seat in self.seats], device)
        self._rows = stacked([seat.rows for seat in self.seats])
        for seat, *own in zip(self.seats, *(column.unbind() for column in self._rows), strict=True):
            seat.rows = own
        self._groups = list(self._grouped())
        self._lines: dict[tuple[int, ...], Line] = {}
        self.whole = self._line([1] * len(self.seats))

    def step(self, batch: Batch, rates: Tensor) -> Tensor:
        """Move every member that is not through by its rows; what the networks gave before.

        `rates` are (members, 1).
        """
        line = self._line(batch.counts) if batch.padding else self.whole
        outputs = line.network(line.network.gather(self.train.x, batch.chosen), batch)
        gradients = line.network.gradients(
            line.loss(outputs, self.train.y[batch.chosen], batch.padding)
        )
        for members, optimizer in line.optimizers:
            optimizer.step(gradients[members], rates[members])
        return outputs

    def outputs(self, x: Tensor) -> Tensor:
        """What all networks (members, outputs, rows) give for the same rows."""
        return self.whole.network(self.whole.network.shared(x), None)

    def _grouped(self) -> Iterator[tuple[str, slice, list[Tensor]]]:
        """Each optimiser's name, its members, and its memory."""
        first = 0
        for name, group in groupby(self.seats, key=lambda seat: seat.optimizer):
            seats = list(group)
            memory = stacked([seat.memory for seat in seats])
            for seat, *own in zip(seats, *(column.unbind() for column in memory), strict=True):
                seat.memory = own
            yield name, slice(first, first + len(seats)), memory
            first += len(seats)

    def _line(self, counts: Sequence[int]) -> Line:
        """Of the first members, as many as `counts`; those with 0 rows do not move."""
        active = [sum(count > 0 for count in counts[members]) for _, members, _ in self._groups]
        key = (len(counts), *active)
        if key not in self._lines:
            self._lines[key] = self._built(len(counts), active)
        return self._lines[key]

    def _built(self, count: int, active: Sequence[int]) -> Line:
        seats, device = self.seats[:count], self.train.y.device
        params = [seat.params for seat in seats]
        dropouts = Dropouts(params, [seat.noise for seat in seats], device)
        rows = [column[:count] for column in self._rows]
        optimizers = [
            self._optimizer(*group, moved)
            for group, moved in zip(self._groups, active, strict=True)
            if moved
        ]
        return Line(
            StackedNetwork(self.template, rows, dropouts, self.batches.padded, self.goal.precision),
            LossGradient(self.goal.problem, params, device),
            optimizers,
        )

    def _optimizer(
        self, name: str, members: slice, memory: Sequence[Tensor], moved: int
    ) -> tuple[slice, StackedOptimizer]:
        """The rule of that name over the first `moved` of its `members`."""
        members = slice(members.start, members.start + moved)
        params = [seat.params for seat in self.seats[members]]
        memory = [column[:moved] for column in memory]
        return members, STACKED[name](self._rows[0][members], memory, params)


def stacked(rows: Sequence[Sequence[Tensor]]) -> list[Tensor]:
    """Tensors of all members from the tensors of each."""
    import torch

    return [torch.stack(column) for column in zip(*rows, strict=True)]
