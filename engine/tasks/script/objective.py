"""What a training function returned, as the objective and other metrics."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

NOT_A_NUMBER = (TypeError, ValueError, OverflowError)
"""What `number` raises; an error of the device that holds the number is none of these."""


class NoObjective(Exception):  # noqa: N818 - the name by which the worker knows it
    """The function returned something else than the objective: one sentence that says what."""


@dataclass
class Outcome:
    """What became of a trial: its objective, and the last step that it reported.

    `finished` is False when it was told to stop and did, `pruned` says that it ended by raising
    the pruned exception; then the value is the last that was reported, if any was.
    """

    value: float | None
    step: int | None
    metrics: dict[str, float] = field(default_factory=dict)
    finished: bool = True
    pruned: bool = False


def number(value: Any) -> float:
    """A number of any library as a float; raises one of NOT_A_NUMBER. Text is no number."""
    shape = getattr(value, "shape", ())
    if isinstance(value, (str, bytes)) or not hasattr(value, "__float__") or math.prod(shape) != 1:
        raise TypeError(f"{describe(value)} is no number")
    if shape and hasattr(value, "item"):
        value = value.item()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(value)


def values_for(numbers: list[int], returned: Any) -> list[Any]:
    """What a function returned for each of the trials with these numbers. Raises NoObjective."""
    if isinstance(returned, Mapping):
        strange = [number for number in returned if number not in numbers]
        if strange:
            raise NoObjective(
                f"the function returned a dict with {strange[0]!r} in it, which is none of its "
                "trials' numbers; give each value under its trial.number."
            )
        return [returned.get(number) for number in numbers]
    try:
        if isinstance(returned, (str, bytes)):
            raise TypeError
        values = list(returned)
    except TypeError:
        raise NoObjective(
            f"the function returned {describe(returned)}; let it return a list with one objective "
            "for each trial."
        ) from None
    if len(values) != len(numbers):
        raise NoObjective(
            f"the function returned {len(values)} objectives for {len(numbers)} trials; let it "
            "return one for each, in their order."
        )
    return values


def read_metrics(returned: Any, objective: str, so_far: Outcome) -> dict[str, float]:
    """The metrics that a function returned, the objective among them. Raises NoObjective."""
    if isinstance(returned, Mapping):
        return _read_mapping(returned, objective)
    try:
        return {objective: number(returned)}
    except NOT_A_NUMBER:
        pass
    if returned is None:
        last = ""
        if so_far.value is not None:
            last = f", although it last reported {so_far.value:g} at step {so_far.step}"
        raise NoObjective(
            f"the function returned nothing (None){last}; let it return its {objective}."
        )
    if isinstance(returned, Sequence) and not isinstance(returned, (str, bytes)):
        raise NoObjective(
            f"the function returned {describe(returned)}; let it return one number, or a dict "
            f"with {objective!r} in it."
        )
    raise NoObjective(f"the function returned {describe(returned)}; let it return a number.")


def _read_mapping(returned: Mapping[Any, Any], objective: str) -> dict[str, float]:
    if objective not in returned:
        there = ", ".join(map(str, returned)) or "nothing"
        raise NoObjective(
            f"the function returned a dict without {objective!r} (it has {there}); add it, or "
            "name another objective."
        )
    metrics: dict[str, float] = {}
    for name, value in returned.items():
        try:
            metrics[str(name)] = number(value)
        except NOT_A_NUMBER:
            if name == objective:
                raise NoObjective(
                    f"the function returned a dict whose {objective!r} is {describe(value)}; make "
                    "it a number."
                ) from None
    return metrics


def describe(value: Any) -> str:
    """What a value is, in a few words."""
    if value is None:
        return "None"
    if isinstance(value, str):
        return "the text " + repr(value if len(value) <= 60 else value[:60] + "…")
    kind = type(value).__name__
    article = "an" if kind[:1].lower() in "aeiou" else "a"
    shape = getattr(value, "shape", None)
    if isinstance(shape, Sequence):
        return f"{article} {kind} of shape {tuple(shape)}"
    if isinstance(value, Sequence):
        return f"{article} {kind} of {len(value)} values"
    return f"{article} {kind}"
