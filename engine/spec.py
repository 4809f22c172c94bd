"""The study specification: everything that a user states about a study, in TOML and back.

What its tables are is in engine.spec_tables and engine.task_tables, what has to go together in
them in engine.spec_checks.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from pydantic import ConfigDict, Field, PrivateAttr, field_validator, model_validator

from engine.methods import make_method
from engine.pruners import Pruner, make_pruner
from engine.space import SearchSpace
from engine.spec_checks import check_together
from engine.spec_paths import moved
from engine.spec_tables import (
    Budget,
    Limits,
    MethodSpec,
    PrunerSpec,
    Resources,
    SpecError,
    Table,
)
from engine.spec_text import edit_tables, write_tables
from engine.spec_toml import Tables, parameter_table, read_space, read_tables
from engine.task_tables import BuiltinTask, CommandTask, ScriptTask, Split, Task, read_task

__all__ = [
    "Budget",
    "BuiltinTask",
    "CommandTask",
    "Limits",
    "MethodSpec",
    "PrunerSpec",
    "Resources",
    "ScriptTask",
    "SpecError",
    "Split",
    "StudySpec",
    "Task",
    "read_task",
]

_Named = TypeVar("_Named", MethodSpec, PrunerSpec)

MAX_BYTES = 10**7
_MISSING = {
    "name": "is missing; give the study a name.",
    "space": "there is no parameter to tune; add [[space]] with a name, a type, low and high.",
}
_SELDOM = ("split", "keep", "precision", "environment", "read")
"""What of a task is written only where it differs from what it is by itself."""
_FORBIDDEN = set('/\\:*?"<>|')


class StudySpec(Table):
    """A whole, valid study; raises SpecError otherwise.

    Frozen: `with_` makes a changed one. `base` is the folder that relative paths of data start
    from; it is not part of the TOML. A spec that was read from TOML keeps its text, so that
    comments and layout outlive edits.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    TABLE: ClassVar[str] = ""

    name: str
    task: Task
    space: SearchSpace
    method: MethodSpec
    pruner: PrunerSpec = PrunerSpec()
    budget: Budget = Budget()
    limits: Limits = Limits()
    resources: Resources = Resources()
    base: Path = Field(default_factory=Path.cwd, strict=False)
    _source: str = PrivateAttr(default="")

    # --- reading --------------------------------------------------------------------------

    @classmethod
    def load(cls, path: Path | str) -> StudySpec:
        """The spec in a TOML file; relative paths in it start from the file's folder."""
        path = Path(os.path.abspath(path))
        return cls.parse(_read(path), path.parent)

    @classmethod
    def parse(cls, text: str, base: Path | str | None = None) -> StudySpec:
        """The spec that a TOML text states."""
        tables = read_tables(text)
        for key in ("name", "task", "space", "method"):
            if key not in tables:
                place = ("", "name") if key == "name" else (key, "")
                raise SpecError(_MISSING.get(key, "is missing; add it."), *place)
        spec = cls(
            name=tables["name"],
            task=read_task(tables["task"]),
            space=read_space(tables["space"]),
            method=_read_named(MethodSpec, tables["method"]),
            pruner=_read_named(PrunerSpec, tables.get("pruner", {"name": "none"})),
            budget=Budget(**tables.get("budget", {})),
            limits=Limits(**tables.get("limits", {})),
            resources=Resources(**tables.get("resources", {})),
            base=Path(base or Path.cwd()),
        )
        spec._source = text
        return spec

    # --- writing --------------------------------------------------------------------------

    def to_toml(self) -> str:
        """The spec as TOML: the text that it was read from with the changes since, or afresh."""
        wanted = self._tables()
        if self._source:
            edited = _edited(self._source, self.base, wanted)
            if edited is not None:
                return edited
        return write_tables(wanted)

    def save(self, path: Path | str) -> None:
        """Write the TOML file, whole or not at all; data paths are made relative to its folder."""
        path = Path(os.path.abspath(path))
        text = self._moved(path.parent).to_toml()
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise

    def with_(self, **changes: Any) -> StudySpec:
        """A spec with some fields replaced, validated as a whole."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        spec = type(self)(**{**fields, **changes})
        spec._source = self._source
        return spec

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StudySpec) and all(
            getattr(self, name) == getattr(other, name) for name in type(self).model_fields
        )

    # --- meaning --------------------------------------------------------------------------

    def planned_trials(self) -> int | None:
        """How many trials there will be at most; None when nothing limits their number."""
        method = make_method(self.method.name, self.space, **self.method.options)
        limits = [limit for limit in (self.budget.trials, method.capacity) if limit is not None]
        return min(limits, default=None)

    @field_validator("name")
    @classmethod
    def _check_name(cls, name: str) -> str:
        """The name is a file's name too, on all systems."""
        if not name.strip():
            raise ValueError("is empty; give the study a name.")
        bad = sorted(_FORBIDDEN & set(name))
        if bad or not name.isprintable() or name != name.strip(" .") or len(name) > 100:
            found = f"{bad[0]} in it" if bad else "blanks or dots around it, or is too long"
            raise ValueError(f"has {found}, which files cannot have; choose a plainer name.")
        return name

    @model_validator(mode="after")
    def _check_together(self) -> StudySpec:
        check_together(self)
        return self

    def make_pruner(self) -> Pruner:
        """The rule that stops trials. Raises PrunerError."""
        task = self.task
        return make_pruner(
            self.pruner.name,
            task.steps_planned,
            at=task.at if isinstance(task, BuiltinTask) else "last",
            maximised=task.direction == "maximize",
            unit="epochs" if isinstance(task, BuiltinTask) else "steps",
            **self.pruner.options,
        )

    # --- inside ---------------------------------------------------------------------------

    def _tables(self) -> Tables:
        """What the TOML says: what differs from the defaults, and what a reader looks for."""
        tables: Tables = {
            "name": self.name,
            "task": _task_table(self.task),
            "space": [parameter_table(parameter) for parameter in self.space],
            "method": {"name": self.method.name, **self.method.options},
        }
        if self.pruner != PrunerSpec():
            tables["pruner"] = {"name": self.pruner.name, **self.pruner.options}
        for name in ("budget", "limits", "resources"):
            table: Table = getattr(self, name)
            stated = table.model_dump(mode="json", exclude_none=True)
            if name in ("budget", "limits"):  # whose defaults only say what is not done
                stated = table.model_dump(mode="json", exclude_defaults=True)
            if stated:
                tables[name] = stated
        return tables

    def _moved(self, folder: Path) -> StudySpec:
        """The same spec with its files named from another folder."""
        if folder == self.base:
            return self
        return self.with_(task=moved(self.task, self.base, folder), base=folder)


def _read(path: Path) -> str:
    try:
        if path.is_dir():
            raise SpecError(f"{path} is a folder; give the .toml file itself.")
        if path.stat().st_size > MAX_BYTES:
            raise SpecError(f"{path} is too large for a spec; give a .toml file.")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SpecError(f"{path} does not exist; check the path.") from None
    except UnicodeDecodeError as error:
        raise SpecError(
            f"{path} is not UTF-8 text (at byte {error.start}); save it as UTF-8."
        ) from None
    except (OSError, ValueError) as error:
        if isinstance(error, SpecError):
            raise
        raise SpecError(f"{path} cannot be read ({error}); check it.") from None


def _read_named(kind: type[_Named], table: Tables) -> _Named:
    """A table with a name, and whatever goes with that beside it."""
    name = {key: value for key, value in table.items() if key == "name"}
    return kind(**name, options={k: v for k, v in table.items() if k != "name"})


def _task_table(task: Task) -> Tables:
    table = task.model_dump(mode="json", exclude_none=True)
    for name, field in type(task).model_fields.items():
        if name in _SELDOM and getattr(task, name) == field.default:
            table.pop(name, None)
    return table


def _edited(source: str, base: Path, wanted: Tables) -> str | None:
    """`source` changed to say `wanted`; None where its layout does not allow for that."""
    from tomlkit.exceptions import TOMLKitError

    try:
        had = StudySpec.parse(source, base)._tables()
        if had == wanted:
            return source
        text = edit_tables(source, had, wanted)
        return text if StudySpec.parse(text, base)._tables() == wanted else None
    except (TOMLKitError, LookupError, TypeError, ValueError):
        return None  # an inline or scattered layout
