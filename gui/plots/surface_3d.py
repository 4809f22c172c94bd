"""The surface in three dimensions: the model's mean as a landscape, the trials as points above it.

Import it late: OpenGL's bindings are large. Check gui/plots/opengl.py before making one.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pyqtgraph.opengl as gl
from OpenGL import GL
from pyqtgraph import Vector
from pyqtgraph.opengl import shaders
from PySide6.QtCore import QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QMatrix4x4, QMouseEvent, QPainter

from gui.models.scene import HEIGHT, Scene, SceneAxis
from gui.models.surface_view import COLOURS
from gui.plots.colours import value_table
from gui.plots.marks import best_sprite, draw_sprite, proposed_sprite
from gui.theme import font, notifier, theme

_DISTANCE, _ELEVATION, _AZIMUTH, _FIELD = 2.1, 30.0, -60.0, 36.0
_NEAREST, _FARTHEST = 0.05, 20.0
_STEEPEST = 89.0
_OUT, _FURTHER = 0.07, 0.26
_REACH = 14
_BEHIND_ALL = {"glDepthMask": (False,)}
_PUSHED_BACK = {
    GL.GL_POLYGON_OFFSET_FILL: True,
    "glPolygonOffset": (8.0, 8.0),
    "glDepthMask": (True,),
}
"""So that points that lie on the surface are seen whole."""
_RING, _DISC, _SELECTED, _STAR = 11.0, 8.0, 17.0, 18.0


Place = Callable[[float, float], tuple[float, float, float]]
"""Where a tick of an axis and, further out, its text are in the box."""


class Surface3D(gl.GLViewWidget):
    """Drag or arrow keys turn it, the wheel zooms, a double click puts it back."""

    picked = Signal(object)
    failed = Signal(str)
    outdated = Signal()
    """It came into another window, and another one has to take its place."""

    def __init__(self) -> None:
        super().__init__()
        self.scene: Scene | None = None
        self._best: int | None = None
        self._selected: int | None = None
        self._corner = (0, 0)
        self._pressed_at = QPoint()
        self._surface = gl.GLSurfacePlotItem(smooth=False, computeNormals=False)
        self._stems = gl.GLLinePlotItem(mode="lines", glOptions="translucent")
        self._frame = gl.GLLinePlotItem(mode="lines", glOptions="translucent")
        self._rings, self._discs = (gl.GLScatterPlotItem(pxMode=True) for _ in range(2))
        self._frame.updateGLOptions(_BEHIND_ALL)
        self._surface.setGLOptions("opaque")
        self._surface.updateGLOptions(_PUSHED_BACK)
        for item in (self._rings, self._discs):
            item.setGLOptions("translucent")
            item.updateGLOptions({"glDepthFunc": (GL.GL_LEQUAL,)})
        for depth, item in enumerate(
            (self._frame, self._surface, self._stems, self._rings, self._discs)
        ):
            item.setDepthValue(depth)
            self.addItem(item)
        self._texts: list[tuple[tuple[float, float, float], str, QColor]] = []
        self._started = self._is_outdated = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Surface in three dimensions")
        self.setToolTip("Drag turns it, the wheel zooms, a double click puts it back")
        self.put_back()
        notifier.themeChanged.connect(self.retheme)
        self.retheme()

    def put_back(self) -> None:
        """Look from where it was looked from at first."""
        self.opts["fov"] = _FIELD
        self.setCameraPosition(Vector(0, 0, 0.42 * HEIGHT), _DISTANCE, _ELEVATION, _AZIMUTH)

    def retheme(self) -> None:
        """Take the colours of the scheme in use."""
        self.setBackgroundColor(theme().surface)
        if self.scene is not None:
            self.show_scene(self.scene, self._best, self._selected)

    def show_scene(self, scene: Scene, best: int | None, selected: int | None) -> None:
        """Draw `scene`; the view stays where it is."""
        self.scene, self._best, self._selected = scene, best, selected
        height = np.ascontiguousarray(scene.height)
        self._surface.setData(x=scene.x, y=scene.y, z=height, colors=scene.colours.reshape(-1, 4))
        self._draw_points(scene)
        self._draw_axes()
        self.update()

    def _draw_points(self, scene: Scene) -> None:
        roles = theme()
        table = value_table(COLOURS) / 255.0
        fill = np.column_stack([table[scene.kinds], np.ones(len(scene.kinds))])
        ring = np.tile(_rgba(roles.text), (len(fill), 1))
        sizes = np.full(len(fill), _RING)
        selected = scene.numbers == self._selected
        ring[selected] = _rgba(roles.accent)
        sizes[selected] = _SELECTED
        self._rings.setData(pos=scene.points, color=ring, size=sizes)
        self._discs.setData(pos=scene.points, color=fill, size=sizes - (_RING - _DISC))
        self._stems.setData(pos=scene.stems, color=_rgba(roles.text, 0.6), width=1)

    # -- the box --------------------------------------------------------------------------------

    def _draw_axes(self) -> None:
        """Names and ticks on the edges that are in front, as the box is seen now."""
        assert self.scene is not None
        self._corner = self._near_corner()
        self._texts.clear()
        near_x, near_y = self._corner
        x, y, z = self.scene.axes
        lines = self._floor(x, y)
        lines += self._write_axis(x, lambda at, out: (at, near_y * (0.5 + out), 0.0))
        lines += self._write_axis(y, lambda at, out: (near_x * (0.5 + out), at, 0.0))
        left_x, left_y = self._left_corner()
        lines.append(((left_x / 2, left_y / 2, 0), (left_x / 2, left_y / 2, HEIGHT)))
        self._write_axis(
            z, lambda at, out: (left_x * (0.5 + out * 0.7), left_y * (0.5 + out * 0.7), at)
        )
        self._frame.setData(
            pos=np.array(lines, dtype=float).reshape(-1, 3), color=_rgba(theme().border), width=1
        )

    def _floor(self, x: SceneAxis, y: SceneAxis) -> list:
        """The outline of the floor, and a line for each tick."""
        ends = (-0.5, 0.5)
        lines = [((a, -0.5, 0), (a, 0.5, 0)) for a in (*ends, *(at for at, _ in x.ticks))]
        return lines + [((-0.5, a, 0), (0.5, a, 0)) for a in (*ends, *(at for at, _ in y.ticks))]

    def _write_axis(self, axis: SceneAxis, place: Place) -> list:
        """Texts of an axis whose points `place` gives; the small lines that lead to them."""
        lines = []
        for at, text in axis.ticks:
            self._write(place(at, _OUT), text, theme().muted)
            lines.append((place(at, 0.0), place(at, _OUT / 3)))
        middle = 0.0 if axis is not self.scene.axes[2] else HEIGHT * 1.15
        self._write(place(middle, _FURTHER if not middle else 0.0), axis.name, theme().text)
        return lines

    def _write(self, place: tuple[float, float, float], text: str, colour: QColor) -> None:
        self._texts.append((place, text, colour))

    def _paint_over(self) -> None:
        """What is seen wherever it is: texts, the best and what comes next."""
        if self.scene is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_texts(painter)
        for places, sprite in (
            (self.scene.points[self.scene.numbers == self._best], best_sprite(_STAR)),
            (self.scene.proposal, proposed_sprite()),
        ):
            for x, y in self._on_screen(places):
                painter.save()
                painter.translate(x, y)
                draw_sprite(painter, sprite)
                painter.restore()
        painter.end()

    def _paint_texts(self, painter: QPainter) -> None:
        """Each text centred at its place."""
        painter.setFont(font("caption"))
        metrics = painter.fontMetrics()
        places = self._on_screen(np.array([place for place, _, _ in self._texts]))
        for (x, y), (_, text, colour) in zip(places, self._texts, strict=True):
            painter.setPen(colour)
            width = metrics.horizontalAdvance(text)
            painter.drawText(QPointF(x - width / 2, y + metrics.ascent() / 2), text)

    def _on_screen(self, places: np.ndarray) -> np.ndarray:
        """Where in the widget places (n, 3) of the box are seen, shape (n, 2)."""
        whole = (0, 0, self.width(), self.height())
        matrix = self.projectionMatrix(whole, whole) * self.viewMatrix()
        flat = np.array(matrix.data()).reshape(4, 4)  # by columns
        seen = np.column_stack([places, np.ones(len(places))]) @ flat
        x, y = (seen[:, :2] / seen[:, 3:]).T
        return np.column_stack([(x + 1) / 2 * self.width(), (1 - y) / 2 * self.height()])

    def _near_corner(self) -> tuple[int, int]:
        """Signs of x and y of the corner that is nearest to the eye."""
        turned = math.radians(self.opts["azimuth"])
        return (1 if math.cos(turned) >= 0 else -1), (1 if math.sin(turned) >= 0 else -1)

    def _left_corner(self) -> tuple[int, int]:
        """Signs of x and y of the corner that is seen at the left."""
        turned = math.radians(self.opts["azimuth"])
        right = (-math.sin(turned), math.cos(turned))
        return (-1 if right[0] >= 0 else 1), (-1 if right[1] >= 0 else 1)

    # -- Qt's events ----------------------------------------------------------------------------

    def orbit(self, azim: float, elev: float) -> None:
        super().orbit(azim, elev)
        self.opts["elevation"] = min(_STEEPEST, max(0.0, self.opts["elevation"]))
        if self.scene is not None and self._near_corner() != self._corner:
            self._draw_axes()

    def projectionMatrix(self, region: tuple[int, ...], viewport: tuple[int, ...]) -> QMatrix4x4:
        """A view of a fixed angle across the shorter side, near enough for exact depths."""
        distance = self.opts["distance"]
        near, far = distance * _NEAREST, distance * _FARTHEST
        half = near * math.tan(math.radians(self.opts["fov"]) / 2)
        _, _, width, height = viewport
        x, y = half * max(1.0, width / height), half * max(1.0, height / width)
        matrix = QMatrix4x4()
        matrix.frustum(-x, x, -y, y, near, far)
        return matrix

    def initializeGL(self) -> None:
        if self._started:  # in another window: what was made for the first one is lost
            self._is_outdated = True
            self.outdated.emit()
            return
        self._started = True
        _forget_programs()
        try:
            super().initializeGL()
        except Exception as error:  # of the driver: the panel goes back to the map and says so
            self.failed.emit(str(error))

    def paintGL(self) -> None:
        if not self._is_outdated:
            super().paintGL()
            self._paint_over()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        self._pressed_at = event.position().toPoint()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        moved = (event.position().toPoint() - self._pressed_at).manhattanLength()
        if event.button() == Qt.MouseButton.LeftButton and moved < 4:
            self.picked.emit(self.trial_at(event.position().toPoint()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.put_back()

    def trial_at(self, place: QPoint) -> int | None:
        """Number of the trial at a place of the widget, None where none is near."""
        if self.scene is None or not len(self.scene.points):
            return None
        x, y = self._on_screen(self.scene.points).T
        distance = np.hypot(x - place.x(), y - place.y())
        nearest = int(np.argmin(distance))
        return int(self.scene.numbers[nearest]) if distance[nearest] <= _REACH else None


def _forget_programs() -> None:
    """Have shaders compiled anew: pyqtgraph keeps those of a context that is gone."""
    for item in (gl.GLLinePlotItem, gl.GLScatterPlotItem):
        item._shaderProgram = None
    shaders.initShaders()


def _rgba(colour: QColor, opacity: float = 1.0) -> tuple[float, float, float, float]:
    return (*colour.getRgbF()[:3], opacity)
