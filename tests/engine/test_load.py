"""The load of devices and the memory of workers: of the real machine, and of GPUs made up."""

import subprocess
import sys
import types

import pytest

from engine.executors import load
from engine.executors.load import LoadSampler

HOLD = """
import subprocess, sys
mine = bytearray(40_000_000)
if "child" not in sys.argv:
    subprocess.Popen([sys.executable, __file__, "child"], stdin=sys.stdin)
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def no_gpus(monkeypatch):
    monkeypatch.setattr(load, "accelerators", lambda: ())


def test_that_the_cpu_is_busy_by_a_share_and_its_memory_in_bytes(no_gpus):
    sampler = LoadSampler()
    sum(range(3_000_000))
    (cpu,) = sampler.sample({}).devices
    assert cpu.device == "cpu"
    assert cpu.name.split()[0].isdigit()
    assert 0 < cpu.busy <= 1
    assert 1e8 < cpu.used < cpu.total


def test_that_a_workers_memory_is_that_of_all_it_started(no_gpus, tmp_path):
    script = tmp_path / "hold.py"
    script.write_text(HOLD)
    with subprocess.Popen(
        [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() + process.stdout.readline() == b"ready\nready\n"
        sample = LoadSampler().sample({3: process.pid})
        process.stdin.close()
    assert sample.workers[3].resident > 80_000_000


def test_that_a_worker_that_is_gone_holds_nothing(no_gpus):
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert LoadSampler().sample({0: process.pid}).workers[0].resident == 0


class NVMLError(Exception):
    pass


class StandInNvml(types.ModuleType):
    """A driver with two GPUs, the second of which does not tell how busy it is."""

    NVMLError = NVMLError

    def __init__(self):
        super().__init__("pynvml")
        self.pid = -2

    def nvmlInit(self):  # noqa: N802
        pass

    def nvmlDeviceGetHandleByIndex(self, index):  # noqa: N802
        return index

    def nvmlDeviceGetHandleByUUID(self, name):  # noqa: N802
        return {"GPU-b": 1}[name]

    def nvmlDeviceGetName(self, handle):  # noqa: N802
        return f"Card {handle}"

    def nvmlDeviceGetUtilizationRates(self, handle):  # noqa: N802
        if handle == 1:
            raise NVMLError("not supported")
        return types.SimpleNamespace(gpu=75)

    def nvmlDeviceGetMemoryInfo(self, handle):  # noqa: N802
        return types.SimpleNamespace(used=(handle + 1) * 10**9, total=8 * 10**9)

    def nvmlDeviceGetComputeRunningProcesses(self, handle):  # noqa: N802
        process = types.SimpleNamespace(pid=self.pid, usedGpuMemory=10**9)
        return [process, types.SimpleNamespace(pid=-1, usedGpuMemory=None)]


@pytest.fixture
def nvml(monkeypatch):
    stand_in = StandInNvml()
    monkeypatch.setitem(sys.modules, "pynvml", stand_in)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(load, "accelerators", lambda: ("cuda:0", "cuda:1"))
    return stand_in


def test_that_gpus_tell_their_load_and_memory_where_they_can(nvml):
    sampler = LoadSampler()
    _, first, second = sampler.sample({}).devices
    assert (first.device, first.name, first.busy) == ("cuda:0", "Card 0", 0.75)
    assert (first.used, first.total) == (10**9, 8 * 10**9)
    assert (second.device, second.busy, second.used) == ("cuda:1", None, 2 * 10**9)


def test_that_a_workers_memory_on_gpus_is_summed(nvml):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        nvml.pid = process.pid
        sample = LoadSampler().sample({0: process.pid})
        process.stdin.close()
    assert sample.workers[0].on_gpu == 2 * 10**9


def test_that_the_gpus_shown_are_those_that_the_program_may_see(nvml, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-b")
    monkeypatch.setattr(load, "accelerators", lambda: ("cuda:0",))
    _, gpu = LoadSampler().sample({}).devices
    assert (gpu.device, gpu.name) == ("cuda:0", "Card 1")


def test_that_a_driver_that_does_not_answer_leaves_the_gpu_without_numbers(nvml, monkeypatch):
    def fail():
        raise NVMLError("no driver")

    monkeypatch.setattr(nvml, "nvmlInit", fail)
    sampler = LoadSampler()
    _, gpu, _ = sampler.sample({}).devices
    assert (gpu.device, gpu.busy, gpu.total) == ("cuda:0", None, None)
