"""Placeholders in the texts of a command: `{lr}` becomes the value that a trial gives to lr.

That they are well formed and name parameters of the space is for the spec to see. Standard library
alone and Python 3.8 syntax, like command.py, which starts what comes out of here.
"""

from __future__ import annotations

import json
from string import Formatter
from typing import Any, Mapping, Sequence


def values_of(
    params: Mapping[str, Any], seed: int, device: str, number: int, checkpoint_dir: str
) -> dict[str, Any]:
    """What stands for each placeholder; `params` has the trial's active parameters alone."""
    return {
        **params,
        "seed": seed,
        "device": device,
        "number": number,
        "checkpoint_dir": checkpoint_dir,
        "params": json.dumps(dict(params)),
    }


def placeholders(text: str) -> list[str]:
    """The names of the placeholders in `text`."""
    return [name for _, name, _, _ in Formatter().parse(text) if name is not None]


def fill(text: str, values: Mapping[str, Any]) -> str | None:
    """`text` with its placeholders filled; None when it mentions a parameter that is inactive.

    Values are written as Python's str() does: numbers read back the same, true is True.
    """
    filled = []
    for literal, name, _, _ in Formatter().parse(text):
        filled.append(literal)
        if name is not None:
            if name not in values:
                return None
            filled.append(str(values[name]))
    return "".join(filled)


def fill_arguments(argv: Sequence[str], values: Mapping[str, Any]) -> list[str]:
    """The arguments of a trial.

    One that mentions an inactive parameter is left out; where it is nothing but the placeholder,
    so is the option before it: both of `--momentum {momentum}`.
    """
    filled: list[str] = []
    for place, template in enumerate(argv):
        argument = fill(template, values)
        if argument is not None:
            filled.append(argument)
        elif place > 0 and _is_one_placeholder(template) and _is_option(argv[place - 1]):
            filled.pop()
    return filled


def _is_option(argument: str) -> bool:
    """Whether an argument is an option that takes the next one as its value."""
    return argument.startswith("-") and bool(argument.strip("-")) and not set("={") & set(argument)


def _is_one_placeholder(argument: str) -> bool:
    pieces = list(Formatter().parse(argument))
    return len(pieces) == 1 and pieces[0][0] == ""
