"""What is wrong with the definitions of a search space, one sentence a parameter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NoReturn

from engine.conditions import check_condition
from engine.domains import Domain, plain
from engine.parameter_domains import stated_domain
from engine.parameters import Categorical, Float, Int, Parameter, SpaceError
from engine.ranges import MAX_INT, MAX_LOG_INT, decimals, is_number
from engine.wording import show

MAX_GRID = 10_000
"""Most grid points that one parameter may have."""
MAX_FLOAT = 1e150
MAX_STEPS = 10**8
_FEWEST_VALUES = 1e6


def find_problems(parameters: Sequence[Any]) -> list[SpaceError]:
    """Everything that is wrong with a space, at most one sentence a parameter, in their order."""
    faults: dict[int, SpaceError] = {}
    for index, parameter in enumerate(parameters):
        try:
            _check_kind(parameter)
            _check_name(parameter, parameters[:index])
            _check_values(parameter)
        except SpaceError as fault:
            faults[index] = fault
    named = [(i, p) for i, p in enumerate(parameters) if isinstance(getattr(p, "name", 0), str)]
    known = {p.name: p for _, p in named if isinstance(p, Parameter)}
    sound = {p.name for index, p in named if index not in faults}
    for index, parameter in enumerate(parameters):
        if index not in faults:
            try:
                check_condition(parameter, known, sound)
            except SpaceError as fault:
                faults[index] = fault
    names = {index: parameter.name for index, parameter in named}
    return [
        SpaceError(fault.sentence, names.get(index, ""), index, fault.field)
        for index, fault in sorted(faults.items())
    ]


def _refuse(sentence: str, field: str = "") -> NoReturn:
    raise SpaceError(sentence, field=field)


def _check_kind(parameter: object) -> None:
    if not isinstance(parameter, Parameter):
        _refuse(f"this is a {type(parameter).__name__}; give a Float, an Int or a Categorical.")


def _check_name(parameter: Parameter, before: Sequence[Any]) -> None:
    name: object = parameter.name
    if not isinstance(name, str):
        _refuse(f"the name must be text, not {show(name)}.", "name")
    if not name.strip():
        _refuse("the name is empty; give it one.", "name")
    if name != name.strip() or not name.isprintable():
        _refuse("the name has blanks around it or unprintable characters; remove them.", "name")
    for place, other in enumerate(before):
        if getattr(other, "name", None) == name:
            _refuse(f"the name is taken by parameter {place + 1}; rename one of them.", "name")


def _check_values(parameter: Parameter) -> None:
    if isinstance(parameter, Categorical):
        _check_categorical(parameter)
    else:
        _check_number(parameter)
    _check_within(parameter)


def _check_number(parameter: Float | Int) -> None:
    for field in ("low", "high", "step", "default", "value"):
        _check_is_number(parameter, field, plain(getattr(parameter, field)))
    if not isinstance(parameter.log, bool):
        _refuse(f"log must be true or false, not {show(parameter.log)}.", "log")
    low, high = plain(parameter.low), plain(parameter.high)
    if low is None and high is None and parameter.value is not None:
        return
    for field, end in (("low", low), ("high", high)):
        if end is None:
            _refuse(f"{field} is missing; give low and high, or a fixed value.", field)
    _check_range(low, high, parameter.log)
    if isinstance(parameter, Float):
        _check_spacing(float(low), float(high), parameter.log)
    if parameter.step is not None:
        _check_step(parameter, low, high, plain(parameter.step))


def _check_is_number(parameter: Float | Int, field: str, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, str):
        _refuse(f"{field} is the text {show(value)}; write a number without quotes.", field)
    if isinstance(value, float) and not math.isfinite(value):
        _refuse(f"{field} is {value}; give a finite number.", field)
    if not is_number(value):
        _refuse(f"{field} must be a number, not {show(value)}.", field)
    if isinstance(parameter, Float):
        if abs(value) > MAX_FLOAT:
            _refuse(f"{field} is beyond {MAX_FLOAT:g}; search its logarithm instead.", field)
        return
    if value != int(value):
        _refuse(
            f"{field} ({show(value)}) is not a whole number; round it, or make this a float.", field
        )
    most = MAX_LOG_INT if parameter.log is True else MAX_INT
    if abs(value) > most:
        _refuse(f"{field} is beyond {most:.0e}; make this a float.", field)


def _check_range(low: float, high: float, log: bool) -> None:
    if low == high:
        _refuse(f"low and high are both {show(low)}; set value = {show(low)} instead.", "high")
    if low > high:
        _refuse(f"low ({show(low)}) is above high ({show(high)}); swap them.", "low")
    if log and low <= 0:
        _refuse(
            f"a log scale needs low above 0, not {show(low)}; raise low or take log away.", "low"
        )


def _check_spacing(low: float, high: float, log: bool) -> None:
    """Refuse a range whose ends are too close for floats to tell values between them apart."""
    if log and low < 1 / MAX_FLOAT:
        _refuse(f"low ({show(low)}) is too close to 0; raise it to {1 / MAX_FLOAT:g}.", "low")
    if log:
        values = math.log(high / low) * 1e12
    else:
        values = (high - low) * 10.0 ** decimals(low, high) if high - low > 1 / MAX_FLOAT else 0
    if values < _FEWEST_VALUES:
        _refuse(
            f"low ({low!r}) and high ({high!r}) are too close; set value = {low!r} instead.",
            "high",
        )


def _check_step(parameter: Float | Int, low: float, high: float, step: float) -> None:
    if parameter.log:
        _refuse("step and log do not go together; remove one of them.", "step")
    if step <= 0:
        _refuse(f"step must be above 0, not {show(step)}.", "step")
    if step > high - low:
        _refuse(
            f"step ({show(step)}) is wider than low to high ({show(high - low)}); lower it.", "step"
        )
    steps = (high - low) / step
    if isinstance(parameter, Float) and steps > MAX_STEPS:
        _refuse(f"step ({show(step)}) makes over {MAX_STEPS:.0e} values; remove it.", "step")
    fits = (high - low) % step == 0 if isinstance(parameter, Int) else _is_whole(steps)
    if not fits:
        nearest = low + round(steps) * step
        if isinstance(parameter, Float):
            nearest = round(nearest, decimals(low, high))
        _refuse(
            f"step {show(step)} does not lead from {show(low)} to {show(high)}; "
            f"set high to {show(nearest)}.",
            "step",
        )


def _is_whole(number: float) -> bool:
    return abs(number - round(number)) < 1e-6


def _check_categorical(parameter: Categorical) -> None:
    choices: object = parameter.choices
    if not isinstance(choices, tuple):
        _refuse(f"choices must be a list, not {show(choices)}.", "choices")
    if not choices and parameter.value is None:
        _refuse("there are no choices; list at least one.", "choices")
    for place, choice in enumerate(choices):
        _check_choice("choices", choice)
        if plain(choice) in [plain(earlier) for earlier in choices[:place]]:
            _refuse(f"the choice {show(plain(choice))} is there twice; remove one.", "choices")
    if parameter.value is not None:
        _check_choice("value", parameter.value)


def _check_choice(field: str, choice: object) -> None:
    choice = plain(choice)
    if isinstance(choice, str) and not choice.strip():
        _refuse("a choice is empty; name it or remove it.", field)
    if isinstance(choice, float) and not math.isfinite(choice):
        _refuse(f"the choice {choice} is not a finite number; replace it.", field)
    if not isinstance(choice, str | int | float):
        _refuse(f"a choice is text, a number, or true or false, not {show(choice)}.", field)


def _check_within(parameter: Parameter) -> None:
    """Check value, default and grid against the values that the parameter may take."""
    domain = stated_domain(parameter)
    for field in ("value", "default"):
        value = getattr(parameter, field)
        if value is not None:
            _normalise(domain, value, field)
    grid = parameter.grid
    if isinstance(grid, tuple):
        _check_grid_values(domain, grid)
    elif grid is not None and isinstance(parameter, Categorical):
        _refuse("grid must list some of the choices; leave it out to try them all.", "grid")
    elif grid is not None:
        _check_grid_points(plain(grid))


def _check_grid_points(points: Any) -> None:
    if isinstance(points, bool) or not isinstance(points, int):
        _refuse(f"grid must be a number of points or a list of values, not {show(points)}.", "grid")
    if not 1 <= points <= MAX_GRID:
        _refuse(f"grid must be 1 to {MAX_GRID} points, not {points}.", "grid")


def _check_grid_values(domain: Domain, grid: tuple[Any, ...]) -> None:
    if not grid:
        _refuse("grid lists no values; give some, or a number of points.", "grid")
    if len(grid) > MAX_GRID:
        _refuse(f"grid lists {len(grid)} values; give at most {MAX_GRID}.", "grid")
    seen = set()
    for value in grid:
        canonical = domain.canonical(_normalise(domain, value, "grid"))
        if canonical in seen:
            _refuse(f"grid has {show(plain(value))} twice; remove one.", "grid")
        seen.add(canonical)


def _normalise(domain: Domain, value: object, field: str) -> Any:
    try:
        return domain.normalise(value)
    except ValueError as error:
        _refuse(f"{field} {error}.", field)
