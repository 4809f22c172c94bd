"""One member of a stack: what it brings, its place there, and what it leaves with.

Its checkpoints know nothing of the stack: any other, also one of it alone, goes on from them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.tasks.checkpoints import Checkpoints, State
from engine.tasks.stack_network import Layout
from engine.tasks.stack_optimizers import STACKED
from engine.tasks.training import Goal, Metrics, Result, batch_sizes, counts, schedule_factor

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn


@dataclass(frozen=True)
class Member:
    """A configuration to train: a network with its first weights, and what is random in training.

    With `checkpoints` it goes on from the one that is there.
    """

    network: nn.Sequential
    params: Mapping[str, Any]
    order_seed: int
    dropout_seed: int
    checkpoints: Checkpoints | None = None


class Seat:
    """A member's place: `rows` and `memory` are its rows of the stack's tensors, once it is in.

    `sizes` are those of its batches in an epoch of `count` rows.
    """

    def __init__(self, number: int, member: Member, layout: Layout, goal: Goal, count: int) -> None:
        import torch

        self.number, self.params, self.checkpoints = number, member.params, member.checkpoints
        self.layout, self.goal = layout, goal
        self.sizes = batch_sizes(count, int(member.params["batch_size"]))
        self.optimizer = str(member.params["optimizer"])
        self.rows = layout.rows(member.network.state_dict())
        self.order = torch.Generator().manual_seed(member.order_seed)
        self.noise: torch.Generator | None = None
        if self.params["dropout"]:
            self.noise = torch.Generator(self.rows[0].device).manual_seed(member.dropout_seed)
        rule = STACKED[self.optimizer]
        self.memory = [torch.zeros_like(self.rows[0]) for _ in range(rule.vectors)]
        if rule.counts_steps:
            self.memory.append(torch.zeros((), device=self.rows[0].device))
        self.epochs_done = 0
        self.judged = Result()
        self.best: list[Tensor] = []

    @property
    def done(self) -> bool:
        return self.epochs_done >= self.goal.epochs

    def rates(self) -> list[float]:
        """The learning rate of each of the next epoch's steps."""
        steps = len(self.sizes)
        lr, schedule = float(self.params["lr"]), str(self.params["schedule"])
        first, whole = self.epochs_done * steps, self.goal.epochs * steps
        return [lr * schedule_factor(schedule, (first + step) / whole) for step in range(steps)]

    def judge(self, metrics: Metrics) -> None:
        """The next epoch has ended: keep its weights if it is the one to be judged by so far."""
        self.epochs_done += 1
        value = metrics[self.goal.objective]
        if counts(self.goal, value, self.judged.value):
            self.judged = Result(value, self.epochs_done, metrics)
            self.best = [row.clone() for row in self.rows]

    def result(self, finished: bool) -> Result:
        """What the member has come to."""
        judged = self.judged
        weights = self._named(self.best, judged.step or 0) if self.best else None
        return Result(judged.value, judged.step, judged.metrics, weights, finished)

    def epoch_ended(self) -> None:
        """Have the checkpoints written or kept, if there are any."""
        if self.checkpoints and not self.done:
            self.checkpoints.epoch_ended([*self.rows, *self.memory], self._now())

    def _now(self) -> Callable[[Sequence[Tensor]], State]:
        """The state at this epoch's end, from rows and memory or from copies of them."""
        epochs, judged, best = self.epochs_done, self.judged, self.best
        random = {name: noise.get_state() for name, noise in self._generators().items()}

        def state(live: Sequence[Tensor]) -> State:
            rows, memory = live[: len(self.rows)], live[len(self.rows) :]
            network = self._named(rows, epochs).items()
            remembered = enumerate(self._remembered(memory))
            return State(
                record={
                    "epochs": epochs,
                    "value": judged.value,
                    "step": judged.step,
                    "metrics": judged.metrics,
                },
                live={f"network.{name}": tensor for name, tensor in network}
                | {f"optimizer.{k}": tensor for k, tensor in remembered},
                best=self._named(best, judged.step or 0) if best else {},
                random=random,
            )

        return state

    def restore(self, state: State) -> None:
        """Go on from `state`; before the member is in a stack."""
        live, record = state.live, state.record
        self.rows = self._moved({name: live[f"network.{name}"] for name in self.layout.names})
        self.best = self._moved(state.best) if state.best else []
        self._remember([live[f"optimizer.{k}"] for k in range(len(self._remembered(self.memory)))])
        for name, noise in self._generators().items():
            noise.set_state(state.random[name])
        self.epochs_done = record["epochs"]
        self.judged = Result(record["value"], record["step"], record["metrics"])

    def _named(self, rows: Sequence[Tensor], epochs: int) -> dict[str, Tensor]:
        return self.layout.named(rows, epochs * len(self.sizes))

    def _moved(self, tensors: Mapping[str, Tensor]) -> list[Tensor]:
        return [row.to(self.rows[0].device) for row in self.layout.rows(tensors)]

    def _remembered(self, memory: Sequence[Tensor]) -> list[Tensor]:
        """What a checkpoint keeps of an optimiser's `memory`: tensors of the parameters' shapes."""
        if self.optimizer == "sgd" and not self.params["momentum"]:
            return []
        found = []
        for tensor in memory:
            found += self.layout.split(tensor) if tensor.dim() else [tensor]
        return found

    def _remember(self, tensors: list[Tensor]) -> None:
        count = len(self.layout.shapes)
        for k in range(len(tensors) // count):
            self.memory[k].copy_(self.layout.join(tensors[k * count : (k + 1) * count]))
        if len(tensors) % count:
            self.memory[-1].copy_(tensors[-1])

    def _generators(self) -> dict[str, torch.Generator]:
        return {"order": self.order} | ({"dropout": self.noise} if self.noise else {})
