"""Has the layers of the model painted beside the window: one at a time, always the newest one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QObject, Signal

from engine.analysis.views import MapRequest, MapView
from gui.jobs import Job, run_job
from gui.models.cube_axis import CubeAxis
from gui.models.lens_follower import Lens, LensFollower
from gui.models.map_layers import Layer, LayerQuestion, PaintedLayer, paint_layer
from gui.models.value_colours import ValueColours


class MapPainter(QObject):
    """`painted` is the newest picture, also while the next one is being made."""

    arrived = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.painted: PaintedLayer | None = None
        self._follower = LensFollower(MapRequest, self)
        self._follower.changed.connect(self._hear)
        self._how: Callable[[MapView], LayerQuestion] | None = None
        self._look: tuple[object, ...] = ()
        self._done: tuple[MapView | None, tuple[object, ...]] = (None, ())
        self._job: Job | None = None

    @property
    def problem(self) -> str:
        """Why there is no picture, as the lens says it."""
        return self._follower.problem

    @property
    def view(self) -> MapView | None:
        """The newest view of what is wanted."""
        return self._follower.view

    @property
    def has_lens(self) -> bool:
        """Whether there is a model to ask."""
        return self._follower.has_lens

    def set_lens(self, lens: Lens | None) -> None:
        """Ask `lens` from now on."""
        self.stop()
        self._follower.set_lens(lens)

    def stop(self) -> None:
        """Nobody looks at a layer of the model."""
        self._follower.want(None)
        self._how = self.painted = None
        self._done = (None, ())
        self._drop()

    def show(
        self,
        request: MapRequest,
        layer: Layer,
        axes: tuple[CubeAxis, CubeAxis],
        colours: ValueColours | None,
        table: np.ndarray,
        marks: np.ndarray,
    ) -> None:
        """Have `layer` of the map of `request` painted, and again whenever there is news."""
        self._look = (layer, axes, colours, table.tobytes())
        self._how = lambda view: LayerQuestion(layer, view, axes, colours, table, marks)
        self._follower.want(request)
        if self.painted is not None and not self._is_of(request):
            self.painted = None
            self._drop()
        self._paint()

    def _is_of(self, request: MapRequest) -> bool:
        shown = self.painted.view.request if self.painted is not None else request
        return (shown.x, shown.y) == (request.x, request.y)

    def _hear(self) -> None:
        """There is a new view, or a reason why there is none."""
        if self._follower.view is None:
            self.arrived.emit()
        self._paint()

    def _paint(self) -> None:
        view = self._follower.view
        if view is None or self._job is not None or self._how is None:
            return
        if view is self._done[0] and self._look == self._done[1]:
            return
        self._done = (view, self._look)
        question = self._how(view)
        self._job = run_job(self, lambda: paint_layer(question), self._painted)

    def _painted(self, painted: PaintedLayer) -> None:
        self._job = None
        self.painted = painted
        self.arrived.emit()
        self._paint()

    def _drop(self) -> None:
        if self._job is not None:
            self._job.drop()
            self._job = None
