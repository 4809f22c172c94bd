"""Maps of a fitted model: layers over two parameters. Pure functions."""

from __future__ import annotations

import numpy as np

from engine.analysis.views import MapRequest, MapView
from engine.lens_fitted import Fitted
from engine.surrogate.chooser import Chooser
from engine.surrogate.cube import Array

OTHERS = 32
"""Points over which the parameters that a map does not show are averaged."""
COARSE = 24
"""Cells along an axis of an averaged map, which is smooth, before it is refined."""


def map_of(model: Fitted, request: MapRequest, pending: Array | None = None) -> MapView:
    """Layers over two parameters, as they are beside trials under way at points `pending` (p, d).

    They lower the acquisition as for Bayesian optimisation: what is expected of them counts.
    """
    if request.averaged:
        return averaged_map(model, request)
    return map_at_best(model, request, pending)


def map_at_best(model: Fitted, request: MapRequest, pending: Array | None) -> MapView:
    """Layers over two parameters, the others held at the best configuration."""
    points = _plane(model, request, request.size)
    unique, where = np.unique(points, axis=0, return_inverse=True)
    mean, variance = model.predict(unique)
    feasible = model.feasibility(unique)
    if pending is not None and len(pending):
        acquisition = model.acquisition(unique, pending)
    else:
        chooser = Chooser(model.model, cost_weight=model.cost_weight)
        acquisition = chooser.worth(unique, mean, variance, feasible)

    def drawn(layer: Array) -> Array:
        return np.asarray(layer[where.reshape(-1)].reshape(request.size, request.size))

    return MapView(
        request=request,
        upto=model.upto,
        mean=drawn(model.values(mean)),
        deviation=drawn(np.sqrt(variance)),
        feasibility=drawn(feasible),
        acquisition=drawn(acquisition - acquisition.max()),
        proposed=None,
    )


def averaged_map(model: Fitted, request: MapRequest) -> MapView:
    """The mean and its deviation, averaged over the other parameters on the model's own scale.

    The mean of a Gaussian process over points is Gaussian: its covariance with the observations is
    the average of theirs.
    """
    size = min(request.size, COARSE)
    columns = [model.cube.space.dimensions.index(name) for name in (request.x, request.y)]
    others = evenly_spread(OTHERS if len(model.cube) > len(columns) else 1, len(model.cube))
    planes = np.repeat(others[:, None, :], size * size, axis=1)
    planes[:, :, columns] = _axes(size)
    planes = np.stack([model.cube.snap(plane) for plane in planes])
    mean, variance = model.predict_average(planes)
    feasible = np.mean([model.feasibility(plane) for plane in planes], axis=0)
    layers = (model.values(mean), np.sqrt(variance), feasible)
    refined = [_refine(layer.reshape(size, size), request.size) for layer in layers]
    return MapView(
        request, model.upto, refined[0], refined[1], np.clip(refined[2], 0, 1), None, None
    )


def _axes(size: int) -> Array:
    """Middles of the cells of a plane, rows along y: shape (size², 2), columns x and y."""
    middle = (np.arange(size) + 0.5) / size
    y, x = np.meshgrid(middle, middle, indexing="ij")
    return np.stack([x.ravel(), y.ravel()], axis=1)


def _plane(model: Fitted, request: MapRequest, size: int) -> Array:
    """Configurations of a map's cells, the other parameters at the best one."""
    points = np.repeat(model.best_point[None, :], size * size, axis=0)
    columns = [model.cube.space.dimensions.index(name) for name in (request.x, request.y)]
    for column in columns:
        _activate(model, points, column, columns)
    points[:, columns] = _axes(size)
    return model.cube.snap(points)


def _activate(model: Fitted, points: Array, column: int, drawn: list[int]) -> None:
    """Choose parents beside which a parameter plays a part, but for those that are drawn."""
    while (parent := model.cube.dimensions[column].parent) is not None:
        allowed = model.cube.dimensions[column].parent_levels
        if parent not in drawn and model.cube.level(points[:1], parent)[0] not in allowed:
            points[:, parent] = model.cube.place(parent, allowed[0])
        column = parent


def _refine(layer: Array, size: int) -> Array:
    """A layer on finer cells, by linear interpolation along each axis."""
    if len(layer) == size:
        return layer
    coarse = (np.arange(len(layer)) + 0.5) / len(layer)
    fine = (np.arange(size) + 0.5) / size
    rows = np.array([np.interp(fine, coarse, row) for row in layer])
    return np.array([np.interp(fine, coarse, column) for column in rows.T]).T


def evenly_spread(count: int, width: int) -> Array:
    """A Latin hypercube: points (count, width) that cover every coordinate evenly."""
    places = np.argsort(np.random.default_rng(0).random((count, width)), axis=0)
    return np.asarray((places + 0.5) / count)
