"""What probes asked for, as parameters with conditions: the space that a function states itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Sequence

from .suggestion import Suggestion

FEW = 10
"""Most values of a whole number that are all tried, even where its ends ask for the same."""


@dataclass
class Probe:
    """One run of a function: the values chosen for it, and what it asked for, in order.

    `problem` is what it raised, so that it may not have asked for everything; `cut` says that it
    was ended a while after its last question, which came after `seconds`.
    """

    chosen: dict[str, Any]
    asked: dict[str, Suggestion]
    values: dict[str, Any]
    problem: str = ""
    cut: bool = False
    seconds: float = 0.0


@dataclass
class Table:
    """The probes that differ in the value of one parameter only; `home` has its default."""

    suggestion: Suggestion
    home: Probe
    probes: dict[Any, Probe] = field(default_factory=dict)
    """By value and its type, as 1 and True are equal."""

    def __post_init__(self) -> None:
        self.add(self.home.values[self.suggestion.name], self.home)

    def add(self, value: Any, probe: Probe) -> None:
        """Keep what was asked for with `value`."""
        self.probes[type(value), value] = probe

    def untried(self) -> Any:
        """The next value to try; None when there is none, or no need."""
        return next(iter(self._untried()), None)

    def _untried(self) -> list[Any]:
        values = self.suggestion.values()
        if self.suggestion.type == "int" and (values is None or len(values) > FEW):
            ends = [self.suggestion.low, self.suggestion.high]
            values = values if values is not None and self._differ() else ends
        return [v for v in values or () if (type(v), v) not in self.probes]

    def _differ(self) -> bool:
        """Whether the probes asked for different parameters."""
        asked = [set(probe.asked) for probe in self.probes.values()]
        return any(names != asked[0] for names in asked)

    def is_whole(self) -> bool:
        """Whether every value was tried that had to be."""
        return not self._untried()

    def is_too_long(self) -> bool:
        """Whether what is asked for depends on a whole number with too many values to try each."""
        return self.suggestion.values() is None and self._differ()

    def values_with(self, name: str) -> list[Any]:
        """The values with which `name` is asked for, or may be, in the order of the choices."""
        values = self.suggestion.values() or []
        found = [v for (_, v), probe in self.probes.items() if name in probe.asked or probe.problem]
        return sorted(found, key=values.index) if values else found


def conclude(
    home: Probe | None, tables: dict[str, Table], limit: str
) -> tuple[list[dict[str, Any]], list[str], str]:
    """The parameters in JSON form, notes about what is not sure, and what kept it from working.

    `limit` says what ended the probes before all were made.
    """
    if home is None:
        return [], [], f"{limit}, before the function had asked for anything that could be kept."
    probes = [home, *(p for table in tables.values() for p in table.probes.values())]
    merged, notes = _merge(probes)
    conditions = _Conditions(home, tables)
    parameters = []
    for name, suggestion in merged.items():
        when, note = conditions.of(name)
        notes += note
        parameters.append(_as_json(suggestion, when))
    notes += _about_choices(merged) + _about_probes(probes, tables, limit)
    if not parameters and home.problem:
        return [], notes, home.problem
    if not parameters:
        notes.append("the function asks for no parameter; write the space by hand.")
    return parameters, notes, ""


class _Conditions:
    """Which parameter each one depends on, as far as probes tell."""

    def __init__(self, home: Probe, tables: dict[str, Table]) -> None:
        self._home = home
        self._tables = {
            name: table
            for name, table in tables.items()
            if table.is_whole() and not table.is_too_long()
        }

    def of(self, name: str) -> tuple[dict[str, Any] | None, list[str]]:
        """The condition of a parameter, and a sentence where one condition does not say it all."""
        parents = self._parents(name)
        nearest = [
            parent
            for parent in parents
            if not any(parent in self._parents(other) for other in parents if other != parent)
        ]
        if not nearest:
            return None, []
        states = [
            f"{p} = {' or '.join(map(repr, self._tables[p].values_with(name)))}" for p in nearest
        ]
        if len(nearest) > 1 and name not in self._home.asked:
            either = ", or with ".join(states)
            return None, [f"{name} is asked for with {either}; it is searched in every trial."]
        notes = []
        if len(nearest) > 1:
            both = " and ".join(states)
            notes = [f"{name} is asked for with {both} alone; its condition is {states[0]}."]
        values = self._tables[nearest[0]].values_with(name)
        return {"parameter": nearest[0], "values": values}, notes

    def _parents(self, name: str) -> list[str]:
        return [parent for parent in self._tables if self._depends(name, parent)]

    def _depends(self, name: str, parent: str) -> bool:
        """Whether some values of `parent`, asked for earlier, have `name` and others do not."""
        table = self._tables[parent]
        having = [probe for probe in table.probes.values() if name in probe.asked]
        some = len(having) > 0 and len(table.values_with(name)) < len(table.probes)
        return some and all(_before(parent, name, probe) for probe in having)


def _before(parent: str, name: str, probe: Probe) -> bool:
    order = list(probe.asked)
    return parent in order and order.index(parent) < order.index(name)


def _merge(probes: Sequence[Probe]) -> tuple[dict[str, Suggestion], list[str]]:
    """Each parameter as first asked for, its range wide enough for every probe, in their order."""
    merged: dict[str, Suggestion] = {}
    order: list[str] = []
    notes: dict[str, str] = {}
    for probe in probes:
        asked = list(probe.asked.items())  # at once: the probe may still run
        place = len(order)
        for name, new in reversed(asked):
            old = merged.setdefault(name, new)
            if name not in order:
                order.insert(place, name)
            place = order.index(name)
            if old.type != new.type:
                kinds = f"{old.type} and as {new.type}; {old.type} is kept."
                notes[name] = f"{name} is asked for as {kinds}"
            elif old != new:
                notes[name] = (
                    f"the range of {name} depends on other parameters; the widest is kept."
                )
                merged[name] = _widest(old, new)
    return {name: merged[name] for name in order}, list(notes.values())


def _widest(old: Suggestion, new: Suggestion) -> Suggestion:
    if old.type == "categorical":
        added = [i for i, label in enumerate(new.labels) if label not in old.labels]
        choices = [*old.choices, *(new.choices[i] for i in added)]
        labels = [*old.labels, *(new.labels[i] for i in added)]
        return Suggestion(old.name, old.type, choices=tuple(choices), labels=tuple(labels))
    low, high = min(old.low, new.low), max(old.high, new.high)
    step = old.step if old.step == new.step else None
    return Suggestion(old.name, old.type, low, high, old.log and new.log, step)


def _about_choices(merged: dict[str, Suggestion]) -> list[str]:
    notes = []
    for name, suggestion in merged.items():
        other = [
            (choice, label)
            for choice, label in zip(suggestion.choices, suggestion.labels)
            if type(choice) is not type(label)
        ]
        plain = [label for choice, label in other if not str(label).startswith("choice ")]
        if plain:
            shown = ", ".join(map(repr, plain))
            notes.append(f"{name}: {shown} stand in the space as text, and for what they name.")
        if len(plain) < len(other):
            notes.append(
                f"{name}: some choices are objects, which the space numbers; let the function "
                'choose among names, as in {"small": small}[trial.suggest_categorical(...)].'
            )
    return notes


def _about_probes(probes: Sequence[Probe], tables: dict[str, Table], limit: str) -> list[str]:
    notes = []
    for name, table in tables.items():
        if table.is_too_long():
            notes.append(f"what is asked for depends on {name}, which has too many values to try.")
    said: set[str] = set()
    for probe in probes:
        if probe.problem and probe.problem not in said:
            said.add(probe.problem)
            state = ", ".join(f"{name} = {value!r}" for name, value in probe.chosen.items())
            notes.append(f"with {state or 'defaults'} the function raised {probe.problem}.")
    if any(probe.cut for probe in probes):
        notes.append(
            "the function was ended a while after the last parameter that it asked for; one that "
            "it asks for later may be missing."
        )
    if limit:
        notes.append(f"{limit}; look through the conditions, and for what is missing.")
    return notes


def _as_json(suggestion: Suggestion, when: dict[str, Any] | None) -> dict[str, Any]:
    fixed = suggestion.type != "categorical" and suggestion.single()
    step = None if suggestion.type == "int" and suggestion.step == 1 else suggestion.step
    return {
        "name": suggestion.name,
        "type": suggestion.type,
        "low": None if fixed else suggestion.low,
        "high": None if fixed else suggestion.high,
        "log": suggestion.log,
        "step": step,
        "choices": list(suggestion.labels) or None,
        "value": suggestion.low if fixed else None,
        "when": when,
    }
