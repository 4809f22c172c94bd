"""Writes down what happens to a study: in its file, then for everybody who listens.

Where the disk refuses, the study is shown as paused until everything is on disk: nothing is lost
meanwhile, it waits in the store.
"""

from __future__ import annotations

from engine.clock import Clock
from engine.events import Logged, StopReason, StudyState, StudyStateChanged, TrialReported
from engine.ledger import Ledger
from engine.store import DiskError, Store
from engine.trial import Report

COMMIT_SECONDS = 1.0
"""Reports and log lines are on disk after this many seconds at most; a finished trial at once."""

RETRY_SECONDS = 2.0
"""How long a disk that has refused is left alone."""

_TROUBLED = (StudyState.PAUSED, StudyState.STOPPED)
"""States whose reason is the trouble, where there is any."""
_ENDED = (StudyState.STOPPED, StudyState.FINISHED)


class Journal:
    """A study's file and its records in memory, kept in step by the study thread."""

    def __init__(self, ledger: Ledger, store: Store, clock: Clock) -> None:
        self.ledger = ledger
        self.store = store
        self._clock = clock
        self._stands = (ledger.state, ledger.reason, ledger.message)
        self._uncommitted_since: float | None = None
        self.trouble: DiskError | None = None
        """Why the disk has refused, until it has taken everything."""
        self._retry_at = 0.0

    @property
    def state(self) -> StudyState:
        """Where the study stands, or would if the disk let it."""
        return self._stands[0]

    def set_state(
        self, state: StudyState, reason: StopReason | None = None, message: str = ""
    ) -> None:
        """Write durably where the study stands, and publish it."""
        if (state, reason, message) != self._stands:
            self._stands = (state, reason, message)
            self._write(anew=state in _ENDED)
            self._show()

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

    def commit(self) -> bool:
        """Make what was written durable, and with it the time that the study has run.

        False where the disk refuses: it is kept, and written when `retry` finds that it can be.
        """
        if self.trouble is None:
            self._write()
        elif self.state.is_active:
            self._show()
        return self.trouble is None

    def look_at_the_time(self) -> bool:
        """Write what has waited long enough; whether trouble is over by that."""
        if self.patience() > 0:
            return False
        if self.trouble is not None:
            return self.retry()
        self._write()
        return False

    def patience(self) -> float:
        """Seconds until `look_at_the_time` has something to do; infinite when nothing waits."""
        if self.trouble is not None:
            return self._retry_at - self._clock.monotonic()
        if self._uncommitted_since is None:
            return float("inf")
        return self._uncommitted_since + COMMIT_SECONDS - self._clock.monotonic()

    # Trouble with the disk

    def retry(self, anew: bool = False) -> bool:
        """Try what the disk has refused; whether it takes it now. `anew`: as in the store."""
        if self.trouble is None:
            return False
        self._write(anew)
        self._show()
        return self.trouble is None

    def _write(self, anew: bool = False) -> None:
        before = self.trouble
        self._uncommitted_since = None
        self.store.put_condition(*self._stands, self.ledger.elapsed())
        try:
            if before is not None and self.store.find_again(anew):
                self._put_everything()
            self.store.commit()
        except DiskError as error:
            self.trouble = error
            self._retry_at = self._clock.monotonic() + RETRY_SECONDS
            if before is None and self.state.is_active:
                self.log("warning", self._in_words(error))
                self._show()
            return
        self.trouble = None
        if before is not None:
            self.log("info", f"{self.store.path.name} is written again; nothing was lost.")

    def _put_everything(self) -> None:
        """Write all that is known: another copy of the file may lack some of it."""
        for trial in self.ledger.all_trials():
            self.store.put_trial(trial)
            self.store.put_reports(trial.number, self.ledger.reports.get(trial.number, ()))
        self.store.put_spec(self.ledger.spec)

    def _show(self) -> None:
        """Publish where the study stands, where that is not what was published last."""
        state, reason, message = self._stands
        if self.trouble is not None:
            words = self._in_words(self.trouble)
            message = f"{message} {words}".strip()
            state = StudyState.PAUSED if state is StudyState.RUNNING else state
            reason = StopReason.ERROR if state in _TROUBLED else reason
        if (state, reason, message) != (self.ledger.state, self.ledger.reason, self.ledger.message):
            self.ledger.publish(StudyStateChanged(state, reason, message))

    def _in_words(self, trouble: DiskError) -> str:
        count = self.store.unsaved
        kept = f"{count} trials are" if count > 1 else "1 trial is"
        if count == 0:
            kept = "what happens now is"
        then = "; it goes on by itself"
        if self.state is StudyState.PAUSED:
            then = "; it is saved by itself"
        elif self.state in _ENDED:
            then = ", then close the study or go on with it"
        return f"{trouble.why}: {kept} not yet saved, but kept in memory. {trouble.mend}{then}."
