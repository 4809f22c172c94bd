"""The plot of every panel: themed, pointed at, zoomed at the mouse, fitted by a double click.

It knows places and trial numbers; what they mean is the panel's.
"""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPen

from gui.plots.axes import ScaleAxis
from gui.plots.hover_card import HoverCard
from gui.theme import notifier, theme

_REACH = 14
"""Pixels from the mouse within which a mark is meant."""
_KEY_ZOOM = 0.8


class Plot(pg.PlotWidget):
    """Emits trial numbers: `picked` by a click (None beside all), `asked` by a right click."""

    picked = Signal(object)
    pointed = Signal(object)
    asked = Signal(object, QPoint)
    rescaled = Signal()
    """The plot is on a screen of another scale: pens have to be made anew."""
    fitted = Signal()
    """A double click, or a key, asked for everything to be seen."""
    stepped = Signal(int)
    """An arrow key asked for the trial before (-1) or after (1) the selected one."""

    def __init__(self) -> None:
        self.axes = {side: ScaleAxis(side) for side in ("bottom", "left")}
        super().__init__(background=None, axisItems=self.axes, enableMenu=False)
        menu = self.getPlotItem().ctrlMenu
        menu.setParent(self, menu.windowFlags())  # never shown, and else never deleted
        self.setFrameShape(self.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.hideButtons()
        self.setAntialiasing(True)
        self.card = HoverCard(self)
        self._numbers = np.empty(0, dtype=np.intp)
        self._x = self._y = np.empty(0)
        self._home: QRectF | None = None
        self._margin = 0.0
        self._at_home = True
        self._under_mouse: int | None = None
        view = self.getViewBox()
        view.setDefaultPadding(0)
        view.disableAutoRange()
        view.sigRangeChangedManually.connect(self._leave_home)
        view.sigResized.connect(self._keep_home)
        self.scene().sigMouseClicked.connect(self._clicked)
        notifier.themeChanged.connect(self.retheme)
        self.retheme()

    # -- what it shows --------------------------------------------------------------------------

    def retheme(self) -> None:
        """Take the colours of the scheme in use."""
        self.setBackground(theme().surface)
        for axis in self.axes.values():
            axis.retheme()

    def pen(self, colour: QColor, width: float = 1.0) -> QPen:
        """A pen of `width` pixels as the user sees them, whatever the screen's scale is."""
        return pg.mkPen(colour, width=width * self.devicePixelRatioF())

    def set_points(self, numbers: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
        """The places that can be pointed at, and the trial of each."""
        self._numbers, self._x, self._y = numbers, x, y

    def set_home(self, rect: QRectF, margin: float = 0.0) -> None:
        """What is in view until somebody zooms or pans, and after a double click.

        `margin` are the pixels around it in which marks at its edges have room.
        """
        self._home, self._margin = rect, margin
        self._keep_home()

    def go_home(self) -> None:
        """Show everything again."""
        self._at_home = True
        if self._home is not None:
            self.getViewBox().setRange(_widened(self._home, self._margin, self), padding=0)

    def _keep_home(self) -> None:
        if self._at_home:
            self.go_home()

    # -- how it is pointed at -------------------------------------------------------------------

    def nearest(self, scene_place: QPointF) -> int | None:
        """Number of the trial at a place of the scene, None where none is near."""
        view = self.getViewBox()
        if not len(self._x) or not view.sceneBoundingRect().contains(scene_place):
            return None
        at = view.mapSceneToView(scene_place)
        width, height = view.viewPixelSize()
        distance = np.hypot((self._x - at.x()) / width, (self._y - at.y()) / height)
        distance[~np.isfinite(distance)] = np.inf
        closest = len(distance) - 1 - int(np.argmin(distance[::-1]))
        return int(self._numbers[closest]) if distance[closest] <= _REACH else None

    def place_of(self, number: int) -> QPointF | None:
        """Where in the scene a trial is, None if it is not shown."""
        at = np.flatnonzero(self._numbers == number)
        if not len(at):
            return None
        return self.getViewBox().mapViewToScene(
            QPointF(float(self._x[at[-1]]), float(self._y[at[-1]]))
        )

    def describe(self, html: str) -> None:
        """Show `html` beside the mouse; nothing if it is empty."""
        if html:
            self.card.show_at(html, self.mapFromGlobal(self.cursor().pos()))
        else:
            self.card.hide()

    def _moved(self, scene_place: QPointF) -> None:
        number = self.nearest(scene_place)
        if number is None and self._under_mouse is None:
            return
        self._under_mouse = number
        self.pointed.emit(number)

    def _clicked(self, event: object) -> None:
        number = self.nearest(event.scenePos())
        if event.button() == Qt.MouseButton.RightButton:
            self.asked.emit(number, event.screenPos().toPoint())
        elif event.button() == Qt.MouseButton.LeftButton:
            if event.double():
                self._fit()
            else:
                self.picked.emit(number)

    def _fit(self) -> None:
        self.fitted.emit()
        self.go_home()

    def _leave_home(self, *_: object) -> None:
        self._at_home = False

    # -- Qt's events ----------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self.retheme()
            self.rescaled.emit()
        return super().event(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self._moved(self.mapToScene(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._under_mouse = None
        self.pointed.emit(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Left | Qt.Key.Key_Down:
                self.stepped.emit(-1)
            case Qt.Key.Key_Right | Qt.Key.Key_Up:
                self.stepped.emit(1)
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self._zoom(_KEY_ZOOM)
            case Qt.Key.Key_Minus:
                self._zoom(1 / _KEY_ZOOM)
            case Qt.Key.Key_Home | Qt.Key.Key_0:
                self._fit()
            case _:
                event.ignore()

    def _zoom(self, factor: float) -> None:
        self._at_home = False
        self.getViewBox().scaleBy((factor, factor))


def _widened(rect: QRectF, margin: float, plot: Plot) -> QRectF:
    """`rect` with `margin` pixels of the plot around it."""
    size = plot.getViewBox().size()
    dx, dy = (
        length * margin / max(1.0, pixels - 2 * margin)
        for length, pixels in ((rect.width(), size.width()), (rect.height(), size.height()))
    )
    return rect.adjusted(-dx, -dy, dx, dy)
