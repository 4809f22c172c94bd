"""What a person asks of a study that has begun: commands about one trial, and other terms.

Whatever may touch the study's file is done in a job. Starting, pausing and stopping a study are in
gui/watching.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from engine.events import StudyState
from engine.trial import TrialState
from gui.main_window import MainWindow
from gui.models.trial_commands import SEEDS, TrialCommand, is_possible
from gui.open_studies import OpenStudies, OpenStudy
from gui.widgets.code_dialog import OutputDialog

if TYPE_CHECKING:
    from gui.models.study_model import StudyModel


class Controlling(QObject):
    """Carries out the commands of the menus Study and Trial for the study that is shown."""

    def __init__(
        self, window: MainWindow, studies: OpenStudies, go_on: Callable[[OpenStudy], object]
    ) -> None:
        super().__init__(window)
        self._window = window
        self._studies = studies
        self._go_on = go_on
        self._followed: StudyModel | None = None
        studies.currentChanged.connect(self._follow)
        commands = window.commands
        for command, action in commands.of_trial.items():
            action.triggered.connect(lambda _checked=False, c=command: self.act(c))
        for action, act in (
            (commands.pause_now, lambda: studies.command("pause", True)),
            (commands.add_configuration, self.add_configuration),
            (commands.change_terms, self.change_terms),
            (commands.change_space, self.change_space),
        ):
            action.triggered.connect(lambda _checked=False, act=act: act())
        window.strip.pauseNowRequested.connect(commands.pause_now.trigger)
        self._follow()

    # -- one trial ------------------------------------------------------------------------------

    def act(self, command: TrialCommand, number: int | None = None) -> None:
        """Do something about a trial, or about the one that is selected."""
        entry, model = self._studies.current, self._followed
        if number is None and model is not None:
            number = model.selected
        if entry is None or number is None or not is_possible(model, command, number):
            return
        match command:
            case TrialCommand.CANCEL:
                self._studies.command("cancel_trial", number)
            case TrialCommand.CONTINUE:
                self._continue(entry, number)
            case TrialCommand.AGAIN:
                self._run_again(entry, number, f"Trial {number}, again, runs")
            case TrialCommand.REPEAT_3 | TrialCommand.REPEAT_5 | TrialCommand.REPEAT_10:
                seeds = SEEDS[command]
                self._run_again(entry, number, f"{seeds} repeats of trial {number} run", seeds)
            case TrialCommand.LIKE_IT:
                self.add_configuration(number)
            case TrialCommand.COPY:
                self._studies.ask(lambda: entry.study.command_of(number), self._copied)
            case TrialCommand.OUTPUT:
                self._show_output(entry, number)

    def add_configuration(self, number: int | None = None) -> None:
        """Ask for a configuration, starting from a trial's, and have it run next."""
        from gui.pages.run.configuration_dialog import ConfigurationDialog

        entry = self._studies.current
        if entry is None:
            return
        dialog = ConfigurationDialog(self._window, entry.model, number)

        def add() -> None:
            params = dialog.params
            self._add(entry, lambda: entry.study.enqueue(params), "The configuration runs")

        dialog.accepted.connect(add)
        dialog.open()

    def _run_again(self, entry: OpenStudy, number: int, what: str, seeds: int = 0) -> None:
        """Run a trial's configuration once more, or by so many other seeds."""
        self._add(entry, lambda: entry.study.run_again(number, seeds), what)

    def _add(self, entry: OpenStudy, add: Callable[[], object], what: str) -> None:
        """Add trials that run as soon as may be."""
        self._studies.ask(add, lambda _: self._await(entry, what))

    def _continue(self, entry: OpenStudy, number: int) -> None:
        """Have a stopped trial finished; say so where that means to begin again."""

        def asked(goes_on: bool) -> None:
            again = f"Trial {number} left no checkpoint and begins again from its start,"
            self._await(entry, f"Trial {number} goes on" if goes_on else again)

        self._studies.ask(lambda: entry.study.continue_trial(number), asked)

    def _await(self, entry: OpenStudy, what: str) -> None:
        """Say when a trial that waits has its turn; a study that is finished goes on for it, one
        that rests is left alone."""
        state = entry.model.state
        if state is StudyState.FINISHED:
            self._go_on(entry)
        elif state.is_active:
            when = "when the study is resumed" if state is StudyState.PAUSED else "next"
            self._window.notice.tell(f"{what} {when}.", "good")
        else:
            self._offer_to_go_on(entry, f"{what} when the study goes on.")

    def _copied(self, command: str) -> None:
        QGuiApplication.clipboard().setText(command)
        self._window.notice.tell(f"Copied: {command}", "good")

    def _show_output(self, entry: OpenStudy, number: int) -> None:
        from gui.models.failure_words import failure_words

        failure = entry.model.trials[number].failure
        if failure is not None:
            sentence = f"Trial {number}: {failure_words(failure)}"
            output = failure.log_tail or "It printed nothing."
            OutputDialog(self._window, f"Output of trial {number}", sentence, output).open()

    # -- the whole study ------------------------------------------------------------------------

    def change_terms(self) -> None:
        """Ask for another budget, other limits, or another number of workers."""
        from gui.pages.run.terms_dialog import TermsDialog

        entry = self._studies.current
        if entry is not None:
            dialog = TermsDialog(self._window, entry.model)
            dialog.accepted.connect(lambda: self._change(entry, **dialog.changes))
            dialog.open()

    def change_space(self) -> None:
        """Ask for another space to search from now on."""
        from gui.pages.design.space_dialog import SpaceDialog

        entry = self._studies.current
        if entry is not None:
            dialog = SpaceDialog(self._window, entry.model.spec)
            dialog.accepted.connect(lambda: self._change(entry, space=dialog.space))
            dialog.open()

    def _change(self, entry: OpenStudy, **changes: Any) -> None:
        def change() -> bool:
            entry.study.change(**changes)
            return entry.study.has_more_to_do()

        def changed(has_more: bool) -> None:
            if entry.model.state is StudyState.FINISHED and has_more:
                self._offer_to_go_on(entry, f"{entry.name} was changed, and has more to do now.")
            else:
                self._window.notice.tell(f"{entry.name} was changed.", "good")

        self._studies.ask(change, changed)

    def _offer_to_go_on(self, entry: OpenStudy, sentence: str) -> None:
        self._window.notice.tell(sentence, answers=[("Go on", lambda: self._go_on(entry))])

    # -- following ------------------------------------------------------------------------------

    def _follow(self) -> None:
        """Offer what can be done with the study that is shown from now on."""
        before, entry = self._followed, self._studies.current
        self._followed = None if entry is None else entry.model
        if before is not self._followed:
            for model, link in ((before, "disconnect"), (self._followed, "connect")):
                if model is not None:
                    for signal in (model.stateChanged, model.trialsChanged, model.selectionChanged):
                        getattr(signal, link)(self._offer)
        self._offer()

    def _offer(self, *_: object) -> None:
        commands, model = self._window.commands, self._followed
        number = None if model is None else model.selected
        for command, action in commands.of_trial.items():
            action.setEnabled(is_possible(model, command, number))
        may = model is not None and not model.read_only_because
        for action in (commands.add_configuration, commands.change_terms, commands.change_space):
            action.setEnabled(may)
        commands.pause_now.setEnabled(may and can_pause_now(model))


def can_pause_now(model: StudyModel) -> bool:
    """Whether there is something that a pause would interrupt."""
    runs = model.count(TrialState.RUNNING) > 0
    return model.state is StudyState.RUNNING or (model.state is StudyState.PAUSED and runs)
