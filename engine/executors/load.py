"""How busy the machine's devices are, and how much memory the workers take: read, never set.

Numbers for people to look at; nothing is decided by them. A sample takes milliseconds, with GPUs
tens of them, so it is not taken on a thread that must not wait.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import psutil

from engine.executors.devices import accelerators, cores


@dataclass(frozen=True, slots=True)
class DeviceLoad:
    """A device now: the share of it that is busy (0 to 1), and the bytes of its memory in use.

    Whatever the system does not tell is None. All programs count, not only this one.
    """

    device: str
    name: str
    busy: float | None = None
    used: int | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class WorkerMemory:
    """Bytes that a worker's process and all that it started hold, here and on GPUs."""

    resident: int
    on_gpu: int = 0


@dataclass(frozen=True, slots=True)
class LoadSample:
    """The machine at one moment; `workers` by their numbers."""

    devices: tuple[DeviceLoad, ...]
    workers: Mapping[int, WorkerMemory] = field(default_factory=dict)


class LoadSampler:
    """Takes samples, from any one thread at a time; how busy the CPU was is counted since the
    sample before."""

    def __init__(self) -> None:
        self._times = _cpu_times()
        self._nvml: Any = None
        self._gpus: dict[str, Any] = {}
        if any(device.startswith("cuda:") for device in accelerators()):
            self._find_gpus()

    def sample(self, processes: Mapping[int, int]) -> LoadSample:
        """The load now; `processes` are the numbers of workers and of their processes."""
        on_gpus = self._memory_by_process()
        return LoadSample(
            tuple(self._devices()),
            {worker: _memory_of(pid, on_gpus) for worker, pid in processes.items()},
        )

    def _devices(self) -> Iterator[DeviceLoad]:
        memory, count = psutil.virtual_memory(), cores()
        name = f"{count} core{'s' * (count != 1)}"
        yield DeviceLoad(
            "cpu", name, self._cpu_busy(), memory.total - memory.available, memory.total
        )
        for device in accelerators():
            yield self._gpu(device)

    def _cpu_busy(self) -> float | None:
        before, self._times = self._times, _cpu_times()
        idle, total = (now - then for now, then in zip(self._times, before, strict=True))
        return None if total <= 0 else min(1.0, max(0.0, 1 - idle / total))

    # GPUs, by NVIDIA's management library

    def _find_gpus(self) -> None:
        import pynvml  # there is none for macOS

        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError:
            return
        self._nvml = pynvml
        granted = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
        for number, device in enumerate(accelerators()):
            name = granted[number].strip() if number < len(granted) else ""
            with contextlib.suppress(pynvml.NVMLError):
                self._gpus[device] = _handle(pynvml, name or str(number))

    def _gpu(self, device: str) -> DeviceLoad:
        handle = self._gpus.get(device)
        if handle is None:
            return DeviceLoad(device, "Apple GPU" if device == "mps" else "GPU")
        name = self._told("nvmlDeviceGetName", handle) or "GPU"
        rates = self._told("nvmlDeviceGetUtilizationRates", handle)
        memory = self._told("nvmlDeviceGetMemoryInfo", handle)
        return DeviceLoad(
            device,
            name.decode() if isinstance(name, bytes) else str(name),
            None if rates is None else rates.gpu / 100,
            None if memory is None else int(memory.used),
            None if memory is None else int(memory.total),
        )

    def _memory_by_process(self) -> dict[int, int]:
        """Bytes on all GPUs for each process, as far as the driver tells."""
        bytes_of: dict[int, int] = {}
        for handle in self._gpus.values():
            for process in self._told("nvmlDeviceGetComputeRunningProcesses", handle) or ():
                used = process.usedGpuMemory or 0
                bytes_of[process.pid] = bytes_of.get(process.pid, 0) + used
        return bytes_of

    def _told(self, question: str, handle: Any) -> Any:
        """What the driver answers; None where it does not know."""
        with contextlib.suppress(self._nvml.NVMLError):
            return getattr(self._nvml, question)(handle)
        return None


def _handle(nvml: Any, name: str) -> Any:
    """The GPU with an index or a UUID, as CUDA_VISIBLE_DEVICES names it."""
    if name.isdigit():
        return nvml.nvmlDeviceGetHandleByIndex(int(name))
    return nvml.nvmlDeviceGetHandleByUUID(name)


def _cpu_times() -> tuple[float, float]:
    """Seconds that all cores together have been idle, and seconds in all."""
    times = psutil.cpu_times()
    fields = times._asdict()
    counted_twice = fields.get("guest", 0.0) + fields.get("guest_nice", 0.0)
    total = sum(fields.values()) - (counted_twice if sys.platform == "linux" else 0.0)
    return fields["idle"] + fields.get("iowait", 0.0), total


def _memory_of(pid: int, on_gpus: Mapping[int, int]) -> WorkerMemory:
    """The memory of a process and its descendants; 0 of one that is gone."""
    resident = on_gpu = 0
    with contextlib.suppress(psutil.Error):
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                resident += process.memory_info().rss
                on_gpu += on_gpus.get(process.pid, 0)
    return WorkerMemory(resident, on_gpu)
