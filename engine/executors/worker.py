"""A trial worker: runs the trials that it is sent, one after another, in a process of its own.

It speaks JSON lines on the process's original stdin and stdout; whatever a trial prints goes to
stderr, which the program keeps as the trial's log. Standard library alone and Python 3.8 syntax,
so that it also runs under a user's own interpreter. The program's side is local.py.

In:  open (task, base, device, threads), run (trial, params, seed, weights), stop (trial), test
Out: ready, refused, started, report, result, failure, tested
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
import time
import traceback
from typing import Any, NoReturn


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

    def send(self, kind: str, **content: Any) -> None:
        """Say something to the program; a fork of this process stays silent."""
        if os.getpid() != self._owner:
            return
        content["type"] = kind
        line = json.dumps(content, default=float).encode("utf-8") + b"\n"
        with self._lock:
            while line:
                line = line[os.write(self._output, line) :]


def end_with_children() -> NoReturn:
    """The program is gone: end at once, with whatever this process has started."""
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)


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


def reason_of(error: BaseException) -> str:
    """The reason, in the program's terms, why a trial that raised `error` failed."""
    names = {kind.__name__ for kind in type(error).__mro__}
    text = str(error).lower()
    if names & {"MemoryError", "OutOfMemoryError"}:
        return "out_of_memory"
    if isinstance(error, RuntimeError) and ("out of memory" in text or "can't allocate" in text):
        return "out_of_memory"
    return "diverged" if "Diverged" in names else "exception"


def describe(error: BaseException) -> str:
    """An exception as one line: its message, with its type where that says more."""
    text = " ".join(str(error).split())
    if type(error).__name__ == "Diverged":
        return text
    return type(error).__name__ + (": " + text if text else "")


def run_trial(channel: Channel, runner: Any, job: dict[str, Any]) -> None:
    """Run one trial and tell how it ended."""
    started = time.time()
    context = TrialContext(channel, job)
    channel.send("started", trial=context.number, time=started)
    try:
        outcome = runner.run(context)
    except Exception as error:
        channel.send(
            "failure",
            trial=context.number,
            reason=reason_of(error),
            message=describe(error),
            log="".join(traceback.format_exception(type(error), error, error.__traceback__)),
            seconds=context.seconds(),
            time=time.time(),
        )
    else:
        channel.send(
            "result",
            trial=context.number,
            value=outcome.value,
            step=outcome.step,
            metrics=outcome.metrics,
            finished=outcome.finished,
            seconds=context.seconds(),
            time=time.time(),
        )


def test_trial(channel: Channel, runner: Any, job: dict[str, Any]) -> None:
    """Compute the test metrics of a finished trial from its weights."""
    try:
        metrics = runner.test(job["params"], job["seed"], job["weights"])
    except Exception as error:
        channel.send("tested", trial=job["trial"], metrics={}, problem=describe(error))
    else:
        channel.send("tested", trial=job["trial"], metrics=metrics, problem="")


def main() -> int:
    """Open the task that the program names, then run trials until the program is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = Channel()
    job = channel.jobs.get()
    try:
        from engine.tasks.builtin import open_task

        runner = open_task(job["task"], job["base"], job["device"], job["threads"])
    except Exception as error:
        traceback.print_exc()
        plain = isinstance(error, ValueError) and str(error)
        channel.send("refused", message=plain or describe(error))
        return 1
    channel.send("ready")
    actions = {"run": run_trial, "test": test_trial}
    while True:
        job = channel.jobs.get()
        actions[job["type"]](channel, runner, job)


if __name__ == "__main__":
    sys.exit(main())
