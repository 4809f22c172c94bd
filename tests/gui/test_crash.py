"""Unexpected errors: written down, told in one sentence, and never the end of the program."""

import logging
import threading

import pytest
from PySide6.QtCore import qWarning

from gui.crash import CrashLog


@pytest.fixture
def crashes(qapp, tmp_path):
    log = CrashLog(tmp_path)
    log.install()
    yield log
    log.uninstall()


def test_that_an_error_is_written_down_and_told(crashes, qtbot, capsys):
    with qtbot.waitSignal(crashes.happened) as told:
        error = ZeroDivisionError("division by zero")
        crashes.record(ZeroDivisionError, error, None)
    sentence, details = told.args
    assert "ZeroDivisionError" in sentence
    assert "division by zero" in details
    assert "division by zero" in crashes.path.read_text()
    assert "division by zero" in capsys.readouterr().err


def test_that_an_error_on_another_thread_is_told_too(crashes, qtbot, capsys):
    def fail():
        raise KeyError("lost")

    with qtbot.waitSignal(crashes.happened):
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
    assert "lost" in crashes.path.read_text()


def test_that_qt_warnings_go_to_the_log_of_the_window(crashes, caplog, tmp_path):
    with caplog.at_level(logging.WARNING, "tunescape.window"):
        qWarning("a plugin is missing")
    assert "a plugin is missing" in caplog.text
    crashes.uninstall()
    assert "a plugin is missing" in (tmp_path / "window.log").read_text()
