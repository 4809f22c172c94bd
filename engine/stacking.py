"""Which trials of a study train together, and how many at a time.

A group is what can go together: configurations of a built-in network that share its shape and the
batch size, or all of a script that trains several at once. A unit is what one worker is handed at
once: a trial by itself, or some of a group. How many of a group are best is for the workers to
find, by trying.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from engine.domains import Discrete
from engine.methods import make_method
from engine.spec import StudySpec
from engine.task_tables import BuiltinTask, ScriptTask
from engine.tasks.stack_keys import shared_names, stack_key
from engine.trial import Params, Trial

MOST, ASKED = 64, 4
"""Trials in a unit, and those that a method that learns is asked for at once, where the study does
not say: of more it would know too little."""
FEW = 4
LEAST_TRIED = 8
"""Up to so many at a time are tried, even if there are fewer now."""
REMEMBERED = 10_000
"""Configurations whose group is kept in mind."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Trials that one worker trains as one.

    `most` is how many it may have. Where that has not been `tried`, the worker finds out how many
    are best, and returns the others.
    """

    trials: Sequence[Trial]
    most: int = 1
    tried: bool = True


@dataclass
class Stacking:
    """What is known of a study's groups; `most` trials go together at most.

    `shared` are the parameters that a group has in common. A method that learns is asked for
    `asked` at once, however many of them are best at a time: what it proposes next must not depend
    on what was measured; one that does not has 0 there. `joins` says that others may join while a
    unit runs.
    """

    group_of: Callable[[Params], Hashable]
    shared: tuple[str, ...]
    most: int
    asked: int = 0
    joins: bool = True
    _sizes: dict[Hashable, int] = field(default_factory=dict)

    @property
    def learns(self) -> bool:
        """Whether the method learns."""
        return self.asked > 0

    def found(self, params: Params, size: int) -> bool:
        """So many trials like this one are best at a time; whether that is news.

        No more are than was said before.
        """
        before = self.size_for(params)
        if before is not None and before <= size:
            return False
        self._sizes[self.group_of(params)] = max(1, size)
        return True

    def size_for(self, params: Params) -> int | None:
        """How many trials like this one are best at a time; None: nobody has tried."""
        size = self._sizes.get(self.group_of(params))
        return None if size is None else min(self.most, size)

    @property
    def ahead(self) -> int:
        """How many configurations are looked through for those that go together, for a worker."""
        return 2 * min(self.most, max(self._sizes.values(), default=self.most))

    def held(self, params: Params) -> dict[str, Any]:
        """What others must have in common with `params` to go together with it."""
        return {name: params[name] for name in self.shared if name in params}

    def choose(self, pool: Sequence[Params], share: float) -> tuple[list[int], int]:
        """The places in `pool`, not empty, of those that make the next unit, the first among them;
        and how many it may have.

        They are no more than a worker's `share`, so that none is idle in the end; but for a few,
        which are hardly slower than one. Where nobody has tried how many are best, no more need be
        than there are.
        """
        alike = self.alike(pool[0], pool)
        size = self.size_for(pool[0])
        most = size or min(self.most, max(LEAST_TRIED, len(alike)))
        return alike[: int(min(most, max(FEW, share)))], most

    def alike(self, params: Params, pool: Sequence[Params]) -> list[int]:
        """The places in `pool` of what can go together with `params`."""
        group = self.group_of(params)
        return [place for place, other in enumerate(pool) if self.group_of(other) == group]


def stacking_of(spec: StudySpec) -> Stacking | None:
    """How the trials of a study go together; None: each by itself."""
    task, space = spec.task, spec.space
    learns = make_method(spec.method.name, space, **spec.method.options).learns
    most = spec.resources.stack or MOST
    asked = (spec.resources.stack or ASKED) if learns else 0
    if most == 1:
        return None
    if isinstance(task, ScriptTask) and task.many is not None:
        return Stacking(lambda params: None, (), most, asked, joins=False, _sizes={None: most})
    if not isinstance(task, BuiltinTask):
        return None
    network, sizes = task.network, _batch_sizes(spec)
    shared = shared_names(network, space.names)

    @lru_cache(REMEMBERED)  # it is asked for with each report
    def group_of(items: tuple[tuple[str, Any], ...]) -> Hashable:
        return stack_key(network, dict(items), sizes)

    return Stacking(lambda params: group_of(tuple(params.items())), shared, most, asked)


def _batch_sizes(spec: StudySpec) -> float:
    """How many different batch sizes the trials of a study have."""
    space = spec.space
    if "batch_size" not in space.dimensions:
        return 1
    if spec.method.name == "grid":
        return len(space.grid_values("batch_size"))
    domain = space.domain("batch_size")
    return domain.count if isinstance(domain, Discrete) else math.inf
