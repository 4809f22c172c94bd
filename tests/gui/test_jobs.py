"""Work beside the window: where it runs, where its outcome arrives, and when it is dropped."""

import sys
import threading

import shiboken6
from PySide6.QtCore import QObject

from gui.jobs import finish_jobs, run_job


def test_that_work_runs_beside_the_window_and_its_outcome_arrives_on_the_ui_thread(qtbot):
    owner, arrived = QObject(), []
    run_job(
        owner, threading.get_ident, lambda worker: arrived.append((worker, threading.get_ident()))
    )
    qtbot.waitUntil(lambda: bool(arrived))
    ((worker, here),) = arrived
    assert here == threading.get_ident() != worker


def test_that_an_error_is_handed_over(qtbot):
    owner, errors = QObject(), []

    def fail() -> None:
        raise ValueError("no such file")

    run_job(owner, fail, lambda _: None, errors.append)
    qtbot.waitUntil(lambda: bool(errors))
    assert str(errors[0]) == "no such file"


def test_that_an_error_nobody_expects_counts_as_one_of_the_program(qtbot, monkeypatch):
    owner, errors = QObject(), []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: errors.append(error))
    run_job(owner, lambda: 1 / 0, lambda _: None)
    qtbot.waitUntil(lambda: bool(errors))
    assert isinstance(errors[0], ZeroDivisionError)


def test_that_an_outcome_is_dropped_with_its_owner_or_on_demand(qtbot):
    owner, arrived, go = QObject(), [], threading.Event()
    run_job(owner, go.wait, arrived.append)
    shiboken6.delete(owner)
    other = QObject()
    job = run_job(other, go.wait, arrived.append)
    job.drop()
    go.set()
    assert finish_jobs(2000)
    last = []
    run_job(other, lambda: None, last.append)
    qtbot.waitUntil(lambda: bool(last))
    assert not arrived
