"""A trial worker whose trainings misbehave on request; protocol and process are the real ones."""

from __future__ import annotations

import os
import sys
import types
from pathlib import Path
from typing import Any


class Runner:
    """Does what the trial's parameter `behaviour` names."""

    def run(self, context: Any) -> Any:
        """One trial."""
        from tests.faults import odd_trainings

        return getattr(odd_trainings, context.params["behaviour"])(context)

    def run_many(self, stack: Any) -> None:
        """Several trials as one."""
        from tests.faults.odd_stacks import Training

        Training(stack).run()

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

    worker.open_runner = lambda job: open_task(  # type: ignore[attr-defined]
        job["task"], job["base"], job["device"], job["threads"]
    )
    return worker.main()


if __name__ == "__main__":
    sys.exit(main())
