"""Devices: how busy each is, whose memory it holds, and which trial is where."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, SignalInstance
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QGridLayout, QScrollArea, QVBoxLayout, QWidget

from engine.trial import Trial, TrialState
from gui.models.device_watch import KEPT_S, DeviceWatch, Processes, Sampler
from gui.models.stacks import ranges
from gui.models.study_model import StudyModel
from gui.numbers import size
from gui.panels.panel import Panel, column
from gui.theme import CARD, CONTROL, GROUP, state_mark, theme
from gui.widgets.meters import Meter, Sparkline
from gui.widgets.text import ElidedLabel, FixedLabel, label, say

if TYPE_CHECKING:
    from engine.executors.load import DeviceLoad, LoadSample

_LONGEST = "88.8 GB of 88.8 GB, 88.8 GB by this study"
_TITLES = {"cpu": "CPU", "mps": "GPU"}


class DeviceRow(QWidget):
    """One device: its last minute, its load and memory as bars, and links to its trials."""

    def __init__(self, device: str, select: Callable[[int], object]) -> None:
        super().__init__()
        self.device = device
        self.title = label(_TITLES.get(device, device))
        self.model_name = ElidedLabel(role="caption", tone="muted")
        self.line = Sparkline(f"Load of {device} in the last minute", KEPT_S)
        self.load_bar, self.memory_bar = Meter(f"Load of {device}"), Meter(f"Memory of {device}")
        self.load, self.memory = FixedLabel("load unknown"), FixedLabel(_LONGEST)
        self.trials = label(role="caption", tone="muted", wrap=True)
        self.trials.setTextFormat(Qt.TextFormat.RichText)
        self.trials.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self.trials.linkActivated.connect(lambda number: select(int(number)))
        self._lay_out()

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(CARD, CONTROL, CARD, CONTROL)
        grid.setHorizontalSpacing(CARD)
        grid.setVerticalSpacing(GROUP)
        grid.addWidget(self.title, 0, 0)
        grid.addWidget(self.model_name, 1, 0)
        grid.addWidget(self.line, 0, 1, 2, 1)
        centre = Qt.AlignmentFlag.AlignVCenter
        for row, (bar, text) in enumerate(
            ((self.load_bar, self.load), (self.memory_bar, self.memory))
        ):
            grid.addWidget(bar, row, 2, centre)
            grid.addWidget(text, row, 3)
        grid.addWidget(self.trials, 2, 0, 1, 4)
        for place, stretch in enumerate((2, 3, 3, 4)):
            grid.setColumnStretch(place, stretch)

    def show_load(self, load: DeviceLoad, own: int, watch: DeviceWatch) -> None:
        """Say how the device is used; `own` are the bytes that this study's workers hold."""
        self.model_name.setText(load.name)
        self.line.show_points(watch.history(load.device))
        self.load_bar.show_share(load.busy)
        self.load.setText("load unknown" if load.busy is None else f"{load.busy * 100:.0f} % busy")
        if load.used is None or not load.total:
            say(self.memory, "memory unknown", "muted")
            self.memory_bar.show_share(None)
            return
        ours = f", {size(own)} by this study" if own else ""
        say(self.memory, f"{size(load.used)} of {size(load.total)}{ours}")
        self.memory_bar.show_share(load.used / load.total, min(own, load.used) / load.total)

    def show_trials(self, entries: list[tuple[list[int], str]]) -> None:
        """List what runs here: the trials of each worker, and how much memory it takes."""
        mark = state_mark(TrialState.RUNNING)
        glyph = f'<span style="color:{mark.colour.name()}">{mark.glyph}</span>'
        self.trials.setText(
            " &nbsp; ".join(f"{glyph} {_named(numbers)} {more}" for numbers, more in entries)
            or "No trial runs here."
        )


class DevicesPanel(Panel):
    """Every device of the machine; looked at only while the panel is seen."""

    name = "devices"
    title = "Devices"

    def __init__(self) -> None:
        super().__init__()
        self.watch = DeviceWatch(self)
        self.watch.sampled.connect(self.mark_dirty)
        self.rows: dict[str, DeviceRow] = {}
        self._content = QWidget()
        self._lines = QVBoxLayout(self._content)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._lines.setSpacing(0)
        self._lines.addStretch(1)
        area = QScrollArea(widgetResizable=True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self._content)
        self._content.setAutoFillBackground(False)
        column(self.body, area)

    def watch_by(self, make_sampler: Callable[[], Sampler]) -> None:
        """What the load is read by."""
        self.watch.use(make_sampler)

    def mind(self, processes: Processes) -> None:
        """Whose memory is named: the processes of the study's workers."""
        self.watch.mind(processes)

    def follows(self, model: StudyModel) -> list[SignalInstance]:
        return [model.trialsChanged]

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._look_if_seen()

    def set_on_top(self, on_top: bool) -> None:
        super().set_on_top(on_top)
        self._look_if_seen()

    def leave(self) -> None:
        self.watch.stop()

    def enter(self, model: StudyModel | None) -> None:
        self.watch.stop()
        self._look_if_seen()

    def _look_if_seen(self) -> None:
        if self._on_top and self.isVisible() and self.model is not None:
            self.watch.start()

    def refresh(self) -> str:
        sample = self.watch.latest
        if self.watch.problem:
            return self.watch.problem
        if sample is None:
            return "Load and memory of each device appear here, and which trial is where."
        self._make_rows(sample)
        running = self._running()
        for load in sample.devices:
            here = [trial for trial in running if trial.device == load.device]
            row = self.rows[load.device]
            row.show_load(load, _own_memory(sample, load.device, here), self.watch)
            row.show_trials([(t, _where(w, sample)) for w, t in _by_worker(here)])
        return ""

    def _make_rows(self, sample: LoadSample) -> None:
        """A row for each device, made once: machines seldom grow."""
        for load in sample.devices:
            if load.device not in self.rows:
                row = self.rows[load.device] = DeviceRow(load.device, self._select)
                self._lines.insertWidget(self._lines.count() - 1, row)

    def _running(self) -> list[Trial]:
        arrays = self.model.arrays
        numbers = arrays.column("number")[arrays.is_state(TrialState.RUNNING)]
        return [self.model.trials[int(number)] for number in numbers]

    def _select(self, number: int) -> None:
        if self.model is not None:
            self.model.select(number)


def _own_memory(sample: LoadSample, device: str, here: list[Trial]) -> int:
    """Bytes of a device's memory that the study's workers hold."""
    if device == "cpu":
        return sum(memory.resident for memory in sample.workers.values())
    known = (sample.workers.get(worker) for worker in {trial.worker for trial in here})
    return sum(memory.on_gpu for memory in known if memory is not None)


def _by_worker(here: list[Trial]) -> list[tuple[int | None, list[int]]]:
    """The workers that are at work, and the numbers of the trials that each trains."""
    found: dict[int, list[int]] = {}
    for trial in here:
        if trial.worker is not None:
            found.setdefault(trial.worker, []).append(trial.number)
    unknown = [(None, [trial.number]) for trial in here if trial.worker is None]
    return [*found.items(), *unknown]


def _named(numbers: list[int]) -> str:
    """A link to the trial that a worker trains, or to the first of those that it trains as one."""
    link = f'<a style="color:{theme().accent.name()}" href="{numbers[0]}">'
    if len(numbers) == 1:
        return f"{link}trial {numbers[0]}</a>"
    return f"training {len(numbers)} trials as one ({link}{ranges(numbers)}</a>)"


def _where(worker: int | None, sample: LoadSample) -> str:
    """ "on worker 1 (412 MB)" of trials that run."""
    if worker is None:
        return ""
    memory = sample.workers.get(worker)
    taken = "" if memory is None or not memory.resident else f" ({size(memory.resident)})"
    return f"on worker {worker + 1}{taken}"
