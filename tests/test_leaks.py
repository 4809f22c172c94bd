"""The net that catches what tests leave behind must itself catch."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from tests import leaks
from tests.leaks import Belongings


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(leaks, "PATIENCE_S", 0.1)


def test_that_a_window_is_noticed(qapp):
    before = Belongings()
    window = QWidget()
    assert len(before.left_behind()) == 1
    window.deleteLater()
    del window
    assert before.left_behind() == []


def test_that_an_active_timer_is_noticed(qapp):
    before = Belongings()
    timer = QTimer()
    timer.start(1000)
    assert len(before.left_behind()) == 1
    timer.stop()
    assert before.left_behind() == []


def test_that_a_thread_is_noticed():
    before = Belongings()
    go_on = threading.Event()
    thread = threading.Thread(target=go_on.wait)
    thread.start()
    assert len(before.left_behind()) == 1
    go_on.set()
    thread.join()
    assert before.left_behind() == []


def test_that_a_child_process_is_noticed():
    before = Belongings()
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert len(before.left_behind()) == 1
    child.communicate(b"\n")
    assert before.left_behind() == []
