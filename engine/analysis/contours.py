"""Contour lines of a field on a grid, by marching squares; all cells at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_CORNERS = ((0, 0), (0, 1), (1, 1), (1, 0))


def contour_lines(field: Array, level: float, hidden: NDArray[np.bool_] | None = None) -> Array:
    """Straight pieces (m, 2, 2) of the line where `field` (ny, nx) is `level`: ends, then (x, y).

    Places are in the unit square, `field` being known at the centres of its cells. Nothing is drawn
    through a cell one of whose corners is `hidden` (ny, nx). At a saddle the two pieces are the
    ones that keep the high corners apart.
    """
    above = field > level
    visible = np.ones_like(above) if hidden is None else ~hidden
    ny, nx = field.shape

    def corner(grid: NDArray[np.generic], which: int) -> NDArray[np.generic]:
        dy, dx = _CORNERS[which % 4]
        return grid[dy : ny - 1 + dy, dx : nx - 1 + dx]

    shown = np.logical_and.reduce([corner(visible, c) for c in range(4)])
    pieces = []
    for first in range(4):
        for second in range(first + 1, 4):
            inside = [corner(above, c) for c in range(4)]
            crossed = [inside[c] != inside[(c + 1) % 4] for c in range(4)]
            cells = shown & crossed[first] & crossed[second]
            saddle = np.logical_and.reduce(crossed)
            # a piece on adjacent edges cuts their shared corner off: at a saddle, a high one
            cut = inside[(first + 1) % 4] if second - first == 1 else inside[0]
            cells &= ~saddle | (cut.astype(bool) if (second - first) % 2 else False)
            pieces.append(_pieces(field, level, np.argwhere(cells), first, second))
    return np.concatenate(pieces)


def _pieces(field: Array, level: float, cells: NDArray[np.intp], first: int, second: int) -> Array:
    """The pieces between two edges of each of `cells`."""
    ny, nx = field.shape
    ends = np.empty((len(cells), 2, 2))
    for end, edge in enumerate((first, second)):
        a, b = np.array(_CORNERS[edge]), np.array(_CORNERS[(edge + 1) % 4])
        low = field[cells[:, 0] + a[0], cells[:, 1] + a[1]]
        high = field[cells[:, 0] + b[0], cells[:, 1] + b[1]]
        place = cells + a + ((level - low) / (high - low))[:, None] * (b - a)
        ends[:, end, 0] = (place[:, 1] + 0.5) / nx
        ends[:, end, 1] = (place[:, 0] + 0.5) / ny
    return ends
