"""Disks that refuse while a real study runs: full, cut off, gone; all is there when they are back.

The disks are small file systems in memory, mounted where nobody but the study sees them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from engine.events import StopReason, StudyState
from engine.store import Store
from engine.trial import TrialState

ROOT = Path(__file__).parents[2]
SPEC = """
name = "small"
[task]
kind = "builtin"
network = "mlp"
data = "digits"
epochs = {epochs}
objective = "val_accuracy"
keep = 1
[[space]]
name = "lr"
type = "float"
low = 1e-4
high = 1e-1
log = true
[method]
name = "random"
[budget]
trials = {trials}
[resources]
devices = ["cpu"]
stack = 1
seed = 7
"""
OF_ITS_OWN = ["unshare", "--mount", *([] if os.name == "nt" or os.getuid() == 0 else ["-r"])]


def can_mount() -> bool:
    """Whether file systems may be mounted in a mount namespace of its own."""
    if shutil.which("unshare") is None:
        return False
    command = [*OF_ITS_OWN, "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not can_mount(), reason="no file system may be mounted here")


class Disked:
    """The headless program with a file system of its own, which goes when `close` is called."""

    def __init__(self, folder: Path, megabytes: float, epochs: int, trials: int) -> None:
        self._outside = folder
        (folder / "spec.toml").write_text(SPEC.format(epochs=epochs, trials=trials))
        (folder / "disk").mkdir()
        (folder / "share").mkdir()
        script = (
            f"mount -t tmpfs -o size={int(megabytes * 1024)}k none disk && mkdir disk/share && "
            'mount --bind disk/share share && { "$0" "$@" >output 2>&1 </dev/null; '
            "echo $? >code; read line; }"
        )
        python = [sys.executable, str(ROOT / "main.py"), "--headless", "spec.toml"]
        command = [*OF_ITS_OWN, "sh", "-c", script, *python, "--out", "share/small.tune"]
        self._shell = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE)
        self._root = Path(f"/proc/{self._shell.pid}/root")

    @property
    def output(self) -> str:
        """What it has printed."""
        file = self._outside / "output"
        return file.read_text() if file.exists() else ""

    @property
    def code(self) -> int | None:
        """Its exit code, once it has one."""
        file = self._outside / "code"
        return int(file.read_text()) if file.exists() and file.read_text().strip() else None

    @property
    def share(self) -> Path:
        """The folder of the study's file, as seen from here."""
        return Path(f"{self._root}{self._outside}/share")

    def command(self, *words: str) -> None:
        """Run something where the study runs."""
        enter = ["nsenter", f"--mount=/proc/{self._shell.pid}/ns/mnt"]
        subprocess.run([*enter, *words], cwd="/", check=True)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the program."""
        psutil.Process(self._shell.pid).children()[0].send_signal(number)

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something while it runs."""
        while not condition():
            assert self.code is None, self.output
            time.sleep(0.02)

    def end(self) -> int:
        """Wait for its end; its exit code."""
        while self.code is None:
            time.sleep(0.02)
        return self.code

    def finished(self) -> int:
        """How many trials its output tells of."""
        return self.output.count("\ntrial ")

    def saved(self) -> Store:
        """What is on the disk: a copy, which nobody writes."""
        folder = Path(tempfile.mkdtemp(dir=self._outside))
        for file in self.share.glob("small.tune*"):
            if file.is_file() and not file.name.endswith("-shm"):
                shutil.copy(file, folder)
        return Store.open(folder / "small.tune")

    def trials_saved(self) -> int:
        """How many finished trials are on the disk."""
        store = self.saved()
        with store.one_moment():
            return sum(trial.state.is_finished for trial in store.trials())

    def fill(self) -> None:
        """Leave no room at all."""
        with (self.share / "filler").open("wb", buffering=0) as filler:
            for size in (65_536, 4_096, 1):
                with contextlib.suppress(OSError):
                    while True:
                        filler.write(b"x" * size)

    def make_room(self) -> None:
        """Give back what `fill` took."""
        (self.share / "filler").unlink()

    def close(self) -> None:
        """End everything."""
        for child in psutil.Process(self._shell.pid).children(recursive=True):
            child.kill()
        self._shell.communicate()


Run = Callable[..., Disked]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    running: list[Disked] = []

    def start(megabytes: float = 4, epochs: int = 10, trials: int = 6) -> Disked:
        running.append(Disked(tmp_path, megabytes, epochs, trials))
        return running[-1]

    yield start
    for one in running:
        one.close()


def check_whole(program: Disked, trials: int) -> None:
    """All is on the disk, once, and in one file."""
    store = program.saved()
    with store.one_moment():
        assert [trial.state for trial in store.trials()] == [TrialState.COMPLETE] * trials
        assert sorted(t.ended for t in store.trials()) == list(range(1, trials + 1))
        assert store.condition()[:2] == (StudyState.FINISHED, StopReason.TRIALS)
        assert {len(reports) for reports in store.reports().values()} == {10}
    names = {file.name for file in program.share.glob("small.tune*")}
    assert names == {"small.tune", "small.tune.d"}


def test_that_a_study_waits_for_room_on_a_full_disk_and_loses_nothing(run: Run) -> None:
    program = run()
    program.until(lambda: program.finished() >= 2)
    program.fill()
    program.until(lambda: "The disk is full, so small.tune cannot be written: " in program.output)
    program.until(lambda: program.finished() > program.trials_saved())
    program.make_room()
    assert program.end() == 0, program.output
    check_whole(program, 6)
    assert program.output.count("The disk is full") == 1
    assert "failed" not in program.output


def test_that_a_study_that_is_ended_on_a_full_disk_says_what_is_not_saved(run: Run) -> None:
    program = run()
    program.until(lambda: program.finished() >= 2)
    program.fill()
    program.until(lambda: program.finished() > program.trials_saved())
    program.send(signal.SIGTERM)
    assert program.end() == 143, program.output
    assert "not yet saved, but kept in memory. Make room, then " in program.output
    assert "not everything was saved: The disk is full" in program.output.splitlines()[-1]
    assert "Traceback" not in program.output
    assert 2 <= program.trials_saved() < program.finished()


def test_that_a_study_on_a_share_that_vanishes_goes_on_when_it_is_back(run: Run) -> None:
    program = run()
    program.until(lambda: program.finished() >= 2)
    program.command("umount", "--lazy", f"{program._outside}/share")
    program.until(lambda: "small.tune was moved or deleted: " in program.output)
    program.command(
        "mount", "--bind", f"{program._outside}/disk/share", f"{program._outside}/share"
    )
    assert program.end() == 0, program.output
    check_whole(program, 6)
