"""A trial in a real worker process that is killed goes on from its checkpoint."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.engine.interrupted_runs import PARAMS, TASK


def reports_among(said: list[dict[str, Any]]) -> dict[int, dict[str, float]]:
    return {m["step"]: m["metrics"] for m in said if m["type"] == "report"}


OUTCOME = ("type", "value", "step", "metrics", "finished")
WORKER = """if True:
    import sys
    from engine.executors import worker
    from engine.tasks.builtin import Runner

    Runner.checkpoint_seconds = 0.0
    sys.exit(worker.main())
"""


class Worker:
    """A real worker process that writes a checkpoint at each epoch's end."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def run(self, folder: Path, until: int | None = None) -> list[dict[str, Any]]:
        """What a trial says that is killed after the report of epoch `until`."""
        task = {**TASK, "kind": "builtin", "epochs": 30}
        self.send(type="open", task=task, base=".", device="cpu", threads=1)
        trial = {"trial": 0, "params": PARAMS, "seed": 5}
        places = {"weights": str(folder / "weights"), "checkpoint": str(folder / "checkpoint")}
        self.send(type="run", **trial, **places)
        said: list[dict[str, Any]] = []
        for line in self.process.stdout:
            said.append(json.loads(line))
            if said[-1]["type"] == "result" or said[-1].get("step", 0) == until:
                self.process.kill()
        return said

    def send(self, **message: Any) -> None:
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()


def test_that_a_worker_killed_twice_goes_on_and_ends_as_if_it_had_not_been(tmp_path):
    with Worker() as worker:
        whole = worker.run(tmp_path / "whole")
    heard: dict[int, Any] = {}
    for until in (6, 17, None):
        with Worker() as worker:
            said = worker.run(tmp_path, until)
        reports = reports_among(said)
        first, last = min(reports), max(heard, default=0)
        assert list(reports) == list(range(first, max(reports) + 1))
        assert first == last + 1 or first == last > 0  # killed before its checkpoint was whole
        heard |= reports
    assert heard == reports_among(whole)
    assert [said[-1][name] for name in OUTCOME] == [whole[-1][name] for name in OUTCOME]
    weights = [(folder / "weights").read_bytes() for folder in (tmp_path, tmp_path / "whole")]
    assert weights[0] == weights[1]
