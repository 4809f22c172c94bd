"""What a run without a screen is given: the study that its arguments name, if it may be run."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from engine.places import resources
from engine.spec import ScriptTask, StudySpec
from engine.study import Study
from engine.trust import is_trusted

EXAMPLE = "digits-grid.toml"


class InputError(ValueError):
    """The arguments ask for something that cannot be: one sentence."""


def study_of(arguments: Namespace) -> Study:
    """The study to run: a new one from a spec, or one to go on with."""
    file: Path = arguments.file or resources() / "examples" / EXAMPLE
    if file.suffix == ".tune":
        return _existing(file, arguments)
    if file.suffix != ".toml":
        raise InputError(f"{file} is neither a spec (.toml) nor a study (.tune).")
    spec = _overridden(StudySpec.load(file), arguments)
    check_trust(file, spec, arguments.trust)
    return Study.create(arguments.out or Path(f"{spec.name}.tune"), spec)


def _existing(file: Path, arguments: Namespace) -> Study:
    for option in ("out", "method", "workers", "seed"):
        if getattr(arguments, option) is not None:
            raise InputError(f"--{option} goes with a spec; {file.name} is a study that has begun.")
    study = Study.open(file)
    if arguments.trials is not None and arguments.trials != study.spec.budget.trials:
        done = sum(trial.state.is_finished for trial in study.trials)
        if arguments.trials < done:
            raise InputError(
                f"--trials {arguments.trials} is less than the {done} trials that "
                f"{file.name} has; give the new total."
            )
        study.extend(arguments.trials)
    if study.has_more_to_do():
        check_trust(file, study.spec, arguments.trust)
    return study


def check_trust(file: Path, spec: StudySpec, trusted: bool) -> None:
    """Nothing of the user's own is run before somebody has said that it may be."""
    if not trusted and not is_trusted(spec.task, spec.base):
        what = spec.task.file if isinstance(spec.task, ScriptTask) else "a command of its own"
        raise InputError(f"{file.name} runs {what}; look at it, then add --trust.")


def _overridden(spec: StudySpec, arguments: Namespace) -> StudySpec:
    """The spec with what the arguments say in its place."""
    changes = {
        ("budget", "trials"): arguments.trials,
        ("method", "name"): arguments.method,
        ("resources", "workers"): arguments.workers,
        ("resources", "seed"): arguments.seed,
    }
    for (table, key), value in changes.items():
        if value is not None:
            before = getattr(spec, table)
            spec = spec.with_(**{table: type(before)(**{**dict(before), key: value})})
    return spec
