"""A study without a screen: the arguments in, progress on the terminal, an exit code out."""

from __future__ import annotations

import json
import math
import os
import queue
import shlex
import signal
import sys
from argparse import Namespace
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.analysis.cost import estimate, rough, words
from engine.analysis.repeats import repeats_of
from engine.events import (
    Event,
    Logged,
    StopReason,
    StopSuggested,
    StudyState,
    StudyStateChanged,
    TrialFinished,
    TrialStarted,
)
from engine.places import resources
from engine.spec import ScriptTask, StudySpec
from engine.study import StoreError, Study, StudyError
from engine.trial import Trial, TrialState
from engine.trust import is_trusted

FINISHED, ALL_FAILED, BAD_INPUT = 0, 1, 2
EXAMPLE = "digits-grid.toml"

Show = Callable[[Event | None], None]
"""Shows an event; None: nothing has happened, but time has passed."""

LOOK_SECONDS = 0.25
OVER = (StudyState.STOPPED, StudyState.FINISHED)
RECENT_TRIALS = 200
"""How many of the last trials the remaining time is estimated from."""


class InputError(ValueError):
    """The arguments ask for something that cannot be: one sentence."""


def run(arguments: Namespace) -> int:
    """Run what `arguments` name to its end; returns the exit code."""
    try:
        _check_summary(arguments.json)
        study = _study(arguments)
    except ValueError as error:
        print(f"tunescape: {error}", file=sys.stderr)
        return BAD_INPUT
    try:
        received = _run(study)
    except (ValueError, StudyError) as error:
        print(f"tunescape: {error}", file=sys.stderr)
        return BAD_INPUT
    _conclude(study, received)
    try:
        study.close()
    except StoreError as error:  # which was said when it began; what is lost is run again
        print(f"tunescape: not everything was saved: {error}", file=sys.stderr)
    try:
        if arguments.json is not None:
            _write(arguments.json, summarise(study))
    except InputError as error:
        print(f"tunescape: {error}", file=sys.stderr)
        return BAD_INPUT
    return _exit_code(study, received)


def _study(arguments: Namespace) -> Study:
    """The study to run: a new one from a spec, or one to go on with."""
    file: Path = arguments.file or resources() / "examples" / EXAMPLE
    if file.suffix == ".tune":
        return _existing(file, arguments)
    if file.suffix != ".toml":
        raise InputError(f"{file} is neither a spec (.toml) nor a study (.tune).")
    spec = _overridden(StudySpec.load(file), arguments)
    check_trust(file, spec, arguments.trust)
    return Study.create(arguments.out or Path(f"{spec.name}.tune"), spec)


def _existing(file: Path, arguments: Namespace) -> Study:
    for option in ("out", "method", "workers", "seed"):
        if getattr(arguments, option) is not None:
            raise InputError(f"--{option} goes with a spec; {file.name} is a study that has begun.")
    study = Study.open(file)
    if arguments.trials is not None and arguments.trials != study.spec.budget.trials:
        done = sum(trial.state.is_finished for trial in study.trials)
        if arguments.trials < done:
            raise InputError(
                f"--trials {arguments.trials} is less than the {done} trials that "
                f"{file.name} has; give the new total."
            )
        study.extend(arguments.trials)
    if study.has_more_to_do():
        check_trust(file, study.spec, arguments.trust)
    return study


def check_trust(file: Path, spec: StudySpec, trusted: bool) -> None:
    """Nothing of the user's own is run before somebody has said that it may be."""
    if not trusted and not is_trusted(spec.task, spec.base):
        what = spec.task.file if isinstance(spec.task, ScriptTask) else "a command of its own"
        raise InputError(f"{file.name} runs {what}; look at it, then add --trust.")


def _overridden(spec: StudySpec, arguments: Namespace) -> StudySpec:
    """The spec with what the arguments say in its place."""
    changes = {
        ("budget", "trials"): arguments.trials,
        ("method", "name"): arguments.method,
        ("resources", "workers"): arguments.workers,
        ("resources", "seed"): arguments.seed,
    }
    for (table, key), value in changes.items():
        if value is not None:
            before = getattr(spec, table)
            spec = spec.with_(**{table: type(before)(**{**dict(before), key: value})})
    return spec


class _Received:
    """Which signal, if any, asked the program to end."""

    def __init__(self) -> None:
        self.number: int | None = None


@contextmanager
def _signals(study: Study) -> Iterator[_Received]:
    """While inside, Ctrl-C and SIGTERM stop the study cleanly; a second one ends at once."""
    received = _Received()

    def stop(number: int, _frame: Any) -> None:
        if received.number is not None:
            os._exit(128 + number)
        received.number = number
        study.stop()

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, stop) for number in numbers]
    try:
        yield received
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _run(study: Study) -> _Received:
    with _signals(study) as received:
        if study.state is not StudyState.FINISHED or study.has_more_to_do():
            _, events = study.subscribe()
            study.start()
            with _progress(study, Tally(study)) as show:
                _follow(study, events, show)
    return received


def _follow(study: Study, events: queue.SimpleQueue[Event], show: Show) -> None:
    """Show events, and now and then that time passes, until the study thread has ended."""
    while not (study.wait(0) and events.empty()):
        try:
            event = events.get(timeout=LOOK_SECONDS)
        except queue.Empty:
            show(None)
            continue
        show(event)
        if isinstance(event, StudyStateChanged) and event.state in OVER:
            study.wait(LOOK_SECONDS)  # nothing more is to be heard, and the thread is about to end


@contextmanager
def _progress(study: Study, tally: Tally) -> Iterator[Show]:
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


def summarise(study: Study) -> dict[str, Any]:
    """The study's outcome in JSON's terms. The best trial's metrics include the test metrics."""
    counts = Counter(str(trial.state) for trial in study.trials)
    best = study.best
    return {
        "study": str(study.path),
        "state": str(study.state),
        "stop_reason": None if study.reason is None else str(study.reason),
        "trials": {str(state): counts[state] for state in TrialState},
        "best": best
        and {
            "number": best.number,
            "params": best.params,
            "value": best.value,
            "metrics": _finite({**best.metrics, **best.test}),
            **_repeats(study, best),
        },
        "elapsed_s": round(study.elapsed, 3),
    }


def _repeats(study: Study, best: Trial) -> dict[str, Any]:
    """What the configuration of the best trial came to over several seeds, if it was repeated."""
    repeats = repeats_of(best, study.trials)
    return {} if repeats is None else {"repeats": asdict(repeats)}


def _finite(metrics: dict[str, float]) -> dict[str, float | None]:
    """JSON has no NaN or infinity: null instead."""
    return {name: value if math.isfinite(value) else None for name, value in metrics.items()}


def _check_summary(path: Path | None) -> None:
    """Refuse a summary that cannot be written before the study has taken its time."""
    if path is None:
        return
    if path.is_dir():
        raise InputError(f"--json {path} is a folder; name a file.")
    if not path.absolute().parent.is_dir():
        raise InputError(f"--json {path}: there is no folder {path.absolute().parent}; make it.")
    _write_draft(path, "").unlink()


def _write(path: Path, summary: dict[str, Any]) -> None:
    draft = _write_draft(path, json.dumps(summary, indent=2, allow_nan=False) + "\n")
    try:
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise _unwritable(path, error) from error


def _write_draft(path: Path, text: str) -> Path:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _unwritable(path, error) from error
    return draft


def _unwritable(path: Path, error: OSError) -> InputError:
    reason = (error.strerror or str(error)).lower()
    return InputError(f"--json {path} cannot be written: {reason}.")


def _conclude(study: Study, received: _Received) -> None:
    """The last lines: how the study ended, its best, and how to go on."""
    best = study.best
    _say(f"{study.spec.name}: {study.message or study.state}")
    if best is not None:
        params = ", ".join(f"{name} = {value}" for name, value in best.params.items())
        _say(f"best: trial {best.number}, {study.spec.task.objective} {best.value:.6g}: {params}")
        for name, value in best.test.items():
            _say(f"  {name} {value:.6g}")
    can_go_on = study.state is StudyState.STOPPED or received.number is not None
    if can_go_on and study.path.exists():
        _say(f"To go on: python main.py --headless {_arguments(study)}")


def _arguments(study: Study) -> str:
    """What a study is gone on with, for a shell."""
    trusted = is_trusted(study.spec.task, study.spec.base)
    return shlex.join([str(study.path), *([] if trusted else ["--trust"])])


def _exit_code(study: Study, received: _Received) -> int:
    if received.number is not None and study.state is not StudyState.FINISHED:
        return 128 + received.number
    if study.reason is StopReason.ERROR:
        return BAD_INPUT
    if study.trials and not any(t.state is TrialState.COMPLETE for t in study.trials):
        return ALL_FAILED
    return BAD_INPUT if study.reason is StopReason.FAILURES else FINISHED
