"""A worker process until it is ready: its command, its surroundings, and what it is told first."""

from __future__ import annotations

import contextlib
import queue
import time
from collections.abc import Callable, Sequence

from engine.executors import script_launch
from engine.executors.child import Child, ChildGoneError, Exited
from engine.executors.devices import Slot, accelerators, visible_gpus
from engine.executors.job import Job, Task

START_SECONDS = 300.0
"""How long a worker may take to load its task; it imports torch, perhaps from a slow disk."""
LOOK_SECONDS = 1.0


class RefusedError(Exception):
    """A worker cannot run the task: one sentence that says why."""


class DiedError(RefusedError):
    """Its process ended before it was ready."""


class Worker:
    """A worker process, from its start on."""

    def __init__(self, task: Task, slot: Slot, own_command: Callable[[str], Sequence[str]]) -> None:
        """Start it and have it load `task`; it need not be ready yet. Raises RefusedError."""
        self._begun = time.monotonic()
        self._is_script = task.content.get("kind") == "script"
        self.ready_after: float | None = None
        """Seconds from its start until it had loaded the task; None: not yet."""
        self.announced = False
        self._command, environment = list(own_command("--worker")), surroundings(slot)
        try:
            if self._is_script:
                self._command = script_launch.command(task.content, task.base)
                environment |= script_launch.environment()
            self.child = Child(self._command, environment)
        except script_launch.NoInterpreterError as error:
            raise RefusedError(str(error)) from None
        except OSError as error:
            raise RefusedError(self._why_not_started(error)) from None
        with contextlib.suppress(ChildGoneError):
            self.child.send(
                "open",
                task=dict(task.content),
                base=str(task.base),
                device="cuda:0" if slot.device.startswith("cuda:") else slot.device,
                threads=slot.threads,
            )

    def is_alive(self) -> bool:
        """Whether the process is there."""
        return self.child.process.poll() is None

    def wait_until_ready(self, job: Job) -> bool:
        """Wait until it has loaded the task; False when `job` was stopped before.

        Raises RefusedError when it cannot.
        """
        while self.ready_after is None:
            try:
                message = self.child.messages.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                self._look_at_the_time()
                continue
            if isinstance(message, Exited):
                raise DiedError(self._why_ended(message))
            if message["type"] == "refused":
                raise RefusedError(message["message"])
            if message["type"] == "ready":
                self.ready_after = time.monotonic() - self._begun
            elif job.is_stopped:
                return False
        return True

    def _look_at_the_time(self) -> None:
        if time.monotonic() - self._begun > START_SECONDS:
            self.child.kill()
            raise RefusedError(
                f"A worker did not start within {START_SECONDS:g} s ({self._command[0]})."
            )

    def _why_not_started(self, error: OSError) -> str:
        if self._is_script:
            return script_launch.why_not_started(self._command[0], error)
        return f"A worker could not start ({error})."

    def _why_ended(self, exited: Exited) -> str:
        log = self.child.log_tail().strip().splitlines()
        if self._is_script:
            return script_launch.why_ended(self._command[0], exited, log)
        return f"A worker could not start ({exited}){': ' + log[-1] if log else ''}"


def surroundings(slot: Slot) -> dict[str, str | None]:
    """Variables that a worker must have before it imports torch, and its own device alone."""
    threads = str(slot.threads)
    variables: dict[str, str | None] = {
        "OMP_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        "PYTHONHASHSEED": "0",
    }
    if slot.device.startswith("cuda:"):
        variables |= visible_gpus(int(slot.device.removeprefix("cuda:")))
    elif any(device.startswith("cuda:") for device in accelerators()):
        variables["CUDA_VISIBLE_DEVICES"] = "-1"
    return variables
