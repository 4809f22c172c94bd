"""What holds for every test of the window."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from tests.gui.controlled import program_with_study

_YOUNG = 1


@pytest.fixture(autouse=True)
def _garbage_is_taken_out_between_tests() -> Iterator[None]:
    """No QObject is collected in the middle of a call of Qt's.

    QObject.disconnect() holds locks while it asks Python for an override. Garbage that is collected
    at that moment, such as the plots of an earlier test, may need the same locks, and then the test
    waits for itself for ever; no timeout ends that. What a test leaves is young: to look through
    all there is would take longer than many a test.
    """
    gc.disable()
    gc.collect(_YOUNG)
    yield
    gc.collect(_YOUNG)
    gc.enable()


@pytest.fixture
def program(qtbot, tmp_path):
    """The program with one study open that has begun, a stand-in."""
    with program_with_study(qtbot, tmp_path) as program:
        yield program


@pytest.fixture
def entry(program):
    """That study."""
    return program.studies.current
