"""The devices panel: what it says of the machine, and that it looks only while it is looked at."""

import threading
from dataclasses import replace

import pytest

from engine.events import TrialFinished
from engine.executors.load import DeviceLoad, LoadSample, WorkerMemory
from gui.jobs import finish_jobs
from gui.models import device_watch
from gui.models.study_model import StudyModel
from gui.numbers import size
from gui.panels.devices import DevicesPanel
from tests.gui.made_up import made, running, snapshot, spec_of

GB = 10**9
PARAMS = spec_of().space.grid_at(0)


class StandInSampler:
    """A machine with a CPU and a GPU, which keeps count of who looks at it."""

    def __init__(self):
        self.asked = []
        self.threads = set()

    def sample(self, processes):
        self.asked.append(dict(processes))
        self.threads.add(threading.current_thread())
        gpu = DeviceLoad("cuda:0", "Card", None, 5 * GB, 8 * GB)
        memory = {worker: WorkerMemory(2 * GB, GB) for worker in processes}
        return LoadSample((DeviceLoad("cpu", "8 cores", 0.42, 10 * GB, 16 * GB), gpu), memory)


@pytest.fixture
def sampler(monkeypatch):
    monkeypatch.setattr(device_watch, "INTERVAL_MS", 20)
    return StandInSampler()


@pytest.fixture
def panel(qtbot, sampler):
    result = DevicesPanel()
    qtbot.addWidget(result)
    result.resize(800, 260)
    result.watch_by(lambda: sampler)
    result.mind(lambda: {0: 11, 1: 12})
    result.show()
    qtbot.waitExposed(result)
    yield result
    result.watch.stop()
    finish_jobs(5000)


def model_of(*devices):
    trials = [replace(running(n, PARAMS), worker=n, device=d) for n, d in enumerate(devices)]
    return StudyModel(snapshot(trials=trials))


def test_that_each_device_says_how_busy_it_is_and_whose_its_memory_is(qtbot, panel):
    panel.set_study(model_of("cuda:0"))
    qtbot.waitUntil(lambda: len(panel.rows) == 2)
    cpu, gpu = panel.rows["cpu"], panel.rows["cuda:0"]
    assert (cpu.title.text(), cpu.model_name.text()) == ("CPU", "8 cores")
    assert cpu.load.text() == "42 % busy"
    assert cpu.memory.text() == "10 GB of 16 GB, 4 GB by this study"
    assert gpu.load.text() == "load unknown"
    assert gpu.memory.text() == "5 GB of 8 GB, 1 GB by this study"


def test_that_a_trial_is_named_where_it_runs_and_selected_by_its_link(qtbot, panel):
    model = model_of("cpu", "cuda:0")
    panel.set_study(model)
    qtbot.waitUntil(lambda: len(panel.rows) == 2)
    assert "trial 1</a> on worker 2 (2 GB)" in panel.rows["cuda:0"].trials.text()
    panel.rows["cuda:0"].trials.linkActivated.emit("1")
    assert model.selected == 1
    model.apply([TrialFinished(made(1, PARAMS))])
    qtbot.waitUntil(lambda: panel.rows["cuda:0"].trials.text() == "No trial runs here.")
    assert "trial 0" in panel.rows["cpu"].trials.text()


def test_that_the_machine_is_looked_at_again_and_again_and_never_by_the_window(
    qtbot, panel, sampler
):
    panel.set_study(model_of("cpu"))
    qtbot.waitUntil(lambda: len(sampler.asked) >= 3)
    assert sampler.asked[-1] == {0: 11, 1: 12}
    assert threading.main_thread() not in sampler.threads
    qtbot.waitUntil(lambda: "cpu" in panel.rows and len(panel.rows["cpu"].line.points) >= 2)


def test_that_nobody_looks_while_the_panel_is_hidden_or_behind_another(qtbot, panel, sampler):
    panel.set_study(model_of("cpu"))
    qtbot.waitUntil(lambda: len(sampler.asked) >= 1)
    for hide, show in (
        (panel.hide, panel.show),
        (lambda: panel.set_on_top(False), lambda: panel.set_on_top(True)),
    ):
        hide()
        finish_jobs(5000)
        before = len(sampler.asked)
        qtbot.wait(100)
        assert len(sampler.asked) == before
        show()
        qtbot.waitUntil(lambda before=before: len(sampler.asked) > before)


def test_that_a_machine_that_cannot_be_read_is_said_and_not_asked_again(qtbot, panel, sampler):
    def fail(processes):
        sampler.asked.append(processes)
        raise OSError("no /proc")

    sampler.sample = fail
    panel.set_study(model_of("cpu"))
    qtbot.waitUntil(lambda: "cannot be read (no /proc)" in panel.empty_text)
    assert not panel.watch.is_watching
    assert len(sampler.asked) == 1


def test_that_without_a_study_nothing_is_looked_at(qtbot, panel, sampler):
    panel.set_study(None)
    qtbot.wait(60)
    assert sampler.asked == []


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 kB"), (4_000, "4 kB"), (412_300_000, "412 MB"), (12.34e9, "12.3 GB"), (1e9, "1 GB")],
)
def test_that_bytes_are_said_in_three_digits(count, text):
    assert size(count) == text
