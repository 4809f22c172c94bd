"""A user's script runs in a process of its own for each trial, by the Python that it names."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil
import pytest

from engine.executors import script_launch
from engine.executors.messages import TrialBegan, TrialEnded, WorkerReady, WorkersRefused
from engine.trial import TrialState
from tests.faults.executor_bench import gone

SCRIPT = {"kind": "script"}
REAL_WORKER = script_launch.WORKER


def _workers() -> list[psutil.Process]:
    children = psutil.Process().children()
    return [child for child in children if "odd_worker" in " ".join(child.cmdline())]


def test_that_each_trial_of_a_script_has_a_process_of_its_own(open_bench) -> None:
    bench = open_bench(content=SCRIPT)
    values = [bench.run(number, "tell_process").value for number in range(3)]
    assert len(set(values)) == 3
    assert all(gone(int(value)) for value in values)
    assert len(bench.all(WorkerReady)) == 1


def test_that_the_next_process_is_started_while_a_trial_runs(open_bench) -> None:
    bench = open_bench(content=SCRIPT)
    bench.submit(0, "wait_until_stopped")
    bench.wait_for(TrialBegan)
    waiting = {worker.pid for worker in _workers()}
    assert len(waiting) == 2
    bench.executor.cancel(0)
    bench.wait_for(TrialEnded)
    assert bench.run(1, "tell_process").value in waiting


def test_that_a_process_that_dies_while_it_waits_costs_nothing(open_bench) -> None:
    bench = open_bench(content=SCRIPT)
    bench.submit(0, "wait_until_stopped")
    bench.wait_for(TrialBegan)
    for worker in _workers():
        if worker.create_time() == max(w.create_time() for w in _workers()):
            worker.kill()
            assert gone(worker.pid)
            break
    bench.executor.cancel(0)
    bench.wait_for(TrialEnded)
    assert bench.run(1, "train").state is TrialState.COMPLETE
    assert not bench.all(WorkersRefused)


def test_that_the_next_trial_of_a_script_starts_clean(open_bench) -> None:
    bench = open_bench(content=SCRIPT)
    bench.run(0, "change_everything")
    assert bench.run(1, "look_around").value == 0


def _refusal(bench, monkeypatch: pytest.MonkeyPatch | None = None) -> str:
    bench.submit(0, "train")
    return bench.wait_for(WorkersRefused).message


def test_that_a_python_that_is_not_there_is_refused(open_bench, tmp_path: Path) -> None:
    message = _refusal(open_bench(content={**SCRIPT, "interpreter": "venv/bin/python"}))
    place = tmp_path / "venv/bin/python"
    assert message == (
        f"interpreter: {place} is not there; choose the Python that runs the script."
    )


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions and programs")
def test_that_a_python_that_reads_the_worker_and_not_the_rest_is_too_old(
    open_bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script_launch, "WORKER", REAL_WORKER)
    python = tmp_path / "python"
    code = (
        "import runpy, sys; sys.version_info = (3, 7); runpy.run_path(sys.argv[1], {}, '__main__')"
    )
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{code}" "$@"\n')
    python.chmod(0o755)
    message = _refusal(open_bench(content={**SCRIPT, "interpreter": str(python)}))
    assert message == f"interpreter: {sys.executable} is too old; choose a newer Python."


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions and programs")
@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        (b"#!/bin/sh\n", 0o644, "is not a program;"),
        (b"\x00\x01\x02\x03", 0o755, "is not a program for this machine;"),
        (b"#!/no/such/loader\n", 0o755, "is not a program for this machine;"),
        (b"#!/bin/sh\necho no libpython >&2; exit 127\n", 0o755, "(exit code 127): no libpython"),
        (b"#!/bin/sh\necho SyntaxError: invalid syntax >&2; exit 1\n", 0o755, "is too old;"),
    ],
)
def test_that_a_python_that_is_none_is_refused_in_one_sentence(
    open_bench, tmp_path: Path, text: bytes, mode: int, words: str
) -> None:
    python = tmp_path / "python"
    python.write_bytes(text)
    python.chmod(mode)
    message = _refusal(open_bench(content={**SCRIPT, "interpreter": str(python)}))
    assert message.startswith(f"interpreter: {python} ")
    assert words in message
    assert len(message.splitlines()) == 1


def test_that_a_python_that_says_nothing_is_refused(
    open_bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.executors.launch.START_SECONDS", 0.5)
    python = tmp_path / "python"
    python.write_bytes(b"#!/bin/sh\nexec sleep 600\n")
    python.chmod(0o755)
    message = _refusal(open_bench(content={**SCRIPT, "interpreter": str(python)}))
    assert "did not start within 0.5 s" in message


def test_that_the_chosen_python_runs_the_script(open_bench, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho "$0" > {tmp_path}/who\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    bench = open_bench(content={**SCRIPT, "interpreter": "python"})
    assert bench.run(0, "train").state is TrialState.COMPLETE
    assert (tmp_path / "who").read_text().strip() == str(python)


def test_that_a_frozen_program_has_no_python_for_scripts(open_bench, monkeypatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert "no Python of its own" in _refusal(open_bench(content=SCRIPT))


def test_that_a_users_python_finds_nothing_of_a_frozen_programs_libraries(monkeypatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setenv("_PYI_APPLICATION_HOME_DIR", "/bundle")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/bundle")
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "/opt/cuda")
    changes = script_launch.environment()
    changed = {k: v for k, v in {**os.environ, **changes}.items() if v is not None}
    assert changed["LD_LIBRARY_PATH"] == "/opt/cuda"
    assert not {"PYTHONHOME", "PYTHONPATH", "_PYI_APPLICATION_HOME_DIR"} & set(changed)
