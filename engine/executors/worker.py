"""A trial worker: runs the trials that it is sent, one after another, in a process of its own.

It speaks JSON lines on the process's original stdin and stdout; whatever a trial prints goes to
stderr, which the program keeps as the trial's log. Standard library alone and Python 3.8 syntax,
so that it also runs under a user's own interpreter, started by its path; what runs scripts and
commands is then loaded by path as well. The program's side is local.py.

In:  open (task, base, device, threads), run (trial, params, seed, weights, checkpoint),
     stop (trial), test, discover (seconds, probes)
Out: ready, refused, started, report, result, failure, tested, discovered
"""

from __future__ import annotations

import contextlib
import faulthandler
import functools
import importlib.util
import json
import math
import os
import queue
import signal
import sys
import threading
import time
import traceback
from typing import Any, NoReturn

ENGINE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OLDEST = (3, 8)
LONGEST_MESSAGE = 2_000
LONGEST_LOG = 200_000
LONGEST_LINE = 15_000_000
"""Bytes; the program takes no longer one for a message."""
LOADED = "tunescape_"  # begins the names of modules that are loaded by path


class Channel:
    """The two ends of the protocol, taken from stdin and stdout so that no trial can disturb it."""

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._input = os.fdopen(os.dup(0), "rb")
        self._output = os.dup(1)
        with open(os.devnull, "rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        os.dup2(2, 1)
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(  # type: ignore[union-attr]
                encoding="utf-8", errors="backslashreplace", line_buffering=True
            )
        self.jobs: queue.Queue[dict[str, Any]] = queue.Queue()
        self.stopping: set[int] = set()
        threading.Thread(target=self._listen, name="listen", daemon=True).start()

    def _listen(self) -> None:
        for line in self._input:
            message = json.loads(line.decode("utf-8"))
            if message["type"] == "stop":
                self.stopping.add(message["trial"])
            else:
                self.stopping.discard(message.get("trial"))
                self.jobs.put(message)
        end_with_children()

    def is_forked(self) -> bool:
        """Whether this is a fork of the worker, made by what it runs."""
        return os.getpid() != self._owner

    def send(self, kind: str, **content: Any) -> None:
        """Say something to the program; a fork of this process stays silent.

        Raises ValueError where it is too much.
        """
        if self.is_forked():
            return
        content["type"] = kind
        text = json.dumps(content, default=float, ensure_ascii=False)
        line = text.encode("utf-8", "replace") + b"\n"  # half a character becomes "?"
        if len(line) > LONGEST_LINE:
            raise ValueError(f"a {kind} of {len(line) / 1e6:.0f} MB is too much; tell less at once")
        with self._lock:
            while line:
                line = line[os.write(self._output, line) :]


def end_with_children() -> NoReturn:
    """The program is gone: end at once, with whatever this process has started."""
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)


def end_if_forked(channel: Channel, error: BaseException | None = None) -> None:
    """End a fork that comes back from what it was made in: it is not a second worker."""
    if not channel.is_forked():
        return
    code = 0
    if isinstance(error, SystemExit):
        code = exit_code(error)
    elif error is not None:
        sys.stderr.write(log_of(error))
        code = 1
    with contextlib.suppress(Exception):
        sys.stdout.flush()
    os._exit(code)


def exit_code(error: SystemExit) -> int:
    """The code with which Python would end for `error`."""
    return error.code if isinstance(error.code, int) else int(error.code is not None)


class TrialContext:
    """What a running trial may ask and tell."""

    def __init__(self, channel: Channel, job: dict[str, Any]) -> None:
        self._channel = channel
        self._begun = time.perf_counter()
        self.number: int = job["trial"]
        self.params: dict[str, Any] = job["params"]
        self.seed: int = job["seed"]
        self.weights: str = job["weights"]
        self.checkpoint: str | None = job.get("checkpoint")
        self.device: str = job["device"]

    def seconds(self) -> float:
        """Seconds since this trial began."""
        return time.perf_counter() - self._begun

    def report(self, step: int, metrics: dict[str, float]) -> None:
        """Tell the metrics after `step` epochs."""
        self._channel.send(
            "report", trial=self.number, step=step, metrics=metrics, seconds=self.seconds()
        )

    def should_stop(self) -> bool:
        """Whether the trial was cancelled or the study stopped: return as soon as you can."""
        return self.number in self._channel.stopping


class Diverged(Exception):  # noqa: N818 - the name by which it is known
    """The objective is no finite number."""


def reason_of(error: BaseException) -> str:
    """The reason, in the program's terms, why a trial that raised `error` failed."""
    names = {kind.__name__ for kind in type(error).__mro__}
    text = text_of(error).lower()
    if names & {"SystemExit", "Crashed"}:
        return "crashed"
    if names & {"MemoryError", "OutOfMemoryError", "ResourceExhaustedError"}:
        return "out_of_memory"
    signs = ("out of memory", "can't allocate", "_status_alloc_failed")
    if isinstance(error, RuntimeError) and any(sign in text for sign in signs):
        return "out_of_memory"
    if "NoObjective" in names:
        return "no_objective"
    return "diverged" if "Diverged" in names else "exception"


def text_of(error: BaseException) -> str:
    """The message of an exception on one line, however long it is and whatever it does."""
    with contextlib.suppress(Exception):
        return " ".join(str(error)[:LONGEST_MESSAGE].split())
    return ""


def describe(error: BaseException) -> str:
    """An exception as one line: its message, with its type and place where they say more."""
    text = text_of(error)
    kind = type(error)
    if kind.__name__ in ("Diverged", "NoObjective") or kind.__module__.startswith(LOADED):
        return text  # a sentence
    if isinstance(error, SystemExit):
        said = ": " + text if isinstance(error.code, str) else ""
        return f"The training called sys.exit (exit code {exit_code(error)}{said})."
    place = getattr(error, "place", "")
    return kind.__name__ + (": " + text if text else "") + (f" ({place})" if place else "")


def log_of(error: BaseException) -> str:
    """The traceback of `error` without what is ours; empty where that is all there is."""
    if type(error).__module__.startswith(LOADED) and error.__cause__ is not None:
        error = error.__cause__  # of which it is a sentence
    runners = tuple(os.path.join(ENGINE, "tasks", kind) for kind in ("script", "command"))
    ours = (main.__code__.co_filename, "<frozen importlib", *runners)
    told = traceback.TracebackException(type(error), error, error.__traceback__)
    link: traceback.TracebackException | None = told
    while link is not None:
        link.stack[:] = [frame for frame in link.stack if not frame.filename.startswith(ours)]
        link = link.__cause__ or link.__context__
    return shortened("".join(told.format())) if told.stack or told.__cause__ else ""


def shortened(text: str) -> str:
    """The beginning and the end of a text, if it is a long one."""
    half = LONGEST_LOG // 2
    return text if len(text) <= LONGEST_LOG else f"{text[:half]}\n...\n{text[-half:]}"


def run_trial(channel: Channel, runner: Any, job: dict[str, Any]) -> None:
    """Run one trial and tell how it ended."""
    started = time.time()
    context = TrialContext(channel, job)
    channel.send("started", trial=context.number, time=started)
    try:
        outcome = runner.run(context)
        if outcome.value is not None and not math.isfinite(outcome.value):
            raise Diverged(f"the objective is {float(outcome.value)}.")
        end_if_forked(channel)
        channel.send(
            "result",
            trial=context.number,
            value=outcome.value,
            step=outcome.step,
            metrics=outcome.metrics,
            finished=outcome.finished,
            pruned=getattr(outcome, "pruned", False),
            seconds=context.seconds(),
            time=time.time(),
        )
    except BaseException as error:
        end_if_forked(channel, error)
        channel.send(
            "failure",
            trial=context.number,
            reason=reason_of(error),
            message=describe(error),
            log=log_of(error),
            seconds=context.seconds(),
            time=time.time(),
        )


def test_trial(channel: Channel, runner: Any, job: dict[str, Any]) -> None:
    """Compute the test metrics of a finished trial from its weights."""
    metrics, problem = {}, ""
    try:
        if hasattr(runner, "test"):
            metrics = runner.test(job["params"], job["seed"], job["weights"])
    except Exception as error:
        problem = describe(error)
    channel.send("tested", trial=job["trial"], metrics=metrics, problem=problem)


def discover(channel: Channel, runner: Any, job: dict[str, Any]) -> None:
    """Tell which parameters the task asks for; the runner answers once, early if it must."""
    answer = functools.partial(channel.send, "discovered")
    try:
        runner.discover(answer, job["device"], job.get("seconds", 60.0), job.get("probes", 200))
    except BaseException as error:
        end_if_forked(channel, error)
        sys.stderr.write(log_of(error))
        answer(parameters=[], notes=[], problem=describe(error))


def open_runner(job: dict[str, Any]) -> Any:
    """What runs the trials of a task. Raises ValueError, one sentence, where it cannot."""
    kind = job["task"].get("kind", "builtin")
    if kind == "builtin":
        from engine.tasks.builtin import open_task
    else:
        open_task = load("tasks", kind).open_task
    return open_task(job["task"], job["base"], job["device"], job["threads"])


def load(folder: str, name: str) -> Any:
    """A module of the engine by its path, as a foreign interpreter cannot import it by name."""
    path = os.path.join(ENGINE, folder, name)
    places = [path] if os.path.isdir(path) else None
    file = os.path.join(path, "__init__.py") if places else path + ".py"
    name = LOADED + name
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=places)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def main() -> int:
    """Open the task that the program names, then run trials until the program is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = Channel()
    faulthandler.enable()
    opened = channel.jobs.get()
    try:
        if sys.version_info < OLDEST:
            raise ValueError(f"interpreter: {sys.executable} is too old; choose a newer Python.")
        runner = open_runner(opened)
    except Exception as error:
        traceback.print_exc()
        plain = isinstance(error, ValueError) and str(error)
        channel.send("refused", message=plain or describe(error))
        return 1
    channel.send("ready")
    actions = {"run": run_trial, "test": test_trial, "discover": discover}
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
