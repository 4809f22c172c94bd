"""The marks of trials in plots: shapes, sprites, and an item that draws thousands of them at once.

The shapes are those of the theme's trial states, so that plot, table and legend agree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QPainter,
    QPainterPath,
    QPen,
    QPixmap,
    QPolygonF,
    QTransform,
)
from shiboken6 import wrapInstance

from engine.trial import TrialState
from gui.plots.whole_view import WholeView
from gui.theme import state_mark, theme

_FRAGMENT_FIELDS = 10


@dataclass(frozen=True, eq=False)
class Sprite:
    """A mark of `size` pixels: filled, outlined, or both."""

    shape: QPainterPath
    size: float
    fill: QColor | None
    outline: QColor | None = None
    width: float = 1.5


class MarksItem(WholeView):
    """Points that each show one of a few sprites; later points lie on top."""

    def __init__(self) -> None:
        super().__init__()
        self._x = self._y = np.empty(0)
        self._kinds = np.empty(0, dtype=np.intp)
        self._sprites: list[Sprite] = []
        self._atlas: tuple[float, QPixmap] | None = None

    def set_sprites(self, sprites: list[Sprite]) -> None:
        """The looks that points may have."""
        self._sprites = sprites
        self._atlas = None
        self.update()

    def set_marks(self, x: np.ndarray, y: np.ndarray, kinds: np.ndarray) -> None:
        """Points in plot coordinates, and the index of each one's sprite."""
        self._x, self._y, self._kinds = x, y, kinds
        self.update()

    def __len__(self) -> int:
        return len(self._x)

    def paint(self, painter: QPainter, option: object, widget: object = None) -> None:
        if not len(self._x) or not self._sprites:
            return
        place = painter.transform()
        x = place.m11() * self._x + place.m21() * self._y + place.dx()
        y = place.m12() * self._x + place.m22() * self._y + place.dy()
        seen = np.flatnonzero((np.abs(x) < 1e5) & (np.abs(y) < 1e5))
        if not len(seen):
            return
        ratio = painter.device().devicePixelRatioF()
        painter.resetTransform()
        _stamp(painter, self._drawn_sprites(ratio), self._kinds[seen], x[seen], y[seen])

    def _drawn_sprites(self, ratio: float) -> QPixmap:
        if self._atlas is None or self._atlas[0] != ratio:
            self._atlas = (ratio, _atlas(self._sprites, ratio))
        return self._atlas[1]


def draw_sprites(painter: QPainter, sprite: Sprite, x: np.ndarray, y: np.ndarray) -> None:
    """Draw `sprite` at many places at once."""
    atlas = _atlas([sprite], painter.device().devicePixelRatioF())
    _stamp(painter, atlas, np.zeros(len(x), dtype=np.intp), x, y)


def _stamp(
    painter: QPainter, atlas: QPixmap, kinds: np.ndarray, x: np.ndarray, y: np.ndarray
) -> None:
    """Draw squares of `atlas` at the places (x, y) of the painter: those whose index is `kinds`."""
    if not len(x):
        return
    side, ratio = atlas.height(), painter.device().devicePixelRatioF()
    table = np.empty((len(x), _FRAGMENT_FIELDS))
    table[:, 0], table[:, 1] = x, y
    table[:, 2], table[:, 3] = kinds * side, 0
    table[:, 4:6] = side
    table[:, 6:] = (1 / ratio, 1 / ratio, 0, 1)
    first = wrapInstance(table.ctypes.data, QPainter.PixmapFragment)
    painter.drawPixmapFragments(first, len(x), atlas)


def _atlas(sprites: list[Sprite], ratio: float) -> QPixmap:
    """All sprites side by side, each in the middle of a square of device pixels."""
    side = int(np.ceil((max(s.size + s.width for s in sprites) + 2) * ratio))
    pixmap = QPixmap(side * len(sprites), side)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for index, sprite in enumerate(sprites):
        painter.resetTransform()
        painter.translate(side * (index + 0.5), side / 2)
        painter.scale(ratio, ratio)
        draw_sprite(painter, sprite)
    painter.end()
    return pixmap


def draw_sprite(painter: QPainter, sprite: Sprite) -> None:
    """Draw `sprite` around the painter's origin: its outline lies around the filled shape."""
    painter.save()
    painter.scale(sprite.size, sprite.size)
    if sprite.outline is not None:
        both_sides = sprite.width * (2 if sprite.fill is not None else 1)
        pen = QPen(sprite.outline, both_sides / sprite.size)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.strokePath(sprite.shape, pen)
    if sprite.fill is not None:
        painter.fillPath(sprite.shape, QBrush(sprite.fill))
    painter.restore()


# -- shapes, one unit wide and high about the origin ---------------------------------------------


def _polygon(*points: tuple[float, float]) -> QPainterPath:
    path = QPainterPath()
    path.addPolygon(QPolygonF([QPointF(*point) for point in points]))
    path.closeSubpath()
    return path


def _disc() -> QPainterPath:
    path = QPainterPath()
    path.addEllipse(QRectF(-0.5, -0.5, 1, 1))
    return path


def _cross() -> QPainterPath:
    long, thin = 0.5, 0.13
    arms = (
        (-thin, -long, thin, -thin, long, -thin, long, thin, thin, thin, thin, long),
        (-thin, long, -thin, thin, -long, thin, -long, -thin, -thin, -thin),
    )
    flat = (arms[0][0], arms[0][1], thin, -long, *arms[0][2:], *arms[1])
    turned = [
        ((a - b) * 0.7071 * 1.1, (a + b) * 0.7071 * 1.1)
        for a, b in zip(flat[::2], flat[1::2], strict=True)
    ]
    return _polygon(*turned)


def _star() -> QPainterPath:
    angles = np.arange(10) * np.pi / 5
    radii = np.where(np.arange(10) % 2, 0.235, 0.56)
    return _polygon(*zip(radii * np.sin(angles), -radii * np.cos(angles), strict=True))


def _ring(half: bool = False) -> QPainterPath:
    path = QPainterPath()
    path.addEllipse(QRectF(-0.5, -0.5, 1, 1))
    path.addEllipse(QRectF(-0.36, -0.36, 0.72, 0.72))
    if half:
        path.moveTo(0, -0.36)
        path.arcTo(QRectF(-0.36, -0.36, 0.72, 0.72), 90, 180)
        path.closeSubpath()
    return path


def _square() -> QPainterPath:
    path = QPainterPath()
    path.addRect(QRectF(-0.42, -0.42, 0.84, 0.84))
    path.addRect(QRectF(-0.28, -0.28, 0.56, 0.56))
    return path


DIAMOND = _polygon((0, -0.5), (0.5, 0), (0, 0.5), (-0.5, 0))
DISC = _disc()
SQUARE = _polygon((-0.42, -0.42), (0.42, -0.42), (0.42, 0.42), (-0.42, 0.42))
RING = _ring()
STAR = _star()
SHAPES = {
    TrialState.QUEUED: RING,
    TrialState.RUNNING: _polygon((-0.36, -0.46), (0.5, 0.0), (-0.36, 0.46)),
    TrialState.COMPLETE: DISC,
    TrialState.PRUNED: _polygon((-0.48, -0.36), (0.48, -0.36), (0.0, 0.48)),
    TrialState.FAILED: _cross(),
    TrialState.CANCELLED: _square(),
    TrialState.INTERRUPTED: _ring(half=True),
}


def state_sprite(state: TrialState, size: float = 11) -> Sprite:
    """The mark of a trial in `state`, set off from whatever is behind it."""
    return Sprite(SHAPES[state], size, state_mark(state).colour, theme().surface)


def best_sprite(size: float = 20) -> Sprite:
    """The star of the best trial."""
    return Sprite(STAR, size, theme().text, theme().surface, 2)


def proposed_sprite(size: float = 13) -> Sprite:
    """The open diamond of the configuration that the model would try next."""
    hole = QTransform.fromScale(0.58, 0.58).map(DIAMOND)
    return Sprite(DIAMOND.subtracted(hole), size, theme().text, theme().surface, 2)


def selected_sprite(size: float = 18) -> Sprite:
    """The halo behind the selected trial."""
    return Sprite(DISC, size, theme().select, theme().accent, 2.5)
