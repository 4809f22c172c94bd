"""Small plots side by side, one a parameter, all over the same axis of the objective."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from gui.models.scales import LogScale
from gui.models.slices_view import SlicePicture, SlicesPicture
from gui.plots.marks import DISC, Sprite, best_sprite, draw_sprite, draw_sprites, selected_sprite
from gui.theme import CARD, CONTROL, GROUP, font, notifier, theme

_WIDTH, _NARROW, _HEIGHT = 150, 100, 118
"""Pixels that a small plot has at least; narrow ones where all fit into one row so."""
_MOST_WIDE = 640
_TICK_ROOM = {"x": 46, "y": 22}
_REACH = 9
_MOST_POINTS = 300
"""Of more trials an even sample is drawn: they are a faint backdrop of the curve."""
_BAND_OPACITY, _POINT_OPACITY = 0.22, 0.45
_POINT = 3.5
_MARK_ROOM = CARD / 2
"""Pixels by which a mark at the end of an axis reaches beyond it."""


class SlicesPlot(QWidget):
    """As many columns as there is room for; the rest is scrolled to."""

    picked = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.picture: SlicesPicture | None = None
        self._numbers = np.empty(0, dtype=np.intp)
        self._best = self._selected = -1
        self.setFont(font("caption"))
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.MinimumExpanding)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setMouseTracking(True)
        self.setAccessibleName("Effect of each parameter")
        notifier.themeChanged.connect(self.update)

    def show_picture(
        self, picture: SlicesPicture, numbers: np.ndarray, best: int | None, selected: int | None
    ) -> None:
        """Draw `picture`; `numbers` are those of its trials, row by row."""
        self.picture, self._numbers = picture, numbers
        self._best = -1 if best is None else best
        self._selected = -1 if selected is None else selected
        self.updateGeometry()
        self.update()

    def columns(self, width: int) -> int:
        """How many small plots are beside each other."""
        count = len(self.picture.slices) if self.picture is not None else 1
        room = width - self._left
        most = count if count <= room // _NARROW else max(1, room // _WIDTH)
        return -(-count // -(-count // most))  # rows as even as can be

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        count = len(self.picture.slices) if self.picture is not None else 1
        return -(-count // self.columns(width)) * _HEIGHT

    def sizeHint(self) -> QSize:
        return QSize(_WIDTH + self._left, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(_WIDTH + self._left, _HEIGHT)

    @property
    def _left(self) -> int:
        return self.fontMetrics().horizontalAdvance("8.888e-8") + CONTROL

    # -- where things are -----------------------------------------------------------------------

    def cells(self) -> list[QRectF]:
        """The frame of each small plot."""
        if self.picture is None or not self.picture.slices:
            return []
        count, columns = len(self.picture.slices), self.columns(self.width())
        rows = -(-count // columns)
        width = min(_MOST_WIDE, (self.width() - self._left - CONTROL) / columns)
        height = max(_HEIGHT, self.height() / rows)
        bottom = 2 * self.fontMetrics().height() + GROUP
        return [
            QRectF(
                self._left + (place % columns) * width,
                (place // columns) * height + CONTROL,
                width - CARD,
                height - bottom - CONTROL - GROUP,
            )
            for place in range(count)
        ]

    def _across(self, part: SlicePicture, cell: QRectF, at: np.ndarray) -> np.ndarray:
        low, high = part.ends
        return cell.left() + (at - low) / (high - low) * cell.width()

    def _up(self, cell: QRectF, values: np.ndarray) -> np.ndarray:
        assert self.picture is not None
        low, high = self.picture.scale.low, self.picture.scale.high
        places = cell.bottom() - (values - low) / (high - low) * cell.height()
        return np.clip(places, -1e4, 1e4)

    # -- drawing --------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.picture is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        columns = self.columns(self.width())
        for place, (part, cell) in enumerate(zip(self.picture.slices, self.cells(), strict=True)):
            if not event.rect().intersects(cell.toAlignedRect().adjusted(-99, -9, 9, 99)):
                continue
            self._draw_frame(painter, part, cell, place % columns == 0)
            painter.save()
            painter.setClipRect(cell.adjusted(-GROUP, 0, GROUP, 0))
            self._draw_points(painter, part, cell)
            self._draw_bins(painter, part, cell) if part.bins else self._draw_curve(
                painter, part, cell
            )
            painter.setClipRect(cell.adjusted(-_MARK_ROOM, -_MARK_ROOM, _MARK_ROOM, _MARK_ROOM))
            self._draw_marks(painter, part, cell)
            painter.restore()

    def _draw_frame(
        self, painter: QPainter, part: SlicePicture, cell: QRectF, is_first: bool
    ) -> None:
        assert self.picture is not None
        roles, height = theme(), self.fontMetrics().height()
        most = max(2, int(cell.width() / _TICK_ROOM["x"]))
        ticks, _ = part.scale.ticks(*part.ends, most)
        rises, _ = self.picture.scale.ticks(
            self.picture.scale.low,
            self.picture.scale.high,
            max(2, int(cell.height() / _TICK_ROOM["y"])),
        )
        faint = QColor(roles.border)
        faint.setAlphaF(0.6)
        painter.setPen(QPen(faint, 1))
        for y in self._up(cell, np.array([place for place, _ in rises])):
            painter.drawLine(QPointF(cell.left(), y), QPointF(cell.right(), y))
        painter.setPen(QPen(roles.border, 1))
        painter.drawLine(cell.bottomLeft(), cell.bottomRight())
        painter.setPen(roles.muted)
        self._write_ticks(painter, part, cell, ticks)
        if is_first:
            for place, text in rises:
                y = float(self._up(cell, np.array([place]))[0])
                box = QRectF(0, y - height / 2, self._left - GROUP, height)
                painter.drawText(box, Qt.AlignmentFlag.AlignRight, text)
        painter.setPen(roles.text)
        shown = self.title_of(part, int(cell.width()))
        box = QRectF(cell.left(), cell.bottom() + height + GROUP, cell.width(), height)
        unclipped = Qt.TextFlag.TextDontClip
        painter.drawText(box, Qt.AlignmentFlag.AlignHCenter | unclipped, shown)

    def title_of(self, part: SlicePicture, room: int) -> str:
        """What is written under a small plot: the name goes before the kind of its scale."""
        metrics, name = self.fontMetrics(), part.scale.label
        whole = f"{name}  (log)" if isinstance(part.scale, LogScale) else name
        if metrics.horizontalAdvance(whole) <= room:
            return whole
        return metrics.elidedText(name, Qt.TextElideMode.ElideRight, room)

    def _write_ticks(
        self, painter: QPainter, part: SlicePicture, cell: QRectF, ticks: list[tuple[float, str]]
    ) -> None:
        """Texts under the axis, as many as have room."""
        free = -1e9
        for place, text in ticks:
            x = float(self._across(part, cell, np.array(place)))
            width = self.fontMetrics().horizontalAdvance(text) + 2
            left = min(max(x - width / 2, cell.left() - GROUP), cell.right() + GROUP - width)
            if left < free:
                continue
            box = QRectF(left, cell.bottom() + 2, width, self.fontMetrics().height())
            painter.drawText(box, Qt.AlignmentFlag.AlignHCenter, text)
            free = left + width + GROUP

    def _draw_points(self, painter: QPainter, part: SlicePicture, cell: QRectF) -> None:
        colour = QColor(theme().muted)
        colour.setAlphaF(_POINT_OPACITY)
        some = slice(None, None, -(-len(part.x) // _MOST_POINTS) or 1)
        x, y = self._across(part, cell, part.x[some]), self._up(cell, part.y[some])
        seen = np.isfinite(x)
        draw_sprites(painter, Sprite(DISC, _POINT, colour), x[seen], y[seen])

    def _draw_curve(self, painter: QPainter, part: SlicePicture, cell: QRectF) -> None:
        roles, x = theme(), self._across(part, cell, part.at)
        low, high = self._up(cell, part.low), self._up(cell, part.high)
        band = QColor(roles.accent)
        band.setAlphaF(_BAND_OPACITY)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(band)
        painter.drawPolygon(_polygon(np.append(x, x[::-1]), np.append(low, high[::-1])))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(roles.accent, 2))
        painter.drawPolyline(_polygon(x, self._up(cell, part.mean)))

    def _draw_bins(self, painter: QPainter, part: SlicePicture, cell: QRectF) -> None:
        """A box for the interval of each value, a line for its mean."""
        roles, x = theme(), self._across(part, cell, part.at)
        half = min(16.0, 0.3 * cell.width() / max(1, len(x)))
        band = QColor(roles.accent)
        band.setAlphaF(_BAND_OPACITY)
        ends = (self._up(cell, values) for values in (part.mean, part.low, part.high))
        for place, mean, low, high in zip(x, *ends, strict=True):
            painter.fillRect(QRectF(place - half, high, 2 * half, low - high), band)
            painter.setPen(QPen(roles.accent, 2))
            painter.drawLine(QPointF(place - half, mean), QPointF(place + half, mean))

    def _draw_marks(self, painter: QPainter, part: SlicePicture, cell: QRectF) -> None:
        for number, sprite in (
            (self._selected, selected_sprite(11)),
            (self._selected, Sprite(DISC, 5, theme().text)),
            (self._best, best_sprite(14)),
        ):
            for row in np.flatnonzero(self._numbers == number):
                x = float(self._across(part, cell, part.x[row]))
                if np.isfinite(x):
                    painter.save()
                    painter.translate(x, float(self._up(cell, part.y[row])))
                    draw_sprite(painter, sprite)
                    painter.restore()

    # -- pointing -------------------------------------------------------------------------------

    def trial_at(self, place: QPointF) -> int | None:
        """Number of the trial at a place, None where none is near."""
        if self.picture is None:
            return None
        for part, cell in zip(self.picture.slices, self.cells(), strict=True):
            if not cell.adjusted(-GROUP, -GROUP, GROUP, GROUP).contains(place) or not len(part.x):
                continue
            x, y = self._across(part, cell, part.x), self._up(cell, part.y)
            distance = np.nan_to_num(np.hypot(x - place.x(), y - place.y()), nan=np.inf)
            nearest = int(np.argmin(distance))
            return int(self._numbers[nearest]) if distance[nearest] <= _REACH else None
        return None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        number = self.trial_at(event.position())
        text = "" if number is None else f"Trial {number}"
        QToolTip.showText(event.globalPosition().toPoint(), text, self)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.picked.emit(self.trial_at(event.position()))


def _polygon(x: np.ndarray, y: np.ndarray) -> QPolygonF:
    return pg.functions.arrayToQPolygonF(x, y)
