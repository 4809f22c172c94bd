"""The training loop of the built-in networks.

Data lie on the device as whole tensors; nothing is read back from it but each epoch's metrics.
The training metrics are those of the epoch's own forward passes, so they cost no pass of their
own: they show the network while it learned, with dropout.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from engine.tasks.catalog import Precision, Problem
from engine.tasks.checkpoints import Checkpoints, State
from engine.tasks.metrics import classification_metrics, regression_metrics
from engine.tasks.networks import dropout_noise
from engine.tasks.optimizers import make_optimizer

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

_ROWS_GATHERED = 65_536
_ROWS_EVALUATED = 2_048
_STEP_AT = (0.5, 0.75)
_STEP_FACTOR = 0.1

Report = Callable[[int, dict[str, float]], None]
Metrics = dict[str, float]


class Diverged(Exception):  # noqa: N818 (a result, not an error of the program)
    """The loss became NaN or infinite."""


@dataclass(frozen=True)
class DeviceRows:
    """Rows on the device: inputs (n, ...) float32, and int64 classes or float32 numbers (n,)."""

    x: Tensor
    y: Tensor

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True)
class Goal:
    """What a trial is trained for, for how long, and what type products are computed in."""

    problem: Problem
    objective: str
    maximize: bool
    keep_best: bool
    epochs: int
    target_scale: float = 1.0
    precision: Precision = "float32"


@dataclass
class Result:
    """The epoch that a trial is judged by, with the weights it had; None before the first one."""

    value: float | None = None
    step: int | None = None
    metrics: Metrics | None = None
    weights: dict[str, Tensor] | None = None
    finished: bool = False


class Trainer:
    """Trains one network with one configuration."""

    def __init__(
        self,
        network: nn.Sequential,
        params: Mapping[str, Any],
        goal: Goal,
        train: DeviceRows,
        validation: DeviceRows,
        seed: int,
    ) -> None:
        import torch

        self.network, self.goal = network, goal
        self.train_rows, self.validation_rows = train, validation
        self.lr, self.schedule = float(params["lr"]), str(params["schedule"])
        self.smoothing = float(params["label_smoothing"])
        self.sizes = batch_sizes(len(train), int(params["batch_size"]))
        self.optimizer = make_optimizer(
            params["optimizer"],
            network.parameters(),
            float(params["weight_decay"]),
            float(params["momentum"]),
        )
        self.order = torch.Generator().manual_seed(seed)
        self.epochs_done = self.steps_done = 0
        self.epochs_of_steps = goal.epochs * len(self.sizes)
        self.result = Result()

    def run(
        self,
        report: Report,
        should_stop: Callable[[], bool],
        checkpoints: Checkpoints | None = None,
    ) -> Result:
        """Train for all epochs, or until told to stop. Raises Diverged.

        With `checkpoints` it goes on from the one that is there.
        """
        if checkpoints and (state := checkpoints.load()):
            self.restore(state)
        for epoch in range(self.epochs_done + 1, self.goal.epochs + 1):
            trained = self._train_epoch(should_stop)
            if trained is None:
                if checkpoints:
                    checkpoints.stopped()
                return self.result
            metrics = prefixed("train", trained) | prefixed("val", self._validate())
            refuse_infinite(metrics, epoch)
            self._judge(epoch, metrics)
            self.epochs_done = epoch
            report(epoch, metrics)
            if checkpoints and epoch < self.goal.epochs:
                checkpoints.epoch_ended(list(self._live.values()), self._now())
        self.result.finished = True
        return self.result

    def _now(self) -> Callable[[Sequence[Tensor]], State]:
        """The state at this epoch's end, from the live tensors or from copies of them."""
        result = self.result
        record = {
            "epochs": self.epochs_done,
            "value": result.value,
            "step": result.step,
            "metrics": result.metrics,
        }
        best = result.weights or {}
        random = {name: noise.get_state() for name, noise in self._generators.items()}
        return lambda live: State(record, dict(zip(self._live, live, strict=True)), best, random)

    def restore(self, state: State) -> None:
        """Go on from `state`, another trainer's of the same trial."""
        for name, tensor in self._live.items():
            tensor.copy_(state.live[name])
        for name, noise in self._generators.items():
            noise.set_state(state.random[name])
        record, device = state.record, self.train_rows.y.device
        self.epochs_done = record["epochs"]
        self.steps_done = self.epochs_done * len(self.sizes)
        weights = {name: tensor.to(device) for name, tensor in state.best.items()}
        self.result = Result(record["value"], record["step"], record["metrics"], weights)

    @cached_property
    def _live(self) -> dict[str, Tensor]:
        """The tensors that training changes: weights, running statistics, optimiser's memory."""
        weights = {f"network.{name}": t for name, t in self.network.state_dict().items()}
        return weights | {f"optimizer.{k}": t for k, t in enumerate(self.optimizer.state())}

    @cached_property
    def _generators(self) -> dict[str, torch.Generator]:
        noise = dropout_noise(self.network)
        return {"order": self.order} | ({"dropout": noise} if noise else {})

    def _train_epoch(self, should_stop: Callable[[], bool]) -> Metrics | None:
        """Metrics of the epoch's own forward passes; None if it was cut short."""
        import torch

        self.network.train()
        outputs, answers = [], []
        for x, y in self._batches():
            output = self.network(x)
            torch.autograd.backward(self._loss(output, y))
            self.optimizer.step(self._lr_now())
            self.steps_done += 1
            outputs.append(output.detach())
            answers.append(y)
            if should_stop():
                return None
        return measure(self.goal, torch.cat(outputs), torch.cat(answers))

    def _batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """The rows in a new order, gathered for many batches at once."""
        import torch

        rows = self.train_rows
        order = torch.randperm(len(rows), generator=self.order).to(rows.y.device)
        together = max(1, _ROWS_GATHERED // self.sizes[0])
        start = 0
        for first in range(0, len(self.sizes), together):
            sizes = self.sizes[first : first + together]
            chosen = order[start : start + sum(sizes)]
            start += sum(sizes)
            xs = rows.x.index_select(0, chosen).split_with_sizes(sizes)
            yield from zip(xs, rows.y.index_select(0, chosen).split_with_sizes(sizes), strict=True)

    def _loss(self, output: Tensor, y: Tensor) -> Tensor:
        from torch.nn import functional

        if self.goal.problem == "classification":
            return functional.cross_entropy(output, y, label_smoothing=self.smoothing)
        return functional.mse_loss(output.squeeze(1), y)

    def _lr_now(self) -> float:
        return self.lr * schedule_factor(self.schedule, self.steps_done / self.epochs_of_steps)

    def _validate(self) -> Metrics:
        return evaluate(self.network, self.goal, self.validation_rows)

    def _judge(self, epoch: int, metrics: Metrics) -> None:
        """Keep this epoch's weights if it is the one to be judged by so far."""
        result, value = self.result, metrics[self.goal.objective]
        if not counts(self.goal, value, result.value):
            return
        result.value, result.step, result.metrics = value, epoch, metrics
        result.weights = {
            name: tensor.detach().clone() for name, tensor in self.network.state_dict().items()
        }


def counts(goal: Goal, value: float, best: float | None) -> bool:
    """Whether an epoch's `value` is the one to be judged by after `best`, that of one before."""
    if best is None or not goal.keep_best:
        return True
    return value > best if goal.maximize else value < best


def evaluate(network: nn.Module, goal: Goal, rows: DeviceRows) -> Metrics:
    """Metrics of `rows`, names without prefix."""
    import torch

    network.eval()
    with torch.inference_mode():
        starts = range(0, len(rows), _ROWS_EVALUATED)
        outputs = [network(rows.x[start : start + _ROWS_EVALUATED]) for start in starts]
        return measure(goal, torch.cat(outputs), rows.y)


def measure(goal: Goal, outputs: Tensor, y: Tensor) -> Metrics:
    """Metrics of a network's outputs (n, classes or 1) against `y` (n,)."""
    if goal.problem == "classification":
        return classification_metrics(outputs, y)
    return regression_metrics(outputs.squeeze(1), y, goal.target_scale)


def prefixed(part: str, metrics: Metrics) -> Metrics:
    return {f"{part}_{name}": value for name, value in metrics.items()}


def batch_sizes(rows: int, batch_size: int) -> list[int]:
    """Rows of each batch; a last one of a single row, which has no spread, joins its neighbour."""
    full, rest = divmod(rows, min(batch_size, rows))
    sizes = [min(batch_size, rows)] * full
    if rest == 1 and batch_size > 1:
        sizes[-1] += 1
    elif rest:
        sizes.append(rest)
    return sizes


def schedule_factor(schedule: str, progress: float) -> float:
    """What the learning rate is multiplied by after a share `progress` of all steps."""
    if schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * progress))
    if schedule == "step":
        return _STEP_FACTOR ** sum(progress >= at for at in _STEP_AT)
    return 1.0


def refuse_infinite(metrics: Metrics, epoch: int) -> None:
    """Raises Diverged for a metric that is not a finite number."""
    for name, value in metrics.items():
        if not math.isfinite(value):
            word = "NaN" if math.isnan(value) else "infinite"
            raise Diverged(
                f"The loss became {word} in epoch {epoch} ({name}); try a lower learning rate."
            )
