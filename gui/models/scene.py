"""The surface in three dimensions: heights, colours, points and ticks in a box of unit width.

The box reaches from -1/2 to 1/2 along both parameters, and from 0 to HEIGHT along the objective.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gui.models.cube_axis import CubeAxis
from gui.models.map_layers import PaintedLayer
from gui.models.scales import LogScale, Scale, value_scale
from gui.models.study_model import StudyModel
from gui.models.surface_view import COLOURS, SurfaceView

HEIGHT = 0.5
_MARGIN = 0.05
_MOST_TICKS = 5
_DARKEST, _LIGHT = 0.72, np.array([-0.35, -0.45, 0.82])


@dataclass(frozen=True)
class SceneAxis:
    """A name, and ticks as (place in the box, text)."""

    name: str
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Scene:
    """`height` (n, m) and `colours` (n, m, 4) over x (n,) and y (m,); points (k, 3).

    `proposal` (1, 3) lies on the surface; (0, 3) where there is none.
    """

    x: np.ndarray
    y: np.ndarray
    height: np.ndarray
    colours: np.ndarray
    points: np.ndarray
    kinds: np.ndarray
    numbers: np.ndarray
    stems: np.ndarray
    axes: tuple[SceneAxis, SceneAxis, SceneAxis]
    proposal: np.ndarray


def build_scene(
    model: StudyModel,
    view: SurfaceView,
    painted: PaintedLayer,
    axes: tuple[CubeAxis, CubeAxis],
    proposal: tuple[float, float] | None = None,
) -> Scene:
    """The mean of a painted view as heights under its layer's colours, and the complete trials.

    `proposal` is what the model would try next, in the scales' coordinates.
    """
    mean, done = painted.view.mean, view.kinds < COLOURS
    log = bool(view.colours is not None and view.colours.log and mean.min() > 0)
    scale = value_scale(model.objective, log)
    values = model.arrays.column("value")[view.rows[done]]
    low, high = _range(scale, mean, values, view)
    heights = HEIGHT * np.clip((_positions(scale, mean) - low) / (high - low), 0, 1)
    places = (np.arange(len(mean)) + 0.5) / len(mean) - 0.5
    x, y = (axis.units(at[done]) - 0.5 for axis, at in zip(axes, (view.x, view.y), strict=True))
    z = HEIGHT * np.clip((_positions(scale, values) - low) / (high - low), 0, 1)
    points = np.column_stack([x, y, z])
    return Scene(
        places,
        places,
        heights.T,
        _shaded(heights, painted.picture.image).transpose(1, 0, 2),
        points,
        view.kinds[done],
        model.numbers(view.rows[done]),
        _stems(points, heights),
        (
            *(_axis(s, a) for s, a in zip(view.scales, axes, strict=True)),
            _height_axis(scale, low, high),
        ),
        _on_surface(proposal, axes, heights),
    )


def _positions(scale: Scale, values: np.ndarray) -> np.ndarray:
    return np.log10(np.maximum(values, 1e-300)) if isinstance(scale, LogScale) else values


def _range(
    scale: Scale, mean: np.ndarray, values: np.ndarray, view: SurfaceView
) -> tuple[float, float]:
    """Positions of the bottom and the top: all of the mean, and the values but for outliers."""
    ends = [float(mean.min()), float(mean.max())]
    if view.colours is not None and len(values):
        ends += [view.colours.best, view.colours.worst]
    low, high = (float(p) for p in _positions(scale, np.array([min(ends), max(ends)])))
    room = _MARGIN * ((high - low) or abs(high) or 1.0)
    return low - room, high + room


def _shaded(heights: np.ndarray, image: np.ndarray) -> np.ndarray:
    """RGBA from 0 to 1 of each vertex, lit from the left so that slopes are seen as such."""
    size = len(heights)
    cells = ((np.arange(size) + 0.5) * len(image) / size).astype(np.intp)
    colours = image[np.ix_(cells, cells)] / 255.0
    along, across = np.gradient(heights * size)
    normal = np.stack([-across, -along, np.ones_like(heights)], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    light = np.clip(normal @ (_LIGHT / np.linalg.norm(_LIGHT)), 0, 1)
    colours[..., :3] *= (_DARKEST + (1 - _DARKEST) * light)[..., None]
    return colours


def _stems(points: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Lines (2 k, 3) from each point to the surface: how far the mean is from what came out."""
    feet = points.copy()
    feet[:, 2] = _heights_at(points, heights)
    return np.stack([points, feet], axis=1).reshape(-1, 3)


def _on_surface(
    place: tuple[float, float] | None, axes: tuple[CubeAxis, CubeAxis], heights: np.ndarray
) -> np.ndarray:
    if place is None:
        return np.empty((0, 3))
    units = [float(axis.units(np.array(at))) - 0.5 for axis, at in zip(axes, place, strict=True)]
    return np.array([[*units, float(_heights_at(np.array([units]), heights)[0])]])


def _heights_at(points: np.ndarray, heights: np.ndarray) -> np.ndarray:
    cells = np.clip(((points[:, :2] + 0.5) * len(heights)).astype(np.intp), 0, len(heights) - 1)
    return np.asarray(heights[cells[:, 1], cells[:, 0]])


def _axis(scale: Scale, axis: CubeAxis) -> SceneAxis:
    ticks, _ = scale.ticks(axis.low, axis.high, _MOST_TICKS)
    places = tuple((float(axis.units(np.array(at))) - 0.5, text) for at, text in ticks)
    return SceneAxis(_named(scale), places)


def _height_axis(scale: Scale, low: float, high: float) -> SceneAxis:
    ticks, _ = scale.ticks(low, high, _MOST_TICKS + 1)
    places = tuple((HEIGHT * (at - low) / (high - low), text) for at, text in ticks)
    return SceneAxis(_named(scale), places)


def _named(scale: Scale) -> str:
    return scale.label + ("  (log)" if isinstance(scale, LogScale) else "")
