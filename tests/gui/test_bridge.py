"""The bridge: batches in order, never more than a tick can bear, and quiet when it is closed."""

import queue
from unittest.mock import Mock

import pytest

from engine.events import Logged, StudyState, StudyStateChanged
from gui.bridge import Bridge
from gui.models.study_model import StudyModel
from tests.gui.made_up import snapshot


@pytest.fixture
def events():
    return queue.SimpleQueue()


@pytest.fixture
def bridge(qapp, events):
    model = StudyModel(snapshot(state=StudyState.STOPPED))
    result = Bridge(Mock(), model, events)
    result.model = model
    yield result
    result.close()


def _line(number: int) -> Logged:
    return Logged(0.0, "info", str(number))


def test_that_events_reach_the_model_in_order_and_in_one_batch(qtbot, bridge, events):
    batches = []
    bridge.model.logged.connect(batches.append)
    for number in range(500):
        events.put(_line(number))
    qtbot.waitUntil(lambda: len(bridge.model.log) == 500)
    assert [line.text for line in bridge.model.log] == [str(n) for n in range(500)]
    assert len(batches) == 1


def test_that_a_flood_is_taken_in_over_several_ticks(bridge, events):
    for number in range(2500):
        events.put(_line(number))
    sizes = []
    for _ in range(4):
        bridge.drain()
        sizes.append(len(bridge.model.log))
    assert sizes == [1000, 2000, 2500, 2500]


def test_that_it_looks_often_while_the_study_runs_and_seldom_when_not(qtbot, bridge, events):
    assert bridge.interval_ms > 100
    events.put(StudyStateChanged(StudyState.RUNNING))
    qtbot.waitUntil(lambda: bridge.interval_ms < 40)
    events.put(StudyStateChanged(StudyState.STOPPED))
    qtbot.waitUntil(lambda: bridge.interval_ms > 100)


def test_that_a_closed_bridge_lets_go_of_the_study(qtbot, bridge, events):
    bridge.close()
    bridge._study.unsubscribe.assert_called_once_with(events)
    events.put(_line(0))
    qtbot.wait(300)
    assert bridge.model.log == []
