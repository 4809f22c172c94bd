"""The digits grid, 25 trials of 20 epochs, next to the same training as one bare PyTorch loop.

Ours is a whole headless run with one worker; its trials span the first one's start to the last
one's end, so that the start of the worker is left aside there and counted in the wall time. The
loop has one thread, the best there is for so small a network. Both are run in turns.
"""

from __future__ import annotations

import math
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from engine.places import resources
from engine.study import Study
from tests.bench.report import Row, show

ROOT = Path(__file__).parents[2]
EXAMPLE = resources() / "examples" / "digits-grid.toml"
RUNS = 3


def headless() -> tuple[float, float]:
    """Seconds from the first trial's start to the last one's end, and of the whole command."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "grid.tune"
        began = time.perf_counter()
        command = [sys.executable, ROOT / "main.py", "--headless", EXAMPLE, "--out", path]
        subprocess.run([*command, "--workers", "1"], check=True, stdout=subprocess.DEVNULL)
        wall = time.perf_counter() - began
        trials = Study.open(path).trials
    started = min(trial.started or math.inf for trial in trials)
    return max(trial.finished or 0.0 for trial in trials) - started, wall


def bare_loop() -> float:
    """Seconds of the same training, in a process of its own."""
    call = f"bare_loop.seconds({str(EXAMPLE)!r}, threads=1)"
    program = f"from tests.bench import bare_loop; print({call})"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return float(done.stdout)


def measure() -> list[Row]:
    """Medians over RUNS runs of each, in turns."""
    runs = [(*headless(), bare_loop()) for _ in range(RUNS)]
    span, wall, bare = (statistics.median(column) for column in zip(*runs, strict=True))
    loop = f"{bare:.2f} s bare loop"
    return [
        Row("25 trials, one worker", f"{span:.2f} s", loop, span / bare, "ratio at most 1.15"),
        Row("the whole command", f"{wall:.2f} s", aim="under 20 s"),
    ]


if __name__ == "__main__":
    show(measure())
