"""From evaluated points to the picture under them: colours, contour lines and their labels.

Runs in a job, off the UI thread; all places are in the unit square of the two axes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.analysis.contours import contour_lines
from engine.analysis.surface import fit_surface
from gui.models.scales import LinearScale
from gui.models.value_colours import ValueColours
from gui.numbers import number

_OPACITY = 0.9
_VISIBLE = 0.25
"""Support below which nothing is claimed: no contour line is drawn there."""
_MOST_LEVELS = 12
_BRIGHT = 0.55
"""Goodness from which the value colours are bright enough for dark lines."""
_LEAST_ROOM = 0.025
_MOST_MARKS_TO_AVOID = 400
_SHORTEST_LABELLED = 24
"""Pieces that a contour line needs before it gets a label."""


@dataclass(frozen=True)
class Question:
    """Points (n,) in the unit square with their goodness, and how to colour what lies between."""

    x: np.ndarray
    y: np.ndarray
    goodness: np.ndarray
    choices: tuple[int | None, int | None]
    colours: ValueColours
    table: np.ndarray


@dataclass(frozen=True)
class Label:
    """The value of a contour line, and where it is written."""

    x: float
    y: float
    text: str
    on_bright: bool


@dataclass(frozen=True)
class Picture:
    """`image` (ny, nx, 4): RGBA bytes, bottom row first; lines (m, 2, 2): ends, then (x, y)."""

    image: np.ndarray
    lines_on_dark: np.ndarray
    lines_on_bright: np.ndarray
    labels: tuple[Label, ...]


@dataclass(frozen=True)
class Profile:
    """A smooth curve of the objective over one parameter, and where points back it."""

    x: np.ndarray
    value: np.ndarray
    support: np.ndarray


def paint(question: Question) -> Picture | None:
    """The landscape through the points; None while there are too few for one."""
    surface = fit_surface(question.x, question.y, question.goodness, question.choices)
    if surface is None:
        return None
    mean = np.clip(surface.mean, 0, 1)
    image = np.empty((*mean.shape, 4), np.uint8)
    image[..., :3] = question.table[np.rint(mean * (len(question.table) - 1)).astype(np.intp)]
    image[..., 3] = np.rint(255 * _OPACITY * surface.support)
    if any(question.choices):
        return Picture(image, *no_lines(), ())
    hidden = surface.support < _VISIBLE
    levels = value_levels(question.colours)
    places = np.column_stack([question.x, question.y])
    return Picture(image, *draw_lines(surface.mean, levels, places, hidden))


def draw_lines(
    field: np.ndarray,
    levels: list[tuple[float, str]],
    marks: np.ndarray,
    hidden: np.ndarray | None = None,
    bright: Callable[[float], bool] = lambda level: level > _BRIGHT,
) -> tuple[np.ndarray, np.ndarray, tuple[Label, ...]]:
    """Contour lines of `field` (ny, nx) on dark and on bright ground, and labels beside `marks`."""
    lines: dict[bool, list[np.ndarray]] = {False: [], True: []}
    labels: list[Label] = []
    for level, text in levels:
        pieces = contour_lines(field, level, hidden)
        lines[bright(level)].append(pieces)
        if text and len(pieces) >= _SHORTEST_LABELLED:
            labels += _labels(pieces, text, bright(level), labels, marks)
    on_dark, on_bright = (
        np.concatenate(found) if found else no_lines()[0] for found in lines.values()
    )
    return on_dark, on_bright, tuple(labels)


def trace(question: Question) -> Profile | None:
    """The curve through the points over x alone; None while there are too few for one."""
    flat = np.full_like(question.x, 0.5)
    surface = fit_surface(
        question.x, flat, question.goodness, (question.choices[0], None), (1, 240)
    )
    if surface is None:
        return None
    places = (np.arange(240) + 0.5) / 240
    colours = question.colours
    values = np.array([colours.value(float(g)) for g in surface.mean[0]])
    return Profile(places, values, surface.support[0])


def value_levels(colours: ValueColours) -> list[tuple[float, str]]:
    """Goodness and text of round values between the ends of the colours."""
    low, high = sorted((colours.best, colours.worst))
    if not high > low:
        return []
    if colours.log:
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        values = [float(f"{nice}e{decade}") for decade in decades for nice in (1, 2, 5)]
        texts = [number(value) for value in values]
    else:
        ticks, _ = LinearScale("").ticks(low, high, _MOST_LEVELS)
        values, texts = [value for value, _ in ticks], [text for _, text in ticks]
    goodness = colours.goodness(np.array(values)).tolist()
    levels = list(zip(goodness, texts, strict=True))
    return [(level, text) for level, text in levels if 0.01 < level < 0.995]


def _labels(
    pieces: np.ndarray, text: str, on_bright: bool, others: list[Label], marks: np.ndarray
) -> list[Label]:
    """A label on the line, as far as can be from edges, marks and `others`, if there is room."""
    middles = pieces.mean(axis=1)
    room = np.minimum(middles, 1 - middles).min(axis=1)
    for other in others:
        apart = np.hypot(middles[:, 0] - other.x, middles[:, 1] - other.y)
        room = np.minimum(room, apart / 2)
    if 0 < len(marks) <= _MOST_MARKS_TO_AVOID:
        apart = np.hypot(middles[:, :1] - marks[:, 0], middles[:, 1:] - marks[:, 1]).min(axis=1)
        room = np.minimum(room, apart)
    best = int(np.argmax(room))
    x, y = middles[best].tolist()
    return [Label(x, y, text, on_bright)] if room[best] >= _LEAST_ROOM else []


def no_lines() -> tuple[np.ndarray, np.ndarray]:
    return np.empty((0, 2, 2)), np.empty((0, 2, 2))
