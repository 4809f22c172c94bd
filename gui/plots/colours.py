"""The colours of values: perceptual maps as tables, and the ink that is seen on them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor

from gui.theme import VALUE_MAP, theme

_BRIGHT = 140


@cache
def value_table(size: int = 256, name: str = VALUE_MAP) -> np.ndarray:
    """RGB bytes (size, 3) of the value map, the bright end last."""
    return pg.colormap.get(name).getLookupTable(0.0, 1.0, size)[:, :3]


def is_bright(colour: QColor) -> bool:
    """Whether dark lines are the ones that are seen on `colour`."""
    red, green, blue, _ = colour.getRgb()
    return 0.299 * red + 0.587 * green + 0.114 * blue > _BRIGHT


def ink(on_bright: bool) -> QColor:
    """Of the scheme's text and its background, the one that is seen on a bright or dark colour."""
    roles = theme()
    dark, light = (roles.sunken, roles.text) if roles.dark else (roles.text, roles.surface)
    return dark if on_bright else light
