"""The tour of the window that screenshots.py takes pictures of: scene after scene, as a script.

Everything goes through what a user can reach: menu commands, places, cells, buttons.
"""

from __future__ import annotations

from tour_control import ControlScenes
from tour_guide import SETTLE_MS
from tour_stopped import StoppedScenes

from engine.events import StudyState
from engine.places import resources
from engine.trial import TrialState
from gui.main_window import DESIGN, HOME, RESULTS, RUN
from gui.models.cells import Column
from gui.models.map_layers import Layer
from tests.real_window import Script

SURFACE_MS = 1500
DESIGNS = (
    *("digits-grid", "digits-random", "digits-bayesian"),
    *("diabetes-random", "digits-wide", "digits-wide-bayesian"),
)


class Tour(ControlScenes, StoppedScenes):
    """Goes through the program and saves pictures in a folder."""

    def script(self) -> Script:
        """The scenes, in an order in which each prepares the next."""
        yield from self._first_start()
        yield from self._design()
        yield from self._run_grid()
        yield from self._run_bayesian()
        yield from self._stopped_early()
        yield from self._control()
        yield from self._fail_alike()
        yield from self._dialogs()
        yield from self._other_studies()
        yield from self._home_again()

    # -- scenes ---------------------------------------------------------------------------------

    def _first_start(self) -> Script:
        yield 1000
        yield from self._shoot("start-first")
        for name, place in (("run-empty", RUN), ("results-empty", RESULTS)):
            self._window.go_to(place)
            yield from self._shoot(name)

    def _design(self) -> Script:
        self._window.commands.new.trigger()
        yield lambda: self._window.place == DESIGN
        yield from self._shoot("design-new")
        for example in DESIGNS:
            yield from self._open(resources() / "examples" / f"{example}.toml")
            yield from self._shoot(f"design-{example}")
        yield from self._type_into_space(0, Column.LOW, "1")
        yield from self._shoot("design-invalid")
        self._program.designing.draft.undo_stack.undo()

    def _run_grid(self) -> Script:
        yield from self._open(self._slow_example("digits-grid"))
        self._window.commands.run.trigger()
        yield lambda: self._window.place == RUN
        yield from self._shoot("run-starting")
        yield lambda: self._count(TrialState.COMPLETE) >= 12
        yield from self._shoot("run-running")
        self._window.commands.pause.trigger()
        yield lambda: self._state() is StudyState.PAUSED and not self._count(TrialState.RUNNING)
        yield SURFACE_MS
        yield from self._shoot("run-paused")
        self._window.commands.pause.trigger()
        yield lambda: self._state() is StudyState.FINISHED
        yield from self._finished("digits-grid")

    def _run_bayesian(self) -> Script:
        """What the model of a Bayesian search looks like: layers, panels, and the past."""
        yield from self._run_example("digits-bayesian")
        yield from self._layers("digits-bayesian")
        yield from self._past("digits-bayesian")
        yield from self._panels()
        yield from self._run_example("digits-wide-bayesian")
        yield from self._layers("digits-wide-bayesian")

    def _run_example(self, example: str) -> Script:
        """Run a bundled example to its end, and look at the pages of a study that is over."""
        yield from self._open(resources() / "examples" / f"{example}.toml")
        before = self._program.studies.current
        self._window.commands.run.trigger()
        yield lambda: self._program.studies.current is not before
        yield lambda: self._state() is StudyState.FINISHED
        yield from self._finished(example)

    def _layers(self, name: str) -> Script:
        self._model().select(None)
        surface = next(p for p in self._window.page(RUN).panels if p.name == "surface")
        for layer in Layer:
            surface.layer_choice.setCurrentText(layer)
            yield SURFACE_MS
            yield from self._shoot(f"layer-{layer.name.lower()}-{name}")
        surface.layer_choice.setCurrentText(Layer.MEAN)

    def _past(self, name: str) -> Script:
        surface = next(p for p in self._window.page(RUN).panels if p.name == "surface")
        surface.time.slider.setValue(8)
        yield SURFACE_MS
        yield from self._shoot(f"past-{name}")
        surface.time.live.click()
        yield SURFACE_MS

    def _finished(self, name: str) -> Script:
        """The Run page of a study that is over, a trial selected, and its results."""
        yield SURFACE_MS
        yield from self._shoot(f"run-finished-{name}")
        self._model().select(len(self._model().trials) // 2)
        yield from self._shoot(f"run-selected-{name}")
        self._window.go_to(RESULTS)
        yield from self._shoot(f"results-{name}")
        self._window.go_to(RUN)

    def _panels(self) -> Script:
        page = self._window.page(RUN)
        for panel in page.panels:
            page.docks.bring_up(panel.name)
            yield SETTLE_MS
            yield from self._shoot(f"panel-{panel.name}", panel.parentWidget)
        page.docks.bring_up("best")
        page.docks.bring_up("trials")

    def _dialogs(self) -> Script:
        commands = self._window.commands
        for name, action in (("about", commands.about), ("help", commands.help)):
            yield from self._dialog(name, action.trigger)
        yield from self._dialog("open", commands.open.trigger)
        yield from self._dialog("crash", self._crash)

    def _crash(self) -> None:
        try:
            raise RuntimeError("this one is made up for the picture")
        except RuntimeError as error:
            self._program._crashes.happened.emit(
                "Something went wrong inside Tunescape (RuntimeError); your studies are safe.",
                f"Traceback (most recent call last):\n  ...\nRuntimeError: {error}",
            )

    def _other_studies(self) -> Script:
        for example in ("digits-wide", "diabetes-random"):
            yield from self._run_example(example)

    def _home_again(self) -> Script:
        self._window.go_to(HOME)
        yield 500
        yield from self._shoot("start")
        yield from self._open(resources() / "examples" / "digits-grid.toml")
        self._window.commands.run.trigger()
        yield lambda: self._program.studies.current.name.startswith("digits-grid")
        yield from self._dialog("close-while-running", self._window.close)
        self._window.commands.stop.trigger()
        yield lambda: not self._state().is_active
