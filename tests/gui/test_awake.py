"""The computer is asked to stay awake, and let go of again."""

import threading

import pytest
import wakepy

from gui.awake import KeepAwake


class StandInMode:
    def __init__(self, log):
        self.log = log

    def __enter__(self):
        self.log.append("awake")

    def __exit__(self, *_):
        self.log.append("let go")


@pytest.fixture
def log(monkeypatch):
    log = []
    monkeypatch.setattr(wakepy.keep, "running", lambda **_: StandInMode(log))
    return log


def keepers():
    return [thread for thread in threading.enumerate() if thread.name == "keep-awake"]


def test_that_it_is_asked_for_once_and_let_go_of(log, qtbot):
    awake = KeepAwake()
    awake.hold(True)
    awake.hold(True)
    qtbot.waitUntil(lambda: log == ["awake"])
    assert len(keepers()) == 1
    awake.hold(False)
    awake.hold(False)
    qtbot.waitUntil(lambda: log == ["awake", "let go"])


def test_that_a_system_that_cannot_promise_it_is_no_error(qtbot):
    awake = KeepAwake()
    awake.hold(True)
    awake.hold(False)
    qtbot.waitUntil(lambda: not keepers())
