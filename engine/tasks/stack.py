"""Training many configurations of one network as one: a stack.

Members share the network's shape, the batch size and the data (stack_keys.py); everything else is
their own, the epoch that they are in too: they join and leave between epochs, and their numbers
are those of a plain loop over each, to rounding. Where the stack gets its members from, and whether
it pays, is not known here.

Data lie on the device as whole tensors; inside an epoch nothing is read back from it. The training
metrics are those of the epoch's own forward passes, so they cost no pass of their own: they show
the network while it learned, with dropout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from engine.tasks.stack_formation import Formation
from engine.tasks.stack_metrics import measure_stack
from engine.tasks.stack_network import Layout
from engine.tasks.stack_seats import Member, Seat
from engine.tasks.training import (
    DeviceRows,
    Diverged,
    Goal,
    Metrics,
    Result,
    prefixed,
    refuse_infinite,
)

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Ending", "Member", "StackTrainer", "train_one"]

_ROWS_EVALUATED = 8_192
_FEWEST_ROWS = 128

Ending = Result | Diverged


class StackTrainer:
    """Trains `members`, which share a stack_key; they are numbered in the order of their joining.

    `report` is told each epoch's metrics, `epoch_over` just before that an epoch has ended, and
    `ended` what became of a member as soon as it left.
    """

    def __init__(
        self,
        members: Sequence[Member],
        goal: Goal,
        train: DeviceRows,
        validation: DeviceRows,
        report: Callable[[int, int, Metrics], None],
        ended: Callable[[int, Ending], None] = lambda member, ending: None,
        epoch_over: Callable[[], None] = lambda: None,
    ) -> None:
        self.goal, self.train_rows, self.validation_rows = goal, train, validation
        self.report, self.ended, self.epoch_over = report, ended, epoch_over
        self.template = members[0].network
        self.layout = Layout(self.template)
        self._joined = 0
        self._gone: set[int] = set()
        self._seats: list[Seat] = []
        self._formation: Formation | None = None
        for member in members:
            self.join(member)

    def join(self, member: Member) -> int:
        """Take a member in, from the next epoch on; its number."""
        seat = Seat(self._joined, member, self.layout, self.goal, len(self.train_rows))
        if seat.checkpoints and (state := seat.checkpoints.load()):
            seat.restore(state)
        self._joined += 1
        self._seats.append(seat)
        self._formation = None
        return seat.number

    def run(
        self,
        should_leave: Callable[[int], bool] = lambda member: False,
        newcomers: Callable[[], Sequence[Member]] = lambda: (),
    ) -> None:
        """Train until every member has ended.

        Before each epoch it asks who joins; after each step, for every member, whether it is to
        leave, with what it had at its last epoch's end.
        """
        while True:
            for seat in self._seats:
                if seat.done:
                    self._leave(seat, seat.result(finished=True))
            self._clear()
            for member in newcomers():
                self.join(member)
            if not self._seats:
                return
            self._epoch(should_leave)
            self._clear()

    @property
    def rows_together(self) -> int:
        """How many rows a step of all members looks at."""
        return sum(seat.sizes[0] for seat in self._seats)

    def save(self) -> None:
        """Write the last epoch's end of every member that has not ended, where it is kept."""
        for seat in self._at_work():
            if seat.checkpoints:
                seat.checkpoints.stopped()

    def _epoch(self, should_leave: Callable[[int], bool]) -> None:
        """Train all for an epoch, or until nobody is left."""
        formation = self._arranged()
        trained = self._train_epoch(formation, should_leave)
        if trained is None:
            return
        validated = self._validate(formation)
        self.epoch_over()
        for seat, before, after in zip(self._seats, trained, validated, strict=True):
            if seat.number not in self._gone:
                self._epoch_ended(seat, prefixed("train", before) | prefixed("val", after))

    def _epoch_ended(self, seat: Seat, metrics: Metrics) -> None:
        try:
            refuse_infinite(metrics, seat.epochs_done + 1)
        except Diverged as error:
            self._leave(seat, error)
            return
        seat.judge(metrics)
        self.report(seat.number, seat.epochs_done, metrics)
        seat.epoch_ended()

    def _see_off(self, should_leave: Callable[[int], bool]) -> bool:
        """Let those go who are to leave; whether anybody is left.

        Their seats compute on, unheard, until the epoch's end.
        """
        for seat in self._at_work():
            if should_leave(seat.number):
                if seat.checkpoints:
                    seat.checkpoints.stopped()
                self._leave(seat, seat.result(finished=False))
        return len(self._gone) < self._joined

    def _leave(self, seat: Seat, ending: Ending) -> None:
        self._gone.add(seat.number)
        self.ended(seat.number, ending)

    def _at_work(self) -> list[Seat]:
        return [seat for seat in self._seats if seat.number not in self._gone]

    def _clear(self) -> None:
        """Take the seats away whose members have ended."""
        at_work = self._at_work()
        if len(at_work) < len(self._seats):
            self._seats, self._formation = at_work, None

    def _arranged(self) -> Formation:
        """The members side by side, anew where somebody has come or gone."""
        if self._formation is None:
            self._formation = Formation(self._seats, self.template, self.goal, self.train_rows)
            self._seats = self._formation.seats
        return self._formation

    def _train_epoch(
        self, formation: Formation, should_leave: Callable[[int], bool]
    ) -> list[Metrics] | None:
        """Metrics of the epoch's own forward passes; None if nobody is left before its end."""
        import torch

        rows, batches, outputs = self.train_rows, formation.batches, []
        orders = [torch.randperm(len(rows), generator=seat.order) for seat in self._seats]
        order = torch.stack(orders).to(rows.y.device)
        for batch, rates in zip(batches.deal(order), self._rates(batches.steps), strict=True):
            outputs.append(formation.step(batch, rates))
            if not self._see_off(should_leave):
                return None
        return measure_stack(self.goal, batches.collect(outputs), rows.y[order])

    def _rates(self, steps: int) -> Iterator[Tensor]:
        """The members' learning rates (members, 1) in each of the next epoch's `steps`."""
        import torch

        rates = [[*own, *[0.0] * (steps - len(own))] for own in (s.rates() for s in self._seats)]
        yield from torch.tensor(rates, device=self.train_rows.y.device).t().unsqueeze(2)

    def _validate(self, formation: Formation) -> list[Metrics]:
        import torch

        rows, members = self.validation_rows, len(self._seats)
        together = max(_FEWEST_ROWS, _ROWS_EVALUATED // members)
        starts = range(0, len(rows), together)
        outputs = [formation.outputs(rows.x[start : start + together]) for start in starts]
        return measure_stack(self.goal, torch.cat(outputs, dim=2), rows.y.expand(members, -1))


def train_one(
    member: Member,
    goal: Goal,
    train: DeviceRows,
    validation: DeviceRows,
    report: Callable[[int, Metrics], None],
    should_stop: Callable[[], bool],
) -> Result:
    """Train `member` by itself. Raises Diverged.

    It is a stack of one, which without a graph is faster than autograd. An MLP comes to the numbers
    of any stack: on a CPU to the bit, if layers and batches are even to its vectors.
    """
    endings: dict[int, Ending] = {}
    StackTrainer(
        [member],
        goal,
        train,
        validation,
        lambda _, epoch, metrics: report(epoch, metrics),
        endings.__setitem__,
    ).run(lambda _: should_stop())
    if isinstance(endings[0], Diverged):
        raise endings[0]
    return endings[0]
