"""Trainings that misbehave, as odd_worker.py runs them; each is named by a trial's parameters."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple


class Outcome(NamedTuple):
    """What a real runner's `run` returns."""

    value: float | None
    step: int | None
    metrics: dict[str, float]
    finished: bool = True


class Diverged(Exception):  # noqa: N818 - the name by which the worker knows it
    """As the built-in networks raise it."""


def train(context: Any) -> Outcome:
    """Report three epochs, obeying a wish to stop."""
    for epoch in range(1, 4):
        context.report(epoch, {"loss": 1.0 / epoch})
        time.sleep(0.01)
        if context.should_stop():
            return Outcome(1.0 / epoch, epoch, {}, finished=False)
    return Outcome(1.0 / 3, 3, {"loss": 1.0 / 3})


def hang(context: Any) -> Outcome:
    """Never end, and leave a grandchild that never ends either."""
    grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(context.params["note"]).write_text(f"{os.getpid()} {grandchild.pid}")
    while True:
        time.sleep(600)


def wait_until_stopped(context: Any) -> Outcome:
    """Run until told to stop, then hand in what there is."""
    context.report(1, {"loss": 0.5})
    while not context.should_stop():
        time.sleep(0.005)
    return Outcome(0.5, 1, {"loss": 0.5}, finished=False)


def write_garbage(context: Any) -> Outcome:
    """Print all that could be taken for the protocol, and much that could not."""
    os.write(1, b"\xff\xfe\x00 not json\n")
    print('{"type": "result", "trial": 0, "value": -1, "finished": true}', flush=True)
    os.write(2, b"x" * 100_000 + b"\n")
    os.close(1)
    return train(context)


def fail(context: Any) -> Outcome:
    """Raise, after saying something."""
    print("about to fail", flush=True)
    raise ValueError("the data are\nnot what they seem")


def fail_at_length(context: Any) -> Outcome:
    """Raise with all that was at hand, as a shape error with its data does."""
    raise ValueError("\n".join(["0.125 " * 1_000] * 4_000))


def return_too_much(context: Any) -> Outcome:
    """Hand in more metrics than the program hears of at once."""
    return Outcome(1.0, 1, {f"{'a name ' * 100}{number}": 1.0 for number in range(25_000)})


def diverge(context: Any) -> Outcome:
    """As a network does whose loss is no number."""
    raise Diverged("the loss became nan in epoch 2")


def run_out_of_memory(context: Any) -> Outcome:
    """As numpy does when there is no room."""
    raise MemoryError


def take_memory(context: Any) -> Outcome:
    """Take 400 MB and stay."""
    hoard = bytearray(400_000_000)
    hoard[::4096] = b"x" * len(hoard[::4096])
    return wait_until_stopped(context)


def take_memory_in_a_child(context: Any) -> Outcome:
    """Have a process of its own take 400 MB and stay."""
    code = "import time; hoard = b'x' * 400_000_000; time.sleep(600)"
    subprocess.Popen([sys.executable, "-c", code])
    return wait_until_stopped(context)


def share_memory(context: Any) -> Outcome:
    """Take 150 MB, and have four forks that read them."""
    hoard = bytearray(b"x" * 150_000_000)
    children = []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            hoard.count(b"y")
            time.sleep(1.0)
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    return train(context)


def crash(context: Any) -> Outcome:
    """Die as a segmentation fault does."""
    sys.stderr.write("last words\n")
    sys.stderr.flush()
    os.kill(os.getpid(), 11)
    return train(context)


def leave(context: Any) -> Outcome:
    """End the process as if all were well."""
    os._exit(0)


def tell_gpus(context: Any) -> Outcome:
    """Which GPUs this process may see."""
    return Outcome(float(os.environ.get("CUDA_VISIBLE_DEVICES", "99")), 1, {})


def tell_process(context: Any) -> Outcome:
    """Which process this is."""
    return Outcome(float(os.getpid()), 1, {"loss": 0.0})


# Ends that are no ends


def exit_politely(context: Any) -> Outcome:
    """End the program, as a script does that was never meant to be a function."""
    sys.exit(3)


def abort(context: Any) -> Outcome:
    """As a failed assertion in C++ does."""
    os.abort()


def segfault(context: Any) -> Outcome:
    """Read from where nothing is."""
    ctypes.string_at(0)
    return train(context)


def hold_the_lock(context: Any) -> Outcome:
    """Be in C code that never gives the interpreter lock back."""
    ctypes.PyDLL(None).sleep(600)
    return train(context)


def fall_silent(context: Any) -> Outcome:
    """Report, then no more."""
    context.report(1, {"loss": 0.5})
    while True:
        time.sleep(600)


def talk_nonsense(context: Any) -> Outcome:
    """Say in the worker's name what it never says."""
    context._channel.send(**context.params["says"], trial=context.number)
    return wait_until_stopped(context)


# Descendants

DAEMON = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if len(sys.argv) > 2:
    subprocess.Popen([sys.executable, *sys.argv[:-1]], start_new_session=True)
with open(sys.argv[1], "a") as note:
    note.write(f"{os.getpid()} ")
time.sleep(600)
"""


def leave_daemons(context: Any) -> Outcome:
    """Start what starts more, each deaf to SIGTERM in a session of its own; then something else."""
    source, note = Path(context.params["note"] + ".py"), context.params["note"]
    source.write_text(DAEMON)
    subprocess.Popen([sys.executable, str(source), note, "again"], start_new_session=True)
    while not Path(note).exists() or len(Path(note).read_text().split()) < 2:
        time.sleep(0.01)
    then: Outcome = globals()[context.params["then"]](context)
    return then


def leave_a_hermit(context: Any) -> Outcome:
    """Leave a process in a session of its own, with nothing of our environment."""
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    hermit = subprocess.Popen(command, start_new_session=True, env={})
    return Outcome(float(hermit.pid), 1, {})


def leave_a_stranger(context: Any) -> Outcome:
    """Leave a process that keeps our output open and that nothing connects with us; then crash."""
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    stranger = subprocess.Popen(command, start_new_session=True, env={})
    Path(context.params["note"]).write_text(f"{stranger.pid} {stranger.pid}")
    os._exit(1)


def fork(context: Any) -> Outcome:
    """Have one child that raises, one that returns into whoever called us, and one that is used."""
    for end in ("raise", "return"):
        if os.fork() == 0:
            context.report(99, {"loss": -1.0})
            if end == "raise":
                raise RuntimeError("in a child")
            return Outcome(-1.0, 99, {})
    with multiprocessing.get_context("fork").Pool(2) as pool:
        total = sum(pool.map(abs, [-1, -2]))
    time.sleep(0.2)
    return Outcome(float(total), 1, {})


# Output and reports


def print_much(context: Any) -> Outcome:
    """Print 200 MB."""
    line = "x" * 99
    block = "\n".join([line] * 10_000)
    print("the first line")
    for _ in range(200):
        print(block)
    print("the last line", flush=True)
    os._exit(1)


def print_without_end(context: Any) -> Outcome:
    """Print 50 MB that are no text and contain no end of a line."""
    block = bytes(range(11, 256)) * 4_000
    for _ in range(50):
        os.write(2, block)
    os._exit(1)


def report_without_pause(context: Any) -> Outcome:
    """Make as many reports as the parameter `reports` says, 10,000 a second."""
    begun = time.perf_counter()
    for step in range(1, context.params["reports"] + 1):
        context.report(step, {"loss": 1.0 / step})
        if step % 100 == 0:
            time.sleep(max(0.0, begun + step / 10_000 - time.perf_counter()))
    return Outcome(0.0, step, {})


# What outlives a trial in its process


def change_everything(context: Any) -> Outcome:
    """Change all that belongs to the process."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    random.seed(1)
    os.environ["OMP_NUM_THREADS"] = "77"
    sys.setrecursionlimit(5_000)
    os.chdir("/")
    return Outcome(0.0, 1, {})


def look_around(context: Any) -> Outcome:
    """Say what of `change_everything` is to be seen."""
    known = (
        os.getcwd() == "/",
        signal.getsignal(signal.SIGTERM) is signal.SIG_IGN,
        os.environ["OMP_NUM_THREADS"] == "77",
        sys.getrecursionlimit() == 5_000,
    )
    return Outcome(float(sum(known)), 1, {})
