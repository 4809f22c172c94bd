"""What a method expects of more trials: a record that goes from the method to the study.

How it is found is the method's affair (engine.surrogate.prospects), what follows from it the
study's (engine.settling).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outlook:
    """By how much more trials may better the best, and what noise hides.

    All in the objective's own units and from 0: the expected gain of the `next` trial, the most
    that `all` there could ever be are likely to gain, and the standard deviation of the `noise`
    at the best trial.
    """

    next: float
    all: float
    noise: float
