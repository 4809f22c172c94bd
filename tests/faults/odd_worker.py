"""A trial worker whose trainings misbehave on request; protocol and process are the real ones."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import types
from pathlib import Path
from typing import Any, NamedTuple


class Outcome(NamedTuple):
    """What a real runner's `run` returns."""

    value: float | None
    step: int | None
    metrics: dict[str, float]
    finished: bool = True


class Diverged(Exception):  # noqa: N818 - the name by which the worker knows it
    """As the built-in networks raise it."""


def train(context: Any) -> Outcome:
    """Report three epochs, obeying a wish to stop."""
    for epoch in range(1, 4):
        context.report(epoch, {"loss": 1.0 / epoch})
        time.sleep(0.01)
        if context.should_stop():
            return Outcome(1.0 / epoch, epoch, {}, finished=False)
    return Outcome(1.0 / 3, 3, {"loss": 1.0 / 3})


def hang(context: Any) -> Outcome:
    """Never end, and leave a grandchild that never ends either."""
    grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(context.params["note"]).write_text(f"{os.getpid()} {grandchild.pid}")
    while True:
        time.sleep(600)


def wait_until_stopped(context: Any) -> Outcome:
    """Run until told to stop, then hand in what there is."""
    context.report(1, {"loss": 0.5})
    while not context.should_stop():
        time.sleep(0.005)
    return Outcome(0.5, 1, {"loss": 0.5}, finished=False)


def write_garbage(context: Any) -> Outcome:
    """Print all that could be taken for the protocol, and much that could not."""
    os.write(1, b"\xff\xfe\x00 not json\n")
    print('{"type": "result", "trial": 0, "value": -1, "finished": true}', flush=True)
    os.write(2, b"x" * 100_000 + b"\n")
    os.close(1)
    return train(context)


def fail(context: Any) -> Outcome:
    """Raise, after saying something."""
    print("about to fail", flush=True)
    raise ValueError("the data are\nnot what they seem")


def diverge(context: Any) -> Outcome:
    """As a network does whose loss is no number."""
    raise Diverged("the loss became nan in epoch 2")


def run_out_of_memory(context: Any) -> Outcome:
    """As numpy does when there is no room."""
    raise MemoryError


def take_memory(context: Any) -> Outcome:
    """Take 400 MB and stay."""
    hoard = bytearray(400_000_000)
    hoard[::4096] = b"x" * len(hoard[::4096])
    return wait_until_stopped(context)


def crash(context: Any) -> Outcome:
    """Die as a segmentation fault does."""
    sys.stderr.write("last words\n")
    sys.stderr.flush()
    os.kill(os.getpid(), 11)
    return train(context)


def leave(context: Any) -> Outcome:
    """End the process as if all were well."""
    os._exit(0)


def tell_process(context: Any) -> Outcome:
    """Which process this is."""
    return Outcome(float(os.getpid()), 1, {"loss": 0.0})


class Runner:
    """Does what the trial's parameter `behaviour` names."""

    def run(self, context: Any) -> Outcome:
        """One trial."""
        outcome: Outcome = globals()[context.params["behaviour"]](context)
        return outcome

    def test(self, params: dict[str, Any], seed: int, weights: str) -> dict[str, float]:
        """The test metrics."""
        return {"test_loss": float(seed)}


def open_task(task: dict[str, Any], base: str, device: str, threads: int) -> Runner:
    """What a worker asks of `engine.tasks.builtin`."""
    if "refusal" in task:
        raise ValueError(task["refusal"])
    if device in task.get("broken", ()):
        raise ValueError(f"{device} is of no use here.")
    if "exit" in task:
        os._exit(task["exit"])
    return Runner()


def main() -> int:
    """Be a worker."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    builtin = types.ModuleType("engine.tasks.builtin")
    builtin.open_task = open_task  # type: ignore[attr-defined]
    sys.modules["engine.tasks.builtin"] = builtin
    from engine.executors import worker

    return worker.main()


if __name__ == "__main__":
    sys.exit(main())
