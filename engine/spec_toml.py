"""Specs as TOML: text to plain tables and back, a person's comments and layout kept."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from typing import Any

from engine.definitions import did_you_mean
from engine.domains import plain, show
from engine.space import Categorical, Float, Int, Parameter, SearchSpace, SpaceError, When
from engine.spec_tables import SpecError

TABLES = ("task", "space", "method", "budget", "limits", "resources")
TYPES: dict[str, type[Parameter]] = {"float": Float, "int": Int, "categorical": Categorical}

Tables = dict[str, Any]


def read_tables(text: str) -> Tables:
    """The tables of a TOML text, their names and kinds checked; SpecError with line and column."""
    try:
        document = tomllib.loads(text)
    except RecursionError:
        raise SpecError("the file is nested too deep; write it anew.") from None
    except ValueError as error:
        raise SpecError(f"the file is not valid TOML; {_where(str(error))}.") from None
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
    kind = next(name for name, kind in TYPES.items() if isinstance(parameter, kind))
    table: Tables = {"name": parameter.name, "type": kind}
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


def write_tables(tables: Mapping[str, Any]) -> str:
    """Tables as TOML text, from scratch."""
    import tomlkit

    document = tomlkit.document()
    for key, content in tables.items():
        if key == "space":
            entries = tomlkit.aot()
            for entry in content:
                entries.append(_new_table(entry))
            document.append(key, entries)
        elif isinstance(content, Mapping):
            document.append(key, _new_table(content))
        else:
            document.append(key, tomlkit.item(content))
    return tomlkit.dumps(document)


def edit_tables(text: str, had: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """`text`, which says `had`, changed to say `wanted` and otherwise left as it is."""
    import tomlkit

    document = tomlkit.parse(text)
    for key in [*had, *(key for key in wanted if key not in had)]:
        before, after = had.get(key), wanted.get(key)
        if before == after:
            continue
        if after is None:
            document.remove(key)
        elif key not in document:
            document.append(key, _new_table(after))
        elif key == "space":
            _edit_space(document, before or [], after)
        elif isinstance(after, Mapping):
            _edit_table(document[key], before or {}, after)
        else:
            document[key] = after
    return tomlkit.dumps(document)


def _edit_space(document: Any, had: list[Tables], wanted: list[Tables]) -> None:
    """Keep the entries that stay, by their names, or by their places where they were renamed."""
    import tomlkit

    names = [entry["name"] for entry in wanted]
    kept = {entry["name"]: (document["space"][i], entry) for i, entry in enumerate(had)}
    if len(had) == len(wanted):
        for before, name in zip(had, names, strict=True):
            if before["name"] not in names and name not in kept:
                kept[name] = kept[before["name"]]
    entries = tomlkit.aot()
    for entry in wanted:
        table, before = kept.get(entry["name"], (None, {}))
        if table is None:
            table = _new_table(entry)
        else:
            _edit_table(table, before, entry)
        entries.append(table)
    if [entry["name"] for entry in had] != names and len(had) != len(wanted):
        document["space"] = entries


def _edit_table(table: Any, had: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    for key in [*had, *(key for key in wanted if key not in had)]:
        if had.get(key) == wanted.get(key) and type(had.get(key)) is type(wanted.get(key)):
            continue
        if key in wanted:
            table[key] = _item(wanted[key])
        elif key in table:
            table.remove(key)


def _new_table(content: Mapping[str, Any]) -> Any:
    import tomlkit

    table = tomlkit.table()
    for key, value in content.items():
        table.append(key, _item(value))
    return table


def _item(value: Any) -> Any:
    import tomlkit

    if not isinstance(value, Mapping):
        return tomlkit.item(value)
    inline = tomlkit.inline_table()
    inline.update({key: each for key, each in value.items() if each is not None})
    return inline


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
            raise refuse(key, f"a {kind.__name__.lower()} parameter has no such key{hint}")
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


def _where(message: str) -> str:
    """tomllib's message as the end of a sentence: "... (at line 3, column 5)" and the like."""
    return message[:1].lower() + message[1:].rstrip(".")
