"""Small drawn summaries of data: bars of class counts, the parts of a split, thumbnails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QHelpEvent, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from gui.numbers import count, percent
from gui.theme import CONTROL, GROUP, faded, font, theme

_BAR_HEIGHT = 40
_MOST_BARS = 40
_FEWEST_LETTERS = 3
_THUMBNAIL = 36
_PART_HEIGHT = 6


class ClassBars(QWidget):
    """One bar a class, as high as the class is frequent; names under them where there is room."""

    def __init__(self) -> None:
        super().__init__()
        self.setFont(font("caption"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Class counts")
        self._counts: list[tuple[str, int]] = []

    def set_counts(self, counts: Mapping[str, int]) -> None:
        """Show how often each class occurs."""
        self._counts = list(counts.items())[:_MOST_BARS]
        self.setAccessibleDescription(", ".join(f"{name}: {n}" for name, n in self._counts))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(120, _BAR_HEIGHT + self.fontMetrics().height() + GROUP)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._counts:
            return
        painter = QPainter(self)
        roles, highest = theme(), max(n for _, n in self._counts)
        room_for_name = self.width() // len(self._counts) - GROUP
        labelled = room_for_name >= _FEWEST_LETTERS * self.fontMetrics().averageCharWidth()
        for place, (name, n) in enumerate(self._counts):
            room = self._bar(place)
            height = max(2, round(room.height() * n / highest))
            bar = QRect(room.left(), room.bottom() - height, room.width(), height)
            painter.fillRect(bar, faded(roles.accent, roles.surface, 0.75))
            if labelled:
                below = QRect(0, _BAR_HEIGHT + 2, room_for_name, self.fontMetrics().height())
                below.moveCenter(QPoint(room.center().x(), below.center().y()))
                shown = self.fontMetrics().elidedText(
                    name, Qt.TextElideMode.ElideRight, room_for_name
                )
                painter.setPen(roles.muted)
                painter.drawText(below, Qt.AlignmentFlag.AlignHCenter, shown)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            for place, (name, n) in enumerate(self._counts):
                if self._bar(place).adjusted(-2, 0, 2, 40).contains(event.pos()):
                    QToolTip.showText(event.globalPos(), f"{name}: {count(n)}", self)
                    return True
        return super().event(event)

    def _bar(self, place: int) -> QRect:
        step = self.width() / max(1, len(self._counts))
        width = max(2, min(round(step * 0.7), 28))
        return QRect(round(place * step + (step - width) / 2), 0, width, _BAR_HEIGHT)


class PartsBar(QWidget):
    """The sizes of training, validation and test part, as one bar and in words."""

    def __init__(self) -> None:
        super().__init__()
        self.setFont(font("caption"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Parts of the data")
        self._parts: list[tuple[str, int]] = []

    def set_parts(self, parts: Mapping[str, int]) -> None:
        """Show how many rows each part has."""
        self._parts = [(name, n) for name, n in parts.items() if n]
        total = sum(n for _, n in self._parts) or 1
        self._words = "   ".join(
            f"{name} {count(n)} ({percent(round(n / total, 3))})" for name, n in self._parts
        )
        self.setAccessibleDescription(self._words)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(120, _PART_HEIGHT + GROUP + self.fontMetrics().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._parts:
            return
        painter = QPainter(self)
        roles = theme()
        total, left = sum(n for _, n in self._parts), 0.0
        strengths = (0.75, 0.45, 0.25)
        for (_, n), strength in zip(self._parts, strengths, strict=False):
            width = self.width() * n / total
            painter.fillRect(
                QRectF(left, 0, max(1.0, width - 2), _PART_HEIGHT),
                faded(roles.accent, roles.surface, strength),
            )
            left += width
        painter.setPen(roles.muted)
        below = self.rect().adjusted(0, _PART_HEIGHT + GROUP, 0, 0)
        shown = self.fontMetrics().elidedText(
            self._words, Qt.TextElideMode.ElideRight, self.width()
        )
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, shown)


class Thumbnails(QWidget):
    """A row of images with their classes, as many as there is room for."""

    def __init__(self) -> None:
        super().__init__()
        self.setFont(font("caption"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("A few images")
        self._images: list[tuple[QImage, str]] = []

    def set_images(self, images: Sequence[Any], labels: Sequence[str]) -> None:
        """Show uint8 arrays of shape (height, width) or (height, width, 3)."""
        self._images = [(_image(array), text) for array, text in zip(images, labels, strict=False)]
        self.setAccessibleDescription(", ".join(labels))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(120, _THUMBNAIL + self.fontMetrics().height() + GROUP)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(theme().muted)
        for place, (image, text) in enumerate(self._images):
            corner = QPoint(place * (_THUMBNAIL + CONTROL), 0)
            square = QRect(corner, QSize(_THUMBNAIL, _THUMBNAIL))
            if square.right() > self.width():
                break
            painter.drawImage(_fitted(image, square), image)
            below = QRect(corner.x(), _THUMBNAIL + 2, _THUMBNAIL, 20)
            shown = self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, _THUMBNAIL)
            painter.drawText(below, Qt.AlignmentFlag.AlignHCenter, shown)


def _image(array: Any) -> QImage:
    """A copy of the array's pixels: QImage only borrows what it is made from."""
    rows = array if array.flags["C_CONTIGUOUS"] else array.copy()
    height, width = rows.shape[:2]
    colour = rows.ndim == 3
    kind = QImage.Format.Format_RGB888 if colour else QImage.Format.Format_Grayscale8
    return QImage(rows.tobytes(), width, height, width * (3 if colour else 1), kind).copy()


def _fitted(image: QImage, square: QRect) -> QRect:
    size = image.size().scaled(square.size(), Qt.AspectRatioMode.KeepAspectRatio)
    result = QRect(QPoint(0, 0), size)
    result.moveCenter(square.center())
    return result
