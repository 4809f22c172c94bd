"""What a study without a screen says on the terminal: its progress, and its last lines."""

from __future__ import annotations

import os
import shlex
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from engine.analysis.cost import estimate, rough, words
from engine.events import (
    Event,
    Logged,
    StopSuggested,
    StudyState,
    StudyStateChanged,
    TrialFinished,
    TrialStarted,
)
from engine.study import Study
from engine.trial import Trial
from engine.trust import is_trusted

Show = Callable[[Event | None], None]
"""Shows an event; None: nothing has happened, but time has passed."""

RECENT_TRIALS = 200
"""How many of the last trials the remaining time is estimated from."""


@contextmanager
def progress(study: Study, tally: Tally) -> Iterator[Show]:
    """A function that shows an event: on a live line in a terminal, as plain lines in a pipe."""
    if not sys.stdout.isatty():
        yield lambda event: _print_plainly(study, tally, event)
        return
    from rich.progress import BarColumn, Progress, TextColumn

    columns = ("{task.description}", BarColumn(), TextColumn("{task.fields[more]}"))
    with Progress(*columns) as progress:
        line = progress.add_task(study.spec.name, total=tally.planned, more="starting")

        def show(event: Event | None) -> None:
            tally.count(event)
            if isinstance(event, Logged) and event.level != "info" and not _ends_the_study(event):
                progress.console.print(event.text, markup=False, highlight=False)
            if isinstance(event, StopSuggested):
                progress.console.print(_suggestion(event), markup=False, highlight=False)
            progress.update(line, completed=tally.finished, more=tally.in_words())

        yield show


def _suggestion(event: StopSuggested) -> str:
    return f"{event.message} It goes on; Ctrl-C ends it and keeps what was found."


def _ends_the_study(event: Logged) -> bool:
    """Whether it is the error that the last lines name; errors of trials have their number."""
    return event.level == "error" and event.number is None


def _say(text: str) -> None:
    """Print a line. Where nobody reads it any more (`| head`), the study goes on unheard."""
    try:
        print(text, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_plainly(study: Study, tally: Tally, event: Event | None) -> None:
    tally.count(event)
    match event:
        case TrialFinished(trial=trial) if trial.started is not None:
            _say(f"{_trial_line(study, trial)} | {tally.in_words()}")
        case Logged(level="warning", text=text, number=None):
            _say(text)
        case StopSuggested():
            _say(_suggestion(event))
        case StudyStateChanged(state=StudyState.WAITING):
            _say(f"{study.spec.name}: {study.path}")


class Tally:
    """Counts, times and the best value of a study, kept up to date by its events."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self.planned = study.spec.planned_trials()
        done = [trial for trial in study.trials if trial.state.is_finished]
        self._finished = {trial.number for trial in done}
        self._has_begun = False
        self._durations = deque((t.seconds for t in done if t.seconds), maxlen=RECENT_TRIALS)

    @property
    def finished(self) -> int:
        """How many trials are over; one that was stopped, and went on, is one."""
        return len(self._finished)

    def count(self, event: Event | None) -> None:
        """Take in one event."""
        if isinstance(event, TrialStarted):
            self._has_begun = True
        if isinstance(event, TrialFinished) and event.trial.state.is_finished:
            self._finished.add(event.trial.number)
            if event.trial.seconds is not None:
                self._durations.append(event.trial.seconds)

    def in_words(self) -> str:
        """Counts, best so far, elapsed and remaining time."""
        of = "trials" if self.planned is None else f"of {self.planned}"
        parts = [f"{self.finished} {of}"]
        if self._study.best is not None:
            parts.append(f"best {_short(self._study.best.value)}")
        if not self._has_begun and self._study.state is StudyState.RUNNING:
            parts.append("starting")
        parts.append(words(self._study.elapsed))
        if self.planned is not None and self._durations:
            left = estimate(self._durations, self.planned - self.finished, self._study.workers)
            if left is not None and left.seconds:
                parts.append(f"{rough(left.seconds)} left")
        return ", ".join(parts)


def _trial_line(study: Study, trial: Trial) -> str:
    params = " ".join(f"{name}={_short(value)}" for name, value in trial.params.items())
    told = f"{trial.state}"
    if trial.failure is not None:
        told = f"failed ({trial.failure.message})"
    elif trial.value is not None:
        told = f"{study.spec.task.objective} {_short(trial.value)}"
    return f"trial {trial.number}: {told}, {params}"


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def conclude(study: Study, was_interrupted: bool) -> None:
    """The last lines: how the study ended, its best, and how to go on."""
    best = study.best
    _say(f"{study.spec.name}: {study.message or study.state}")
    if best is not None:
        params = ", ".join(f"{name} = {value}" for name, value in best.params.items())
        _say(f"best: trial {best.number}, {study.spec.task.objective} {best.value:.6g}: {params}")
        for name, value in best.test.items():
            _say(f"  {name} {value:.6g}")
    can_go_on = study.state is StudyState.STOPPED or was_interrupted
    if can_go_on and study.path.exists():
        _say(f"To go on: python main.py --headless {_arguments(study)}")


def _arguments(study: Study) -> str:
    """What a study is gone on with, for a shell."""
    trusted = is_trusted(study.spec.task, study.spec.base)
    return shlex.join([str(study.path), *([] if trusted else ["--trust"])])
