"""What a study will be, in words: how many trials, and how long they will take."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from engine.analysis.cost import Estimate, rough, words
from engine.spec import StudySpec
from gui.numbers import count

MANY_TRIALS = 10_000
"""From here on, the plan warns."""
_UNITS = {"s": 1.0, "sec": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"\s*(\d+(?:[.,]\d+)?)\s*([a-z]*)", re.IGNORECASE)


@dataclass(frozen=True)
class Plan:
    """`trials` such as "5 × 5 = 25 trials"; `warning` is a sentence, empty where none is due."""

    trials: str
    warning: str = ""


def plan_of(spec: StudySpec, trials: int | None) -> Plan:
    """The plan of a valid spec that will have `trials` trials at most."""
    if trials is None:
        return Plan(f"Trials {_until(spec)}", "" if _ends(spec) else "It runs until it is stopped.")
    if spec.method.name != "grid":
        return Plan(_trials(trials), _warning(trials))
    size = spec.space.grid_size()
    product = _product(spec, size)
    if trials < size:
        return Plan(f"{_trials(trials)} of the grid's {product or count(size)}", _warning(trials))
    return Plan(f"{product} trials" if product else _trials(size), _warning(trials))


def workers_of(spec: StudySpec, automatic: int) -> int:
    """How many trials will run at once; `automatic` is that of a spec which leaves it open."""
    return spec.resources.workers or len(spec.resources.devices or ()) or automatic


def duration_words(estimate: Estimate, workers: int) -> str:
    """Such as "about 40 s on 1 worker (±15 s)"."""
    hands = "1 worker" if workers == 1 else f"{workers} workers"
    if estimate.seconds < 1:
        return f"{rough(estimate.seconds)} on {hands}"
    return f"about {words(estimate.seconds)} on {hands} (±{words(estimate.margin)})"


def parse_duration(text: str) -> float | str:
    """Seconds of "90", "90 s", "1 h 30 min"; the text itself when it cannot be read."""
    total, place = 0.0, 0
    for part in _PART.finditer(text):
        unit = part[2].lower() or "s"
        if part.start() != place or unit not in _UNITS:
            return text
        total += float(part[1].replace(",", ".")) * _UNITS[unit]
        place = part.end()
    return text if place == 0 or text[place:].strip() else total


def duration_text(seconds: float | str | None) -> str:
    """Seconds as they are typed, with nothing lost."""
    if seconds is None or isinstance(seconds, str):
        return seconds or ""
    readable = words(seconds)
    return readable if parse_duration(readable) == seconds else f"{seconds:g} s"


def _product(spec: StudySpec, size: int) -> str:
    """ "5 × 5 = 25"; empty where conditions, or many parameters, make it no simple product."""
    levels: Sequence[int] = [len(spec.space.grid_values(name)) for name in spec.space.dimensions]
    if len(levels) < 2 or len(levels) > 6 or math.prod(levels) != size:
        return ""
    return f"{' × '.join(map(str, levels))} = {count(size)}"


def _trials(trials: int) -> str:
    return "1 trial" if trials == 1 else f"{count(trials)} trials"


def _warning(trials: int) -> str:
    if trials < MANY_TRIALS:
        return ""
    return "That is a great many: narrow the grid, or set a number of trials."


def _ends(spec: StudySpec) -> bool:
    return spec.budget.seconds is not None or spec.budget.target is not None


def _until(spec: StudySpec) -> str:
    ends = []
    if spec.budget.seconds is not None:
        ends.append(f"for {words(spec.budget.seconds)}")
    if spec.budget.target is not None:
        ends.append(f"until {spec.task.objective} reaches {spec.budget.target:g}")
    return " or ".join(ends) or "without an end"
