"""Trials that train as one and misbehave, as odd_worker.py runs them.

Each epoch every member does what its parameters say: `does` names one of the functions here, to be
done in the second epoch; `epochs` is when it ends (0: when it is told to). The first member's
`fits` is how many find room, and its `gate` a file that has to be there for the second epoch.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.faults.odd_trainings import Diverged, Outcome


class Training:
    """The epochs of some trials in step."""

    def __init__(self, stack: Any) -> None:
        self.stack = stack
        self.first = stack.trials[0]
        self.fits = self.first.params.get("fits", stack.most)
        self.epochs: dict[Any, int] = {}

    def run(self) -> None:
        """Train until none is left."""
        self.prepare()
        self.stack.size(self.first, self.fits)
        self.seat(self.stack.trials)
        while self.epochs:
            self.epoch()
            self.seat(self.stack.newcomers())
        if self.first.params.get("lingers"):
            time.sleep(600)

    def prepare(self) -> None:
        """What is done before the first begins."""
        once = self.first.params.get("dies_once")
        if once and not Path(once).exists():
            Path(once).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        ready = self.first.params.get("waits_for")
        while ready and not Path(ready).exists():
            Path(ready + ".asked").touch()
            time.sleep(0.005)

    def seat(self, trials: list[Any]) -> None:
        """Take in those for whom there is room."""
        for trial in trials:
            if len(self.epochs) < self.fits:
                self.stack.began(trial)
                self.epochs[trial] = 0
            else:
                self.stack.give_back(trial)

    def epoch(self) -> None:
        """One epoch of all."""
        time.sleep(0.01)
        gate = self.first.params.get("gate")
        while gate and 1 in self.epochs.values() and not Path(gate).exists():
            Path(gate + ".asked").touch()
            time.sleep(0.005)
        self.stack.epoch_over()
        for trial in list(self.epochs):
            self.epochs[trial] += 1
            trial.report(self.epochs[trial], {"loss": 1.0 / self.epochs[trial]})
            self.look_after(trial, self.epochs[trial])

    def look_after(self, trial: Any, epoch: int) -> None:
        """What a member does at an epoch's end."""
        does = trial.params.get("does")
        if does:
            if epoch >= 2:
                globals()[does](self, trial)
        elif trial.should_stop():
            self.end(trial, Outcome(1.0 / epoch, epoch, {}, finished=False))
        elif epoch == trial.params.get("epochs", 3):
            self.end(trial, Outcome(1.0 / epoch, epoch, {}))

    def end(self, trial: Any, outcome: Any) -> None:
        """A member leaves."""
        del self.epochs[trial]
        self.stack.ended(trial, outcome)


def diverge(training: Training, trial: Any) -> None:
    """One member's loss is no number."""
    training.end(trial, Diverged("the loss became nan in epoch 2"))


def be_infinite(training: Training, trial: Any) -> None:
    """One member hands in what is no finite number."""
    training.end(trial, Outcome(float("inf"), 2, {}))


def fail(training: Training, trial: Any) -> None:
    """Raise, out of the training of all."""
    raise ValueError("the data are not what they seem")


def run_out_of_memory(training: Training, trial: Any) -> None:
    """As numpy does when there is no room."""
    raise MemoryError("no room for so many")


def crash(training: Training, trial: Any) -> None:
    """Die as a segmentation fault does."""
    os.kill(os.getpid(), signal.SIGSEGV)


def hang(training: Training, trial: Any) -> None:
    """Never go on, and leave a grandchild that never ends either."""
    grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(trial.params["note"]).write_text(f"{os.getpid()} {grandchild.pid}")
    time.sleep(600)


def be_deaf(training: Training, trial: Any) -> None:
    """Go on for ever, whatever one is told."""


def take_memory(training: Training, trial: Any) -> None:
    """Take 400 MB and stay."""
    hoard = bytearray(400_000_000)
    hoard[::4096] = b"x" * len(hoard[::4096])
    time.sleep(600)


def give_up(training: Training, trial: Any) -> None:
    """Forget about all members."""
    training.epochs.clear()


def come_back(training: Training, trial: Any) -> None:
    """Be given back in the middle, to be run by itself."""
    del training.epochs[trial]
    training.stack.give_back(trial, why="It got in the way of the others.", alone=True)


def fork(training: Training, trial: Any) -> None:
    """Have one child that raises, and one that returns into whoever called us."""
    for end in ("raise", "return"):
        if os.fork() == 0:
            trial.report(99, {"loss": -1.0})
            training.stack.newcomers()
            if end == "raise":
                raise RuntimeError("in a child")
            for other in list(training.epochs):
                training.end(other, Outcome(-1.0, 99, {}))
            return
    os.wait()
    os.wait()
    training.end(trial, Outcome(3.0, 2, {}))


def talk_nonsense(training: Training, trial: Any) -> None:
    """Say what a worker never says."""
    trial._channel.send(**trial.params["says"], trial=trial.number)
    time.sleep(600)
