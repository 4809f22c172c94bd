"""Which parameters a script asks for: found by running its function in a worker, up to a report."""

from __future__ import annotations

import contextlib
import queue
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.dry_run import LOOK_SECONDS, DryRunError, DryRunStoppedError
from engine.executors.child import Child, Exited
from engine.executors.devices import slots
from engine.executors.guard import own_command
from engine.executors.job import Task
from engine.executors.launch import RefusedError, Worker
from engine.parameters import Parameter
from engine.spec_toml import read_space
from engine.task_tables import ScriptTask
from engine.tasks.check import check

SECONDS = 60.0
"""How long the function is run, again and again, to see all its branches."""
GRACE_SECONDS = 10.0


@dataclass(frozen=True)
class Discovered:
    """The parameters that a script asks for, and sentences about what could not be found out."""

    parameters: tuple[Parameter, ...]
    notes: tuple[str, ...]


def discover(task: ScriptTask, base: Path, stop: threading.Event | None = None) -> Discovered:
    """Run the function of `task`, until `stop` is set at the latest, and see what it asks for.

    Raises TaskError where it is not there, DryRunError where it cannot be run or asks for nothing,
    and SpecError where what it asks for is no space.
    """
    check(task, base)
    stop = stop or threading.Event()
    with tempfile.TemporaryDirectory(prefix="tunescape-") as folder:
        content = task.model_dump(mode="json")
        try:
            worker = Worker(Task(content, base, Path(folder)), slots(1)[0], own_command)
        except RefusedError as error:
            raise DryRunError(str(error)) from None
        with contextlib.closing(worker.child) as child:
            _wait_for(child, "ready", stop)
            child.send("discover", seconds=SECONDS)
            return _discovered(child, _wait_for(child, "discovered", stop))


def _wait_for(child: Child, kind: str, stop: threading.Event) -> Mapping[str, Any]:
    """The next message of a kind. Raises DryRunError where none can come."""
    deadline = time.monotonic() + SECONDS + GRACE_SECONDS
    while not stop.is_set():
        if time.monotonic() > deadline:
            raise DryRunError(
                f"The script did not answer for {SECONDS + GRACE_SECONDS:g} s; have it ask for its "
                "parameters before it begins to train.",
                child.log_tail(),
            )
        with contextlib.suppress(queue.Empty):
            message = child.messages.get(timeout=LOOK_SECONDS)
            if isinstance(message, Exited):
                raise DryRunError(f"The script's process ended ({message}).", child.log_tail())
            if message["type"] == "refused":
                raise DryRunError(message["message"], child.log_tail())
            if message["type"] == kind:
                found: Mapping[str, Any] = message
                return found
    raise DryRunStoppedError("The search for parameters was stopped.")


def _discovered(child: Child, found: Mapping[str, Any]) -> Discovered:
    if found["problem"] and not found["parameters"]:
        raise DryRunError(found["problem"], child.log_tail())
    if not found["parameters"]:
        raise DryRunError(" ".join(found["notes"]), child.log_tail())
    notes = [found["problem"], *found["notes"]]
    stated = [
        {
            key: value
            for key, value in entry.items()
            if value is not None and (key, value) != ("log", False)
        }
        for entry in found["parameters"]
    ]
    return Discovered(tuple(read_space(stated).parameters), tuple(note for note in notes if note))
