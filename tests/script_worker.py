"""A worker as the executor starts it, that runs a script; what it says is there to be looked at."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

WORKER = Path(__file__).parents[1] / "engine" / "executors" / "worker.py"
OVER = ("result", "failure", "discovered", "refused", "tested")


class ScriptWorker:
    """One worker process; a context manager that closes its input and waits for its end."""

    def __init__(
        self,
        script: Path,
        interpreter: str = sys.executable,
        environment: Mapping[str, str] | None = None,
        **task: Any,
    ) -> None:
        self._log = script.parent / "log.txt"
        self._checkpoint = str(script.parent / "checkpoint")
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [interpreter, str(WORKER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                start_new_session=True,
            )
        content = {
            "kind": "script",
            "file": script.name,
            "function": "objective",
            "objective": "value",
            "direction": "minimize",
            **task,
        }
        self.send("open", task=content, base=str(script.parent), device="cpu", threads=1)

    def __enter__(self) -> ScriptWorker:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()

    @property
    def log(self) -> str:
        """What it has printed."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def send(self, kind: str, **content: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"type": kind, **content}).encode() + b"\n")
        self.process.stdin.flush()

    def hear(self, *kinds: str) -> dict[str, Any]:
        """The next message of one of these kinds."""
        return self.hear_all(*kinds)[-1]

    def hear_all(self, *kinds: str) -> list[dict[str, Any]]:
        """Everything up to the next message of one of these kinds."""
        assert self.process.stdout is not None
        heard = []
        for line in self.process.stdout:
            heard.append(json.loads(line))
            if heard[-1]["type"] in (kinds or OVER):
                return heard
        raise AssertionError(f"the worker ended with {self.process.wait()}: {self.log}")

    def begin(self, params: Mapping[str, Any] | None = None, **job: Any) -> None:
        """Have it begin a trial."""
        job = {"trial": 0, "seed": 0, "weights": "", "checkpoint": self._checkpoint, **job}
        self.send("run", params=dict(params or {}), **job)

    def run(self, params: Mapping[str, Any] | None = None, **job: Any) -> dict[str, Any]:
        """How a trial ended."""
        self.begin(params, **job)
        return self.hear()

    def run_many(self, trials: Mapping[int, Mapping[str, Any]]) -> list[dict[str, Any]]:
        """All that it says of several trials that it runs at once, each with its parameters."""
        self.begin_many(trials)
        return self.hear_all("done")

    def begin_many(self, trials: Mapping[int, Mapping[str, Any]]) -> None:
        """Have it begin several trials at once."""
        orders = [
            {
                "trial": number,
                "params": dict(params),
                "seed": number,
                "weights": "",
                "checkpoint": f"{self._checkpoint}-{number}",
            }
            for number, params in trials.items()
        ]
        self.send("run_many", unit=0, most=len(orders), trials=orders)

    def discover(self, **limits: Any) -> dict[str, Any]:
        """Which parameters its script asks for."""
        self.send("discover", **limits)
        return self.hear()


def write(folder: Path, body: str, name: str = "train.py") -> Path:
    """A script; its function is `objective`."""
    script = folder / name
    script.write_text(textwrap.dedent(body), encoding="utf-8")
    return script


def ended(folder: Path, body: str, **params: Any) -> dict[str, Any]:
    """How one trial of a script ended."""
    return run_once(folder, textwrap.dedent(body), params)


def run_once(folder: Path, source: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """How one trial of a script ended, and what was printed as `printed`."""
    script = folder / "train.py"
    script.write_text(source, encoding="utf-8")
    with ScriptWorker(script) as worker:
        ended = worker.run(params)
    return {**ended, "printed": worker.log}
