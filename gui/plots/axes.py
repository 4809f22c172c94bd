"""A plot axis whose ticks come from a scale: powers, choices, round numbers."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QGraphicsSceneResizeEvent

from gui.models.scales import LinearScale, Scale
from gui.theme import font, theme

_ROOM_FOR_LABEL = {"bottom": 64, "left": 30}
"""Pixels of axis for each labelled tick."""
_MINOR, _MAJOR = 0.1, 1.0


class ScaleAxis(pg.AxisItem):
    """Left or bottom axis; `set_scale` decides label and ticks."""

    _labels = ("", "")  # the whole one and the bare one; laid out before __init__ is through

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation, maxTickLength=4)
        self._scale: Scale = LinearScale("")
        self._texts: dict[float, str] = {}
        self.enableAutoSIPrefix(False)
        self.setStyle(maxTextLevel=0, maxTickLevel=1, tickTextOffset=6, hideOverlappingLabels=True)
        self.retheme()

    def set_scale(self, scale: Scale, suffix: str = "") -> None:
        """Show `scale`; its label gets `suffix` (a unit, or that it is logarithmic)."""
        self._scale = scale
        self._labels = (f"{scale.label}{suffix}", scale.label)
        self._fit_label()
        self.picture = None
        self.update()

    def resizeEvent(self, event: QGraphicsSceneResizeEvent | None = None) -> None:
        self._fit_label()
        super().resizeEvent(event)

    def _fit_label(self) -> None:
        """The label in full if there is room, else without its suffix, else shortened."""
        metrics = QFontMetricsF(font("caption"))
        room = self.width() if self.orientation == "bottom" else self.height()
        whole, bare = self._labels
        fitting = [text for text in (whole, bare) if metrics.horizontalAdvance(text) <= room]
        shown = fitting[0] if fitting else ""
        if not fitting and room > 0:
            shown = metrics.elidedText(bare, Qt.TextElideMode.ElideRight, room)
        if shown != (self.labelText or ""):
            self.setLabel(shown or None)

    def retheme(self) -> None:
        """Take the colours and fonts of the scheme in use."""
        roles = theme()
        self.setPen(pg.mkPen(roles.border))
        self.setTickPen(pg.mkPen(roles.border))
        self.setTextPen(pg.mkPen(roles.muted))
        self.setTickFont(font("caption"))
        self.label.setFont(font("caption"))
        self.label.setDefaultTextColor(roles.muted)

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list:  # noqa: N803
        low, high = sorted((minVal, maxVal))
        if not high > low:
            return []
        most = max(2, int(size / _ROOM_FOR_LABEL[self.orientation]))
        major, minor = self._scale.ticks(low, high, most)
        self._texts = dict(major)
        return [(_MAJOR, [place for place, _ in major]), (_MINOR, minor)]

    def tickStrings(self, values: list, scale: float, spacing: float) -> list[str]:
        return [self._texts.get(value, "") for value in values]
