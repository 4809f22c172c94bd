"""The marks of trials on a surface: coloured by their value, shaped by their state."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtGui import QColor

from gui.models.surface_view import COLOURS, SurfaceView
from gui.models.trial_arrays import STATES
from gui.plots.colours import ink, is_bright, value_table
from gui.plots.marks import (
    DISC,
    MarksItem,
    Sprite,
    best_sprite,
    proposed_sprite,
    selected_sprite,
    state_sprite,
)

_DISC_SIZES = ((300, 11.0), (2000, 8.0))
_SMALLEST_DISC = 6.0
_SELECTED, _BEST, _PROPOSED = (COLOURS + len(STATES) + place for place in range(3))


class SurfaceMarks(MarksItem):
    """The kinds of a SurfaceView, a halo, the star of the best, and the next proposal."""

    def __init__(self) -> None:
        super().__init__()
        self._disc_size = 0.0

    def retheme(self) -> None:
        """Take the colours of the scheme in use when next drawn."""
        self._disc_size = 0.0

    def show_view(
        self,
        view: SurfaceView,
        selected_row: int,
        best_row: int,
        proposal: tuple[float, float] | None,
    ) -> None:
        """Draw the trials of `view`; rows of -1 are nowhere."""
        self._size_discs(len(view.rows))
        halo = np.flatnonzero(view.rows == selected_row)
        star = np.flatnonzero(view.rows == best_row)
        order = np.concatenate([np.arange(len(view.rows)), halo, halo, star])
        kinds = np.concatenate(
            [view.kinds, [_SELECTED] * len(halo), view.kinds[halo], [_BEST] * len(star)]
        )
        x, y = view.x[order], view.y[order]
        if proposal is not None:
            x, y = np.append(x, proposal[0]), np.append(y, proposal[1])
            kinds = np.append(kinds, _PROPOSED)
        self.set_marks(x, y, kinds.astype(np.intp))

    def _size_discs(self, count: int) -> None:
        size = next((size for most, size in _DISC_SIZES if count <= most), _SMALLEST_DISC)
        if size != self._disc_size:
            self._disc_size = size
            self.set_sprites(
                [
                    *_discs(size),
                    *(state_sprite(state, size) for state in STATES),
                    replace(selected_sprite(), size=size + 7),
                    best_sprite(),
                    proposed_sprite(),
                ]
            )


def _discs(size: float) -> list[Sprite]:
    fills = [QColor(*map(int, colour)) for colour in value_table(COLOURS)]
    return [Sprite(DISC, size, fill, ink(is_bright(fill)), 1.25) for fill in fills]
