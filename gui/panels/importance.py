"""Importance: how much of what the objective does is owed to which parameter, or pair of them."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from engine.analysis.views import ImportanceRequest, ImportanceView
from gui.models.lens_follower import Lens, LensFollower
from gui.models.study_model import StudyModel
from gui.models.why_words import share
from gui.panels.panel import Panel, column
from gui.plots.bars import Bar, Bars
from gui.theme import CONTROL, GROUP
from gui.widgets.text import ElidedLabel

_EMPTY = "Which parameters matter appears here after a few trials."
_FLAT = "As far as the model can tell, no parameter makes a difference yet."
_MOST_PAIRS, _LEAST_PAIR = 5, 0.01
_METHOD = (
    "Shares of the variance of the model's mean over the whole space: of each parameter alone, and "
    "of what two do together beyond that (functional ANOVA, by the coefficients of an expansion "
    "in orthonormal functions: Sudret 2008). Click a pair to see it on the surface."
)


class ImportancePanel(Panel):
    """Bars of the parameters, then those of the strongest pairs."""

    name = "importance"
    title = "Importance"

    axes_requested = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.bars = Bars()
        self.bars.setToolTip(_METHOD)
        self.bars.setAccessibleName("Importance of parameters")
        self.bars.picked.connect(self._pick)
        self.remark = ElidedLabel(role="caption", tone="muted")
        self._follower = LensFollower(ImportanceRequest, self)
        self._follower.changed.connect(self.mark_dirty)
        content = QWidget()
        lines = QVBoxLayout(content)
        lines.setContentsMargins(CONTROL, CONTROL, CONTROL, CONTROL)
        lines.setSpacing(GROUP)
        lines.addWidget(self.remark)
        lines.addWidget(self.bars)
        lines.addStretch(1)
        area = QScrollArea(widgetResizable=True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(content)
        content.setAutoFillBackground(False)
        column(self.body, area)

    def look_through(self, lens: Lens | None) -> None:
        self._follower.set_lens(lens)

    def follows(self, model: StudyModel) -> list[SignalInstance]:
        return [model.trialsChanged]

    def leave(self) -> None:
        self._follower.want(None)
        self._dirty = True

    def refresh(self) -> str:
        upto = self.replay.upto if self.replay is not None else None
        self._follower.want(ImportanceRequest(upto))
        view = self._follower.view
        if view is None:
            return self._follower.problem or _EMPTY
        if not view.alone.sum():
            return _FLAT
        self.bars.show_bars(bars_of(view))
        self.remark.setText(
            f"Shares of the variation in {self.model.objective} over the whole space"
        )
        return ""

    def _pick(self, key: tuple[str, ...]) -> None:
        if len(key) == 2:
            self.axes_requested.emit(*key)


def bars_of(view: ImportanceView) -> tuple[Bar, ...]:
    """The parameters by their share, then the strongest pairs by theirs."""
    alone = sorted(zip(view.names, view.alone.tolist(), strict=True), key=lambda part: -part[1])
    pairs = sorted(view.pairs, key=lambda pair: -pair[2])[:_MOST_PAIRS]
    return (
        *(Bar(name, part, share(part), True, (name,)) for name, part in alone),
        *(
            Bar(f"{one} × {other}", part, share(part), False, (one, other))
            for one, other, part in pairs
            if part >= _LEAST_PAIR
        ),
    )
