"""One parameter as a function asks for it: its range or choices, and which values fit it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Sequence

from .loading import ScriptError

MOST_VALUES = 100
"""Most values of a whole number that are counted out one by one."""
LONGEST_LABEL = 60


@dataclass(frozen=True)
class Suggestion:
    """What a function asks for. `type` is float, int or categorical; `step` None where any value.

    `labels` are the choices as a study's file can hold them: text, numbers, true and false.
    """

    name: str
    type: str
    low: Any = None
    high: Any = None
    log: bool = False
    step: Any = None
    choices: Sequence[Any] = field(default=(), compare=False)
    labels: Sequence[Any] = field(default=(), repr=False)

    def single(self) -> bool:
        """Whether there is but one value to take."""
        return len(self.choices) == 1 if self.type == "categorical" else self.low == self.high

    def default(self) -> Any:
        """The middle of a range, by its scale; the first choice."""
        if self.type == "categorical":
            return self.labels[0]
        if self.log:
            middle = math.exp((math.log(self.low) + math.log(self.high)) / 2)
            return max(self.low, min(self.high, round(middle) if self.type == "int" else middle))
        if self.step is None:
            return self.low / 2 + self.high / 2
        return self.low + (self.high - self.low) // self.step // 2 * self.step

    def values(self) -> list[Any] | None:
        """Every value there is to take; None where they are too many to try each."""
        if self.type == "categorical":
            return list(self.labels)
        if self.type == "int" and (self.high - self.low) // self.step < MOST_VALUES:
            return list(range(self.low, self.high + 1, self.step))
        return None

    def take(self, value: Any) -> Any:
        """A value of the space as the function is given it. Raises ScriptError."""
        if self.type == "categorical":
            return self._choice(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._misfit(value, "a number")
        if self.type == "float":
            return float(value)
        if value != int(value):
            raise self._misfit(value, "a whole number")
        return int(value)

    def _choice(self, value: Any) -> Any:
        exact = [type(label) is type(value) and label == value for label in self.labels]
        equal = [label == value and not isinstance(label, bool) for label in self.labels]
        for matches in (exact, equal):
            if True in matches:
                return self.choices[matches.index(True)]
        there = ", ".join(map(repr, self.labels))
        raise ScriptError(
            f"the function's choices of {self.name!r} are {there}, and the space has {value!r}; "
            "take it out of the space, or add it to the function."
        )

    def _misfit(self, value: Any, wanted: str) -> ScriptError:
        return ScriptError(
            f"the function asks for {wanted} as {self.name!r}, and the space gives it {value!r}; "
            f"make {self.name!r} {'an int' if self.type == 'int' else 'a float'} in the space."
        )


def number_asked_for(name: str, kind: str, low: Any, high: Any, step: Any, log: bool) -> Suggestion:
    """A range, its high end brought down to where its steps lead. Raises ScriptError."""
    convert = int if kind == "int" else float
    low, high = convert(low), convert(high)
    if low > high:
        raise ScriptError(f"the function asks for {name!r} from {low} to {high}; swap them.")
    if log and low <= 0:
        raise ScriptError(f"the function asks for {name!r} on a log scale from {low}; raise that.")
    if step is not None:
        if step <= 0 or (log and step != 1):
            mend = "take step or log away" if log else "raise that"
            raise ScriptError(f"the function asks for {name!r} in steps of {step}; {mend}.")
        start, stride = Decimal(repr(low)), Decimal(repr(convert(step)))
        high = convert(start + (Decimal(repr(high)) - start) // stride * stride)
        step = convert(step)
    return Suggestion(name, kind, low, high, bool(log), step)


def choice_asked_for(name: str, choices: Sequence[Any]) -> Suggestion:
    """A choice, with a label for each that a study's file can hold. Raises ScriptError."""
    choices = tuple(choices)
    if not choices:
        raise ScriptError(f"the function asks for {name!r} among no choices; list at least one.")
    labels: list[Any] = []
    for place, choice in enumerate(choices):
        label = label_of(choice)
        taken = label in labels or label is None
        labels.append(f"choice {place + 1}" if taken else label)
    return Suggestion(name, "categorical", choices=choices, labels=tuple(labels))


def label_of(choice: Any) -> Any:
    """A choice as text, number or truth value; None for an object that has no telling name."""
    if hasattr(choice, "item") and not getattr(choice, "shape", ()):
        choice = choice.item()
    if isinstance(choice, str):
        return choice if choice.strip() else repr(choice)
    if isinstance(choice, (bool, int)) or (isinstance(choice, float) and math.isfinite(choice)):
        return choice
    shown = getattr(choice, "__name__", None) or repr(choice)
    telling = len(shown) <= LONGEST_LABEL and shown.isprintable() and " at 0x" not in shown
    return shown if telling else None
