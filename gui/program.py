"""The window and everything behind it: commands wired to what carries them out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QUndoGroup, QUndoStack
from PySide6.QtWidgets import QApplication

from engine import places
from gui import theme
from gui.closing import Closing
from gui.controlling import Controlling
from gui.crash import CrashLog
from gui.designing import Designing
from gui.help import show_about, show_help
from gui.jobs import run_job
from gui.main_window import DATA, DESIGN, HOME, RESULTS, RUN, SPEC, STUDY, MainWindow
from gui.models.examples import find_examples
from gui.models.recent import RecentModel
from gui.open_studies import OpenStudies, OpenStudy, StudyDoor
from gui.pages.start import StartPage
from gui.settings import Settings
from gui.trusting import Trusting
from gui.watching import Watching
from gui.widgets.code_dialog import OutputDialog
from gui.widgets.dialogs import DetailsDialog, ask, ask_for_file

if TYPE_CHECKING:
    from engine.spec import StudySpec

SCHEME, VALUE_MAP = "window/scheme", "window/value-map"
_FOLDER = "open/folder"
_KINDS = "Studies, specs and data (*.tune *.toml *.csv *.tsv *.parquet *.npz);;All files (*)"


class Program(QObject):
    """The window and everything behind it."""

    def __init__(self, settings: Settings, crashes: CrashLog, door: StudyDoor) -> None:
        super().__init__()
        self._settings = settings
        self._crashes = crashes
        self._undoing = QUndoGroup(self)
        self._undo = QUndoStack(self._undoing)
        self.window = MainWindow(settings, self._undoing)
        self.recent = RecentModel(settings, door.read, self)
        self.studies = OpenStudies(door, self)
        self._trusting = Trusting(self.window)
        self.designing = Designing(settings, self._undo, door, self._trusting, self)
        self.watching = Watching(
            self.window, self.studies, self.designing, self.recent, settings, self._trusting
        )
        self.controlling = Controlling(self.window, self.studies, self.watching.start)
        self.watching.trialCommand.connect(self.controlling.act)
        self.closing = Closing(self.window, self.studies, self._remember)
        self._add_places()
        self._wire()

    def open_window(self, path: Path | None = None) -> None:
        """Show the window, at the Start page or with what `path` holds."""
        self.window.go_to(HOME)
        self.window.show()
        if path is not None:
            self.open(path)

    def open(self, path: Path) -> None:
        """Open a study, a spec, or data, by what the file is."""
        path = path.absolute()
        self._settings.set(_FOLDER, str(path.parent))
        suffix = path.suffix.lower()
        if suffix in STUDY:
            self.studies.open(path, self._opened)
        elif suffix in SPEC:
            self._unless_unsaved(lambda: self.designing.open(path))
        elif suffix in DATA or path.is_dir():
            self.designing.use_data(path)
        else:
            self._tell(f"{path.name} is of no known kind; open a .tune, .toml or data file.")

    # -- wiring ---------------------------------------------------------------------------------

    def _add_places(self) -> None:
        self.window.add_place(HOME, self._make_start_page)
        self.window.add_place(DESIGN, self.designing.page)
        self.window.add_place(RUN, self.watching.make_run_page)
        self.window.add_place(RESULTS, self.watching.make_results_page)

    def _make_start_page(self) -> StartPage:
        page = StartPage(self.recent)
        page.newRequested.connect(self._new)
        page.openRequested.connect(self._ask_what_to_open)
        page.pathChosen.connect(self.open)
        run_job(self, find_examples, page.set_examples)
        return page

    def _wire(self) -> None:
        window, commands = self.window, self.window.commands
        actions: list[tuple[Any, Callable[[], object]]] = [
            (commands.new, self._new),
            (commands.open, self._ask_what_to_open),
            (commands.save, self._save),
            (commands.save_as, self._save_as),
            (commands.close_study, self._close_current),
            (commands.run, self._run),
            (commands.pause, self.watching.pause_or_resume),
            (commands.stop, lambda: self.studies.command("stop")),
            (commands.extend, self.watching.ask_for_more),
            (commands.share, lambda: self.studies.command("share_devices")),
            (commands.copy_design, self._vary),
            (commands.reset_layout, self.watching.reset_layout),
            (commands.help, lambda: show_help(window, window.place)),
            (commands.about, lambda: show_about(window)),
        ]
        for action, carry_out in actions:
            action.triggered.connect(lambda _checked=False, act=carry_out: act())
        commands.schemes.triggered.connect(lambda action: self._choose_scheme(action.data()))
        commands.value_maps.triggered.connect(lambda action: self._choose_map(action.data()))
        commands.when_taken.triggered.connect(
            lambda action: self.watching.set_when_taken(action.data())
        )
        commands.choose(commands.when_taken, self.watching.when_taken)
        window.dropped.connect(self.open)
        window.placeChanged.connect(self._arrive)
        window.strip.closeRequested.connect(self._close_current)
        self.recent.listChanged.connect(self._list_recent)
        self._list_recent()
        self.designing.opened.connect(lambda: window.go_to(DESIGN))
        self.designing.refused.connect(lambda sentence: window.notice.tell(sentence, "bad"))
        self.designing.told.connect(lambda sentence: self._tell(sentence, "good"))
        self.designing.failed.connect(self._show_failure)
        self.designing.savedTo.connect(lambda path: self._tell(f"Saved to {path}.", "good"))
        self.designing.runRequested.connect(self._create_and_run)
        self._crashes.happened.connect(self._show_crash)

    def _arrive(self, place: int) -> None:
        """Undo is for what is in view; the list of recent studies is read anew where it is."""
        self._undoing.setActiveStack(self._undo if place == DESIGN else None)
        if place == HOME:
            self.recent.refresh()

    # -- commands -------------------------------------------------------------------------------

    def _new(self) -> None:
        self._unless_unsaved(self.designing.new)

    def _vary(self) -> None:
        current = self.studies.current
        if current is not None:
            self._unless_unsaved(lambda: self.designing.vary(current.model.spec))

    def _ask_what_to_open(self) -> None:
        folder = Path(self._settings.get(_FOLDER) or places.studies())
        ask_for_file(self.window, "Open", folder, _KINDS, self.open)

    def _save(self) -> None:
        path = self.designing.draft.path
        self._save_as() if path is None else self.designing.save(path)

    def _save_as(self, then: Callable[[], object] = lambda: None) -> None:
        start = places.studies() / f"{self.designing.draft.document.name}.toml"
        path = self.designing.draft.path or start
        ask_for_file(
            self.window,
            "Save spec",
            path,
            "Specs (*.toml)",
            lambda chosen: self.designing.save(chosen, then),
            suffix="toml",
        )

    def _run(self) -> None:
        """Run what is in view: the design, or the study that can be gone on with."""
        if self.window.place == DESIGN:
            self.designing.run()
        elif self.window.place in (RUN, RESULTS) and self.watching.can_start_current():
            self.watching.start_current()
        else:
            self.window.go_to(DESIGN)

    def _create_and_run(self, spec: StudySpec, path_of: Callable[[], Path]) -> None:
        def created(entry: OpenStudy) -> None:
            self.designing.page().set_starting(False)
            self.designing.page().look_for_place()
            self._opened(entry)
            self.watching.start(entry)

        def not_started() -> None:
            self.designing.page().set_starting(False)

        self.designing.page().set_starting(True)
        self._trusting.then(
            spec.task,
            spec.base,
            lambda: self.studies.create(path_of, spec, created, not_started),
            not_started,
        )

    def _opened(self, entry: OpenStudy) -> None:
        self.recent.used(entry.path)
        self.window.go_to(RUN)

    def _close_current(self) -> None:
        current = self.studies.current
        if current is None:
            return
        if not current.is_active:
            self.studies.close(current)
            return
        ask(
            self.window,
            "Close study",
            f"{current.name} is not finished. Stop and close it?",
            "Everything found so far is kept, and you can go on with it later.",
            [("Stop and close", lambda: self.studies.close(current)), ("Keep running", None)],
        )

    def _unless_unsaved(self, act: Callable[[], object]) -> None:
        """Act, after asking what is to become of changes that no file has."""
        if not self.designing.unsaved:
            act()
            return
        name = self.designing.draft.document.name
        ask(
            self.window,
            "Unsaved design",
            f"The design of {name} has changes that are not saved.",
            "Save them as a spec first?",
            [("Save…", lambda: self._save_as(act)), ("Discard", act), ("Cancel", None)],
        )

    def _choose_scheme(self, scheme: theme.Scheme) -> None:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        theme.apply(app, scheme)
        self._settings.set(SCHEME, scheme)

    def _choose_map(self, name: str) -> None:
        theme.use_value_map(name)
        self._settings.set(VALUE_MAP, name)

    # -- telling --------------------------------------------------------------------------------

    def _tell(self, sentence: str, tone: str = "bad") -> None:
        self.window.notice.tell(sentence, tone)

    def _list_recent(self) -> None:
        self.window.commands.set_recent(
            [
                (study.name, study.path, lambda path=study.path: self.open(Path(path)))
                for study in self.recent.studies()
            ]
        )

    def _show_crash(self, sentence: str, details: str) -> None:
        title = "Unexpected error"
        DetailsDialog(self.window, title, sentence, details, self._crashes.folder).open()

    def _show_failure(self, sentence: str, log: str) -> None:
        """Why a trial could not be run, with what it printed on demand."""
        if log:
            OutputDialog(self.window, "Dry run", sentence, log).open()
        else:
            self._tell(sentence)

    def _remember(self) -> None:
        """What is to be there at the next start."""
        self.watching.remember_layout()
        self.designing.remember()
