"""Processes that a user's training function starts: forks, and those of multiprocessing."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from tests.script_worker import ScriptWorker, ended, write

posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


@posix
def test_that_a_fork_says_nothing_in_the_name_of_the_trial(tmp_path: Path) -> None:
    script = write(
        tmp_path,
        """
        import os

        def objective(trial):
            codes = []
            for does in ("return", "raise", "exit"):
                if os.fork() == 0:
                    trial.report(99.0, 9)
                    if does == "raise":
                        raise RuntimeError("only the child")
                    if does == "exit":
                        raise SystemExit(7)
                    return
                codes.append(os.wait()[1] >> 8)
            assert trial.checkpoint_dir.is_dir()
            trial.log(first=codes[0], second=codes[1], third=codes[2])
            return 1.0
        """,
    )
    with ScriptWorker(script) as worker:
        worker.begin()
        heard = worker.hear_all()
        assert psutil.Process(worker.process.pid).children() == []
    assert [message["type"] for message in heard] == ["ready", "started", "report", "result"]
    assert heard[2]["metrics"] == {"first": 0, "second": 1, "third": 7}
    assert "RuntimeError: only the child" in worker.log


@posix
@pytest.mark.parametrize("does", ["return 1", "raise RuntimeError"])
def test_that_a_fork_does_not_look_for_parameters_either(tmp_path: Path, does: str) -> None:
    script = write(
        tmp_path,
        f"""
        import os

        def objective(trial):
            with open("calls.txt", "a") as calls:
                print(os.getpid(), file=calls)
            x = trial.suggest_categorical("x", [1, 2])
            if os.fork() == 0:
                {does}
            os.wait()
            assert trial.checkpoint_dir.is_dir()
            return x
        """,
    )
    with ScriptWorker(script) as worker:
        found = worker.discover()
    assert [parameter["name"] for parameter in found["parameters"]] == ["x"]
    assert found["notes"] == []
    assert (tmp_path / "calls.txt").read_text().split() == [str(worker.process.pid)] * 2


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_that_multiprocessing_works_with_functions_of_the_script(
    tmp_path: Path, method: str
) -> None:
    if method == "fork" and not hasattr(os, "fork"):
        pytest.skip("there is no fork here")
    result = ended(
        tmp_path,
        """
        import multiprocessing
        from tunescape import TrialPruned

        def double(x):
            return 2 * x

        def objective(trial):
            method = trial.suggest_categorical("method", ["fork", "spawn"])
            with multiprocessing.get_context(method).Pool(1) as pool:
                return sum(pool.map(double, [1, 2]))
        """,
        method=method,
    )
    assert result["type"] == "result", result
    assert result["value"] == 6
