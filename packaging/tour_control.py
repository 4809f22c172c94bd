"""Scenes of a study under control: where its trials run, what is asked, and what goes wrong."""

from __future__ import annotations

from tour_guide import Guide, dialog_shown

from engine.events import StudyState
from engine.trial import TrialState
from gui.main_window import RUN
from tests.real_window import Script

PANEL_MS = 1500
FAILING = """\
def objective(trial):
    rate = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    print("loading the data with a learning rate of", rate)
    return open("not/there.csv")
"""
FAILING_SPEC = """\
name = "failing"
[task]
kind = "script"
file = "train.py"
objective = "loss"
[[space]]
name = "lr"
type = "float"
low = 1e-5
high = 1e-1
log = true
[method]
name = "random"
[budget]
trials = 8
[resources]
devices = ["cpu"]
"""


class ControlScenes(Guide):
    """Two workers at work, and a script that fails."""

    def _control(self) -> Script:
        """Two workers at work: where, since when, and what can be asked of them."""
        yield from self._open(self._slow_example("digits-wide", 'workers = 2\ndevices = ["cpu"]'))
        before = self._program.studies.current
        self._window.commands.run.trigger()
        yield lambda: self._program.studies.current is not before
        yield lambda: self._count(TrialState.COMPLETE) >= 5
        docks, commands = self._window.page(RUN).docks, self._window.commands
        for panel in ("timeline", "devices"):
            docks.bring_up(panel)
            yield PANEL_MS
            yield from self._shoot(f"run-{panel}")
        self._model().select(1)
        yield from self._dialog("configuration", commands.add_configuration.trigger)
        yield from self._dialog("terms", commands.change_terms.trigger)
        yield from self._dialog("space", commands.change_space.trigger)
        commands.pause_now.trigger()
        yield lambda: self._state() is StudyState.PAUSED and not self._count(TrialState.RUNNING)
        docks.bring_up("timeline")
        yield from self._shoot("run-paused-now")
        commands.stop.trigger()
        yield lambda: not self._state().is_active
        docks.reset_layout()

    def _fail_alike(self) -> Script:
        """A script of the user's own, which has to be trusted first, and goes wrong each time."""
        (self._home / "train.py").write_text(FAILING, encoding="utf-8")
        spec = self._home / "failing.toml"
        spec.write_text(FAILING_SPEC, encoding="utf-8")
        yield from self._open(spec)
        before = self._program.studies.current
        self._window.commands.run.trigger()
        yield lambda: dialog_shown() is not None
        yield from self._shoot("dialog-trust")
        dialog_shown().accept()
        yield lambda: self._program.studies.current is not before
        yield lambda: self._count(TrialState.FAILED) >= 4
        self._model().select(0)
        yield from self._shoot("run-failing")
        header = self._window.page(RUN).header
        yield from self._dialog("output", header.output.click)
        yield lambda: not self._state().is_active
