"""Trials that one worker trains as one: told by their times, and shown beside each other."""

import numpy as np
import pytest

from engine.executors.load import DeviceLoad, LoadSample, WorkerMemory
from engine.trial import Trial, TrialState
from gui.jobs import finish_jobs
from gui.models.stacks import ranges
from gui.models.study_model import StudyModel
from gui.models.timeline_view import trained_with, view_timeline
from gui.panels.devices import DevicesPanel
from gui.panels.timeline import TimelinePanel
from gui.plots.timeline_plot import middles
from tests.gui.made_up import START, made, snapshot, spec_of

PARAMS = spec_of().space.grid_at(0)


def trial(number, start, end, worker=0, **changes):
    times = {"started": START + start, "finished": START + end}
    return made(number, PARAMS, 0.5, worker=worker, **times, **changes)


def under_way(number, worker, device="cuda:0"):
    running = TrialState.RUNNING
    return Trial(number, PARAMS, running, started=START, worker=worker, device=device)


def view_of(*trials):
    return view_timeline(StudyModel(snapshot(trials=trials)))


STACK = (
    trial(0, 0, 10),
    trial(1, 0, 4),
    trial(2, 0, 10),
    trial(3, 4.1, 10),
    trial(4, 0, 10, worker=1),
)
"""Trial 3 joined when trial 1 had left; trial 4 is another worker's."""


@pytest.fixture
def panel(qtbot):
    result = TimelinePanel()
    qtbot.addWidget(result)
    result.resize(800, 240)
    result.show()
    qtbot.waitExposed(result)
    result.set_study(StudyModel(snapshot(trials=STACK)))
    qtbot.waitUntil(lambda: not result._dirty)
    return result


def test_that_members_of_a_stack_lie_beside_each_other_and_take_places_that_are_free(qapp):
    view = view_of(*STACK)
    assert view.tiers.tolist() == [3, 3, 3, 1, 3]
    rows = {int(row): tier for row, tier in zip(view.rows, view.tier, strict=True)}
    assert [rows[n] for n in range(5)] == [0, 1, 2, 1, 0]
    ((start, end, lane, most),) = view.stacks
    assert (start, lane, most) == (0, 1, 3)
    assert end == pytest.approx(10, abs=0.3)


def test_that_trials_one_after_the_other_are_no_stack_however_the_clocks_go(qapp):
    """The end of one is heard of a little after the next has begun."""
    view = view_of(*(trial(n, 5 * n, 5 * n + 5.2) for n in range(4)))
    assert view.tiers.tolist() == [1, 1, 1, 1]
    assert not len(view.stacks)


def test_that_a_worker_may_train_stacks_and_single_trials(qapp):
    view = view_of(
        trial(0, 0, 5), trial(1, 0, 5), trial(2, 6, 9), trial(3, 10, 15), trial(4, 10, 15)
    )
    assert view.tiers.tolist() == [2, 2, 1, 2, 2]
    assert view.stacks[:, 0].tolist() == [0, 10]


def test_that_each_bar_of_a_stack_can_be_seen_and_pointed_at(panel):
    tops = middles(panel.view)
    assert len(set(tops[:3])) == 3
    assert panel.legend.remark.text() == "×: so many trained as one"
    assert np.abs(tops[:3] - panel.view.lane[0]).max() < 0.5
    for number in range(5):
        assert panel.plot.nearest(panel.plot.place_of(number)) == number


def test_that_the_pointer_on_a_member_lists_those_that_it_trains_with(qtbot, panel):
    panel.plot.pointed.emit(3)
    assert "Trained as one with others: trials 0, 2–3" in panel.plot.card.text()
    panel.plot.pointed.emit(4)
    assert "Trained as one" not in panel.plot.card.text()
    at = {int(row): place for place, row in enumerate(panel.view.rows)}
    assert panel.view.rows[trained_with(panel.view, at[1])].tolist() == [0, 1, 2]


def test_that_a_worker_that_trains_several_as_one_is_said_to(qtbot):
    gpu = DeviceLoad("cuda:0", "Card", None, 5 * 10**9, 8 * 10**9)
    memory = {0: WorkerMemory(2 * 10**9, 10**9), 1: WorkerMemory(2 * 10**9, 10**9)}

    class Sampler:
        def sample(self, processes):
            return LoadSample((gpu,), memory)

    panel = DevicesPanel()
    qtbot.addWidget(panel)
    panel.watch_by(Sampler)
    panel.show()
    panel.set_study(
        StudyModel(
            snapshot(trials=[*(under_way(n, 0) for n in (3, 4, 5, 7)), under_way(6, 1)], reports={})
        )
    )
    qtbot.waitUntil(lambda: "cuda:0" in panel.rows)
    row = panel.rows["cuda:0"]
    assert "training 4 trials as one (" in row.trials.text()
    assert 'href="3">3–5, 7</a>) on worker 1 (2 GB)' in row.trials.text()
    assert "trial 6</a> on worker 2 (2 GB)" in row.trials.text()
    assert row.memory.text() == "5 GB of 8 GB, 2 GB by this study"
    panel.watch.stop()
    finish_jobs(5000)


@pytest.mark.parametrize(
    ("numbers", "text"), [((3,), "3"), ((5, 3, 4), "3–5"), ((1, 3, 4, 9), "1, 3–4, 9"), ((), "")]
)
def test_that_numbers_are_listed_in_ranges(numbers, text):
    assert ranges(numbers) == text
