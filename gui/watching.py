"""What the window shows of the open studies: strip, pages, menus, recent list, and questions.

It follows OpenStudies and commands nothing but what a person asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QObject, QTimer, Signal

from engine.events import StudyState
from gui.awake import KeepAwake
from gui.designing import Designing
from gui.late import late_import
from gui.main_window import RESULTS, RUN, MainWindow
from gui.models.recent import RecentModel
from gui.open_studies import OpenStudies, OpenStudy
from gui.settings import Settings
from gui.trusting import Trusting
from gui.widgets.dialogs import ask_for_number

if TYPE_CHECKING:
    from gui.models.lens_model import LensModel
    from gui.pages.results import ResultsPage
    from gui.pages.run import RunPage

WhenTaken = Literal["ask", "wait", "share"]
_LAYOUT, _WHEN_TAKEN = "run/layout", "run/when-taken"
_STOPS, _RUNGS = "run/curves-stops", "run/curves-rungs"
_STARTABLE = (StudyState.NEW, StudyState.STOPPED)
_MOMENT_MS = 300
"""A study that has its turn at once waits for less than this."""
_MORE, _MANY = 10, 1_000_000
_ENDED = (StudyState.STOPPED, StudyState.FINISHED)


class Watching(QObject):
    """Keeps what is shown in step with the studies that are open."""

    trialCommand = Signal(object, int)
    """Something (a TrialCommand) is asked for a trial of the study that is shown."""

    def __init__(
        self,
        window: MainWindow,
        studies: OpenStudies,
        designing: Designing,
        recent: RecentModel,
        settings: Settings,
        trusting: Trusting,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._studies = studies
        self._designing = designing
        self._recent = recent
        self._settings = settings
        self._trusting = trusting
        self._awake = KeepAwake()
        studies.currentChanged.connect(self._show_current)
        studies.listChanged.connect(self._list_studies)
        studies.stateChanged.connect(self._state_changed)
        self._questions: dict[OpenStudy, str] = {}
        studies.refused.connect(lambda sentence: window.notice.tell(sentence, "bad"))
        self._wire_strip()
        self._show_current()

    # -- pages, made when they are first shown --------------------------------------------------

    def make_run_page(self) -> RunPage:
        """The Run page, with its panels where they were last time."""
        late_import("gui.pages.run")
        from gui.pages.run import RunPage

        page = RunPage()
        layout = self._settings.get_bytes(_LAYOUT)
        if layout is not None:
            page.restore_layout(layout)
        for name, choice in ((_STOPS, page.curves.show_stops), (_RUNGS, page.curves.show_rungs)):
            choice.setChecked(self._settings.get(name, True))
            choice.toggled.connect(lambda on, name=name: self._settings.set(name, on))
        page.startRequested.connect(self.start_current)
        page.resumeRequested.connect(lambda: self._studies.command("resume"))
        page.trialCommand.connect(self.trialCommand)
        page.devices.watch_by(self._studies.make_sampler)
        page.resultsRequested.connect(lambda: self._window.go_to(RESULTS))
        page.stopRequested.connect(lambda: self._studies.command("stop"))
        page.moreRequested.connect(self.ask_for_more)
        page.shareRequested.connect(lambda: self._studies.command("share_devices"))
        self._window.commands.set_panels(page.panel_actions())
        page.set_study(self._model(), self._lens(), self._processes())
        return page

    def make_results_page(self) -> ResultsPage:
        """The Results page."""
        late_import("gui.pages.results")
        from gui.pages.results import ResultsPage

        page = ResultsPage()
        page.moreRequested.connect(self.ask_for_more)
        page.set_study(self._model(), self._weights_of())
        return page

    def reset_layout(self) -> None:
        """Put the Run page's panels back."""
        self._window.page(RUN).reset_layout()  # type: ignore[attr-defined]

    def remember_layout(self) -> None:
        """Keep where the panels are for the next start."""
        if self._window.made(RUN):
            self._settings.set_bytes(_LAYOUT, self._window.page(RUN).save_layout())  # type: ignore[attr-defined]

    # -- commands -------------------------------------------------------------------------------

    def start_current(self) -> None:
        """Begin or go on with the study that is shown."""
        if self._studies.current is not None:
            self.start(self._studies.current)

    def start(self, entry: OpenStudy) -> None:
        """Begin or go on, sharing devices at once where that is what the user always wants."""
        share = self.when_taken == "share"
        self._once_trusted(entry, lambda: self._studies.start(entry, share=share))

    def _once_trusted(self, entry: OpenStudy, go_on: Callable[[], object]) -> None:
        """Go on, if need be after asking whether what the study runs may be run."""
        spec = entry.model.spec
        self._trusting.then(spec.task, spec.base, go_on, lambda: None)

    def ask_for_more(self) -> None:
        """Ask how many trials a study that has ended shall have on top, and go on with it."""
        entry = self._studies.current
        if entry is None or not entry.model.can_have_more():
            return
        room, so_far = entry.model.room(), len(entry.model.trials)

        def go_on(more: int) -> None:
            share = self.when_taken == "share"
            self._once_trusted(
                entry, lambda: self._studies.extend(entry, so_far + more, share=share)
            )
            self._window.go_to(RUN)

        ask_for_number(
            self._window,
            "Add trials",
            f"How many trials shall {entry.name} have on top of its {so_far}?",
            (1, _MANY if room is None else room, _MORE),
            "Add and run",
            go_on,
        )

    def can_start_current(self) -> bool:
        """Whether the study that is shown can begin or go on."""
        model = self._model()
        return model is not None and model.state in _STARTABLE and not model.read_only_because

    def pause_or_resume(self) -> None:
        """Pause the study that is shown, or go on with it."""
        model = self._model()
        if model is not None:
            self._studies.command("resume" if model.state == StudyState.PAUSED else "pause")

    @property
    def when_taken(self) -> WhenTaken:
        """What to do when another study has the devices."""
        return self._settings.get(_WHEN_TAKEN, "ask")

    def set_when_taken(self, choice: WhenTaken) -> None:
        """Do this from now on when another study has the devices."""
        self._settings.set(_WHEN_TAKEN, choice)

    # -- following ------------------------------------------------------------------------------

    def _model(self) -> Any:
        return None if self._studies.current is None else self._studies.current.model

    def _lens(self) -> LensModel | None:
        return None if self._studies.current is None else self._studies.current.lens

    def _processes(self) -> Callable[[], Mapping[int, int]]:
        return dict if self._studies.current is None else self._studies.current.study.processes

    def _weights_of(self) -> Callable[[int], Path] | None:
        return None if self._studies.current is None else self._studies.current.study.weights_of

    def _wire_strip(self) -> None:
        strip, studies = self._window.strip, self._studies
        strip.pauseRequested.connect(lambda: studies.command("pause"))
        strip.resumeRequested.connect(lambda: studies.command("resume"))
        strip.stopRequested.connect(lambda: studies.command("stop"))
        strip.studyChosen.connect(lambda place: studies.show(studies.all[place]))

    def _show_current(self) -> None:
        model = self._model()
        named = f"{model.path.stem} – " if model is not None else ""
        self._window.setWindowTitle(f"{named}Tunescape")
        self._window.strip.set_model(model)
        if self._window.made(RUN):
            self._window.page(RUN).set_study(model, self._lens(), self._processes())  # type: ignore[attr-defined]
        if self._window.made(RESULTS):
            self._window.page(RESULTS).set_study(model, self._weights_of())  # type: ignore[attr-defined]
        self._offer()

    def _list_studies(self) -> None:
        entries = self._studies.all
        current = entries.index(self._studies.current) if self._studies.current else -1
        self._recent.set_open(entry.path for entry in entries)
        self._window.strip.set_studies([entry.name for entry in entries], current)
        self._awake.hold(self._studies.is_computing())
        self._offer()

    def _state_changed(self, entry: OpenStudy) -> None:
        self._awake.hold(self._studies.is_computing())
        self._recent.know(entry.path, summary_of(entry))
        if entry.is_active and entry.model.state == StudyState.WAITING:
            QTimer.singleShot(_MOMENT_MS, entry, lambda: self._ask_whether_to_wait(entry))
        elif (question := self._questions.pop(entry, None)) is not None:
            self._window.notice.withdraw(question)
        if entry.model.state in _ENDED:
            seconds = [t.seconds for t in entry.model.trials.values() if t.seconds is not None]
            self._designing.learn(entry.model.spec, seconds[-10:])
            if entry is not self._studies.current:
                self._window.notice.tell(f"{entry.name} has {entry.model.state}.")
        self._offer()

    def _offer(self) -> None:
        """Enable what can be done now."""
        commands, model = self._window.commands, self._model()
        state = None if model is None or model.read_only_because else model.state
        commands.pause.setEnabled(state in (StudyState.RUNNING, StudyState.PAUSED))
        commands.stop.setEnabled(
            state in (StudyState.RUNNING, StudyState.PAUSED, StudyState.WAITING)
        )
        commands.share.setEnabled(state == StudyState.WAITING)
        commands.extend.setEnabled(model is not None and model.can_have_more())
        commands.close_study.setEnabled(model is not None)
        commands.copy_design.setEnabled(model is not None)

    def _ask_whether_to_wait(self, entry: OpenStudy) -> None:
        """Ask about a study that still waits; it goes on waiting until there is an answer."""
        if self.when_taken != "ask" or entry.model.state != StudyState.WAITING:
            return
        others = [other.name for other in self._studies.active() if other is not entry]
        if not others:
            return
        named, verb = " and ".join(others), "are" if len(others) > 1 else "is"
        question = f"{named} {verb} running. Should {entry.name} wait, or share the devices?"
        self._questions[entry] = question
        self._window.notice.tell(
            question,
            answers=[("Wait", lambda: None), ("Share", entry.study.share_devices)],
        )


def summary_of(entry: OpenStudy) -> dict[str, Any]:
    """What the list of recent studies says about one that is open."""
    model = entry.model
    finished, planned = model.progress()
    return {
        "state": str(model.state),
        "best": None if model.best is None else model.best.value,
        "objective": model.objective,
        "finished": finished,
        "planned": planned,
        "problem": "",
    }
