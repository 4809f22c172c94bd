"""The map and, once somebody asks for it, the same in three dimensions, in one place."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QStackedWidget

from gui.jobs import run_job
from gui.plots.opengl import MISSING, has_opengl
from gui.theme import CARD
from gui.widgets.text import label

if TYPE_CHECKING:
    from gui.models.scene import Scene
    from gui.plots.surface_3d import Surface3D
    from gui.plots.surface_plot import SurfacePlot


class SurfaceStage(QStackedWidget):
    """Shows the map, the 3-D view, or a word on why there is none."""

    picked = Signal(object)
    changed = Signal()

    def __init__(self, plot: SurfacePlot) -> None:
        super().__init__()
        self.plot = plot
        self.view: Surface3D | None = None
        self.word = label(tone="muted", wrap=True)
        self.word.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.word.setMargin(CARD)
        self._wanted = self._loading = False
        self.addWidget(plot)
        self.addWidget(self.word)

    @property
    def is_solid(self) -> bool:
        """Whether somebody wants three dimensions."""
        return self._wanted

    @property
    def is_ready(self) -> bool:
        """Whether there is a 3-D view, and it is in front."""
        return self.view is not None and self.currentWidget() is self.view

    def set_solid(self, solid: bool) -> None:
        """Show three dimensions, or the map."""
        self._wanted = solid
        if not solid:
            self.setCurrentWidget(self.plot)
        elif not has_opengl():
            self._say(MISSING)
        elif self.view is not None:
            self.setCurrentWidget(self.view)
        elif not self._loading:
            self._loading = True
            self._say("Loading the 3-D view…")
            load = lambda: importlib.import_module("gui.plots.surface_3d")  # noqa: E731
            run_job(self, load, self._loaded, lambda error: self._fail(str(error)))

    def show_scene(self, scene: Scene, best: int | None, selected: int | None) -> None:
        """Draw `scene` where there is a 3-D view."""
        if self.view is not None:
            self.view.show_scene(scene, best, selected)

    def go_home(self) -> None:
        """Show everything again."""
        if self.is_ready:
            self.view.put_back()
        else:
            self.plot.go_home()

    def _loaded(self, module: ModuleType) -> None:
        self._loading = False
        self._drop_view()
        self.view = module.Surface3D()
        self.view.outdated.connect(lambda: self._loaded(module), Qt.ConnectionType.QueuedConnection)
        self.view.picked.connect(self.picked)
        self.view.failed.connect(self._fail, Qt.ConnectionType.QueuedConnection)
        self.addWidget(self.view)
        if self._wanted:
            self.setCurrentWidget(self.view)
        self.changed.emit()

    def _fail(self, reason: str) -> None:
        self._loading = False
        self._drop_view()
        self._say(f"{MISSING} ({reason})")

    def _drop_view(self) -> None:
        if self.view is not None:
            self.removeWidget(self.view)
            self.view.deleteLater()
            self.view = None

    def _say(self, sentence: str) -> None:
        self.word.setText(sentence)
        self.setCurrentWidget(self.word)
