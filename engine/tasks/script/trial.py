"""What a training function is given: a trial, in the dialect that tuners share."""

from __future__ import annotations

import datetime
import enum
import reprlib
import sys
import warnings
from pathlib import Path
from typing import Any, Sequence

from .loading import ScriptError
from .objective import NOT_A_NUMBER, Outcome, describe, number
from .suggestion import Suggestion, choice_asked_for, number_asked_for

LARGEST_STEP = 2**53


def is_pruned(error: BaseException) -> bool:
    """Whether this is the pruned exception, ours or that of another tuner."""
    return any(kind.__name__ == "TrialPruned" for kind in type(error).__mro__)


class StudyDirection(enum.IntEnum):
    """Optuna's, for scripts that do without it."""

    NOT_SET = 0
    MINIMIZE = 1
    MAXIMIZE = 2


class Study:
    """What a trial knows of its study: where the objective is to go, and no other trial."""

    def __init__(self, direction: str) -> None:
        self._direction = direction.upper()
        self.user_attrs: dict[str, Any] = {}

    @property
    def direction(self) -> Any:
        """MINIMIZE or MAXIMIZE; Optuna's own where it is loaded."""
        optuna = sys.modules.get("optuna.study")
        kinds = getattr(optuna, "StudyDirection", StudyDirection)
        return kinds[self._direction]

    @property
    def directions(self) -> list[Any]:
        """The direction of the one objective."""
        return [self.direction]

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"trial.study.{name} is not known here: a trial of Tunescape runs in a process of its "
            "own and sees no other trial; take it out of the function."
        )


class Dialect:
    """The calls by which a function asks for parameters; what it is given is the subclass's."""

    def __init__(self, number: int, device: str, seed: int, study: Study, folder: Path) -> None:
        self.number = number
        self._trial_id = number
        self.device = device
        self.seed = seed
        self.study = study
        self.checkpoint_dir = folder
        self.datetime_start = datetime.datetime.now()
        self.user_attrs: dict[str, Any] = {}
        self.system_attrs: dict[str, Any] = {}
        self.constraints: dict[str, float] = {}
        self.distributions: dict[str, Suggestion] = {}

    def _value_of(self, suggestion: Suggestion) -> Any:
        raise NotImplementedError

    def _suggest(self, suggestion: Suggestion) -> Any:
        value = self._value_of(suggestion)
        self.distributions.setdefault(suggestion.name, suggestion)
        return value

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """A real number from `low` to `high`, both included."""
        value: float = self._suggest(number_asked_for(name, "float", low, high, step, log))
        return value

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        """A whole number from `low` to `high`, both included."""
        value: int = self._suggest(number_asked_for(name, "int", low, high, step, log))
        return value

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """One of `choices`."""
        return self._suggest(choice_asked_for(name, choices))

    def suggest_uniform(self, name: str, low: float, high: float) -> float:
        """As older scripts call suggest_float."""
        return self.suggest_float(name, low, high)

    def suggest_loguniform(self, name: str, low: float, high: float) -> float:
        """As older scripts call suggest_float with log=True."""
        return self.suggest_float(name, low, high, log=True)

    def suggest_discrete_uniform(self, name: str, low: float, high: float, q: float) -> float:
        """As older scripts call suggest_float with a step."""
        return self.suggest_float(name, low, high, step=q)

    def set_user_attr(self, key: str, value: Any) -> None:
        """Keep something with the trial; a number becomes one of its metrics."""
        self.user_attrs[key] = value

    def set_system_attr(self, key: str, value: Any) -> None:
        """Keep something for the tuner; here as good as set_user_attr."""
        self.system_attrs[key] = value

    def set_constraint(self, key: str, value: float) -> None:
        """Keep how far a constraint is broken; it becomes one of the trial's metrics."""
        self.constraints[key] = number(value)


class Trial(Dialect):
    """A trial that runs: its parameters are given, and its reports go to the program."""

    def __init__(self, context: Any, objective: str, study: Study, folder: Path) -> None:
        super().__init__(context.number, context.device, context.seed, study, folder)
        self._context = context
        self._objective = objective
        self._step: int | None = None
        self._reported: dict[str, float] = {}
        self._value: float | None = None
        self._read_params = False
        self.was_told_to_stop = False

    @property
    def params(self) -> dict[str, Any]:
        """Every parameter of this configuration, asked for or not."""
        self._read_params = True
        return dict(self._context.params)

    def report(self, value: float, step: int) -> None:
        """Tell the objective after `step` epochs; of several at one step the first one counts."""
        step = _whole(step)
        if step == self._step and self._objective in self._reported:
            warnings.warn(f"step {step} is reported already; this value is left out.", stacklevel=2)
            return
        self._tell(step, {self._objective: _metric(self._objective, value)})

    def log(self, step: int | None = None, **metrics: float) -> None:
        """Tell metrics beside the objective, or with it, after `step` epochs.

        Without `step` they belong to the last one that was told; a metric that it has already
        begins the next one.
        """
        if step is None:
            step = self._step or 0
            if self._step is None or set(metrics) & set(self._reported):
                step += 1
        self._tell(_whole(step), {name: _metric(name, value) for name, value in metrics.items()})

    def should_prune(self) -> bool:
        """Whether to end now: raise TrialPruned, or return."""
        self.was_told_to_stop = self._context.should_stop()
        return self.was_told_to_stop

    def so_far(self, pruned: bool) -> Outcome:
        """What there is without anything that the function returned."""
        kept = {**self._reported, **self._kept()}
        finished = not self.was_told_to_stop
        return Outcome(self._value, self._step, kept, finished, pruned)

    def outcome(self, metrics: dict[str, float]) -> Outcome:
        """What became of the trial, with what the function returned."""
        kept = {**self._reported, **self._kept(), **metrics}
        finished = not self.was_told_to_stop
        return Outcome(metrics[self._objective], self._step, kept, finished)

    def say_what_was_not_asked_for(self) -> None:
        """Print which parameters made no difference, as far as that can be seen."""
        unused = [name for name in self._context.params if name not in self.distributions]
        if unused and not self._read_params:
            names = ", ".join(map(repr, unused))
            print(f"Tunescape: the function never asked for {names}; the space could do without.")

    def set_user_attr(self, key: str, value: Any) -> None:
        """Keep something with the trial; a number becomes one of its metrics."""
        super().set_user_attr(key, value)
        if _number_or_none(value) is None:
            print(f"{key} = {reprlib.repr(value)}")

    def _value_of(self, suggestion: Suggestion) -> Any:
        name = suggestion.name
        if name in self._context.params:
            return suggestion.take(self._context.params[name])
        if suggestion.single():
            return suggestion.choices[0] if suggestion.choices else suggestion.low
        given = ", ".join(f"{key} = {value!r}" for key, value in self._context.params.items())
        raise ScriptError(
            f"the function asks for {name!r}, which the space does not have (or not under its "
            f"conditions, with {given or 'no parameters at all'}); add it to the space, or "
            "discover the space anew."
        )

    def _tell(self, step: int, metrics: dict[str, float]) -> None:
        if step != self._step:
            self._step, self._reported = step, {}
        self._reported.update(metrics)
        self._value = metrics.get(self._objective, self._value)
        self._context.report(step, dict(self._reported))

    def _kept(self) -> dict[str, float]:
        """Attributes and constraints that are numbers."""
        kept = {key: _number_or_none(value) for key, value in self.user_attrs.items()}
        kept.update(self.constraints)
        return {key: value for key, value in kept.items() if value is not None}


def _whole(step: Any) -> int:
    try:
        whole = int(step)
    except (TypeError, ValueError):
        raise TypeError(f"the step must be a whole number, not {describe(step)}") from None
    if whole < 0:
        raise ValueError(f"the step must not be negative, as {whole} is")
    if whole > LARGEST_STEP:
        raise ValueError(f"the step must not be above {LARGEST_STEP}; count it from 0")
    return whole


def _metric(name: str, value: Any) -> float:
    try:
        return number(value)
    except NOT_A_NUMBER:
        raise TypeError(f"{name} must be a number, not {describe(value)}") from None


def _number_or_none(value: Any) -> float | None:
    try:
        return None if isinstance(value, bool) else number(value)
    except NOT_A_NUMBER:
        return None
