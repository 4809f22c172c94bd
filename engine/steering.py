"""What is asked of a study at work, done: pausing, stopping, more trials, other terms.

The commands themselves are in commands.py; what follows from one is course.py's.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.changes import write_down
from engine.commands import (
    Cancel,
    Change,
    Command,
    Continue,
    Enqueue,
    Pause,
    Resume,
    RunAgain,
    Stop,
)
from engine.continuing import Continuing
from engine.course import Course
from engine.ending import Ending
from engine.events import StopReason, StudyState
from engine.journal import Journal
from engine.supply import Supply
from engine.trial import Trial
from engine.workforce import Workforce

PAUSABLE = (StudyState.RUNNING, StudyState.PAUSED)


class Steering:
    """Does what is asked of a study. `conclude` is told of a trial that is over by that."""

    def __init__(
        self,
        journal: Journal,
        ending: Ending,
        workforce: Workforce,
        supply: Supply,
        continuing: Continuing,
        course: Course,
        conclude: Callable[[Trial], None],
    ) -> None:
        self._journal = journal
        self._ledger = journal.ledger
        self._ending = ending
        self._workforce = workforce
        self._supply = supply
        self._continuing = continuing
        self._course = course
        self._conclude = conclude

    def carry_out(self, command: Command) -> None:
        """Do what a command asks, if that can be done by now."""
        match command:
            case Pause() if self._ledger.state in PAUSABLE and not self._ending.has_come:
                self._pause(command.now)
            case Resume() if self._ledger.state is StudyState.PAUSED:
                self._journal.set_state(StudyState.RUNNING)
                self._journal.retry(anew=True)
                self._course.go_on()
            case Stop():
                self._ending.make_way()
                self._course.end_because(StopReason.USER, "Stopped by you; it can be gone on with.")
            case Cancel():
                self._cancel(command.number)
            case Enqueue():
                self._supply.add(command.params)
                self._course.go_on()
            case RunAgain():
                self._supply.add_again(command.number, command.seeds)
                self._course.go_on()
            case Continue():
                self._continuing.by_hand(command.number)
                self._course.go_on()
            case Change():
                self._change(command)

    def _pause(self, now: bool) -> None:
        if now:
            self._workforce.interrupt()
        self._course.say_paused()

    def _cancel(self, number: int) -> None:
        trial = self._ledger.trials.get(number)
        if trial is None or trial.state.is_finished or self._workforce.executor is None:
            return
        if number in self._workforce.under_way:
            self._workforce.cancel(number)
        else:
            self._supply.withdraw(number)
            self._conclude(self._continuing.withdrawn(trial))
            self._course.go_on()

    def _change(self, change: Change) -> None:
        """Go on by other terms: at once, or for the next trials where workers watch them."""
        before = self._ledger.spec
        write_down(self._journal, change)
        spec = self._ledger.spec
        if self._workforce.executor is None:
            return
        self._workforce.follow(before, spec)
        if spec.space != before.space:
            self._supply.method.start()
        if spec.budget != before.budget:
            self._ending.look_anew()
            self._course.take_up()
            self._course.judge(self._ledger.best)
        self._course.go_on()
