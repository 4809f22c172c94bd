"""Conditions between parameters: whether they can hold, and in which order they are settled."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any

from engine.domains import Discrete
from engine.parameter_domains import stated_domain
from engine.parameters import Parameter, SpaceError, When
from engine.wording import did_you_mean, show

Condition = tuple[str, frozenset[Any]]
"""The parameter that another one depends on, and the values of it that make that one active."""


def resolve(when: When | None, known: Mapping[str, Parameter]) -> Condition | None:
    """The condition that a sound `when` states, its values as the parent's domain has them."""
    if when is None:
        return None
    domain = stated_domain(known[when.parameter])
    return when.parameter, frozenset(domain.normalise(value) for value in when.values)


def parents_first(parameters: Iterable[Parameter]) -> tuple[str, ...]:
    """Names in the order of definition, but each after the one that it depends on."""
    by_name = {parameter.name: parameter for parameter in parameters}
    order: dict[str, None] = {}
    for name in by_name:
        chain = [name]
        while (when := by_name[chain[-1]].when) is not None and when.parameter not in order:
            chain.append(when.parameter)
        order.update(dict.fromkeys(reversed(chain)))
    return tuple(order)


def check_condition(
    parameter: Parameter, known: Mapping[str, Parameter], sound: Container[str]
) -> None:
    """Refuse a condition that cannot hold. `sound` names the parameters with valid values."""
    when: object = parameter.when
    if when is None:
        return
    if not isinstance(when, When) or not isinstance(when.values, tuple):
        raise _refusal("when must name a parameter and list its values.")
    if not when.values:
        raise _refusal("when lists no values; name those that make this active.")
    if not isinstance(when.parameter, str):
        raise _refusal(f"when must name a parameter, not {show(when.parameter)}.")
    if when.parameter not in known:
        others = [name for name in known if name != parameter.name]
        raise _refusal(
            f"its condition is on {show(when.parameter)}, which does not exist"
            f"{did_you_mean(when.parameter, others) or '; correct the name or remove it.'}"
        )
    _check_cycle(parameter, known)
    if when.parameter in sound:
        _check_values(when, known[when.parameter])


def _check_cycle(parameter: Parameter, known: Mapping[str, Parameter]) -> None:
    path = {parameter.name: None}
    current: Parameter | None = parameter
    while current is not None and isinstance(current.when, When):
        parent = current.when.parameter
        if parent == parameter.name:
            chain = " → ".join([*path, parent])
            raise _refusal(f"its condition leads back to itself ({chain}); remove one of them.")
        if parent in path or not isinstance(parent, str):
            return  # said further up
        path[parent] = None
        current = known.get(parent)


def _check_values(when: When, parent: Parameter) -> None:
    domain = stated_domain(parent)
    if not isinstance(domain, Discrete):
        raise _refusal(
            f"its condition is on {parent.name}, which takes any value between its ends; "
            "give that one a step or choices."
        )
    for value in when.values:
        try:
            domain.normalise(value)
        except ValueError as error:
            raise _refusal(f"its condition on {parent.name} can never hold: {error}.") from None


def _refusal(sentence: str) -> SpaceError:
    return SpaceError(sentence, field="when")
