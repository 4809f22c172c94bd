"""The machine's devices, and how workers and cores are shared out among them."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import psutil


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for one worker: its number, its device, and the CPU threads it may use."""

    worker: int
    device: str
    threads: int


@cache
def accelerators() -> tuple[str, ...]:
    """`cuda:N` for each NVIDIA GPU, `mps` on Apple silicon, else nothing. Needs no torch.

    Where CUDA_VISIBLE_DEVICES leaves only some GPUs to the program, N counts those.
    """
    if sys.platform == "darwin":
        return ("mps",) if platform.machine() == "arm64" else ()
    granted = _granted()
    if granted is not None:
        return tuple(f"cuda:{number}" for number in range(len(granted)))
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return ()
    try:
        return tuple(f"cuda:{number}" for number in range(pynvml.nvmlDeviceGetCount()))
    finally:
        pynvml.nvmlShutdown()


def visible_gpus(number: int) -> dict[str, str]:
    """The variables with which a process sees GPU `cuda:number` alone."""
    granted = _granted()
    if granted is None:  # as NVML counts them
        return {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": str(number)}
    return {"CUDA_VISIBLE_DEVICES": granted[number] if number < len(granted) else "-1"}


def _granted() -> list[str] | None:
    """The GPUs that the program itself may see; None: all."""
    said = os.environ.get("CUDA_VISIBLE_DEVICES")
    if said is None:
        return None
    named = [name.strip() for name in said.split(",") if name.strip()]
    return named[: named.index("-1")] if "-1" in named else named


def cores() -> int:
    """Physical cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        logical = len(os.sched_getaffinity(0))
    else:
        logical = os.cpu_count() or 1
    return max(1, min(logical, psutil.cpu_count(logical=False) or logical))


def slots(
    workers: int | None = None,
    devices: Sequence[str] | None = None,
    per_device: int | None = None,
) -> tuple[Slot, ...]:
    """Places for `workers` workers, dealt out over `devices`.

    By default `per_device` (or one) a GPU, else as many on the CPU. CPU threads are shared out
    evenly, so that the workers together never run more threads than there are cores.
    """
    chosen = tuple(devices or accelerators() or ("cpu",))
    count = workers or len(chosen) * (per_device or 1)
    threads = max(1, cores() // count)
    return tuple(Slot(index, chosen[index % len(chosen)], threads) for index in range(count))
