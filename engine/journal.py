"""Writes down what happens to a study: in its file, then for everybody who listens."""

from __future__ import annotations

from engine.clock import Clock
from engine.events import Logged, StopReason, StudyState, StudyStateChanged, TrialReported
from engine.ledger import Ledger
from engine.store import Store
from engine.trial import Report

COMMIT_SECONDS = 1.0
"""Reports and log lines are on disk after this many seconds at most; a finished trial at once."""


class Journal:
    """A study's file and its records in memory, kept in step by the study thread."""

    def __init__(self, ledger: Ledger, store: Store, clock: Clock) -> None:
        self.ledger = ledger
        self.store = store
        self._clock = clock
        self._uncommitted_since: float | None = None

    def set_state(
        self, state: StudyState, reason: StopReason | None = None, message: str = ""
    ) -> None:
        """Write durably where the study stands, and publish it."""
        ledger = self.ledger
        if (state, reason, message) != (ledger.state, ledger.reason, ledger.message):
            self.store.put_condition(state, reason, message, self.ledger.elapsed())
            self.store.commit()
            self._uncommitted_since = None
            self.ledger.publish(StudyStateChanged(state, reason, message))

    def log(self, level: str, text: str, number: int | None = None) -> None:
        """Add a line to the study's log."""
        line = Logged(self._clock.time(), level, text, number)
        self.store.put_log(line)
        self.touch()
        self.ledger.publish(line)

    def report(self, number: int, report: Report) -> None:
        """Add what a running trial reported."""
        self.store.put_reports(number, [report])
        self.touch()
        self.ledger.publish(TrialReported(number, report))

    def touch(self) -> None:
        """Something was written that need not be durable at once."""
        if self._uncommitted_since is None:
            self._uncommitted_since = self._clock.monotonic()

    def commit(self) -> None:
        """Make what was written durable, and with it the time that the study has run."""
        ledger = self.ledger
        self.store.put_condition(ledger.state, ledger.reason, ledger.message, ledger.elapsed())
        self.store.commit()
        self._uncommitted_since = None

    def commit_if_due(self) -> None:
        """Make durable what has waited long enough."""
        if self._uncommitted_since is not None and self.patience() <= 0:
            self.commit()

    def patience(self) -> float:
        """Seconds until `commit_if_due` has something to do; infinite when nothing waits."""
        if self._uncommitted_since is None:
            return float("inf")
        return self._uncommitted_since + COMMIT_SECONDS - self._clock.monotonic()
