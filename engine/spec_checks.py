"""What has to go together in a spec: task and space, method and budget, pruner and steps.

Each table is validated by itself in engine.spec_tables and engine.task_tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.methods import MethodError, make_method
from engine.pruners import PrunerError
from engine.spec_tables import SpecError
from engine.task_tables import BuiltinTask, CommandTask
from engine.tasks import catalog

if TYPE_CHECKING:
    from engine.spec import StudySpec


def check_together(spec: StudySpec) -> None:
    """Refuse tables that do not go together. Raises SpecError."""
    _check_space(spec)
    _check_objective(spec)
    _check_method(spec)
    _check_settling(spec)
    _check_pruner(spec)


def _check_space(spec: StudySpec) -> None:
    if isinstance(spec.task, CommandTask):
        spec.task.check_space(spec.space.names)
    if not isinstance(spec.task, BuiltinTask):
        return
    for index, parameter in enumerate(spec.space):
        try:
            catalog.check_space(spec.task.network, [parameter])
        except catalog.CatalogError as error:
            sentence = str(error).removeprefix(f"{parameter.name}: ")
            raise SpecError(sentence, "space", "", index, parameter.name) from None


def _check_objective(spec: StudySpec) -> None:
    """What a file holds is seen when it is read; what the bundled sets hold is known."""
    if not isinstance(spec.task, BuiltinTask):
        return
    from engine.tasks.data import bundled  # late: the window is shown before it is needed

    known = bundled().get(spec.task.data)
    problem = catalog.problem_of(spec.task.objective)
    if known is not None and known.problem != problem:
        objectives = [o for o in catalog.objectives(known.problem) if o.startswith("val_")]
        raise SpecError(
            f"{spec.task.objective} is for {problem}, but {spec.task.data} is a "
            f"{known.problem} problem; aim at {' or '.join(objectives)}.",
            "task",
            "objective",
        )


def _check_method(spec: StudySpec) -> None:
    if "seed" in spec.method.options:
        raise SpecError("is no option of a method; write it in [resources].", "method", "seed")
    if "space" in spec.method.options:
        raise SpecError("is no option of a method; remove it.", "method", "space")
    try:
        make_method(spec.method.name, spec.space, spec.resources.seed, **spec.method.options)
    except MethodError as error:
        raise SpecError(error.sentence, "method", error.key) from None


def _check_settling(spec: StudySpec) -> None:
    """Only a method with a model can tell what more trials would bring."""
    method = make_method(spec.method.name, spec.space, **spec.method.options)
    asked = {"worth": spec.budget.worth, "when_settled": spec.budget.when_settled == "stop"}
    for key, is_asked in asked.items():
        if is_asked and not method.learns:
            raise SpecError(
                f"needs a method that learns, which {spec.method.name} does not; "
                "remove it or take bayesian.",
                "budget",
                key,
            )


def _check_pruner(spec: StudySpec) -> None:
    try:
        spec.make_pruner()
    except PrunerError as error:
        raise SpecError(error.sentence, "pruner", error.key) from None
