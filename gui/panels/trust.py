"""Can I trust the model? What it would have said of each trial, had it not known its value."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout

from engine.analysis.views import TrustRequest
from gui.models.lens_follower import Lens, LensFollower
from gui.models.trust_words import detail, legend, verdict
from gui.panels.panel import column
from gui.panels.plot_panel import PlotPanel
from gui.plots.trust_plot import TrustPlot
from gui.theme import CONTROL, GROUP
from gui.widgets.text import ElidedLabel, say

_EMPTY = "How well the model predicts trials that it has not seen appears here after a few of them."


class TrustPanel(PlotPanel):
    """Predicted against actual values; a click selects the trial."""

    name = "trust"
    title = "Can I trust the model?"

    def __init__(self) -> None:
        super().__init__()
        self.verdict, self.detail = ElidedLabel(), ElidedLabel(role="caption", tone="muted")
        for line in (self.verdict, self.detail):
            line.setContentsMargins(CONTROL, 0, CONTROL, 0)
        self.plot = TrustPlot()
        self.plot.setAccessibleName("Predicted against actual values")
        self._follower = LensFollower(TrustRequest, self)
        self._follower.changed.connect(self.mark_dirty)
        layout: QVBoxLayout = column(self.body, self.verdict, self.detail, self.plot)
        layout.setContentsMargins(0, GROUP, 0, 0)
        layout.setStretch(2, 1)
        self.follow_mouse(self.plot)

    def look_through(self, lens: Lens | None) -> None:
        self._follower.set_lens(lens)

    def enter(self, model: object) -> None:
        self.plot.go_home()

    def leave(self) -> None:
        self._follower.want(None)
        self._dirty = True

    def refresh(self) -> str:
        upto = self.replay.upto if self.replay is not None else None
        self._follower.want(TrustRequest(upto))
        view = self._follower.view
        if view is None or not len(view.actual):
            return self._follower.problem or _EMPTY
        self.plot.show_view(view, self.model.selected, self.model.minimize)
        text, tone = verdict(view)
        say(self.verdict, text, tone)
        self.detail.setText(f"{detail(view)} · {legend(self.plot.far_out)}")
        return ""
