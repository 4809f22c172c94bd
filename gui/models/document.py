"""What is on the Design page at one moment: plain frozen tables, which need not be valid yet."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.parameters import Parameter

_uids = itertools.count()


@dataclass(frozen=True)
class Row:
    """One parameter of the space; `uid` stays the same while the parameter is edited and moved."""

    parameter: Parameter
    uid: int = field(default_factory=lambda: next(_uids))


@dataclass(frozen=True)
class Document:
    """The tables of a spec, under the names that they have in its file."""

    name: str = ""
    task: Mapping[str, Any] = field(default_factory=dict)
    rows: tuple[Row, ...] = ()
    method: Mapping[str, Any] = field(default_factory=dict)
    pruner: Mapping[str, Any] = field(default_factory=lambda: {"name": "none"})
    budget: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
    resources: Mapping[str, Any] = field(default_factory=dict)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The space's definitions, in order."""
        return tuple(row.parameter for row in self.rows)


def rows_of(parameters: Iterable[Parameter]) -> tuple[Row, ...]:
    """New rows for `parameters`."""
    return tuple(Row(parameter) for parameter in parameters)


def with_entries(table: Mapping[str, Any], entries: Mapping[str, Any]) -> Mapping[str, Any]:
    """A table with some entries changed; None takes an entry out."""
    changed = {**table, **entries}
    return {key: value for key, value in changed.items() if value is not None}
