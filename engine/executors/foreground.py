"""One trial in the foreground: it says on the terminal what it would tell a study, and stops in a
debugger where its code does.

Nothing is between the trial and the terminal, so that `breakpoint()` works. Standard library alone
and Python 3.8 syntax: a user's script is run so under its own interpreter, by this file's path.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import time
from typing import Any

SENTENCES = ("Diverged", "TaskError", "DataError")
"""Exceptions of built-in tasks, by name, that say all there is to say."""


class Context:
    """What a trial may ask and tell, without a study: it is told to a person."""

    def __init__(self, job: dict[str, Any]) -> None:
        self._begun = time.perf_counter()
        self.number: int = job["trial"]
        self.params: dict[str, Any] = job["params"]
        self.seed: int = job["seed"]
        self.weights: str = job["weights"]
        self.checkpoint: str = job["checkpoint"]
        self.device: str = job["device"]

    def seconds(self) -> float:
        """Seconds since this trial began."""
        return time.perf_counter() - self._begun

    def report(self, step: int, metrics: dict[str, float]) -> None:
        """Say the metrics after `step` steps."""
        print(f"step {step}: {in_words(metrics)}", flush=True)

    def should_stop(self) -> bool:
        """A person who wants it to stop presses Ctrl-C."""
        return False


def in_words(metrics: dict[str, float]) -> str:
    """Metrics by name, to six digits."""
    return ", ".join(f"{name} {value:.6g}" for name, value in metrics.items())


def _load_worker() -> Any:
    """worker.py, which stands beside this file; here the engine need not be importable."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "worker.py")
    spec = importlib.util.spec_from_file_location("tunescape_worker", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(job: dict[str, Any]) -> int:
    """Run the trial that `job` describes; returns the exit code. What it raises is let through."""
    worker = _load_worker()
    try:
        runner = worker.open_runner(job)
    except ValueError as error:
        print(f"tunescape: {error}", file=sys.stderr)
        return 2
    context = Context(job)
    try:
        outcome = runner.run(context)
    except Exception as error:
        kind = type(error)
        if kind.__name__ not in SENTENCES and not kind.__module__.startswith(worker.inside.LOADED):
            raise
        print(f"Trial {context.number} failed: {error}", flush=True)
        return 1
    what = "was pruned" if getattr(outcome, "pruned", False) else "finished"
    metrics = {job["task"]["objective"]: outcome.value} if outcome.value is not None else {}
    told = in_words({**metrics, **(outcome.metrics or {})})
    print(f"Trial {context.number} {what} in {context.seconds():.2f} s: {told}", flush=True)
    return 0


def main() -> int:
    """Run the trial that the last argument describes in JSON."""
    own = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder) != own]
    return run(json.loads(sys.argv[-1]))


if __name__ == "__main__":
    sys.exit(main())
