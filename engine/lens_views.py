"""What is drawn of a fitted model: slices, importance, trust, and reasons. Pure functions.

Maps are in engine.lens_maps.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from engine.analysis.views import (
    ImportanceRequest,
    ImportanceView,
    MapRequest,
    Slice,
    SlicesRequest,
    SlicesView,
    TrustRequest,
    TrustView,
    View,
    WhyRequest,
    WhyView,
)
from engine.lens_fitted import Fitted, TooFewError
from engine.lens_maps import evenly_spread, map_of
from engine.surrogate.cube import Array
from engine.trial import Params

HALF, NINE_TENTHS = 0.6744897501960817, 1.6448536269514722
"""Standard deviations to both sides that hold 50 % and 90 % of a normal distribution."""


def view_of(
    model: Fitted, request: MapRequest | SlicesRequest | ImportanceRequest | TrustRequest
) -> View:
    """What `request` wants to see of `model`."""
    match request:
        case MapRequest():
            return map_of(model, request)
        case SlicesRequest():
            return slices(model, request)
        case ImportanceRequest():
            return importance(model, request)
    return trust(model, request)


# --- slices and importance


def slices(model: Fitted, request: SlicesRequest) -> SlicesView:
    """Each parameter's effect, the others at the best configuration."""
    centre = model.best_point
    drawn = []
    for column, name in enumerate(model.cube.space.dimensions):
        if np.isnan(centre[column]):
            continue
        levels = model.cube.dimensions[column].levels
        if levels is None or len(levels) > request.size:
            levels = (np.arange(request.size) + 0.5) / request.size
        points = np.repeat(centre[None, :], len(levels), axis=0)
        points[:, column] = levels
        points = model.cube.snap(points)
        levels, first = np.unique(points[:, column], return_index=True)
        mean, variance = model.predict(points[first])
        low, high = _interval(model, mean, NINE_TENTHS * np.sqrt(variance))
        drawn.append(Slice(name, levels, model.values(mean), low, high))
    return SlicesView(request, model.upto, model.cube.space.decode(_filled(centre)), tuple(drawn))


def _interval(model: Fitted, mean: Array, reach: Array) -> tuple[Array, Array]:
    """The lower and the upper end of mean ± reach in the user's terms."""
    ends = model.values(mean - reach), model.values(mean + reach)
    return np.minimum(*ends), np.maximum(*ends)


SAMPLE = 2**12
DEGREE = 6
PAIR_DEGREE = 3
MOST_IN_PAIRS = 10
NOTHING = 1e-4
"""Where the mean varies by less than this part of the objective's variance, it says nothing."""


def importance(model: Fitted, request: ImportanceRequest) -> ImportanceView:
    """Shares of the variance of the posterior mean over the cube, on the model's scale.

    The mean at low-discrepancy points is expanded into products of orthonormal functions of one
    and of two parameters; by Parseval the squared coefficients are the parts of the variance
    (Sudret, "Global sensitivity analysis using polynomial chaos expansions", 2008). Pairs are
    looked at among the parameters that matter most where there are many.
    """
    names = model.cube.space.dimensions
    sample = evenly_spread(SAMPLE, len(names))
    mean = model.mean(model.cube.snap(sample))
    total = float(mean.var())
    if total < NOTHING:
        return ImportanceView(request, model.upto, names, np.zeros(len(names)), ())
    bases = [_basis(model, column, sample[:, column]) for column in range(len(names))]
    alone = _shares(bases, mean)
    leading = np.sort(np.argsort(-alone, kind="stable")[:MOST_IN_PAIRS])
    couples = list(combinations(leading.tolist(), 2))
    blocks = bases + [_products(bases[i], bases[j]) for i, j in couples]
    shares = _shares(blocks, mean) / total
    shares /= max(1.0, float(shares.sum()))
    pairs = [
        (names[i], names[j], float(share))
        for (i, j), share in zip(couples, shares[len(names) :], strict=True)
    ]
    pairs.sort(key=lambda pair: -pair[2])
    return ImportanceView(request, model.upto, names, shares[: len(names)], tuple(pairs))


def _basis(model: Fitted, column: int, u: Array) -> Array:
    """Orthonormal functions of one parameter at u (m,), the constant left out: shape (m, k)."""
    dimension = model.cube.dimensions[column]
    levels = dimension.levels
    if levels is None or (len(levels) > DEGREE + 1 and not dimension.is_categorical):
        polynomials = np.polynomial.legendre.legvander(2.0 * u - 1.0, DEGREE)[:, 1:]
        return np.asarray(polynomials * np.sqrt(2.0 * np.arange(1, DEGREE + 1) + 1.0))
    bins = np.minimum((u * len(levels)).astype(int), len(levels) - 1)
    helmert = np.linalg.qr(np.column_stack([np.ones(len(levels)), np.eye(len(levels))[:, 1:]]))[0][
        :, 1:
    ]
    return np.asarray(helmert[bins] * np.sqrt(len(levels)))


def _products(one: Array, other: Array) -> Array:
    """Functions of two parameters: products of their first ones, shape (m, k)."""
    one, other = one[:, :PAIR_DEGREE], other[:, :PAIR_DEGREE]
    return np.asarray((one[:, :, None] * other[:, None, :]).reshape(len(one), -1))


def _shares(blocks: list[Array], values: Array) -> Array:
    """The part of the variance of `values` (m,) that each block of functions explains."""
    basis = np.column_stack([np.ones(len(values)), *blocks])
    gram = basis.T @ basis
    gram.flat[:: len(gram) + 1] += 1e-9 * len(values)
    weights = np.linalg.solve(gram, basis.T @ values)[1:] ** 2
    ends = np.cumsum([block.shape[1] for block in blocks])[:-1]
    return np.array([part.sum() for part in np.split(weights, ends)])


# --- trust and reasons


def trust(model: Fitted, request: TrustRequest) -> TrustView:
    """What the model would have said of each trial, and how often its intervals held.

    Those that were stopped on the way have no value to hold it against.
    """
    if not model.whole.any():
        raise TooFewError("There is nothing to hold the model against before a trial is complete.")
    mean, variance = (part[model.whole] for part in model.leave_one_out())
    sigma = np.sqrt(variance)
    miss = np.abs(model.targets[model.whole] - mean) / sigma
    low50, high50 = _held(model, mean, HALF * sigma, miss <= HALF)
    low90, high90 = _held(model, mean, NINE_TENTHS * sigma, miss <= NINE_TENTHS)
    return TrustView(
        request=request,
        upto=model.upto,
        numbers=tuple(np.array(model.numbers)[model.whole].tolist()),
        actual=model.actual[model.whole],
        predicted=model.values(mean),
        low50=low50,
        high50=high50,
        low90=low90,
        high90=high90,
        coverage50=float((miss <= HALF).mean()),
        coverage90=float((miss <= NINE_TENTHS).mean()),
    )


def _held(model: Fitted, mean: Array, reach: Array, held: NDArray[np.bool_]) -> tuple[Array, Array]:
    """The ends of mean ± reach; where it `held`, what came about is within them.

    The model takes far-out values for as bad as any less bad ones. An interval that reaches there
    has no end among them.
    """
    low, high = _interval(model, mean, reach)
    actual = model.actual[model.whole]
    return np.where(held, np.minimum(low, actual), low), np.where(
        held, np.maximum(high, actual), high
    )


def why_trial(model: Fitted, request: WhyRequest, params: Params) -> WhyView:
    """What `model` expected of a configuration. Raises SpaceError if the space has it not."""
    point = model.cube.space.encode(params)[None, :]
    mean, variance = model.predict(point)
    sigma = np.sqrt(variance)
    low, high = _interval(model, mean, NINE_TENTHS * sigma)
    return WhyView(
        request=request,
        upto=model.upto,
        params=params,
        mean=float(model.values(mean)[0]),
        low=float(low[0]),
        high=float(high[0]),
        best=float(model.values(np.array([model.best]))[0]),
        chance=float(ndtr((model.best - mean[0]) / sigma[0])),
        exploration=min(1.0, float(sigma[0]) / model.usual_sigma),
        feasibility=float(model.feasibility(point)[0]),
    )


def _filled(point: Array) -> Array:
    """A point with numbers where parameters play no part, as `decode` takes it."""
    return np.nan_to_num(point, nan=0.5)
