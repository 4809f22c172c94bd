"""What a study loop works with, apart from its records; tests put simulated parts in place."""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from engine.clock import Clock
from engine.proposer import Proposer
from engine.spec import StudySpec
from engine.stacking import Stacking
from engine.trial import Trial


class Executor(Protocol):
    """Where trials run. What happens to them arrives in the study's inbox."""

    @property
    def capacity(self) -> int:
        """How many units run at once."""

    def processes(self) -> dict[int, int]:
        """The process of each worker, by the worker's number."""

    def submit(
        self,
        trials: Sequence[Trial],
        *,
        most: int = 1,
        tried: bool = True,
        beside: int | None = None,
    ) -> None:
        """Run `trials` as a unit of at most `most` on one worker, as soon as there is a free one.

        Where it was not `tried` whether so many are best, the worker finds that out. With `beside`
        they join the unit of that trial; what has no room there is returned.
        """

    def test(self, trial: Trial) -> None:
        """Compute the test metrics of a finished trial."""

    def cancel(self, number: int) -> None:
        """Have a trial end with what it has."""

    def close(self) -> None:
        """End everything, and wait for the end."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The parts, as a study makes them when it starts, and again when its spec is changed."""

    inbox: queue.SimpleQueue[Any]
    clock: Clock
    make_executor: Callable[[StudySpec], Executor]
    make_proposer: Callable[[StudySpec], Proposer]
    seed_of: Callable[[int], int]
    weights_of: Callable[[int], Path]
    checkpoint_of: Callable[[int], Path]
    looks_ahead: bool
    stacking: Stacking | None = None
