"""Garbage is taken out on the UI thread, and nowhere else."""

import gc
import threading
import weakref

import pytest
from PySide6.QtCore import QObject

from gui.garbage import Garbage


class Knot(QObject):
    """Refers to itself, so that only the collector ends it."""

    def __init__(self):
        super().__init__()
        self.itself = self


@pytest.fixture
def garbage(qapp):
    garbage = Garbage()
    yield garbage
    garbage.close()
    assert gc.isenabled()


def test_that_what_another_thread_leaves_is_ended_on_the_ui_thread(qtbot, garbage):
    ended_on = []
    knot = weakref.ref(Knot(), lambda _: ended_on.append(threading.current_thread()))

    def make_much():
        for _ in range(50_000):
            circle = []
            circle.append(circle)

    thread = threading.Thread(target=make_much)
    thread.start()
    thread.join()
    assert knot() is not None
    qtbot.waitUntil(lambda: bool(ended_on), timeout=20_000)
    assert ended_on == [threading.main_thread()]


def test_that_little_garbage_is_left_lying(garbage, monkeypatch):
    collected = []
    monkeypatch.setattr(gc, "collect", collected.append)
    monkeypatch.setattr(gc, "get_count", lambda: (1, 0, 0))
    garbage.collect()
    assert collected == []
    monkeypatch.setattr(gc, "get_count", lambda: (10_000, 100, 0))
    garbage.collect()
    assert collected == [1]


def test_that_all_is_looked_through_only_when_there_is_a_quarter_more(garbage, monkeypatch):
    collected, objects = [], [None] * 1000
    monkeypatch.setattr(gc, "collect", collected.append)
    monkeypatch.setattr(gc, "get_count", lambda: (10_000, 100, 100))
    monkeypatch.setattr(gc, "get_objects", lambda generation: objects)
    garbage.collect()
    garbage.collect()
    assert collected == [2, 1]
    objects.extend([None] * 300)
    garbage.collect()
    assert collected == [2, 1, 2]
