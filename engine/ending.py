"""The end of a study: whether it has come, why, and the last thing that is done."""

from __future__ import annotations

import math

from engine.events import StopReason, StudyState
from engine.executors.messages import TrialTestEnded
from engine.final_test import FinalTest
from engine.journal import Journal
from engine.stop_rules import StopRules, Why
from engine.surroundings import Executor
from engine.trial import Trial

RESUMABLE = (StopReason.USER, StopReason.ERROR, StopReason.FAILURES, StopReason.SETTLED)
"""What a study can be gone on with after."""
NATURAL = (StopReason.TRIALS, StopReason.EXHAUSTED)
"""What ends a study because nothing is left to do."""
AT_ONCE = (StopReason.USER, StopReason.ERROR)
"""What ends a study even where its disk refuses to take what there is."""
TOLD = (StopReason.ERROR, StopReason.FAILURES)
"""What was said in the log when it happened."""


class Ending:
    """Holds why the study ends, from when that is known until it has ended.

    A study whose time is up, or whose target was reached, before it is gone on with runs only what
    waits: trials that were added by hand.
    """

    def __init__(self, journal: Journal, rules: StopRules, test: FinalTest) -> None:
        self.why: Why | None = None
        self.is_over = False
        self._journal = journal
        self._rules = rules
        self._test = test
        self._spent: Why | None = None

    @property
    def has_come(self) -> bool:
        """Whether the study is ending: no trial is begun any more."""
        return self.why is not None

    @property
    def is_final(self) -> bool:
        """Whether the study ends for good: nothing that it has proposed is run any more."""
        return self.why is not None and self.why[0] not in RESUMABLE

    @property
    def is_spent(self) -> bool:
        """Whether no new trials are to be proposed."""
        return self._spent is not None

    def trials_left(self) -> float:
        """How many more configurations the budget allows; infinite when it sets no number."""
        return self._rules.trials_left()

    def begin(self) -> None:
        """The study begins or is gone on with."""
        self._spent = self._rules.spent()

    def look_anew(self) -> None:
        """The budget was changed."""
        self._spent = None

    def decide(self, reason: StopReason, message: str) -> None:
        """The study ends, unless it does already."""
        self.why = self.why or (reason, message)

    def give_up(self, message: str) -> None:
        """The study ends because nothing can run, whatever else was to be."""
        if self.why is None or self.why[0] is not StopReason.ERROR:
            self._journal.log("error", message)
            self.why = (StopReason.ERROR, message)

    def make_way(self) -> None:
        """The user ends the study; what else was to end it, and waits for the disk, does not."""
        if self._journal.trouble is not None:
            self.why = None

    def verdict(self, trial: Trial | None) -> Why | None:
        """Why the study ends with a trial that is over, if it does."""
        if self.why is not None or trial is None:
            return None
        if self._spent is None and self._rules.is_target_reached(trial):
            return StopReason.TARGET, self._rules.target_reached(trial)
        if self._rules.is_failing() and trial.failure is not None:
            text = self._rules.failing(trial)
            self._journal.log("error", text)
            return StopReason.FAILURES, text
        return None

    def is_time_up(self) -> bool:
        """Whether the budget's time has run out, which then is why the study ends."""
        if self.seconds_left() > 0:
            return False
        self.why = (StopReason.SECONDS, self._rules.time_is_up())
        return True

    def is_test_late(self) -> bool:
        """Whether the last test has taken too long; it is not waited for then."""
        number = self._test.number
        if number is None or self._test.seconds_left() > 0:
            return False
        self.end_test(TrialTestEnded(number, {}, "it took too long"))
        return True

    def end_test(self, message: TrialTestEnded) -> None:
        """The last test is over. A study that had nothing more to do may have by now."""
        self._test.end(message)
        if self.why is not None and self.why[0] in NATURAL:
            self.why = None

    def patience(self) -> float:
        """Seconds until the time has to be looked at; infinite where it need not."""
        return min(self.seconds_left(), self._test.seconds_left())

    def seconds_left(self) -> float:
        """Seconds of the budget; infinite where they do not count."""
        is_counting = self.why is None and self._spent is None
        return self._rules.seconds_left() if is_counting else math.inf

    def look(self, executor: Executor | None, is_waiting: bool, is_exhausted: bool) -> None:
        """Nothing runs: end the study if it is to end, after a test of its best trial."""
        if self.is_over or self._test.number is not None:
            return
        if self.why is None and executor is not None and not is_waiting:
            self.why = self._spent or self._rules.natural_end(is_exhausted)
        if self.why is None:
            return
        reason, message = self.why
        if executor is None or reason is StopReason.ERROR or not self._test.begin(executor):
            self._finish(reason, message)

    def _finish(self, reason: StopReason, message: str) -> None:
        if reason not in AT_ONCE and not self._journal.commit():
            return  # until the disk takes everything
        self.is_over = True
        if reason not in TOLD:
            self._journal.log("info", message)
        state = StudyState.STOPPED if reason in RESUMABLE else StudyState.FINISHED
        self._journal.set_state(state, reason, message)
