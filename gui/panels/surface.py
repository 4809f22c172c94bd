"""The landscape being discovered: trials over two parameters, and what lies between them."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPoint, QRectF, QSignalBlocker
from PySide6.QtWidgets import QComboBox

from engine.analysis.views import MapRequest
from gui.models.cube_axis import CubeAxis, cube_axis
from gui.models.landscape import Picture, Profile
from gui.models.landscape_painter import LandscapePainter
from gui.models.lens_follower import Lens
from gui.models.map_layers import LAYER_TIPS, Layer, PaintedLayer
from gui.models.map_painter import MapPainter
from gui.models.scene import build_scene
from gui.models.study_model import StudyModel
from gui.models.surface_view import SurfaceView, view_surface
from gui.panels.panel import column
from gui.panels.plot_panel import PlotPanel
from gui.panels.trial_menu import open_trial_menu
from gui.plots.colours import layer_table, value_table
from gui.plots.legend import Legend
from gui.plots.surface_plot import SurfacePlot
from gui.plots.surface_stage import SurfaceStage
from gui.widgets.buttons import tool
from gui.widgets.choices import choice, fill
from gui.widgets.text import label
from gui.widgets.time_slider import TimeSlider

_ALWAYS_LEARNS = "bayesian"
_OTHERS = (
    ("others at the best", "The other parameters are those of the best configuration"),
    ("others averaged", "Averaged over all that the other parameters may be"),
)


class SurfacePanel(PlotPanel):
    """Any two parameters, or one and the objective, as axes."""

    name = "surface"
    title = "Surface"

    def __init__(self) -> None:
        super().__init__()
        self.x_choice, self.y_choice = _axis_choice("Across"), _axis_choice("Up")
        self.layer_choice = choice("Layer", [(layer, LAYER_TIPS[layer]) for layer in Layer])
        self.others_choice = choice("The other parameters", _OTHERS)
        self.plot = SurfacePlot()
        self.plot.setAccessibleName("Surface of the objective over two parameters")
        self.stage = SurfaceStage(self.plot)
        self.stage.picked.connect(self._pick)
        self.stage.changed.connect(self._stage_changed)
        self.solid = tool("cube-outline", "3-D (the model's mean)", self._solid_chosen, True)
        self.legend = Legend()
        self.time = TimeSlider()
        self.view: SurfaceView | None = None
        self.painter = MapPainter(self)
        self.landscape = LandscapePainter(self)
        for painter in (self.painter, self.landscape):
            painter.arrived.connect(self._move)
        self._axes = ("", "")
        self._shown: Picture | Profile | None = None
        self._more = tool("dots-vertical", "More", self._open_menu)
        for widget in (
            self.x_choice,
            label("×", tone="muted"),
            self.y_choice,
            tool("swap-horizontal", "Swap the axes", self._swap),
            self.layer_choice,
            self.others_choice,
            self.solid,
            tool("fit-to-screen-outline", "Show all (double click)", self.stage.go_home),
            self._more,
        ):
            self.control_row.addWidget(widget)
        column(self.body, self.stage, self.legend, self.time)
        for box in (self.x_choice, self.y_choice):
            box.currentIndexChanged.connect(self._axes_chosen)
        for box in (self.layer_choice, self.others_choice):
            box.currentIndexChanged.connect(self.mark_dirty)
        self.follow_mouse(self.plot)

    # -- which axes -----------------------------------------------------------------------------

    def look_through(self, lens: Lens | None) -> None:
        self.painter.set_lens(lens)
        self.time.set_replay(self.replay)

    def enter(self, model: StudyModel | None) -> None:
        names = model.varied if model is not None else []
        objective = [model.objective] if model is not None else []
        fill(self.x_choice, names, 0)
        fill(self.y_choice, [*names, *objective], 1)
        learns = model is not None and model.spec.method.name == _ALWAYS_LEARNS
        with QSignalBlocker(self.layer_choice):
            first = Layer.MEAN if learns and self.painter.has_lens else Layer.LANDSCAPE
            self.layer_choice.setCurrentText(first)
        self._axes_chosen()

    def leave(self) -> None:
        self.painter.stop()
        self._dirty = True

    def set_axes(self, x: str, y: str) -> None:
        """Show parameter `x` across, and parameter or objective `y` upwards."""
        for box, name in ((self.x_choice, x), (self.y_choice, y)):
            with QSignalBlocker(box):
                box.setCurrentText(name)
        self._axes_chosen()

    @property
    def axes(self) -> tuple[str, str]:
        """Names of what is shown across and upwards."""
        return self.x_choice.currentText(), self.y_choice.currentText()

    @property
    def layer(self) -> Layer:
        """What is shown beneath the marks: of the model only where there is one to ask."""
        is_map = self.model is not None and self.axes[1] in self.model.scales
        wanted = Layer(self.layer_choice.currentText())
        return wanted if is_map and self.painter.has_lens else Layer.LANDSCAPE

    def _swap(self) -> None:
        x, y = self.axes
        if self.x_choice.findText(y) >= 0:
            self.set_axes(y, x)

    def _axes_chosen(self) -> None:
        x, y = self.axes
        if x and x == y:  # what the other axis had moves to this one
            before = self._axes
            changed, other = (0, self.y_choice) if before[0] != x else (1, self.x_choice)
            with QSignalBlocker(other):
                other.setCurrentText(before[changed])
        self._axes = self.axes
        self._drop_picture()
        self.plot.go_home()
        self.mark_dirty()

    # -- what is shown --------------------------------------------------------------------------

    def retheme(self) -> None:
        self.plot.marks.retheme()

    def refresh(self) -> str:
        model = self.model
        if not model.varied:
            return "Nothing is searched here: every parameter has a fixed value."
        if not model.trials:
            return "Each trial appears here as a point, and the landscape after six of them."
        known = self.replay.known() if self.replay is not None else None
        self.view = view = view_surface(model, *self.axes, known)
        self._offer_layers()
        self.plot.set_scales(*view.scales, self._reach())
        self.plot.set_points(model.numbers(view.rows), view.x, view.y)
        self.legend.bar.show_colours(view.colours)
        if self.layer.is_of_model:
            self._ask_for_layer(view)
        else:
            self.painter.stop()
            self.landscape.show(model, view, value_table())
        self._show_beneath()
        self._draw_marks(view)
        self._show_solid(view)
        counts = {} if self.stage.is_ready else view.counts()  # without a value is without height
        self.legend.show_marks(counts, self.best is not None, self._proposal(view) is not None)
        self._say(view)
        return ""

    @property
    def _painted(self) -> PaintedLayer | None:
        """The newest picture of the model, unless there can be none of what is wanted."""
        refused = self.painter.view is None and self.painter.problem
        return self.painter.painted if self.layer.is_of_model and not refused else None

    def _offer_layers(self) -> None:
        is_map = self.axes[1] in self.model.scales
        self.layer_choice.setVisible(self.painter.has_lens and is_map)
        self.solid.setVisible(self.painter.has_lens and is_map)
        self.others_choice.setVisible(self.layer.is_of_model and len(self.model.varied) > 2)
        self.others_choice.setEnabled(self.layer is not Layer.ACQUISITION)

    def _say(self, view: SurfaceView) -> None:
        remark = ""
        if self.layer.is_of_model and self._painted is None:
            remark = self.painter.problem
        elif self.layer is Layer.FEASIBILITY and self._nothing_fails():
            remark = "No trial has failed"
        elif view.missing:
            remark = f"{view.missing} of {len(self.model.trials)} trials have no such parameter"
        self.legend.remark.setText(remark)

    def _nothing_fails(self) -> bool:
        """Whether the map of feasibility is plain for want of failures."""
        painted = self._painted
        return painted is not None and bool((painted.view.feasibility == 1.0).all())

    def _draw_marks(self, view: SurfaceView) -> None:
        rows, best = self.model.arrays.rows, self.best
        self.plot.marks.show_view(
            view,
            rows.get(self.model.selected, -1),
            rows.get(best.number, -1) if best is not None else -1,
            self._proposal(view),
        )

    def _proposal(self, view: SurfaceView) -> tuple[float, float] | None:
        """Where the model would look next; None where it does not say, or not on these axes."""
        painted = self._painted
        params = painted.view.proposed if painted is not None else None
        if params is None or not set(view.axes) <= set(params):
            return None
        x, y = (s.position(params[n]) for n, s in zip(view.axes, view.scales, strict=True))
        return x, y

    # -- in three dimensions --------------------------------------------------------------------

    def _solid_chosen(self) -> None:
        self.stage.set_solid(self.solid.isChecked())
        if self.solid.isChecked() and not self.layer.is_of_model:
            self.layer_choice.setCurrentText(Layer.MEAN)
        self._move()

    def _stage_changed(self) -> None:
        self.solid.setChecked(self.stage.is_solid)
        self._move()

    def _show_solid(self, view: SurfaceView) -> None:
        """Draw the newest picture as heights; the map where there is none to draw."""
        painted = self._painted
        if not self.layer.is_of_model and self.stage.is_solid:
            self.stage.set_solid(False)
            self.solid.setChecked(False)
        if painted is None or not self.stage.is_ready:
            return
        best = self.best.number if self.best is not None else None
        scene = build_scene(self.model, view, painted, self._cube_axes(), self._proposal(view))
        self.stage.show_scene(scene, best, self.model.selected)

    # -- what lies beneath, painted in jobs -----------------------------------------------------

    def _show_beneath(self) -> None:
        """The newest picture of what is wanted; the one before stays until there is another."""
        painted = self._painted
        strip = painted.strip if painted is not None else None
        self.legend.layer_bar.show_strip(strip, LAYER_TIPS[self.layer])
        found = painted.picture if painted is not None else None
        if not self.layer.is_of_model:
            found = self.landscape.painted
        if found is not self._shown:
            self._shown = found
            self.plot.show_picture(found if isinstance(found, Picture) else None)
            self.plot.show_profile(found if isinstance(found, Profile) else None)

    def _cube_axes(self) -> tuple[CubeAxis, CubeAxis]:
        space, scales = self.model.spec.space, self.model.scales
        x, y = (cube_axis(space[name], scales[name]) for name in self.axes)
        return x, y

    def _reach(self) -> QRectF | None:
        """The part of the plot that the layers of the model cover."""
        if not self.layer.is_of_model:
            return None
        x, y = self._cube_axes()
        return QRectF(x.low, y.low, x.width, y.width)

    def _ask_for_layer(self, view: SurfaceView) -> None:
        layer, axes = self.layer, self._cube_axes()
        averaged = layer is not Layer.ACQUISITION and self.others_choice.currentIndex() == 1
        averaged = averaged and len(self.model.varied) > 2
        upto = self.replay.upto if self.replay is not None else None
        request = MapRequest(*self.axes, averaged=averaged, upto=upto)
        places = zip((view.x, view.y), axes, strict=True)
        marks = np.column_stack([axis.units(at) for at, axis in places])
        self.painter.show(request, layer, axes, view.colours, layer_table(layer), marks)

    def _drop_picture(self) -> None:
        self.landscape.forget()
        self._shown = None
        self.plot.show_picture(None)
        self.plot.show_profile(None)

    def _open_menu(self) -> None:
        below = self._more.mapToGlobal(QPoint(0, self._more.height()))
        open_trial_menu(self, self.model.selected, below, self.plot)


def _axis_choice(name: str) -> QComboBox:
    result = choice(name)
    result.setToolTip(f"{name}: the parameter of this axis")
    return result
