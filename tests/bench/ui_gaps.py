"""How long the window keeps anybody waiting while two workers train flat out and report.

The real window shows a running study whose two workers never rest and together report 50 times a
second. A timer of the UI thread ticks every few milliseconds; a gap is the time from one tick to
the next. Most of the time the Run page is looked at; now and then somebody selects a trial, and
visits the other pages.
"""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer

from engine.places import resources
from engine.spec import StudySpec
from gui.main_window import DESIGN, HOME, RESULTS, RUN
from gui.program import Program
from tests.bench.report import Row, milliseconds, percentile, show
from tests.bench.stand_in_worker import BUSY_REPORTS_A_SECOND, stand_in
from tests.real_window import Script, drive

EXAMPLE = resources() / "examples" / "digits-wide.toml"
WORKERS = 2
TICK_MS = 4
WARM_UP_MS = 5000
LOOK_MS = 2500
ROUNDS = 4


class Ticks(QObject):
    """The moments at which the UI thread was free to tick."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(lambda: self.times.append(time.perf_counter()))
        self._timer.start()

    def gaps(self) -> list[float]:
        """Seconds from each tick to the next."""
        return [after - before for before, after in itertools.pairwise(self.times)]


def watch(program: Program, found: dict[str, list[float]]) -> Script:
    """Start the study, look at every page, and note the gaps of each."""
    window = program.window
    yield lambda: window.place == DESIGN
    window.commands.run.trigger()
    yield lambda: program.studies.current is not None
    current = program.studies.current
    assert current is not None
    yield lambda: len(current.model.reports) >= WORKERS
    window.go_to(RUN)
    yield WARM_UP_MS
    for turn, place in itertools.product(range(ROUNDS), (RUN, RUN, RUN, RESULTS, DESIGN, HOME)):
        window.go_to(place)
        current.model.select(turn)
        ticks = Ticks()
        yield LOOK_MS
        key = "the Run page" if place == RUN else "the other pages"
        found.setdefault(key, []).extend(ticks.gaps())
        ticks.deleteLater()
    current.study.stop()
    yield lambda: not current.is_active


@contextmanager
def busy_spec() -> Iterator[Path]:
    """The wide example with two workers and no end, in a home of its own."""
    with tempfile.TemporaryDirectory() as folder:
        for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DOCUMENTS_DIR"):
            os.environ[variable] = folder
        spec = StudySpec.load(EXAMPLE)
        resources = spec.resources.model_copy(update={"workers": WORKERS, "devices": ("cpu",)})
        budget = spec.budget.model_copy(update={"trials": 10_000})
        path = Path(folder) / "busy.toml"
        spec.model_copy(update={"resources": resources, "budget": budget}).save(path)
        yield path


def rows(found: dict[str, list[float]]) -> Iterator[Row]:
    """What the gaps were like."""
    for page, gaps in found.items():
        long = sum(gap for gap in gaps if gap > 0.025) / sum(gaps)
        for name, value, aim in (
            ("median", percentile(gaps, 50), ""),
            ("99th percentile", percentile(gaps, 99), "under 25 ms"),
            ("longest", max(gaps), ""),
        ):
            yield Row(f"{page}: {name} gap", milliseconds(value), aim=aim)
        yield Row(f"{page}: time spent in gaps over 25 ms", f"{100 * long:.2f} %")


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    found: dict[str, list[float]] = {}
    with busy_spec() as path, stand_in("busy"):
        code = drive(lambda program: watch(program, found), [str(path)])
    rate = WORKERS * BUSY_REPORTS_A_SECOND
    print(f"{WORKERS} workers, {rate} reports a second, a tick every {TICK_MS} ms\n")
    show(rows(found))
    sys.exit(code)
