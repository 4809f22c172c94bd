"""The landscape being discovered: trials over two parameters, and what lies between them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPoint, QSignalBlocker
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox

from gui.jobs import Job, run_job
from gui.models.landscape import Picture, Profile, paint, trace
from gui.models.study_model import StudyModel
from gui.models.surface_view import COLOURS, SurfaceView, question_of, view_surface
from gui.models.trial_arrays import STATES
from gui.panels.panel import column
from gui.panels.plot_panel import PlotPanel
from gui.panels.trial_menu import open_trial_menu
from gui.plots.colours import ink, is_bright, value_table
from gui.plots.legend import Legend
from gui.plots.marks import DISC, Sprite, best_sprite, selected_sprite, state_sprite
from gui.plots.surface_plot import SurfacePlot
from gui.widgets.buttons import tool
from gui.widgets.text import label

_DISC_SIZES = ((300, 11.0), (2000, 8.0))
_SMALLEST_DISC = 6.0
_SELECTED, _BEST = COLOURS + len(STATES), COLOURS + len(STATES) + 1


class SurfacePanel(PlotPanel):
    """Any two parameters, or one and the objective, as axes."""

    name = "surface"
    title = "Surface"

    def __init__(self) -> None:
        super().__init__()
        self.x_choice, self.y_choice = _axis_choice("Across"), _axis_choice("Up")
        self.plot = SurfacePlot()
        self.plot.setAccessibleName("Surface of the objective over two parameters")
        self.legend = Legend()
        self.view: SurfaceView | None = None
        self._axes = ("", "")
        self._job: Job | None = None
        self._painted: object = None
        self._disc_size = 0.0
        self._more = tool("dots-vertical", "More", self._open_menu)
        for widget in (
            self.x_choice,
            label("×", tone="muted"),
            self.y_choice,
            tool("swap-horizontal", "Swap the axes", self._swap),
            tool("fit-to-screen-outline", "Show all (double click)", self.plot.go_home),
            self._more,
        ):
            self.control_row.addWidget(widget)
        column(self.body, self.plot, self.legend)
        for choice in (self.x_choice, self.y_choice):
            choice.currentIndexChanged.connect(self._axes_chosen)
        self.follow_mouse(self.plot)

    # -- which axes -----------------------------------------------------------------------------

    def enter(self, model: StudyModel | None) -> None:
        names = model.varied if model is not None else []
        objective = [model.objective] if model is not None else []
        _fill(self.x_choice, names, 0)
        _fill(self.y_choice, [*names, *objective], 1)
        self._axes_chosen()

    def set_axes(self, x: str, y: str) -> None:
        """Show parameter `x` across, and parameter or objective `y` upwards."""
        for choice, name in ((self.x_choice, x), (self.y_choice, y)):
            with QSignalBlocker(choice):
                choice.setCurrentText(name)
        self._axes_chosen()

    @property
    def axes(self) -> tuple[str, str]:
        """Names of what is shown across and upwards."""
        return self.x_choice.currentText(), self.y_choice.currentText()

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
        self._drop_landscape()
        self.plot.go_home()
        self.mark_dirty()

    # -- what is shown --------------------------------------------------------------------------

    def retheme(self) -> None:
        self._disc_size = 0.0

    def refresh(self) -> str:
        model = self.model
        if not model.varied:
            return "Nothing is searched here: every parameter has a fixed value."
        if not model.trials:
            return "Each trial appears here as a point, and the landscape after six of them."
        self.view = view = view_surface(model, *self.axes)
        self.plot.set_scales(*view.scales)
        self.plot.set_points(model.numbers(view.rows), view.x, view.y)
        self._draw_marks(view)
        self.legend.bar.show_colours(view.colours)
        self.legend.show_marks(view.counts(), model.best is not None)
        self.legend.remark.setText(
            f"{view.missing} of {len(model.trials)} trials have no such parameter"
            if view.missing
            else ""
        )
        self._ask_for_landscape(view)
        return ""

    def _draw_marks(self, view: SurfaceView) -> None:
        self._size_discs(len(view.rows))
        best = self.model.best.number if self.model.best is not None else None
        rows = self.model.arrays.rows
        halo = np.flatnonzero(view.rows == rows.get(self.model.selected, -1))
        star = np.flatnonzero(view.rows == rows.get(best, -1))
        order = np.concatenate([np.arange(len(view.rows)), halo, halo, star])
        kinds = np.concatenate(
            [view.kinds, [_SELECTED] * len(halo), view.kinds[halo], [_BEST] * len(star)]
        )
        self.plot.marks.set_marks(view.x[order], view.y[order], kinds.astype(np.intp))

    def _size_discs(self, count: int) -> None:
        size = next((size for most, size in _DISC_SIZES if count <= most), _SMALLEST_DISC)
        if size != self._disc_size:
            self._disc_size = size
            self.plot.marks.set_sprites(
                [
                    *_discs(size),
                    *(state_sprite(state, size) for state in STATES),
                    replace(selected_sprite(), size=size + 7),
                    best_sprite(),
                ]
            )

    # -- the landscape beneath, painted in a job ------------------------------------------------

    def _ask_for_landscape(self, view: SurfaceView) -> None:
        """Have it painted if there is news; one at a time, the next one from the newest points."""
        content = (view.axes, int(np.count_nonzero(view.kinds < COLOURS)), view.colours)
        if self._job is not None or content == self._painted:
            return
        self._painted = content
        question = question_of(self.model, view, value_table())
        if question is not None:
            work = paint if view.axes[1] in self.model.scales else trace
            self._job = run_job(self, lambda: work(question), self._landscape_arrived)

    def _landscape_arrived(self, found: Picture | Profile | None) -> None:
        self._job = None
        self._show_landscape(found)
        self.mark_dirty()

    def _show_landscape(self, found: Picture | Profile | None) -> None:
        self.plot.show_picture(found if isinstance(found, Picture) else None)
        self.plot.show_profile(found if isinstance(found, Profile) else None)

    def _drop_landscape(self) -> None:
        if self._job is not None:
            self._job.drop()
        self._job = self._painted = None
        self._show_landscape(None)

    def _open_menu(self) -> None:
        below = self._more.mapToGlobal(QPoint(0, self._more.height()))
        open_trial_menu(self, self.model.selected, below, self.plot)


def _discs(size: float) -> list[Sprite]:
    fills = [QColor(*map(int, colour)) for colour in value_table(COLOURS)]
    return [Sprite(DISC, size, fill, ink(is_bright(fill)), 1.25) for fill in fills]


def _axis_choice(name: str) -> QComboBox:
    result = QComboBox()
    result.setAccessibleName(name)
    result.setToolTip(f"{name}: the parameter of this axis")
    result.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    return result


def _fill(choice: QComboBox, names: list[str], index: int) -> None:
    with QSignalBlocker(choice):
        choice.clear()
        choice.addItems(names)
        choice.setCurrentIndex(min(index, len(names) - 1))
