"""Checkpoints of the built-in networks: what training needs to go on exactly as if never stopped.

A trial has one file, safetensors with what is not a tensor as JSON beside them, written whole or
not at all. Which trials go on, and when their files go, is the study's business.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.tasks.dataset import Array

if TYPE_CHECKING:
    from torch import Tensor

FILE = "checkpoint.safetensors"
_FORMAT = 1
_MOST_KEPT = 64_000_000
"""Bytes of state up to which a copy of each epoch's end is kept in the device's memory."""


@dataclass(frozen=True)
class State:
    """Training at the end of an epoch.

    `record` is JSON; `live` are the tensors that training goes on changing (weights, optimiser);
    `best` the weights to be judged by so far; `random` the states of generators.
    """

    record: Mapping[str, Any]
    live: Mapping[str, Tensor]
    best: Mapping[str, Tensor]
    random: Mapping[str, Tensor]

    def tensors(self) -> dict[str, Tensor]:
        """All tensors on the CPU, by the names they have in a file."""
        parts = {"live": self.live, "best": self.best, "random": self.random}
        return {
            f"{part}.{name}": tensor.cpu()
            for part, tensors in parts.items()
            for name, tensor in tensors.items()
        }


class Checkpoints:
    """The checkpoint of one trial, below `folder`, which exists only once something is in it.

    `identity` tells, when it is needed, all that decides the trial's numbers: a checkpoint of
    another identity is never gone on from. `interval`: seconds from one to the next.
    """

    def __init__(self, folder: Path, identity: Callable[[], str], interval: float) -> None:
        self.path = folder / FILE
        self.identity, self.interval = identity, interval
        self._due = time.monotonic() + interval
        self._copies: list[Tensor] = []
        self._kept: Callable[[Sequence[Tensor]], State] | None = None

    def load(self) -> State | None:
        """The state to go on from; None (the log says why) where there is none to trust."""
        from safetensors import SafetensorError

        try:
            return self._read()
        except FileNotFoundError:
            return None
        except (OSError, ValueError, SafetensorError) as error:
            print(f"{self.path}: {error}; the trial starts again.", flush=True)
            return None

    def epoch_ended(
        self, live: Sequence[Tensor], state: Callable[[Sequence[Tensor]], State]
    ) -> None:
        """Write the state if it is time, else keep what it takes to do so at a wish to stop.

        `live` are the tensors that training goes on changing; `state` tells the state as it is now
        from them, or from copies.
        """
        if time.monotonic() >= self._due:
            self._kept = None
            self._write(state(live))
        elif sum(tensor.nbytes for tensor in live) <= _MOST_KEPT:
            self._keep(live, state)

    def stopped(self) -> None:
        """Write the last epoch's end, where a copy of it is kept and not yet written."""
        if self._kept is not None:
            self._write(self._kept(self._copies))

    def _keep(self, live: Sequence[Tensor], state: Callable[[Sequence[Tensor]], State]) -> None:
        """Copy what training goes on changing, without waiting for the device."""
        import torch

        if not self._copies:
            self._copies = [torch.empty_like(tensor) for tensor in live]
        torch._foreach_copy_(self._copies, list(live))
        self._kept = state

    def _read(self) -> State:
        from safetensors import safe_open

        with safe_open(self.path, "pt") as file:
            said = file.metadata() or {}
            if said.get("identity") != self._identity():
                raise ValueError("belongs to a trial with other settings or data")
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
        if said.get("digest") != _digest(said.get("record", ""), tensors):
            raise ValueError("is damaged")
        parts: dict[str, dict[str, Tensor]] = {"live": {}, "best": {}, "random": {}}
        for name, tensor in tensors.items():
            part, _, rest = name.partition(".")
            parts[part][rest] = tensor
        return State(json.loads(said["record"]), **parts)

    def _write(self, state: State) -> None:
        """Replace the file. One that cannot be written costs the checkpoint, not the trial."""
        from safetensors import SafetensorError

        temporary = self.path.with_suffix(".part")
        try:
            self._write_to(temporary, state)
            os.replace(temporary, self.path)
        except (OSError, SafetensorError) as error:
            print(f"{self.path}: cannot be written ({error}); the trial goes on.", flush=True)
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
                self.path.parent.rmdir()
        self._due = time.monotonic() + self.interval

    def _write_to(self, path: Path, state: State) -> None:
        from safetensors.torch import save_file

        tensors, record = state.tensors(), json.dumps(state.record)
        said = {"identity": self._identity(), "record": record, "digest": _digest(record, tensors)}
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, path, said)
        with open(path, "rb+") as file:
            os.fsync(file.fileno())

    def _identity(self) -> str:
        return f"{_FORMAT} {self.identity()}"


def checksum(arrays: Iterable[Array]) -> int:
    """A checksum of `arrays` in their order: types, shapes and values."""
    found = 0
    for array in arrays:
        found = zlib.crc32(f"{array.dtype} {array.shape}".encode(), found)
        found = zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data, found)
    return found


def _digest(record: str, tensors: Mapping[str, Tensor]) -> str:
    names = sorted(tensors)
    values = checksum(tensors[name].numpy() for name in names)
    return f"{zlib.crc32(json.dumps([names, record]).encode(), values):08x}"
