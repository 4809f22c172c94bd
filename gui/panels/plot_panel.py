"""A panel whose trials can be pointed at in a plot: hover, click, right click, arrow keys."""

from __future__ import annotations

from PySide6.QtCore import QPoint

from gui.models.trial_text import card
from gui.panels.panel import Panel
from gui.panels.trial_menu import open_trial_menu
from gui.plots.plot import Plot


class PlotPanel(Panel):
    """Wires a plot's trial numbers to the study: hover names, click selects, right click offers."""

    def follow_mouse(self, plot: Plot) -> None:
        """React to what is done in `plot`."""
        self._plot = plot
        plot.rescaled.connect(self.retheme)
        plot.picked.connect(self._pick)
        plot.stepped.connect(self._step)
        plot.pointed.connect(self._point)
        plot.asked.connect(self._ask)

    def about(self, number: int) -> str:
        """What there is to say here of a trial that is pointed at, beside what all panels say."""
        return ""

    def _pick(self, number: int | None) -> None:
        if self.model is not None:
            self.model.select(number)

    def _step(self, by: int) -> None:
        if self.model is not None:
            self.model.select_next(by)

    def _point(self, number: int | None) -> None:
        model = self.model
        known = model is not None and number in model.trials
        self._plot.describe(
            card(model.trials[number], model.objective, model.best, self.about(number))
            if known
            else ""
        )

    def _ask(self, number: int | None, place: QPoint) -> None:
        if self.model is not None:
            self.menu = open_trial_menu(self, number, place, self._plot)
