"""What commands do to the draft: new, open, save, run, try, remember it for next time."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from engine import places
from gui.jobs import run_job
from gui.models.study_place import free_path
from gui.models.templates import find_templates
from gui.models.timings import Timings
from gui.settings import Settings
from gui.trusting import Trusting
from gui.trying import Trying
from gui.widgets.dialogs import ask_for_file

if TYPE_CHECKING:
    from engine.discovery import Discovered
    from engine.spec import StudySpec
    from gui.models.draft import Draft
    from gui.open_studies import StudyDoor
    from gui.pages.design.page import DesignPage

_TEXT, _BASE, _PATH, _FOLDER = "design/text", "design/base", "design/path", "design/folder"


class Designing(QObject):
    """Owns the draft and its page; both are made when they are first needed."""

    refused = Signal(str)
    failed = Signal(str, str)
    """A trial could not be run: one sentence, and the last lines that it printed."""
    told = Signal(str)
    opened = Signal()
    runRequested = Signal(object, object)
    savedTo = Signal(Path)

    def __init__(
        self,
        settings: Settings,
        undo: QUndoStack,
        door: StudyDoor,
        trusting: Trusting,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._settings = settings
        self._undo = undo
        self._door = door
        self._trying = Trying(door, trusting, self)
        self._trying.busyChanged.connect(lambda what: self.page().set_trying(what))
        self._trying.tried.connect(self._tried)
        self._trying.discovered.connect(self._discovered)
        self._trying.failed.connect(self.failed)
        self._timings = Timings(settings)
        self._draft: Draft | None = None
        self._page: DesignPage | None = None

    # -- what it owns ---------------------------------------------------------------------------

    @property
    def draft(self) -> Draft:
        """The draft: the one of last time, or a new study."""
        if self._draft is None:
            from gui.models.draft import Draft  # late: the engine's spec comes with it

            spec, path = self._last_time() or (self._new(), None)
            self._draft = Draft(spec, self._undo, self)
            self._draft.take_path(path)
        return self._draft

    def page(self) -> DesignPage:
        """The Design page."""
        if self._page is None:
            from gui.pages.design.page import DesignPage

            folder = Path(self._settings.get(_FOLDER) or places.studies())
            self._page = DesignPage(self.draft, self._timings, folder)
            self._page.runRequested.connect(self.run)
            self._page.dryRunRequested.connect(self.dry_run)
            self._page.task.script.discoverRequested.connect(self.discover)
            self._page.task.script.templateChosen.connect(self._ask_where_to_put)
            run_job(self, find_templates, self._page.task.script.set_templates)
            run_job(self, self._door.automatic_workers, self._page.set_automatic_workers)
        return self._page

    @property
    def unsaved(self) -> bool:
        """Whether something was changed that no file has."""
        return not self._undo.isClean()

    # -- commands -------------------------------------------------------------------------------

    def new(self) -> None:
        """Begin a new study."""
        self.draft.replace_all(self._new(), None)
        self.opened.emit()

    def open(self, path: Path) -> None:
        """Read a spec from its TOML file."""
        from engine.spec import StudySpec

        self._read(lambda: StudySpec.load(path), path)

    def vary(self, spec: StudySpec) -> None:
        """Begin with the spec of a study that was run."""
        self.draft.replace_all(spec, None)
        self.opened.emit()

    def use_data(self, path: Path) -> None:
        """Take a file or a folder as the draft's data."""
        self.page().task.choose_data(str(path))
        self.opened.emit()

    def save(self, path: Path, then: Callable[[], object] = lambda: None) -> None:
        """Write the draft's TOML file, and go on with `then`."""
        spec = self._valid("saved")
        if spec is None:
            return

        def saved(_: None) -> None:
            self.draft.saved(path, spec)
            self.savedTo.emit(path)
            then()

        run_job(self, lambda: spec.save(path), saved, self._refuse)

    def run(self) -> None:
        """Ask for the draft to be run, and say how to find the file for it."""
        spec = self._runnable("run")
        if spec is not None and not self.page().is_starting:
            folder = self.page().place.folder
            self.runRequested.emit(spec, lambda: free_path(folder, spec.name))

    def dry_run(self) -> None:
        """Run one trial to see that it runs, and how long the study will take; or stop that."""
        if self._trying.is_busy:
            self._trying.stop()
            return
        spec = self._runnable("tried")
        if spec is not None:
            self._trying.dry_run(spec)

    def discover(self) -> None:
        """Take over the space that the script asks for; or stop looking for it."""
        from engine.spec import ScriptTask, SpecError, read_task

        if self._trying.is_busy:
            self._trying.stop()
            return
        try:
            task = read_task(self.draft.document.task)
        except SpecError as error:
            self.refused.emit(str(error))
            return
        if isinstance(task, ScriptTask):
            self._trying.discover(task, self.draft.base)

    def learn(self, spec: StudySpec, seconds: list[float]) -> None:
        """Remember how long trials took, and show what that means."""
        self._timings.add(spec, seconds)
        if self._page is not None:
            self._page.refresh()

    def remember(self) -> None:
        """Keep the draft for the next start, if it can be told in TOML."""
        if self._draft is None or self._page is None:
            return
        self._settings.set(_FOLDER, str(self._page.place.folder))
        spec = self._draft.verdict.spec
        if spec is not None:
            self._settings.set(_TEXT, spec.to_toml())
            self._settings.set(_BASE, str(spec.base))
            self._settings.set(_PATH, str(self._draft.path or ""))

    # -- inside ---------------------------------------------------------------------------------

    def _new(self) -> StudySpec:
        from gui.models.new_study import new_study

        return new_study(places.studies())

    def _last_time(self) -> tuple[StudySpec, Path | None] | None:
        from engine.spec import SpecError, StudySpec

        text = self._settings.get(_TEXT)
        if not isinstance(text, str):
            return None
        try:
            spec = StudySpec.parse(text, Path(self._settings.get(_BASE, "")))
        except SpecError:  # written by another version
            return None
        path = self._settings.get(_PATH)
        return spec, Path(path) if path else None

    def _runnable(self, what: str) -> StudySpec | None:
        """The draft's spec, unless it or what is known of its data keeps it from being run."""
        problem = self.page().problem
        if problem:
            self.refused.emit(f"This cannot be {what} yet. {problem}")
            return None
        return self.draft.verdict.spec

    def _valid(self, what: str) -> StudySpec | None:
        verdict = self.draft.verdict
        if verdict.spec is None:
            self.refused.emit(f"This cannot be {what} yet. {verdict.sentence}")
        return verdict.spec

    def _read(self, read: Callable[[], StudySpec], path: Path) -> None:
        def arrived(spec: StudySpec) -> None:
            self.draft.replace_all(spec, None if _is_bundled(path) else path)
            self.opened.emit()

        run_job(self, read, arrived, self._refuse)

    def _tried(self, spec: StudySpec, seconds: float | None, said: str) -> None:
        if seconds is not None:
            self.learn(spec, [seconds])
        if spec.task.kind == "builtin":
            self.told.emit(said)
        else:
            self.page().code_card.show_found(f"✓ {said}", "good")

    def _discovered(self, found: Discovered) -> None:
        from gui.models.document import rows_of

        self.draft.set_rows("taking over the script's parameters", rows_of(found.parameters))
        count = len(found.parameters)
        said = f"✓ {count} parameter{'' if count == 1 else 's'} found; Ctrl+Z takes that back."
        self.page().code_card.show_found(" ".join([said, *found.notes]), "good")

    def _ask_where_to_put(self, template: Path) -> None:
        """A template is copied to a place of the user's, and is the script from then on."""

        def copied(path: Path) -> None:
            self.page().task.script.choose_file(str(path))

        def put(path: Path) -> None:
            run_job(self, lambda: Path(shutil.copyfile(template, path)), copied, self._refuse)

        start = self.draft.base / template.name
        ask_for_file(
            self.page(), "Save the new script", start, "Python scripts (*.py)", put, suffix="py"
        )

    def _refuse(self, error: Exception) -> None:
        if not isinstance(error, ValueError | OSError | RuntimeError):
            raise error
        self.refused.emit(str(error))


def _is_bundled(path: Path) -> bool:
    """Examples are not written over: saving one asks for another place."""
    return path.is_relative_to(places.resources())
