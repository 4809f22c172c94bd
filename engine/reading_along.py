"""What somebody else does to a study that is open here: read from its file, and published as usual.

`catch_up` may be called by anyone who holds `turn`; the thread of its own calls it about once a
second. While the study is held here, the study thread alone publishes, and nothing is read.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace

from engine.changes import slots_of
from engine.events import (
    HolderChanged,
    Logged,
    StudyChanged,
    StudyStateChanged,
    TrialFinished,
    TrialQueued,
    TrialReported,
    TrialStarted,
    TrialTested,
)
from engine.ledger import Ledger
from engine.store import Store, StoreError
from engine.trial import Report, Trial, TrialState

POLL_SECONDS = 1.0

_Look = tuple[object, ...]


class ReadingAlong:
    """Keeps the records of a study that somebody else runs as its file has them."""

    def __init__(self, ledger: Ledger, store: Store) -> None:
        self.turn = threading.Lock()
        self._ledger = ledger
        self._store = store
        self._seen: _Look | None = None
        self._spec = store.about().get("spec", "")
        self._complaint = ""
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self.mark()

    def mark(self) -> None:
        """What the file holds now is known."""
        self._ended, self._line = self._store.last_ended(), self._store.last_line()

    def begin(self) -> None:
        """Look again and again, on a thread of its own."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="reading along", daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Look no more."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._over.is_set():
            with self.turn:
                if not self._store.is_writer:
                    self._look()
            self._over.wait(POLL_SECONDS)

    def _look(self) -> None:
        """Take in what has changed; where it cannot be read, say so once, and go on trying."""
        look = self._at_a_glance()
        if look == self._seen:
            return
        try:
            self.catch_up()
        except StoreError as error:
            if str(error) != self._complaint:
                self._complaint = str(error)
                self._ledger.publish(Logged(time.time(), "warning", str(error)))
            return
        self._seen, self._complaint = look, ""

    def _at_a_glance(self) -> _Look:
        """What is another one whenever the file or its holder is.

        No connection is kept for SQLite's own sign of changes (`PRAGMA data_version`): it would
        keep the holder from leaving one file behind.
        """
        path = self._store.path
        files = (path, path.with_name(f"{path.name}-wal"))
        return (self._store.holder(), *(_stamp(str(file)) for file in files))

    def catch_up(self) -> None:
        """Publish what is in the file and not in the records. Raises StoreError."""
        store, ledger = self._store, self._ledger
        holder = store.holder()
        with store.one_moment():
            about, condition = store.about(), store.condition()
            ended, line = store.last_ended(), store.last_line()
            trials = [(t, self._news(t)) for t in store.trials_since(self._ended)]
            lines = store.log(self._line)
            spec = store.spec() if about["spec"] != self._spec else None
        because = held_by(holder)
        if because != ledger.read_only_because:
            ledger.publish(HolderChanged(because))
        if spec is not None and spec != ledger.spec:
            ledger.publish(StudyChanged(spec, len(slots_of(spec))))
        state = StudyStateChanged(*condition[:3])
        if state.state.is_active:
            self._publish_state(state, condition[3])
        for trial, reports in trials:
            self._publish_trial(trial, reports)
        for entry in lines:
            ledger.publish(entry)
        if not state.state.is_active:
            self._publish_state(state, condition[3])
        self._ended, self._line, self._spec = ended, line, about["spec"]

    def _publish_state(self, event: StudyStateChanged, elapsed: float) -> None:
        ledger = self._ledger
        if event != StudyStateChanged(ledger.state, ledger.reason, ledger.message):
            ledger.publish(event)
        ledger.set_elapsed(elapsed)

    def _news(self, trial: Trial) -> list[Report]:
        """The reports of a trial, where they may have changed."""
        known = self._ledger.trials.get(trial.number)
        changes = trial != known or trial.state is TrialState.RUNNING
        return self._store.reports_of(trial.number) if changes else []

    def _publish_trial(self, trial: Trial, reports: list[Report]) -> None:
        ledger = self._ledger
        known = ledger.trials.get(trial.number)
        if trial.state is TrialState.QUEUED:
            if trial != known:
                ledger.publish(TrialQueued(trial))
            return
        if trial.started is not None and (known is None or trial.started != known.started):
            self._publish_start(trial, reports)
        heard = {report.step: report for report in ledger.reports.get(trial.number, ())}
        for report in reports:
            if heard.get(report.step) != report:
                ledger.publish(TrialReported(trial.number, report))
        known = ledger.trials.get(trial.number)
        if trial == known:
            return
        tested = known is not None and replace(trial, test=known.test) == known
        if trial.state is not TrialState.RUNNING:
            ledger.publish(TrialTested(trial) if tested else TrialFinished(trial))

    def _publish_start(self, trial: Trial, reports: list[Report]) -> None:
        """A trial has begun, perhaps again: from its beginning, or from its checkpoint."""
        started = Trial(
            *(trial.number, trial.params, TrialState.RUNNING, trial.seed),
            started=trial.started,
            worker=trial.worker,
            device=trial.device,
        )
        known = self._ledger.reports.get(trial.number, [])
        continues = bool(known) and all(report in reports for report in known[:1])
        if not continues:
            self._ledger.restart(started)
        self._ledger.publish(TrialStarted(started, continues))


def held_by(holder: str) -> str:
    """Why a study can only be looked at, by who holds it; empty where nobody does."""
    return f"It is being run by {holder}." if holder else ""


def _stamp(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
