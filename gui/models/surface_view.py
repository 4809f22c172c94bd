"""What the surface panel draws for two chosen axes: places, marks and colours of the trials."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.trial import TrialState
from gui.models.landscape import Question
from gui.models.objective_axis import objective_axis
from gui.models.scales import ChoiceScale, Scale
from gui.models.study_model import StudyModel
from gui.models.trial_arrays import CODE, STATES
from gui.models.value_colours import ValueColours

COLOURS = 64
"""Steps of the value colours that marks have; their kind is the step, or COLOURS + the state."""
_ROOM_OF_CHOICE = 0.7
_BEHIND = (TrialState.CANCELLED, TrialState.QUEUED, TrialState.INTERRUPTED)
"""States whose marks lie under all others; the better a complete trial, the further up it is."""


@dataclass(frozen=True)
class SurfaceView:
    """The trials that have both parameters, from the bottom mark to the top one."""

    axes: tuple[str, str]
    scales: tuple[Scale, Scale]
    rows: np.ndarray
    x: np.ndarray
    y: np.ndarray
    kinds: np.ndarray
    colours: ValueColours | None
    missing: int

    def counts(self) -> dict[TrialState, int]:
        """How many marks there are of each state other than complete."""
        codes = self.kinds - COLOURS
        return {
            state: int(np.count_nonzero(codes == CODE[state]))
            for state in STATES
            if state is not TrialState.COMPLETE
        }


def view_surface(
    model: StudyModel, x_name: str, y_name: str, known: np.ndarray | None = None
) -> SurfaceView:
    """The trials of `model` over parameter `x_name` and parameter or objective `y_name`.

    Where somebody looks at the past, `known` is the mask of the trials there were; colours stay
    those of all trials, so that nothing changes its colour on the way.
    """
    arrays = model.arrays
    complete, values = arrays.complete, arrays.column("value")
    scales, places = zip(*(_axis(model, name) for name in (x_name, y_name)), strict=True)
    x, y = places
    x, y = _spread(x, y, scales[0]), _spread(y, x, scales[1])
    shown = np.isfinite(x) & np.isfinite(y)
    there = len(shown) if known is None else int(np.count_nonzero(known))
    colours = ValueColours.of(values[complete & shown], model.minimize)
    kinds = COLOURS + arrays.column("state").astype(np.intp)
    height = np.where(arrays.is_state(*_BEHIND), -1.0, 2.0)
    if colours is not None:
        height[complete] = colours.goodness(values[complete])
        kinds[complete] = np.rint(height[complete] * (COLOURS - 1)).astype(np.intp)
    rows = np.flatnonzero(shown if known is None else shown & known)
    rows = rows[np.argsort(height[rows], kind="stable")]
    missing = there - len(rows)
    return SurfaceView(
        (x_name, y_name), scales, rows, x[rows], y[rows], kinds[rows], colours, missing
    )


def question_of(model: StudyModel, view: SurfaceView, table: np.ndarray) -> Question | None:
    """What a landscape under `view` has to go through; None without a complete trial."""
    rows = view.rows[view.kinds < COLOURS]
    if view.colours is None or not len(rows):
        return None
    goodness = view.colours.goodness(model.arrays.column("value")[rows])
    units: list[np.ndarray] = []
    choices: list[int | None] = []
    for name, scale in zip(view.axes, view.scales, strict=True):
        known = name in model.scales
        choices.append(len(scale.choices) if isinstance(scale, ChoiceScale) else None)
        places = model.arrays.params(name)[rows] if known else np.full(len(rows), scale.low)
        units.append((places - scale.low) / (scale.high - scale.low))
    return Question(units[0], units[1], goodness, (choices[0], choices[1]), view.colours, table)


def _spread(places: np.ndarray, others: np.ndarray, scale: Scale) -> np.ndarray:
    """Places on an axis of choices, those of trials that would hide each other side by side."""
    if not isinstance(scale, ChoiceScale):
        return places
    _, group = np.unique(np.column_stack([places, others]), axis=0, return_inverse=True)
    size = np.bincount(group)[group]
    order = np.argsort(group, kind="stable")
    first = np.concatenate([[0], np.cumsum(np.bincount(group))[:-1]])
    rank = np.empty(len(group))
    rank[order] = np.arange(len(group)) - first[group[order]]
    return places + _ROOM_OF_CHOICE * ((rank + 0.5) / size - 0.5)


def _axis(model: StudyModel, name: str) -> tuple[Scale, np.ndarray]:
    """The scale of a parameter or of the objective, and where each trial is on it."""
    if name in model.scales:
        return model.scales[name], model.arrays.params(name)
    return objective_axis(model)
