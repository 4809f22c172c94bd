"""From the start of the process to a painted, usable Start page, and the memory at rest there."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from tests.bench.report import Row, show

ROOT = Path(__file__).parents[2]
RUNS = 7
SECONDS_AT_REST = 3.0


def start(wrapper: list[str], variables: Mapping[str, str]) -> tuple[float, float, int]:
    """Start the window once: seconds until painted and until idle after that, bytes at rest."""
    command = [*wrapper, sys.executable, "-m", "tests.window_start", str(SECONDS_AT_REST)]
    began = time.time()
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True
    )
    if done.returncode != 0:
        sys.exit(done.stderr)
    told = json.loads(done.stdout.splitlines()[-1])
    return told["painted"] - began, told["idle"] - began, told["rss"]


def measure(platform: str, wrapper: list[str]) -> list[Row]:
    """Medians over RUNS starts, after one that warms the disk's cache."""
    with tempfile.TemporaryDirectory() as home:
        fresh = {"XDG_CONFIG_HOME": home, "XDG_STATE_HOME": home, "XDG_DOCUMENTS_DIR": home}
        variables = {**fresh, "QT_QPA_PLATFORM": platform}
        start(wrapper, variables)
        runs = [start(wrapper, variables) for _ in range(RUNS)]
    painted, idle, memory = (statistics.median(column) for column in zip(*runs, strict=True))
    slowest = max(run[1] for run in runs)
    return [
        Row(f"{platform}: start to painted", f"{painted:.2f} s"),
        Row(
            f"{platform}: start to usable",
            f"{idle:.2f} s, slowest of {RUNS} {slowest:.2f} s",
            aim="under 1.5 s",
        ),
        Row(f"{platform}: memory at rest", f"{memory / 1e6:.0f} MB", aim="under 250 MB"),
    ]


def measure_all() -> list[Row]:
    """Off-screen, and on a display: the one there is, or Xvfb if that can be had."""
    rows = measure("offscreen", [])
    if os.environ.get("DISPLAY"):
        rows += measure("xcb", [])
    elif shutil.which("xvfb-run"):
        rows += measure("xcb", ["xvfb-run", "-a", "-s", "-screen 0 1920x1200x24"])
    return rows


if __name__ == "__main__":
    show(measure_all())
