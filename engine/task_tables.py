"""The kinds of a spec's [task] table: a built-in network, a user's function, a command line.

Each is validated by itself here; whether it fits the space is engine.spec_checks's to see, and
whether its files are there engine.tasks.check's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import Formatter
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from engine.spec_tables import Count, Share, SpecError, Table, Text
from engine.tasks import catalog
from engine.wording import show

RESERVED = ("seed", "device", "number", "checkpoint_dir", "params")
"""What a command line may name beside its parameters."""


class Split(Table):
    """How a user's data file is cut into parts.

    `by` is "random", "stratified", "time" (in the order of `column`) or the name of a column of
    groups; None leaves it to the kind of data. `file` is a separate test file.
    """

    TABLE: ClassVar[str] = "task"
    KEY: ClassVar[str] = "split."

    train: Share = 0.7
    validation: Share = 0.15
    test: Share = 0.15
    by: Text | None = None
    column: Text | None = None
    file: Text | None = None

    @model_validator(mode="after")
    def _check_shares(self) -> Split:
        for part in ("train", "validation"):
            if getattr(self, part) == 0:
                raise SpecError("must be above 0; it needs rows.", "task", f"split.{part}")
        total = self.train + self.validation + self.test
        if self.file is None and abs(total - 1) > 1e-6:
            raise SpecError(
                f"train ({self.train:g}), validation ({self.validation:g}) and test "
                f"({self.test:g}) sum to {total:g}; make them sum to 1.",
                "task",
                "split",
            )
        return self


class BuiltinTask(Table):
    """A built-in network trained on a bundled data set or a file.

    `direction` is the objective's own unless stated; `keep` is how many of the best trials keep
    their weights; `precision` the type that products are computed in, in training.
    """

    TABLE: ClassVar[str] = "task"

    kind: Literal["builtin"] = "builtin"
    network: Text
    data: Text
    epochs: Annotated[int, Field(ge=1, le=10**6)] = 20
    objective: Text
    at: Literal["best", "last"] = "best"
    direction: Literal["minimize", "maximize"]
    target: Text | None = None
    split: Split = Split()
    keep: Annotated[int, Field(ge=0, le=10**6)] = 3
    precision: catalog.Precision = "float32"

    @model_validator(mode="before")
    @classmethod
    def _fill_direction(cls, table: Any) -> Any:
        if isinstance(table, Mapping) and table.get("direction") is None:
            known = _DIRECTIONS.get(str(table.get("objective")), "minimize")
            return {**table, "direction": known}
        return table

    @field_validator("network", "objective")
    @classmethod
    def _check_catalog(cls, name: str, info: Any) -> str:
        try:
            if info.field_name == "network":
                catalog.hyperparameters(name)
            else:
                catalog.direction_of(name)
        except catalog.CatalogError as error:
            sentence = str(error).removeprefix(f"{info.field_name}: ")
            raise SpecError(sentence, "task", info.field_name) from None
        return name

    @property
    def steps_planned(self) -> int | None:
        """How many reports a whole trial makes; None where nobody knows."""
        return self.epochs


class ScriptTask(Table):
    """A user's training function, which takes a trial and returns the objective.

    `many` is one that takes a list of trials, to train them at once, and returns a list. A number
    that is returned or reported is the metric `objective`. `interpreter` is the Python that runs
    it, None the program's own; `steps` how many reports a whole trial makes.
    """

    TABLE: ClassVar[str] = "task"

    kind: Literal["script"]
    file: Text
    function: Text = "objective"
    many: Text | None = None
    interpreter: Text | None = None
    objective: Text = "value"
    direction: Literal["minimize", "maximize"] = "minimize"
    steps: Count | None = None

    @field_validator("function", "many")
    @classmethod
    def _check_function(cls, function: str | None) -> str | None:
        if function is not None and not function.isidentifier():
            raise ValueError(f"{show(function)} cannot be the name of a function; correct it.")
        return function

    @property
    def steps_planned(self) -> int | None:
        """How many reports a whole trial makes; None where nobody knows."""
        return self.steps


class CommandTask(Table):
    """A command line: an argument list with the parameters' names in braces.

    `environment` holds variables of its own, with placeholders too; `folder` is where it runs.
    Metrics are read from JSON lines on its output, by a regular expression, or from the last row of
    a file that it writes.
    """

    TABLE: ClassVar[str] = "task"

    kind: Literal["command"]
    argv: Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
    environment: dict[str, str] = Field(default_factory=dict)
    folder: Text | None = None
    objective: Text
    direction: Literal["minimize", "maximize"] = "minimize"
    read: Literal["json", "pattern", "file"] = "json"
    pattern: Text | None = None
    file: Text | None = None
    steps: Count | None = None

    @field_validator("argv")
    @classmethod
    def _check_argv(cls, argv: tuple[str, ...]) -> tuple[str, ...]:
        if not argv[0].strip():
            raise ValueError("names no program; put one first.")
        for argument in argv:
            _placeholders(argument)
        return argv

    @field_validator("environment")
    @classmethod
    def _check_environment(cls, environment: dict[str, str]) -> dict[str, str]:
        for name, value in environment.items():
            if not name or "=" in name or "\0" in name + value:
                raise ValueError(f"{show(name)} cannot be the name of a variable; correct it.")
            _placeholders(value)
        return environment

    @field_validator("pattern")
    @classmethod
    def _check_pattern(cls, pattern: str | None) -> str | None:
        if pattern is None:
            return None
        try:
            groups = re.compile(pattern).groups
        except re.error as error:
            raise ValueError(f"is no regular expression ({error}); correct it.") from None
        if not groups:
            raise ValueError("has no group; put the number in parentheses, as in loss=(\\S+).")
        return pattern

    @model_validator(mode="after")
    def _check_reading(self) -> CommandTask:
        for key in ("pattern", "file"):
            stated = getattr(self, key) is not None
            if self.read == key and not stated:
                raise SpecError(f'is missing; with read = "{key}" it is needed.', "task", key)
            if self.read != key and stated:
                raise SpecError(f'is not looked at; say read = "{key}".', "task", key)
        if self.file is not None:
            try:
                _placeholders(self.file)
            except ValueError as error:
                raise SpecError(str(error), "task", "file") from None
        return self

    def placeholders(self) -> set[str]:
        """The names in braces, wherever they stand."""
        texts = [*self.argv, *self.environment.values(), self.file or ""]
        return {name for text in texts for name in _placeholders(text)}

    def check_space(self, names: tuple[str, ...]) -> None:
        """Refuse, as SpecError, a placeholder without a parameter, and a parameter without one."""
        named = self.placeholders()
        for name in sorted(named - set(RESERVED) - set(names)):
            known = ", ".join([*names, *RESERVED])
            raise SpecError(
                f"there is no parameter {{{name}}}; add it to the space, or take one of {known}.",
                *("task", "argv"),
            )
        for index, name in enumerate(names):
            if name in RESERVED:
                raise SpecError(
                    "has a name that stands for something else in a command; rename it.",
                    *("space", "name", index, name),
                )
            if "params" not in named and name not in named:
                raise SpecError(
                    f"does not come up in the command; write {{{name}}} where its value belongs.",
                    *("space", "name", index, name),
                )

    @property
    def steps_planned(self) -> int | None:
        """How many reports a whole trial makes; None where nobody knows."""
        return self.steps


Task = BuiltinTask | ScriptTask | CommandTask
TASKS: dict[str, type[Task]] = {
    "builtin": BuiltinTask,
    "script": ScriptTask,
    "command": CommandTask,
}


def read_task(table: Mapping[str, Any]) -> Task:
    """The task that a [task] table states. Raises SpecError."""
    kind = table.get("kind", "builtin")
    chosen = TASKS.get(kind) if isinstance(kind, str) else None
    if chosen is None:
        raise SpecError(
            f"must be {', '.join(TASKS)}, not {show(kind)}.".replace(", command", " or command"),
            *("task", "kind"),
        )
    if chosen is BuiltinTask and isinstance(table.get("split"), Mapping):
        table = {**table, "split": Split(**table["split"])}
    try:
        return chosen(**table)
    except SpecError as error:
        known = any(error.key in kind.model_fields for kind in TASKS.values())
        if known and error.key not in chosen.model_fields:  # another kind's, not a slip of the pen
            raise SpecError("there is no such key; remove it.", "task", error.key) from None
        raise


def _placeholders(text: str) -> list[str]:
    """The names in braces. Raises ValueError where they are not what they should be."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        raise ValueError(
            f"{show(text)} has a brace too many; write {{{{ and }}}} for braces."
        ) from None
    names = []
    for _, name, form, conversion in parts:
        if name is None:
            continue
        if not name or form or conversion or not name.isidentifier():
            raise ValueError(
                f"{show(text)}: put a parameter's name in braces, and no more; {{{{ and }}}} stand "
                "for braces themselves."
            )
        names.append(name)
    return names


_DIRECTIONS = {
    objective: direction
    for problem in catalog.METRICS
    for objective, direction in catalog.objectives(problem).items()
}
