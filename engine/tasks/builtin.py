"""A built-in task as a worker runs it: data opened once, then a trial at a time.

torch is imported by what runs here, never by importing this module.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Hashable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from engine.tasks import catalog
from engine.tasks.check import check_fit
from engine.tasks.checkpoints import Checkpoints, checksum
from engine.tasks.data import load
from engine.tasks.dataset import Dataset, Part, TaskError
from engine.tasks.settings import TaskSettings, read_task
from engine.tasks.stack_bfloat16 import check_device
from engine.tasks.stack_seats import Member
from engine.tasks.training import Diverged, Goal

if TYPE_CHECKING:
    from torch import Tensor, nn

    from engine.tasks.stack_run import StackContext
    from engine.tasks.training import DeviceRows, Result

_WORK_A_THREAD = 25e6
"""Floating-point operations, about half a millisecond's, below which a thread is not worth it."""

__all__ = ["Diverged", "Outcome", "Runner", "TrialContext", "open_task"]


class TrialContext(Protocol):
    """What a worker gives a trial. `weights`: where to put its weights; None: nowhere.

    `checkpoint`: the folder of its checkpoint, from which it goes on if there is one; None: none.
    """

    number: int
    params: Mapping[str, Any]
    seed: int
    weights: Path | str | None
    checkpoint: Path | str | None

    def report(self, step: int, metrics: dict[str, float]) -> None: ...

    def should_stop(self) -> bool: ...


@dataclass
class Outcome:
    """What became of a trial: the objective at epoch `step` and that epoch's metrics.

    `finished` is False when should_stop() cut it short; value and step are None if that was
    before the first epoch's end.
    """

    value: float | None
    step: int | None
    metrics: dict[str, float] = field(default_factory=dict)
    finished: bool = True


def open_task(task: Any, base: Path | str, device: str, threads: int) -> Runner:
    """Load the data of `task` (JSON form) onto `device` ("cpu", "cuda:0", "mps").

    Raises DataError or TaskError, one sentence.
    """
    settings = read_task(task)
    dataset = load(settings, base)
    check_fit(settings, dataset.problem, dataset.is_images)
    _set_up_torch(device)
    if settings.precision == "bfloat16":
        check_device(device)
    return Runner(settings, dataset, device, threads)


class Runner:
    """Runs trials of one task on one device, its data lying there.

    A trial uses as many CPU threads as its network has work for, `threads` at most.
    `checkpoint_seconds` is the least time from one checkpoint of a trial to the next;
    `stack_sizes` is what stack_run.py has found out about each group of trials.
    """

    checkpoint_seconds = 10.0

    def __init__(self, settings: TaskSettings, dataset: Dataset, device: str, threads: int) -> None:
        self.settings, self.dataset = settings, dataset
        self.device, self.threads = device, threads
        self.goal = Goal(
            problem=dataset.problem,
            objective=settings.objective or "",
            maximize=settings.maximize,
            keep_best=settings.at == "best",
            epochs=settings.epochs,
            target_scale=dataset.target_scale,
            precision=settings.precision,
        )
        self.train, self.validation = self._rows("train"), self._rows("validation")
        self.stack_sizes: dict[Hashable, int] = {}

    def run(self, context: TrialContext, epoch_over: Callable[[], None] = lambda: None) -> Outcome:
        """Train one configuration. Raises Diverged, and TaskError for bad parameters.

        `epoch_over` is called just before each epoch is reported.
        """
        from engine.tasks.stack import train_one

        member = self.member(context)
        batch = min(int(member.params["batch_size"]), len(self.train))
        self.share_out(member.network, batch)

        def report(step: int, metrics: dict[str, float]) -> None:
            epoch_over()
            context.report(step, metrics)

        rows = self.train, self.validation
        result = train_one(member, self.goal, *rows, report, context.should_stop)
        return self.outcome(context, result)

    def run_many(self, stack: StackContext) -> None:
        """Train the trials of a unit as one, as many as pays; the others are given back."""
        from engine.tasks.stack_run import run_many

        run_many(self, stack)

    def test(self, params: Mapping[str, Any], seed: int, weights: Path | str) -> dict[str, float]:
        """The test_* metrics of a configuration's stored weights; empty without a test part."""
        from engine.tasks.training import evaluate, prefixed

        if not len(self.dataset.test):
            return {}
        network = self.network(self.complete(params), _seeds(seed)[0])
        _load_weights(network, Path(weights), self.device)
        return prefixed("test", evaluate(network, self.goal, self._rows("test")))

    def member(self, context: TrialContext) -> Member:
        """What a trial trains with. Raises TaskError for bad parameters."""
        params = self.complete(context.params)
        weights_seed, order_seed = _seeds(context.seed)
        network = self.network(params, weights_seed)
        return Member(network, params, order_seed, weights_seed, self._checkpoints(context, params))

    def outcome(self, context: TrialContext, result: Result) -> Outcome:
        """What became of a trial; its weights are stored."""
        if result.weights is not None and context.weights is not None:
            _save_weights(result.weights, Path(context.weights))
        return Outcome(result.value, result.step, result.metrics or {}, result.finished)

    def _checkpoints(self, context: TrialContext, params: Mapping[str, Any]) -> Checkpoints | None:
        if context.checkpoint is None:
            return None

        def identity() -> str:
            trial = {"params": params, "seed": context.seed, "task": asdict(self.settings)}
            place = {"rows": self._rows_checksum, "device": self.device.partition(":")[0]}
            return json.dumps(trial | place, sort_keys=True)

        return Checkpoints(Path(context.checkpoint), identity, self.checkpoint_seconds)

    @cached_property
    def _rows_checksum(self) -> int:
        parts = (self.dataset.train, self.dataset.validation)
        return checksum(array for part in parts for array in (part.x, part.y))

    def network(self, params: Mapping[str, Any], seed: int) -> nn.Sequential:
        from engine.tasks.networks import build_network

        shape = tuple(self.train.x.shape[1:])
        return build_network(
            self.settings.network, params, shape, self.dataset.outputs, seed, self.device
        )

    def share_out(self, network: nn.Sequential, batch: int) -> None:
        """Set torch's threads: more than a network can feed would only wait for each other."""
        import torch

        from engine.tasks.networks import largest_product

        work = batch * largest_product(network, tuple(self.train.x.shape[1:]))
        torch.set_num_threads(max(1, min(self.threads, int(work / _WORK_A_THREAD))))

    def _rows(self, part: Part) -> DeviceRows:
        import torch

        from engine.tasks.training import DeviceRows

        rows = self.dataset.part(part)
        x = rows.x.reshape(len(rows), -1) if self.settings.network == "mlp" else rows.x
        return DeviceRows(
            torch.from_numpy(np.ascontiguousarray(x)).to(self.device),
            torch.from_numpy(np.ascontiguousarray(rows.y)).to(self.device),
        )

    def complete(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Every hyperparameter of the network: as given, else as trials use it when unset."""
        known = catalog.hyperparameters(self.settings.network)
        for name, value in given.items():
            if name not in known:
                raise TaskError(f"{name}: {self.settings.network} has no such hyperparameter.")
            catalog.check_value(self.settings.network, name, value)
        whole = {name: given.get(name, entry.unset) for name, entry in known.items()}
        if whole["batch_norm"] and whole["batch_size"] == 1:
            raise TaskError(
                "batch_size: batch normalisation needs at least 2 rows a step; "
                "raise batch_size, or set batch_norm to false."
            )
        return whole


def _set_up_torch(device: str) -> None:
    """What must be said before torch is imported, and that its results repeat.

    Threads that wait give their core away: where something else wants it too, waiting at full
    speed makes training ten times slower and more.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if device.startswith("cuda"):
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    try:
        import torch
    except ImportError as error:
        raise TaskError(
            f"PyTorch cannot be imported by {sys.executable} ({error}); install it there."
        ) from error

    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    _try_device(device)


def _try_device(device: str) -> None:
    """Raises TaskError where torch cannot use `device`: built without it, no driver, no memory."""
    import torch

    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).strip().splitlines()[0].split(". ")[0].rstrip(".")
        raise TaskError(
            f"PyTorch {torch.__version__} cannot use the device ({reason}); name others in "
            '[resources] devices, such as "cpu".'
        ) from error


def _seeds(seed: int) -> tuple[int, int]:
    """Seeds of a trial's first weights and dropout, and of its order of rows."""
    first, second = np.random.SeedSequence(seed).generate_state(2, np.uint64)
    return int(first) >> 1, int(second) >> 1


def _save_weights(weights: Mapping[str, Tensor], path: Path) -> None:
    """Write a safetensors file whole or not at all; a full disk costs the trial nothing else."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file({name: tensor.cpu() for name, tensor in weights.items()}, temporary)
        os.replace(temporary, path)
    except (OSError, SafetensorError) as error:
        print(f"The weights of this trial are not kept: {error}.", flush=True)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _load_weights(network: nn.Module, path: Path, device: str) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        network.load_state_dict(load_file(path, device=device))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise TaskError(
            f"{path.name}: holds no weights of this configuration; run the trial again."
        ) from error
