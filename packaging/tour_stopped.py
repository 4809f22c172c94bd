"""Scenes of a study whose trials are stopped early: where and why, and what that saves."""

from __future__ import annotations

from tour_guide import Guide

from engine.events import StudyState
from engine.places import resources
from engine.trial import TrialState
from gui.main_window import RESULTS, RUN
from tests.real_window import Script

MODEL_MS = 2500
RULE = """
[pruner]
name = "asha"

[budget]"""


class StoppedScenes(Guide):
    """Successive halving over a Bayesian search."""

    def _stopped_early(self) -> Script:
        """The panels of such a study, with no trial selected and with one that was stopped."""
        text = (resources() / "examples" / "digits-wide-bayesian.toml").read_text(encoding="utf-8")
        spec = self._home / "digits-stopped.toml"
        spec.write_text(text.replace("\n[budget]", RULE, 1), encoding="utf-8")
        yield from self._open(spec)
        before = self._program.studies.current
        self._window.commands.run.trigger()
        yield lambda: self._program.studies.current is not before
        yield lambda: self._state() is StudyState.FINISHED
        yield MODEL_MS
        yield from self._shoot("stopped-run")
        docks = self._window.page(RUN).docks
        stopped = (t.number for t in self._model().trials.values() if t.state is TrialState.PRUNED)
        self._model().select(next(stopped))
        for panel in ("selected", "timeline", "importance", "trust"):
            docks.bring_up(panel)
        yield MODEL_MS
        yield from self._shoot("stopped-selected")
        self._window.go_to(RESULTS)
        yield from self._shoot("stopped-results")
        self._window.go_to(RUN)
        docks.reset_layout()
