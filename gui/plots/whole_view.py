"""What a plot paints itself over all that it shows, whatever part of the data that is."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QRectF


class WholeView(pg.GraphicsObject):
    """A plot item as large as the view, that has no say in what the view shows."""

    def viewTransformChanged(self) -> None:
        super().viewTransformChanged()
        self.prepareGeometryChange()

    def boundingRect(self) -> QRectF:
        return self.viewRect() or QRectF()
