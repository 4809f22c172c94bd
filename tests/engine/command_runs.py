"""Runs commands as trials, for the tests of engine.tasks.command."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.tasks import command


@dataclass
class Context:
    """What a worker would give a trial; `on_report` is called with each step."""

    params: Mapping[str, Any]
    checkpoint: str
    number: int = 7
    seed: int = 11
    on_report: Callable[[int], None] = lambda step: None
    stopping: bool = False
    reports: list[tuple[int, dict[str, float]]] = field(default_factory=list)

    def report(self, step: int, metrics: dict[str, float]) -> None:
        self.reports.append((step, metrics))
        self.on_report(step)

    def should_stop(self) -> bool:
        return self.stopping


class Bench:
    """A folder in which scripts are put and run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def script(self, text: str, name: str = "train.py") -> list[str]:
        """The arguments that run `text` as a Python script."""
        (self.folder / name).write_text(textwrap.dedent(text), encoding="utf-8")
        return [sys.executable, name]

    def open(self, argv: list[str], **task: Any) -> command.Runner:
        content = {"kind": "command", "argv": argv, "objective": "loss", "read": "json", **task}
        return command.open_task(content, str(self.folder), "cpu", 1)

    def context(self, **content: Any) -> Context:
        return Context(**{"params": {}, "checkpoint": str(self.folder / "checkpoint"), **content})

    def run(self, text: str, *arguments: str, params: Any = None, **task: Any) -> Any:
        """The outcome of a script and its context."""
        context = self.context(params=params or {})
        runner = self.open([*self.script(text), *arguments], **task)
        return runner.run(context), context
