"""A study without a screen: the arguments in, progress on the terminal, an exit code out.

Which study it is, is headless_input.py's to say; what is said of it, headless_progress.py's and
headless_summary.py's.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from engine.events import Event, StopReason, StudyState, StudyStateChanged
from engine.headless_input import InputError, study_of
from engine.headless_progress import Show, Tally, conclude, progress
from engine.headless_summary import check_summary, summarise, write_summary
from engine.study import StoreError, Study, StudyError
from engine.trial import TrialState

FINISHED, ALL_FAILED, BAD_INPUT = 0, 1, 2

LOOK_SECONDS = 0.25
OVER = (StudyState.STOPPED, StudyState.FINISHED)


def run(arguments: Namespace) -> int:
    """Run what `arguments` name to its end; returns the exit code."""
    try:
        check_summary(arguments.json)
        study = study_of(arguments)
    except ValueError as error:
        print(f"tunescape: {error}", file=sys.stderr)
        return BAD_INPUT
    try:
        received = _run(study)
    except (ValueError, StudyError) as error:
        print(f"tunescape: {error}", file=sys.stderr)
        return BAD_INPUT
    conclude(study, received.number is not None)
    try:
        study.close()
    except StoreError as error:  # which was said when it began; what is lost is run again
        print(f"tunescape: not everything was saved: {error}", file=sys.stderr)
    try:
        if arguments.json is not None:
            write_summary(arguments.json, summarise(study))
    except InputError as error:
        print(f"tunescape: {error}", file=sys.stderr)
        return BAD_INPUT
    return _exit_code(study, received)


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
            with progress(study, Tally(study)) as show:
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


def _exit_code(study: Study, received: _Received) -> int:
    if received.number is not None and study.state is not StudyState.FINISHED:
        return 128 + received.number
    if study.reason is StopReason.ERROR:
        return BAD_INPUT
    if study.trials and not any(t.state is TrialState.COMPLETE for t in study.trials):
        return ALL_FAILED
    return BAD_INPUT if study.reason is StopReason.FAILURES else FINISHED
