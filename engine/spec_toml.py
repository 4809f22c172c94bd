"""What the TOML of a spec means: text to tables, [[space]] entries to parameters and back.

How it is written is in engine.spec_text.
"""

from __future__ import annotations

import dataclasses
import tomllib
from typing import Any

from engine.domains import plain
from engine.space import Categorical, Float, Int, Parameter, SearchSpace, SpaceError, When
from engine.spec_tables import SpecError
from engine.wording import did_you_mean, show

TABLES = ("task", "space", "method", "pruner", "budget", "limits", "resources")
TYPES: dict[str, type[Parameter]] = {"float": Float, "int": Int, "categorical": Categorical}

Tables = dict[str, Any]


def read_tables(text: str) -> Tables:
    """The tables of a TOML text, their names and kinds checked; SpecError with line and column."""
    try:
        document = tomllib.loads(text)
    except RecursionError:
        raise SpecError("the file is nested too deep; write it anew.") from None
    except ValueError as error:
        message = str(error)
        raise SpecError(f"not valid TOML: {message[:1].lower()}{message[1:]}.") from None
    for key, content in document.items():
        if key not in ("name", *TABLES):
            kind = "table" if isinstance(content, dict) else "key"
            hint = did_you_mean(key, ("name", *TABLES)) or "; remove it."
            raise SpecError(f"there is no such {kind}{hint}", *_place(key, content))
        if key == "space" and not _is_list_of_tables(content):
            raise SpecError("write [[space]], in double brackets, above each parameter.", "space")
        if key not in ("name", "space") and not isinstance(content, dict):
            raise SpecError(f"must be a table, not {show(content)}.", key)
    return document


def read_space(entries: list[Tables]) -> SearchSpace:
    """The search space of the [[space]] entries."""
    parameters = [_read_parameter(index, dict(entry)) for index, entry in enumerate(entries)]
    try:
        return SearchSpace(parameters)
    except SpaceError as error:
        raise SpecError(
            error.sentence, "space", error.field, error.index, error.parameter
        ) from None


def parameter_table(parameter: Parameter) -> Tables:
    """A [[space]] entry, without what is not stated."""
    table: Tables = {"name": parameter.name, "type": _type_of(type(parameter))}
    for field in dataclasses.fields(parameter)[1:]:
        value = getattr(parameter, field.name)
        if isinstance(value, When):
            values = [plain(each) for each in value.values]
            table["when"] = {"parameter": value.parameter, "values": values}
        elif isinstance(value, tuple):
            if value:
                table[field.name] = [plain(each) for each in value]
        elif value is not None and not (field.name == "log" and value is False):
            table[field.name] = plain(value)
    if isinstance(parameter, Float):
        for key in table.keys() & {"low", "high", "step", "default", "value"}:
            table[key] = float(table[key])
    return table


def _type_of(kind: type[Parameter]) -> str:
    return next(name for name, known in TYPES.items() if known is kind)


def _read_parameter(index: int, entry: Tables) -> Parameter:
    name = entry.get("name", "")
    name = name if isinstance(name, str) else ""

    def refuse(key: str, sentence: str) -> SpecError:
        return SpecError(f"{key}: {sentence}", "space", key, index, name)

    for key in ("name", "type"):
        if key not in entry:
            raise refuse(key, "is missing; add it.")
    kind = TYPES.get(entry["type"]) if isinstance(entry["type"], str) else None
    if kind is None:
        raise refuse("type", f"must be float, int or categorical, not {show(entry.pop('type'))}.")
    del entry["type"]
    known = [field.name for field in dataclasses.fields(kind)]
    for key in entry:
        if key not in known:
            hint = did_you_mean(key, known) or "; remove it."
            article = "an" if kind is Int else "a"
            raise refuse(key, f"{article} {_type_of(kind)} has no such key{hint}")
    if "when" in entry:
        entry["when"] = _read_condition(entry["when"], refuse)
    return kind(**entry)


def _read_condition(when: Any, refuse: Any) -> When:
    if not isinstance(when, dict) or set(when) != {"parameter", "values"}:
        raise refuse("when", 'write when = { parameter = "...", values = [...] }.')
    if not isinstance(when["values"], list):
        raise refuse("when", f"values must be a list, not {show(when['values'])}.")
    return When(when["parameter"], tuple(when["values"]))


def _is_list_of_tables(content: Any) -> bool:
    return isinstance(content, list) and all(isinstance(entry, dict) for entry in content)


def _place(key: str, content: Any) -> tuple[str, str]:
    return (key, "") if isinstance(content, dict | list) else ("", key)
