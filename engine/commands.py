"""What may be asked of a study that is at work. Imperative: it has yet to be done."""

from __future__ import annotations

from dataclasses import dataclass

from engine.trial import Params


@dataclass(frozen=True, slots=True)
class Pause:
    """Start no new trials."""


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
class Granted:
    """The devices are this study's now."""
