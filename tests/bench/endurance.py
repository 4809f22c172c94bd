"""What a long study costs the program: memory and handles over many short trials on two workers.

The trials train nothing, in the real worker processes. What is counted is the program alone, which
holds the study, without a window: once everything it needs is loaded, and when the study is nearly
over. Its records take memory by right, so it is set beside a program that has but opened the study.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from engine.spec import StudySpec
from engine.study import Study
from tests.bench.overhead import SPEC
from tests.bench.report import Row, show
from tests.bench.stand_in_worker import stand_in

TRIALS = 10_000
FIRST = 500
LAST = TRIALS - 300


def count() -> tuple[float, int, int]:
    """The program's resident memory in MB, its open handles, and its threads."""
    gc.collect()
    me = psutil.Process()
    handles = me.num_handles() if sys.platform == "win32" else me.num_fds()
    return me.memory_info().rss / 1e6, handles, me.num_threads()


def opened(path: Path) -> float:
    """The memory in MB of a program that has opened a study."""
    command = [sys.executable, "-m", "tests.bench.endurance", str(path)]
    return float(subprocess.run(command, capture_output=True, check=True).stdout)


def measure(path: Path) -> list[Row]:
    """Run the study, counting at both ends."""
    text = SPEC.format(trials=TRIALS, epochs=1).replace("workers = 1", "workers = 2")
    with stand_in("instant"):
        study = Study.create(path, StudySpec.parse(text, path.parent))
        study.start()
        counts = []
        for number in (FIRST, LAST):
            while len(study.trials) < number:
                time.sleep(0.1)
            counts.append(count())
        study.wait()
    done = len(study.trials)
    study.close()
    assert done == TRIALS
    (memory, handles, threads), (memory_then, handles_then, threads_then) = counts
    alone = opened(path)
    what = f"{TRIALS:,} trials on 2 workers"
    return [
        Row(
            f"{what}: memory of the program",
            f"{memory_then:.1f} MB",
            f"{memory:.1f} MB after {FIRST} trials",
            memory_then / memory,
            "ratio under 1.1",
        ),
        Row(
            f"{what}: memory beyond its records",
            f"{memory_then:.1f} MB",
            f"{alone:.1f} MB when only opened",
            memory_then / alone,
            "ratio under 1.1",
        ),
        Row(f"{what}: handles", f"{handles_then}", f"{handles} after {FIRST} trials", aim="same"),
        Row(f"{what}: threads", f"{threads_then}", f"{threads} after {FIRST} trials", aim="same"),
    ]


def main(arguments: list[str]) -> None:
    """The benchmark; given a study, say what a program that opens it takes."""
    if arguments:
        study = Study.open(arguments[0])
        print(count()[0])
        study.close()
        return
    with tempfile.TemporaryDirectory() as folder:
        show(measure(Path(folder) / "long.tune"))


if __name__ == "__main__":
    main(sys.argv[1:])
