"""The layers of a surface that show what the model thinks: from its arrays to pictures.

Runs in a job, off the UI thread; places of pictures are in the unit square of two parameters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from engine.analysis.views import MapView
from gui.models.cube_axis import CubeAxis
from gui.models.landscape import Picture, draw_lines, no_lines, value_levels
from gui.models.scales import LinearScale
from gui.models.value_colours import ValueColours
from gui.numbers import percent

_FINE = 192
"""Cells that a map is refined to along an axis that has no bins."""
_MOST_LEVELS = 7
_DEEPEST = 25.0
"""Log acquisition below its largest value that is told apart at most."""
_SHARES = ((0.5, "50 %"), (0.1, "10 %"), (0.01, "1 %"))
_CHANCES = (0.1, 0.5, 0.9)
_BEYOND = 1.0
"""How far past both ends of the colours a field is followed, so that it has no edge at them."""
_BRIGHT = 140
_LUMA = np.array([0.299, 0.587, 0.114])


class Layer(StrEnum):
    """What can lie beneath the marks of a surface."""

    LANDSCAPE = "Landscape"
    MEAN = "Model mean"
    UNCERTAINTY = "Uncertainty"
    ACQUISITION = "Acquisition"
    FEASIBILITY = "Feasibility"

    @property
    def is_of_model(self) -> bool:
        """Whether the model has to be asked for it."""
        return self is not Layer.LANDSCAPE


LAYER_TIPS = {
    Layer.LANDSCAPE: "Drawn from the trials alone, wherever some are near",
    Layer.MEAN: "What the model expects everywhere",
    Layer.UNCERTAINTY: "How far off the model may be; ± 1 is how far results lie from their mean",
    Layer.ACQUISITION: "Where the model would look next",
    Layer.FEASIBILITY: "How likely a trial is to come through without failing",
}


@dataclass(frozen=True)
class LayerQuestion:
    """A view of the model, which layer of it, and how to colour it; marks (n, 2) to keep free."""

    layer: Layer
    view: MapView
    axes: tuple[CubeAxis, CubeAxis]
    colours: ValueColours | None
    table: np.ndarray
    marks: np.ndarray


class Strip(NamedTuple):
    """A legend: what the ends of a colour table mean."""

    low: str
    high: str
    word: str
    table: np.ndarray


@dataclass(frozen=True)
class PaintedLayer:
    """A picture of a layer, and its legend where it is not that of the values."""

    layer: Layer
    view: MapView
    picture: Picture
    strip: Strip | None


def paint_layer(question: LayerQuestion) -> PaintedLayer:
    """The picture of a layer of the model, with its contour lines and legend."""
    field = _field(question)
    shown, levels, low, high, word = _scaled(question.layer, field, question.colours)
    shown = refined(np.clip(shown, -_BEYOND, 1 + _BEYOND), question.axes)
    table = question.table
    image = np.full((*shown.shape, 4), 255, np.uint8)
    image[..., :3] = table[np.rint(np.clip(shown, 0, 1) * (len(table) - 1)).astype(np.intp)]
    lines = (*no_lines(), ())
    if not any(axis.steps for axis in question.axes):

        def is_bright(level: float) -> bool:
            return bool(table[round(level * (len(table) - 1))] @ _LUMA > _BRIGHT)

        lines = draw_lines(shown, levels, question.marks, bright=is_bright)
    strip = None if question.layer is Layer.MEAN else Strip(low, high, word, table)
    return PaintedLayer(question.layer, question.view, Picture(image, *lines), strip)


def _field(question: LayerQuestion) -> np.ndarray:
    view = question.view
    found = {
        Layer.MEAN: view.mean,
        Layer.UNCERTAINTY: view.deviation,
        Layer.FEASIBILITY: view.feasibility,
        Layer.ACQUISITION: view.acquisition,
    }[question.layer]
    return np.zeros_like(view.mean) if found is None else found


def _scaled(
    layer: Layer, field: np.ndarray, colours: ValueColours | None
) -> tuple[np.ndarray, list[tuple[float, str]], str, str, str]:
    """A field from 0 to 1, the levels of its contour lines with their texts, and its legend."""
    match layer:
        case Layer.UNCERTAINTY:
            return _deviation(field)
        case Layer.ACQUISITION:
            depth = min(_DEEPEST, max(1.0, -float(np.quantile(field, 0.1))))
            levels = [(1 + math.log(share) / depth, text) for share, text in _SHARES]
            levels = [(level, text) for level, text in levels if level > 0.01]
            return 1 + field / depth, levels, "", "", "look here next →"
        case Layer.FEASIBILITY:
            levels = [(chance, percent(chance)) for chance in _CHANCES]
            return field, levels, "fails", "comes through", ""
    if colours is None:
        colours = ValueColours(float(field.min()), float(field.max()))
    goodness = np.nan_to_num(colours.goodness(field, clipped=False), nan=1.0)
    return goodness, value_levels(colours), "", "", ""


def _deviation(field: np.ndarray) -> tuple[np.ndarray, list[tuple[float, str]], str, str, str]:
    """Of a standard deviation in spreads of the results so far."""
    low, high = float(field.min()), float(field.max())
    width = (high - low) or 1.0
    ticks, _ = LinearScale("").ticks(low, high, _MOST_LEVELS) if high > low else ([], [])
    levels = [((value - low) / width, f"± {text}") for value, text in ticks]
    return (
        (field - low) / width,
        [(level, text) for level, text in levels if 0.01 < level < 0.99],
        f"± {low:.2g}",
        f"± {high:.2g} × results' spread",
        "unsure →",
    )


def refined(field: np.ndarray, axes: tuple[CubeAxis, CubeAxis]) -> np.ndarray:
    """`field` (size, size), rows along y, on more cells: smooth where an axis has no bins."""
    x, y = (_finer(size, axis) for size, axis in zip(field.shape[::-1], axes, strict=True))
    return y @ field @ x.T


def _finer(size: int, axis: CubeAxis) -> np.ndarray:
    """Weights (fine, size) of coarse cells in fine ones, by cubic convolution (Keys 1981, eq. 15)

    with a = -1/2, beyond the ends along straight lines; where the axis has bins, each fine cell has
    the value of its bin's middle.
    """
    places = (np.arange(_FINE) + 0.5) / _FINE
    if axis.steps:
        middles = (np.floor(places * axis.steps) + 0.5) / axis.steps
        nearest = np.clip((middles * size).astype(np.intp), 0, size - 1)
        return np.eye(size)[nearest]
    at = places * size - 0.5
    first = np.floor(at).astype(np.intp)
    weights = np.zeros((_FINE, size))
    for offset in (-1, 0, 1, 2):
        s = np.abs(at - (first + offset))
        near = 1.5 * s**3 - 2.5 * s**2 + 1
        far = -0.5 * s**3 + 2.5 * s**2 - 4 * s + 2
        cells, weight = first + offset, np.where(s <= 1, near, far)
        inside = np.clip(cells, 0, size - 1)
        beyond = np.abs(cells - inside)
        inner = np.clip(2 * inside - cells, 0, size - 1)  # as far inside, so that both are straight
        rows = np.arange(_FINE)
        np.add.at(weights, (rows, inside), np.where(beyond > 0, 2 * weight, weight))
        np.add.at(weights, (rows, inner), np.where(beyond > 0, -weight, 0.0))
    return weights
