"""The colours of values: perceptual maps as tables, and the ink that is seen on them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor

from gui.models.map_layers import Layer
from gui.theme import ACQUISITION_MAP, UNCERTAINTY_MAP, theme, value_map

_BRIGHT = 140


def value_table(size: int = 256) -> np.ndarray:
    """RGB bytes (size, 3) of the value map in use, the bright end last."""
    return _table(value_map(), size)


@cache
def _table(name: str, size: int) -> np.ndarray:
    return pg.colormap.get(name).getLookupTable(0.0, 1.0, size)[:, :3]


@cache
def uncertainty_table(size: int = 256) -> np.ndarray:
    """RGB bytes (size, 3): dark where the model is sure, bright where it is not."""
    name, low, high = UNCERTAINTY_MAP
    return pg.colormap.get(name).getLookupTable(low, high, size)[:, :3]


@cache
def acquisition_table(size: int = 256) -> np.ndarray:
    """RGB bytes (size, 3): the last is where the model would look next."""
    name, low, high = ACQUISITION_MAP
    return pg.colormap.get(name).getLookupTable(low, high, size)[:, :3]


def feasibility_table(size: int = 256) -> np.ndarray:
    """RGB bytes (size, 3): the colour of failures where trials fail, plain where they do not."""
    fails, works = (np.array(c.getRgb()[:3]) for c in (theme().bad, theme().surface))
    share = np.linspace(0, 1, size)[:, None]
    return np.rint(fails + share * (works - fails)).astype(np.uint8)


def layer_table(layer: Layer) -> np.ndarray:
    """RGB bytes (256, 3) of a layer of a surface."""
    match layer:
        case Layer.UNCERTAINTY:
            return uncertainty_table()
        case Layer.ACQUISITION:
            return acquisition_table()
        case Layer.FEASIBILITY:
            return feasibility_table()
    return value_table()


def is_bright(colour: QColor) -> bool:
    """Whether dark lines are the ones that are seen on `colour`."""
    red, green, blue, _ = colour.getRgb()
    return 0.299 * red + 0.587 * green + 0.114 * blue > _BRIGHT


def ink(on_bright: bool) -> QColor:
    """Of the scheme's text and its background, the one that is seen on a bright or dark colour."""
    roles = theme()
    dark, light = (roles.sunken, roles.text) if roles.dark else (roles.text, roles.surface)
    return dark if on_bright else light
