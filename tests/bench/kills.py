"""What SIGKILL costs: the program or a worker of a real study is killed at a random moment, often.

A study of the digits on two workers runs in a program of its own, which is started again after each
time that it was killed. After every kill it is seen what is left of its processes, and after every
end of the program whether the file is sound and holds all that was finished before.
"""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil

from engine.executors.guard import own_command
from engine.store import Store
from engine.trial import Trial
from tests.bench.report import Row, percentile, show

KILLS = 200
ORPHANS_AFTER = 5.0
LONGEST_WAIT = 1.5
SPEC = """
name = "killed"
[task]
network = "mlp"
data = "digits"
epochs = 15
objective = "val_cross_entropy"
[[space]]
name = "lr"
type = "float"
low = 1e-5
high = 1e-1
log = true
[[space]]
name = "batch_size"
type = "int"
low = 32
high = 512
log = true
[method]
name = "random"
[budget]
trials = 1000000
[resources]
workers = 2
devices = ["cpu"]
"""


class Study:
    """The study under fire, and the program that runs it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = folder / "killed.tune"
        (folder / "killed.toml").write_text(SPEC)
        self.finished: dict[int, Any] = {}
        self.lost = self.doubled = self.unsound = self.orphans = 0
        self.gone_after: list[float] = []
        self.program = self._start()

    def _start(self) -> psutil.Process:
        """The program, once its workers are there."""
        what = self.path if self.path.exists() else "killed.toml"
        command = [*own_command("--headless"), str(what)]
        process = subprocess.Popen(
            command, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        program = psutil.Process(process.pid)
        while len(_workers(program)) < 2:
            time.sleep(0.02)
        return program

    def kill_program(self) -> None:
        """Kill it, see what is left of it and in its file, and start it again."""
        self._kill(self.program, self.program.children(recursive=True))
        self._look()
        self.program = self._start()

    def kill_worker(self, dice: random.Random) -> None:
        """Kill one of its workers; the program goes on."""
        workers = _workers(self.program)
        if workers:
            worker = dice.choice(workers)
            with contextlib.suppress(psutil.NoSuchProcess):
                self._kill(worker, worker.children(recursive=True))

    def close(self) -> list[Trial]:
        """End the program as a person would; the trials that there are."""
        self.program.terminate()
        self.program.wait()
        return self._look()

    def _kill(self, process: psutil.Process, family: list[psutil.Process]) -> None:
        begun = time.monotonic()
        process.kill()
        _, left = psutil.wait_procs([process, *family], timeout=ORPHANS_AFTER)
        self.gone_after.append(time.monotonic() - begun)
        self.orphans += len(left)

    def _look(self) -> list[Trial]:
        with contextlib.closing(Store.open(self.path)) as store:
            check = store._connection.execute("PRAGMA integrity_check").fetchone()
            self.unsound += check != ("ok",)
            trials = list(store.trials())
        now = {t.number: (t.params, t.state, t.value) for t in trials if t.state.is_finished}
        self.lost += sum(now.get(number) != kept for number, kept in self.finished.items())
        ends = [trial.ended for trial in trials if trial.state.is_finished]
        self.doubled += len(ends) - len(set(ends))
        self.finished = now
        return trials


def _workers(program: psutil.Process) -> list[psutil.Process]:
    found = []
    for child in program.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "--worker" in child.cmdline():
                found.append(child)
    return found


def measure(folder: Path) -> list[Row]:
    """Kill, and count."""
    dice, study = random.Random(5), Study(folder)
    counts = Counter[str]()
    for _ in range(KILLS):
        time.sleep(dice.uniform(0.0, LONGEST_WAIT))
        if dice.random() < 0.5:
            study.kill_program()
            counts["program"] += 1
        else:
            study.kill_worker(dice)
            counts["worker"] += 1
    trials = study.close()
    states = Counter(str(trial.state) for trial in trials)
    what = f"{counts['program']} kills of the program, {counts['worker']} of a worker"
    told = ", ".join(f"{count} {state}" for state, count in states.most_common())
    slowest = f"{percentile(study.gone_after, 50):.2f} s median, {max(study.gone_after):.2f} s"
    return [
        Row(f"{what}: finished trials lost", str(study.lost), told, aim="0"),
        Row(f"{what}: finished trials doubled", str(study.doubled), aim="0"),
        Row(f"{what}: files that are not sound", str(study.unsound), aim="0"),
        Row(f"{what}: processes left after 5 s", str(study.orphans), aim="0"),
        Row(f"{what}: all processes gone after", f"{slowest} longest", aim="under 5 s"),
    ]


def main() -> None:
    """The benchmark."""
    if sys.platform == "win32":
        print("Windows has no SIGKILL.")
        return
    with tempfile.TemporaryDirectory() as folder:
        show(measure(Path(folder)))


if __name__ == "__main__":
    main()
