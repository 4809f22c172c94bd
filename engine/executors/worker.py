"""A trial worker: runs the trials that it is sent, one after another, in a process of its own.

It speaks JSON lines on the process's original stdin and stdout; whatever a trial prints goes to
stderr, which the program keeps as the trial's log. Standard library alone and Python 3.8 syntax,
so that it also runs under a user's own interpreter, started by its path; what it is made of and
what runs scripts and commands is then loaded by path as well. The program's side is supervisor.py.

In:  open (task, base, device, threads), run (trial, params, seed, weights, checkpoint),
     run_many (unit, most, tried, trials: what `run` says of each), join (unit, trials) meanwhile,
     stop (trial), test, discover (seconds, probes)
Out: ready, refused, started, report, result, failure, tested, discovered;
     of several: sized (trial, size), returned (trial, why, alone), and done when none is left
"""

from __future__ import annotations

import contextlib
import faulthandler
import functools
import gc
import importlib.util
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from typing import Any

ENGINE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OLDEST = (3, 8)


def load(folder: str, name: str) -> Any:
    """A module of the engine by its path, as a foreign interpreter cannot import it by name."""
    path = os.path.join(ENGINE, folder, name)
    places = [path] if os.path.isdir(path) else None
    file = os.path.join(path, "__init__.py") if places else path + ".py"
    name = "tunescape_" + name
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=places)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


inside = load("executors", "inside")


def test_trial(channel: Any, runner: Any, job: dict[str, Any]) -> None:
    """Compute the test metrics of a finished trial from its weights."""
    metrics, problem = {}, ""
    try:
        if hasattr(runner, "test"):
            metrics = runner.test(job["params"], job["seed"], job["weights"])
    except Exception as error:
        problem = inside.describe(error)
    channel.send("tested", trial=job["trial"], metrics=metrics, problem=problem)


def discover(channel: Any, runner: Any, job: dict[str, Any]) -> None:
    """Tell which parameters the task asks for; the runner answers once, early if it must."""
    answer = functools.partial(channel.send, "discovered")
    try:
        runner.discover(answer, job["device"], job.get("seconds", 60.0), job.get("probes", 200))
    except BaseException as error:
        inside.end_if_forked(channel, error)
        sys.stderr.write(inside.log_of(error))
        answer(parameters=[], notes=[], problem=inside.describe(error))


def open_runner(job: dict[str, Any]) -> Any:
    """What runs the trials of a task. Raises ValueError, one sentence, where it cannot."""
    kind = job["task"].get("kind", "builtin")
    terms = job["task"], job["base"], job["device"], job["threads"]
    if kind != "builtin":
        return load("tasks", kind).open_task(*terms)
    with loading_to_keep():
        from engine.tasks.builtin import open_task

        return open_task(*terms)


@contextlib.contextmanager
def loading_to_keep() -> Iterator[None]:
    """What is loaded meanwhile is not looked through for garbage, then or ever.

    torch makes a quarter of a million objects when it is imported, none of them garbage.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def main() -> int:
    """Open the task that the program names, then run trials until the program is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = inside.Channel()
    faulthandler.enable()
    opened = channel.jobs.get()
    try:
        if sys.version_info < OLDEST:
            raise ValueError(f"interpreter: {sys.executable} is too old; choose a newer Python.")
        runner = open_runner(opened)
    except Exception as error:
        traceback.print_exc()
        plain = isinstance(error, ValueError) and str(error)
        channel.send("refused", message=plain or inside.describe(error))
        return 1
    channel.send("ready")
    actions = {
        "run": inside.run_trial,
        "run_many": inside.run_stack,
        "test": test_trial,
        "discover": discover,
    }
    surroundings = load("executors", "surroundings")
    while True:
        job = channel.jobs.get()
        before = surroundings.Surroundings()
        actions[job["type"]](channel, runner, dict(job, device=opened["device"]))
        before.restore()


def start() -> int:
    """Be a worker that was started by its path, under whatever interpreter."""
    own = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder) != own]
    load("executors", "surroundings").leave_bundle(__file__)
    return main()


if __name__ == "__main__":
    sys.exit(start())
