"""The columns of the trials table: what a cell says, exactly and for reading, and what sorts it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.analysis.cost import words
from engine.trial import Trial, TrialState
from gui.models.failure_words import failure_words
from gui.models.study_model import StudyModel
from gui.numbers import exact, number
from gui.theme import state_mark


@dataclass(frozen=True)
class Column:
    """`value` is exact, `text` is for reading, `keys` are numbers that sort the rows (NaN last).

    Rows of the mask `behind` come after the others, whichever way they are sorted.
    """

    title: str
    value: Callable[[Trial], Any]
    keys: Callable[[], np.ndarray]
    text: Callable[[Any], str] = number
    numeric: bool = True
    tip: str = ""
    behind: Callable[[], np.ndarray] | None = None

    def shown(self, trial: Trial) -> str:
        """The cell of `trial` as it is read."""
        value = self.value(trial)
        return "" if value is None else self.text(value)

    def exact(self, trial: Trial) -> str:
        """The cell of `trial` as it is copied."""
        return exact(self.value(trial))


def columns_of(model: StudyModel) -> list[Column]:
    """The columns for a study: its varied parameters stand between the value and the rest."""

    def field(name: str) -> Callable[[], np.ndarray]:
        return lambda: model.arrays.column(name)

    def texts(value: Callable[[Trial], Any]) -> Callable[[], np.ndarray]:
        return lambda: _ranks([value(trial) for trial in model.trials.values()])

    device = _device_and_worker if model.workers > 1 else _device
    return [
        Column("#", lambda t: t.number, field("number"), tip="Number of the trial"),
        Column("State", lambda t: t.state.value, field("state"), _state, numeric=False),
        Column(
            model.objective,
            lambda t: t.value,
            field("value"),
            tip="The objective; of trials that were stopped early, the last value they had",
            behind=lambda: model.arrays.is_state(TrialState.PRUNED),
        ),
        *(_parameter(model, name) for name in model.varied),
        Column("Time", lambda t: t.seconds, field("seconds"), words),
        Column("Best epoch", lambda t: t.step, field("step"), tip="Where the value was taken from"),
        Column("Device", device, texts(device), str, numeric=False),
        Column("Failure", _failure, texts(_failure), str, numeric=False),
    ]


def _parameter(model: StudyModel, name: str) -> Column:
    numeric = not hasattr(model.scales[name], "choices")
    return Column(
        name, lambda t: t.params.get(name), lambda: model.arrays.params(name), numeric=numeric
    )


def _state(value: str) -> str:
    mark = state_mark(value)
    return f"{mark.glyph} {mark.word}"


def _device(trial: Trial) -> str | None:
    return trial.device


def _device_and_worker(trial: Trial) -> str | None:
    if trial.device is None or trial.worker is None:
        return trial.device
    return f"{trial.device} · worker {trial.worker + 1}"


def _failure(trial: Trial) -> str | None:
    return None if trial.failure is None else failure_words(trial.failure)


def _ranks(values: list[str | None]) -> np.ndarray:
    """Numbers in the alphabetical order of texts; NaN for none."""
    order = {text: rank for rank, text in enumerate(sorted({v for v in values if v is not None}))}
    return np.array([order.get(value, np.nan) for value in values], dtype=float)
