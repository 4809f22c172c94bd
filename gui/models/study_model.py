"""One open study as the window sees it: records, plot arrays, the selection, and what changed.

It lives on the UI thread, is made from a snapshot and kept up to date by batches of events. It
never touches the study, a file or a widget.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence

import numpy as np
from PySide6.QtCore import QObject, Signal

from engine.events import (
    Event,
    GainForeseen,
    HolderChanged,
    Logged,
    StopSuggested,
    StudyChanged,
    StudySnapshot,
    StudyState,
    StudyStateChanged,
    TrialFinished,
    TrialQueued,
    TrialReported,
    TrialStarted,
    TrialTested,
)
from engine.spec import Budget
from engine.trial import Report, Trial, TrialState, put_report
from gui.models.failure_words import CommonFailure, FailureTally
from gui.models.scales import scale_of
from gui.models.trial_arrays import TrialArrays

_LOG_LINES = 20_000
_MOMENT_S = 0.4
_TICKING = frozenset({StudyState.RUNNING, StudyState.STOPPING})
_OPEN_ENDED = (StudyState.RUNNING, StudyState.PAUSED)


class StudyModel(QObject):
    """Signals are coalesced: one of a kind for each batch of events, whatever its size."""

    trialsChanged = Signal(list)
    reportsArrived = Signal(list)
    stateChanged = Signal()
    spaceChanged = Signal()
    """It is searched in another space from now on, so that axes and columns are others."""
    bestChanged = Signal()
    selectionChanged = Signal()
    logged = Signal(list)

    def __init__(self, snapshot: StudySnapshot, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.spec = snapshot.spec
        self.path = snapshot.path
        self.state = snapshot.state
        self.reason = snapshot.reason
        self.message = snapshot.message
        self.read_only_because = snapshot.read_only_because
        self._workers = snapshot.workers
        self.trials: dict[int, Trial] = {}
        self.reports: dict[int, Sequence[Report]] = dict(snapshot.reports)
        self.log: list[Logged] = list(snapshot.log)
        self.selected: int | None = None
        self.foreseen: GainForeseen | None = None
        """What the method expects more trials to bring, while they run."""
        self.suggestion = ""
        """Why the study proposes to stop, until there is an answer."""
        self.minimize: bool = self.spec.task.direction == "minimize"
        self._best: int | None = None
        self._finished = 0
        self._failures = FailureTally()
        self._has_begun = any(t.state is TrialState.RUNNING for t in snapshot.trials)
        self._clock = (snapshot.elapsed, time.monotonic())
        for trial in snapshot.trials:
            self._keep_in_mind(trial)
        self._failures = FailureTally(snapshot.trials)
        self._count_trials()
        self._lay_out()

    # -- what it knows --------------------------------------------------------------------------

    @property
    def best(self) -> Trial | None:
        """The best complete trial so far."""
        return None if self._best is None else self.trials[self._best]

    @property
    def workers(self) -> int:
        """How many trials run at once."""
        return self._workers

    @property
    def is_at_work_here(self) -> bool:
        """Whether this program runs it, or waits to; what somebody else runs is only looked at."""
        return self.state.is_active and not self.read_only_because

    @property
    def is_held_up(self) -> bool:
        """Whether it waits for devices, and longer than it takes to get those that are free."""
        waited = time.monotonic() - self._clock[1]
        return self.state is StudyState.WAITING and waited > _MOMENT_S

    @property
    def is_starting(self) -> bool:
        """Whether the workers of this run are being started: none has begun a trial yet."""
        return self.state is StudyState.RUNNING and not self._has_begun

    @property
    def varied(self) -> list[str]:
        """Names of the parameters that are searched, in the user's order."""
        return list(self.spec.space.dimensions)

    @property
    def objective(self) -> str:
        """Name of the metric that is being optimised."""
        return self.spec.task.objective

    def numbers(self, rows: np.ndarray) -> np.ndarray:
        """The numbers of the trials of `rows`."""
        return self.arrays.column("number")[rows].astype(np.intp)

    def count(self, *states: TrialState) -> int:
        """How many trials are in one of `states`."""
        return int(np.count_nonzero(self.arrays.is_state(*states)))

    def progress(self) -> tuple[int, int | None]:
        """Trials that are over, and how many there will be (None: no end in sight)."""
        return self._finished, self._planned

    def room(self) -> int | None:
        """How many more trials the space has configurations for; None: no end of them."""
        return None if self._most is None else max(0, self._most - len(self.trials))

    def can_have_more(self) -> bool:
        """Whether it has ended here, and not every configuration was tried."""
        ended = self.state in (StudyState.STOPPED, StudyState.FINISHED)
        return ended and not self.read_only_because and self.room() != 0

    @property
    def common_failure(self) -> CommonFailure | None:
        """What so many trials failed of that it is one error."""
        return self._failures.common()

    def elapsed(self) -> float:
        """Seconds the study has run so far."""
        ran, since = self._clock
        return ran + (time.monotonic() - since if self.state in _TICKING else 0.0)

    def best_so_far(self, order: np.ndarray) -> np.ndarray:
        """Best value after each of the rows `order`; NaN before the first complete trial."""
        values = np.where(self.arrays.complete, self.arrays.column("value"), np.nan)[order]
        return (np.fmin if self.minimize else np.fmax).accumulate(values)

    # -- what changes it ------------------------------------------------------------------------

    def select(self, number: int | None) -> None:
        """Select a trial in every panel, or none."""
        number = number if number in self.trials else None
        if number != self.selected:
            self.selected = number
            self.selectionChanged.emit()

    def decline(self) -> None:
        """Go on in spite of what the study proposes."""
        self.suggestion = ""
        self.stateChanged.emit()

    def select_next(self, by: int) -> None:
        """Select the trial `by` numbers after the selected one, or the first one."""
        numbers = np.sort(self.arrays.column("number"))
        if len(numbers):
            here = -1 if self.selected is None else int(np.searchsorted(numbers, self.selected))
            self.select(int(numbers[min(max(0, here + by), len(numbers) - 1)]))

    def apply(self, events: Iterable[Event]) -> None:
        """Take in `events` in their order, then say once for each kind what changed."""
        changed: dict[int, None] = {}
        reported: dict[int, None] = {}
        lines: list[Logged] = []
        best, space = self.best, self.spec.space
        state_changed = False
        for event in events:
            match event:
                case TrialReported(number, report):
                    self._add_report(number, report)
                    reported[number] = None
                case TrialStarted(trial, continues):
                    self._has_begun = True
                    if not continues:  # what an earlier attempt reported
                        self.reports.pop(trial.number, None)
                    self._put(trial)
                    changed[trial.number] = None
                case TrialQueued(trial) | TrialFinished(trial) | TrialTested(trial):
                    self._put(trial)
                    changed[trial.number] = None
                case StudyStateChanged():
                    self._enter(event)
                    state_changed = True
                case StudyChanged(spec, workers):
                    self.spec, self._workers = spec, workers
                    self._count_trials()
                    state_changed = True
                case HolderChanged(because):
                    self.read_only_because = because
                    state_changed = True
                case GainForeseen():
                    self.foreseen = event
                case StopSuggested(message):
                    self.suggestion = message
                    state_changed = True
                case Logged():
                    lines.append(event)
        self._keep(lines)
        if self.spec.space != space:
            self._lay_out()
            self.spaceChanged.emit()
        if changed:
            self.trialsChanged.emit(list(changed))
        if reported:
            self.reportsArrived.emit(list(reported))
        if self.best is not best:
            self.bestChanged.emit()
        if state_changed:
            self.stateChanged.emit()
        if lines:
            self.logged.emit(lines)

    def _add_report(self, number: int, report: Report) -> None:
        """Keep a report, in the order of steps; one of the same step is replaced."""
        reports = self.reports.get(number, ())
        if not isinstance(reports, list):
            reports = self.reports[number] = list(reports)
        put_report(reports, report)

    def _count_trials(self) -> None:
        """How many trials there will be by the budget, and how many there can be at all."""
        self._planned = self.spec.planned_trials()
        self._most = self.spec.with_(budget=Budget()).planned_trials()

    def _lay_out(self) -> None:
        """Make the arrays for the space as it is."""
        self.scales = {p.name: scale_of(p) for p in self.spec.space.parameters}
        self.arrays = TrialArrays(self.scales)
        self.arrays.fill(list(self.trials.values()))

    def _put(self, trial: Trial) -> None:
        self.arrays.put(trial)
        self._keep_in_mind(trial)

    def _keep_in_mind(self, trial: Trial) -> None:
        earlier = self.trials.get(trial.number)
        was_finished = earlier is not None and earlier.state.is_finished
        self._finished += trial.state.is_finished - was_finished
        if trial.state.is_finished and not was_finished:
            self._failures.add(trial)
        self.trials[trial.number] = trial
        if trial.state is TrialState.COMPLETE and self._beats_best(trial):
            self._best = trial.number

    def _beats_best(self, trial: Trial) -> bool:
        """Whether it is the best so far; of equal ones the earlier is."""
        if trial.value is None or not math.isfinite(trial.value):
            return False
        if self._best is None:
            return True
        best = self.trials[self._best].value
        if trial.value == best:
            return trial.number < self._best
        return (trial.value < best) == self.minimize

    def _enter(self, event: StudyStateChanged) -> None:
        self._clock = (self.elapsed(), time.monotonic())
        self.state, self.reason, self.message = event.state, event.reason, event.message
        self._has_begun = self._has_begun and self.state is not StudyState.WAITING
        if self.state not in _OPEN_ENDED:
            self.foreseen, self.suggestion = None, ""

    def _keep(self, lines: list[Logged]) -> None:
        self.log.extend(lines)
        if len(self.log) > _LOG_LINES:
            del self.log[: len(self.log) - _LOG_LINES]
