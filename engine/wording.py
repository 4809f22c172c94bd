"""Words that sentences about a person's mistakes have in common."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

_LONGEST = 60
_NAMED = 4


def show(value: Any) -> str:
    """A value as a person would write it in a sentence, on one line and not too long."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.12g}"
    shown = repr(value) if isinstance(value, str) else " ".join(str(value).split())
    return shown if len(shown) <= _LONGEST else shown[:_LONGEST] + "…"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: what was probably meant, or nothing."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


def trials_named(numbers: Iterable[int]) -> str:
    """ "trial 3", "trials 3 and 4", or how many where they are more than a few; empty for none."""
    found = [str(number) for number in sorted(numbers)]
    if not found:
        return ""
    if len(found) > _NAMED:
        return f"{len(found)} trials"
    *others, last = found
    return f"trials {', '.join(others)} and {last}" if others else f"trial {last}"
