"""The plot of two parameters: a picture, its contour lines, and the trials as marks above it.

Any layer that can be painted as a picture in the unit square can be shown beneath the marks.
"""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QGraphicsRectItem

from gui.models.landscape import Picture, Profile
from gui.models.scales import ChoiceScale, LinearScale, LogScale, Scale
from gui.plots.colours import ink
from gui.plots.plot import Plot
from gui.plots.surface_marks import SurfaceMarks
from gui.theme import font, theme

_MARGIN = 0.035
_LINE_OPACITY = 0.55


class SurfacePlot(Plot):
    """Axes of two scales; everything drawn is within their bounds."""

    def __init__(self) -> None:
        self._image = _SmoothImage(axisOrder="row-major")
        self._lines = {bright: pg.PlotCurveItem(connect="pairs") for bright in (False, True)}
        self._curve = pg.PlotCurveItem(connect="finite")
        self._labels: list[tuple[pg.TextItem, bool]] = []
        self._bounds = QGraphicsRectItem()
        self.marks = SurfaceMarks()
        self._scales: tuple[Scale, Scale] = (LinearScale(""), LinearScale(""))
        self._reach = QRectF(0, 0, 1, 1)
        super().__init__()
        layers = (self._image, self._bounds, *self._lines.values(), self._curve, self.marks)
        for height, item in enumerate(layers):
            item.setZValue(height)
            self.getViewBox().addItem(item, ignoreBounds=True)
        self.retheme()

    def retheme(self) -> None:
        super().retheme()
        self._bounds.setPen(self.pen(theme().border, 1))
        self._curve.setPen(self.pen(theme().muted, 2))
        for bright, item in self._lines.items():
            colour = QColor(ink(bright))
            colour.setAlphaF(_LINE_OPACITY)
            item.setPen(self.pen(colour, 1))
        for label, bright in self._labels:
            label.setColor(ink(bright))

    def set_scales(self, x: Scale, y: Scale, reach: QRectF | None = None) -> None:
        """Draw over these two axes from now on; pictures cover `reach` (else just the scales)."""
        self._scales = (x, y)
        for axis, scale in zip(("bottom", "left"), (x, y), strict=True):
            self.axes[axis].set_scale(scale, "  (log)" if isinstance(scale, LogScale) else "")
        self._reach = square = reach or QRectF(x.low, y.low, _width(x), _width(y))
        self._bounds.setRect(square)
        dx, dy = (0 if isinstance(s, ChoiceScale) else _width(s) * _MARGIN for s in (x, y))
        self.set_home(square.adjusted(-dx, -dy, dx, dy))

    @property
    def shows_picture(self) -> bool:
        """Whether there is a picture beneath the marks."""
        return self._image.isVisible()

    def show_picture(self, picture: Picture | None) -> None:
        """Put `picture` beneath the marks, or nothing."""
        self._image.setVisible(picture is not None)
        for label, _ in self._labels:
            self.getViewBox().removeItem(label)
        self._labels.clear()
        for bright, item in self._lines.items():
            item.setVisible(picture is not None)
            if picture is not None:
                pieces = picture.lines_on_bright if bright else picture.lines_on_dark
                item.setData(*self._placed(pieces[..., 0].ravel(), pieces[..., 1].ravel()))
        if picture is None:
            return
        self._image.setImage(picture.image, autoLevels=False)
        self._image.setRect(self._reach)
        for label in picture.labels:
            self._write(label.x, label.y, label.text, label.on_bright)

    def show_profile(self, profile: Profile | None) -> None:
        """Draw a curve over x, or none; where nothing backs it, it has gaps."""
        self._curve.setVisible(profile is not None)
        if profile is not None:
            x, y = self._scales
            values = [y.position(value) for value in profile.value]
            backed = np.where(profile.support > 0.25, values, np.nan)
            self._curve.setData(x.low + profile.x * _width(x), backed)

    def _write(self, x: float, y: float, text: str, on_bright: bool) -> None:
        label = pg.TextItem(text, color=ink(on_bright), anchor=(0.5, 0.5))
        label.setFont(font("caption"))
        label.setPos(*(float(p[0]) for p in self._placed(np.array([x]), np.array([y]))))
        label.setZValue(3)
        self.getViewBox().addItem(label, ignoreBounds=True)
        self._labels.append((label, on_bright))

    def _placed(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Plot coordinates of places in the unit square."""
        reach = self._reach
        return reach.x() + x * reach.width(), reach.y() + y * reach.height()


class _SmoothImage(pg.ImageItem):
    """An image whose cells blend into each other on the screen."""

    def paint(self, painter: QPainter, *args: object) -> None:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        super().paint(painter, *args)


def _width(scale: Scale) -> float:
    return scale.high - scale.low
