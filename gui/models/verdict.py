"""Whether a draft can be run: the StudySpec that it makes, or everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.parameters import SpaceError
from engine.space import SearchSpace, find_problems
from engine.spec import (
    Budget,
    Limits,
    MethodSpec,
    PrunerSpec,
    Resources,
    SpecError,
    StudySpec,
    read_task,
)
from gui.models.document import Document, rows_of


@dataclass(frozen=True)
class Verdict:
    """`spec` is None exactly when something is wrong. `space_problems` have their row as index."""

    spec: StudySpec | None = None
    space_problems: tuple[SpaceError, ...] = ()
    problems: tuple[SpecError, ...] = ()
    trials: int | None = None

    @property
    def sentence(self) -> str:
        """The first thing that is wrong; empty when nothing is."""
        return next(
            (_in_words(problem) for problem in self.problems),
            next((str(problem) for problem in self.space_problems), ""),
        )

    def problem_at(self, table: str, key: str) -> str:
        """What is wrong with one entry, without the place in front; empty when nothing is."""
        found = (p.sentence for p in self.problems if (p.table, p.key) == (table, key))
        return next(found, "")


def judge(document: Document, origin: StudySpec) -> Verdict:
    """Look at a whole document. `origin` is the spec that it began as; its comments live on."""
    problems: list[SpecError] = []

    def attempt(make: Callable[[], Any]) -> Any:
        try:
            return make()
        except SpecError as error:
            problems.append(error)
            return None

    space_problems = tuple(find_problems(document.parameters))
    if not document.parameters:
        problems.append(SpecError("is empty; add a parameter to search.", "space"))
    parts = {
        "task": attempt(lambda: read_task(document.task)),
        "method": attempt(lambda: _named(MethodSpec, document.method)),
        "pruner": attempt(lambda: _named(PrunerSpec, document.pruner)),
        "budget": attempt(lambda: Budget(**document.budget)),
        "limits": attempt(lambda: Limits(**document.limits)),
        "resources": attempt(lambda: Resources(**document.resources)),
    }
    if problems or space_problems:
        return Verdict(None, space_problems, tuple(problems))
    spec = attempt(
        lambda: origin.with_(name=document.name, space=SearchSpace(document.parameters), **parts)
    )
    if spec is None:
        in_table = tuple(
            SpaceError(p.sentence, p.parameter, p.index, p.key)
            for p in problems
            if p.index is not None
        )
        return Verdict(None, in_table, tuple(p for p in problems if p.index is None))
    return Verdict(spec, trials=spec.planned_trials())


def _in_words(problem: SpecError) -> str:
    """Such as "Trials must be at least 1, not 0." for what a file would call [budget] trials."""
    place = problem.parameter or problem.key or problem.table
    words = place.replace("split.", "").replace("_", " ")
    return f"{words[:1].upper()}{words[1:]} {problem.sentence}" if words else problem.sentence


def document_of(spec: StudySpec) -> Document:
    """The tables of a spec."""
    return Document(
        name=spec.name,
        task=_entries(spec.task),
        rows=rows_of(spec.space.parameters),
        method={"name": spec.method.name, **spec.method.options},
        pruner={"name": spec.pruner.name, **spec.pruner.options},
        budget=_entries(spec.budget),
        limits=_entries(spec.limits),
        resources=_entries(spec.resources),
    )


def _entries(table: Any) -> dict[str, Any]:
    return table.model_dump(exclude_none=True)


def _named(kind: type[MethodSpec] | type[PrunerSpec], table: Mapping[str, Any]) -> Any:
    options = {key: value for key, value in table.items() if key != "name"}
    return kind(name=table.get("name", ""), options=options)
