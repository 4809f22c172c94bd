"""What a person types into the space table, and the parameter that it makes.

Text that cannot be understood is kept as it is, so that the sentence beside the cell can name it.
"""

from __future__ import annotations

import csv
from dataclasses import fields, replace
from enum import IntEnum
from typing import Any

from engine.parameters import Categorical, Float, Int, Parameter, When

KINDS = {"float": Float, "int": Int, "choices": Categorical}
"""The types of parameters by the word that the table has for them."""
_JOIN = " = "


class Column(IntEnum):
    """The columns of the space table. Choices take the room of low, high, log and step."""

    NAME = 0
    KIND = 1
    LOW = 2
    HIGH = 3
    LOG = 4
    STEP = 5
    GRID = 6
    DEFAULT = 7
    FIXED = 8
    WHEN = 9


FIELDS = {
    Column.NAME: "name",
    Column.LOW: "low",
    Column.HIGH: "high",
    Column.LOG: "log",
    Column.STEP: "step",
    Column.GRID: "grid",
    Column.DEFAULT: "default",
    Column.FIXED: "value",
    Column.WHEN: "when",
}


def field_of(parameter: Parameter, column: Column) -> str:
    """The field that a cell shows; empty for one that this type of parameter has no use for."""
    if column == Column.KIND:
        return "kind"
    if isinstance(parameter, Categorical):
        if column == Column.LOW:
            return "choices"
        if column in (Column.HIGH, Column.LOG, Column.STEP):
            return ""
    return FIELDS[column]


def column_of(field: str) -> Column:
    """The column that shows `field`; the name's, where no single one does."""
    if field == "choices":
        return Column.LOW
    return next((column for column, name in FIELDS.items() if name == field), Column.NAME)


def kind_of(parameter: Parameter) -> str:
    """The word for a parameter's type."""
    return next(word for word, kind in KINDS.items() if isinstance(parameter, kind))


def cell_text(parameter: Parameter, column: Column) -> str:
    """What a cell shows, which is also what its editor starts with."""
    field = field_of(parameter, column)
    if field == "kind":
        return kind_of(parameter)
    if field in ("", "log"):
        return ""
    value = getattr(parameter, field)
    if isinstance(value, When):
        return _condition_text(value)
    alone = field == "grid" and isinstance(value, tuple) and len(value) == 1
    return value_text(value) + ("," if alone and not isinstance(parameter, Categorical) else "")


def with_text(parameter: Parameter, column: Column, text: str) -> Parameter:
    """`parameter` after `text` was typed into one of its cells."""
    text = text.strip()
    field = field_of(parameter, column)
    match field:
        case "":
            return parameter
        case "kind":
            return with_kind(parameter, text)
        case "name":
            return replace(parameter, name=text)
        case "when":
            return replace(parameter, when=parse_condition(text))
        case "choices":
            return replace(parameter, choices=tuple(_parse_list(text)))
        case "grid":
            return replace(parameter, grid=_parse_grid(text, parameter))
    return replace(parameter, **{field: parse_value(text, parameter)})


def with_kind(parameter: Parameter, kind: str) -> Parameter:
    """The parameter as one of another type, with whatever of it still makes sense."""
    if kind == kind_of(parameter) or kind not in KINDS:
        return parameter
    target = KINDS[kind]
    known = {field.name for field in fields(target)}
    kept = {f.name: getattr(parameter, f.name) for f in fields(parameter) if f.name in known}
    if target is Categorical:
        ends = (getattr(parameter, "low", None), getattr(parameter, "high", None))
        return Categorical(
            parameter.name, tuple(e for e in ends if e is not None), when=kept["when"]
        )
    if isinstance(parameter, Categorical):
        return target(parameter.name, when=parameter.when)
    return target(**{name: _as_kind(value, target) for name, value in kept.items()})


def value_text(value: Any) -> str:
    """A value, or a list of them, with all of its digits: 1e-5, 0.1, true, "sgd, adam"."""
    if value is None:
        return ""
    if isinstance(value, tuple | list):
        return ", ".join(_quoted(item) for item in value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value).replace("e-0", "e-").replace("e+0", "e+").removesuffix(".0")
    return str(value)


def parse_condition(text: str) -> When | None:
    """ "optimizer = sgd, adam" as a condition; None for an empty cell."""
    if not text:
        return None
    name, sign, values = text.partition("=")
    return When(name.strip(), tuple(_parse_list(values)) if sign else ())


def condition_text(parent: str, values: tuple[Any, ...]) -> str:
    """The text of the condition that `parent` has one of `values`."""
    return _condition_text(When(parent, values))


def _condition_text(when: When) -> str:
    return f"{when.parameter}{_JOIN}{', '.join(_quoted(value) for value in when.values)}"


def _parse_grid(text: str, parameter: Parameter) -> Any:
    """A number of points, a list of values, or None for an empty cell."""
    if not text:
        return None
    if "," in text or isinstance(parameter, Categorical):
        return tuple(_parse_list(text))
    return _parse_atom(text)


def _parse_list(text: str) -> list[Any]:
    if not text.strip():
        return []
    (parts,) = csv.reader([text.strip().removesuffix(",")], skipinitialspace=True)
    return [_parse_atom(part.strip()) for part in parts]


def parse_value(text: str, parameter: Parameter) -> Any:
    """A typed value as `parameter` has it, where it can be one; None for an empty text."""
    if not text:
        return None
    value = _parse_atom(text)
    if isinstance(parameter, Float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(parameter, Int) and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _parse_atom(text: str) -> Any:
    """One value: a number, true or false, else the text itself."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def _as_kind(value: Any, kind: type) -> Any:
    """Numbers of a float parameter as those of an int one, and the other way round."""
    if isinstance(value, tuple):
        return tuple(_as_kind(item, kind) for item in value)
    if isinstance(value, bool):
        return value
    if kind is Int and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _quoted(value: Any) -> str:
    text = value_text(value)
    return f'"{text}"' if isinstance(value, str) and ("," in text or text != text.strip()) else text
