"""What may be asked of a study that is at work. Imperative: it has yet to be done."""

from __future__ import annotations

from dataclasses import dataclass

from engine.space import SearchSpace
from engine.spec_tables import Budget, Limits
from engine.trial import Params


@dataclass(frozen=True, slots=True)
class Pause:
    """Start no new trials; `now`: those that run are interrupted too, and go on when resumed."""

    now: bool = False


@dataclass(frozen=True, slots=True)
class Resume:
    """Start trials again."""


@dataclass(frozen=True, slots=True)
class Stop:
    """End the running trials with what they have, then the study."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """End one trial with what it has."""

    number: int


@dataclass(frozen=True, slots=True)
class Enqueue:
    """Run this configuration next."""

    params: Params


@dataclass(frozen=True, slots=True)
class Continue:
    """Finish a trial that was stopped early: from its checkpoint, or from its start without one."""

    number: int


@dataclass(frozen=True, slots=True)
class RunAgain:
    """Run a trial's configuration once more, by the same seed, as a new trial; or as so many new
    trials, each by another of its own `seeds`."""

    number: int
    seeds: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """Go on by other terms from now on; None: as before."""

    limits: Limits | None = None
    workers: int | None = None
    budget: Budget | None = None
    space: SearchSpace | None = None


@dataclass(frozen=True, slots=True)
class Granted:
    """The devices are this study's now."""


Lasting = Change | Continue | Enqueue | RunAgain
"""What may be asked of a study that is not at work, too: it is written down."""

Command = Cancel | Pause | Resume | Stop | Lasting
"""What may be asked of a study at work."""
