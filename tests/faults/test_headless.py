"""The headless program as a user runs it: real processes, real training, real signals."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.store import Store
from engine.trial import TrialState

ROOT = Path(__file__).parents[2]
MORE_THAN_ANY_MACHINE_DOES = 10_000
"""Trials of a study that is interrupted: however fast the machine is, some are left to do."""
SPEC = """
name = "small"
[task]
kind = "builtin"
network = "mlp"
data = "digits"
epochs = {epochs}
objective = "val_accuracy"
[[space]]
name = "lr"
type = "float"
low = 1e-4
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
trials = {trials}
[limits]
{limits}
[resources]
devices = ["cpu"]
seed = 7
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_spec(tmp_path)
    return tmp_path


def write_spec(folder: Path, epochs: int = 3, trials: int = 6, limits: str = "") -> None:
    (folder / "small.toml").write_text(SPEC.format(epochs=epochs, trials=trials, limits=limits))


def train_one_by_one(folder: Path) -> None:
    """Which trials go together depends on how many there are to be."""
    with open(folder / "small.toml", "a") as spec:
        spec.write("stack = 1\n")


def start(folder: Path, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, str(ROOT / "main.py"), "--headless", *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def run(folder: Path, *arguments: object) -> tuple[int, str, str]:
    process = start(folder, *arguments)
    output, errors = process.communicate(timeout=100)
    return process.returncode, output, errors


def trials_of(path: Path) -> list[tuple[int, dict[str, Any], float | None]]:
    store = Store.open(path)
    found = [(t.number, t.params, t.value) for t in store.trials()]
    store.close()
    return found


def wait_for_trial(path: Path, state: TrialState, process: subprocess.Popen[str]) -> None:
    """Until a trial of the study is in `state`."""
    while process.poll() is None:
        if path.exists():
            store = Store.open(path)
            states = {trial.state for trial in store.trials()}
            store.close()
            if state in states:
                return
        time.sleep(0.02)
    raise AssertionError(process.communicate())


def test_that_a_study_runs_to_its_end_and_sums_itself_up(folder: Path) -> None:
    code, output, errors = run(folder, "small.toml", "--json", "summary.json")
    assert (code, errors) == (0, "")
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["state"] == "finished"
    assert summary["stop_reason"] == "trials"
    assert summary["trials"]["complete"] == 6
    best = summary["best"]
    values = [value for _, _, value in trials_of(folder / "small.tune")]
    assert best["value"] == max(values)
    assert best["metrics"]["val_accuracy"] == best["value"]
    assert best["metrics"]["test_accuracy"] > 0.5
    assert output.count("\ntrial ") == 6
    assert f"best: trial {best['number']}, val_accuracy" in output


def test_that_a_finished_study_is_summed_up_again_without_running(folder: Path) -> None:
    run(folder, "small.toml")
    before = (folder / "small.tune").read_bytes()
    code, _, _ = run(folder, "small.tune", "--json", "again.json")
    assert code == 0
    assert json.loads((folder / "again.json").read_text())["trials"]["complete"] == 6
    assert (folder / "small.tune").read_bytes() == before


def test_that_a_finished_study_goes_on_with_a_larger_total(folder: Path) -> None:
    write_spec(folder, trials=9)
    run(folder, "small.toml", "--out", "whole.tune")
    assert run(folder, "small.toml", "--trials", 5)[0] == 0
    assert run(folder, "small.tune", "--trials", 9)[0] == 0
    assert trials_of(folder / "small.tune") == trials_of(folder / "whole.tune")


def test_that_an_existing_study_is_refused_not_overwritten(folder: Path) -> None:
    (folder / "small.tune").write_text("precious")
    code, _, errors = run(folder, "small.toml")
    assert code == 2
    assert "small.tune already exists" in errors
    assert (folder / "small.tune").read_text() == "precious"


def test_that_two_workers_do_the_same_trials(folder: Path) -> None:
    run(folder, "small.toml", "--out", "one.tune")
    run(folder, "small.toml", "--out", "two.tune", "--workers", 2)
    one, two = trials_of(folder / "one.tune"), trials_of(folder / "two.tune")
    assert [trial[:2] for trial in one] == [trial[:2] for trial in two]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["absent.toml"], "absent.toml"),
        (["absent.tune"], "absent.tune"),
        (["small.png"], "neither a spec"),
        (["small.toml", "--trials", 0], "trials"),
        (["small.toml", "--trials", "many"], "trials"),
        (["small.toml", "--workers", -1], "workers"),
        (["small.toml", "--method", "bayesien"], "bayesien"),
        (["small.toml", "--seed", -5], "seed"),
        (["small.toml", "--json", "no/such/folder.json"], "no/such"),
        (["small.toml", "--json", "."], "is a folder"),
        (["small.toml", "--json", "small.toml/x.json"], "no folder"),
        (["small.toml", "--out", "small.toml/x.tune"], "small.toml"),
        (["small.toml", "--frobnicate"], "frobnicate"),
        (["broken.toml"], "line 2"),
        (["target.toml"], "target"),
        (["binary.toml"], "binary.toml"),
        (["objective.toml"], "val_mse"),
    ],
)
def test_that_bad_input_is_one_sentence_and_exit_code_2(
    folder: Path, arguments: list[object], words: str
) -> None:
    (folder / "broken.toml").write_text('name = "x"\nname 3\n')
    (folder / "binary.toml").write_bytes(bytes(range(256)))
    text = (folder / "small.toml").read_text()
    (folder / "houses.csv").write_text("area,price\n1,2\n2,3\n3,4\n")
    (folder / "target.toml").write_text(
        text.replace('"digits"', '"houses.csv"').replace("val_accuracy", "val_mse")
    )
    (folder / "objective.toml").write_text(text.replace("val_accuracy", "val_mse"))
    code, output, errors = run(folder, *arguments)
    assert code == 2, (output, errors)
    assert words in errors
    assert "Traceback" not in errors
    assert 1 <= len(errors.strip().splitlines()) <= 2
    assert not (folder / "small.tune").exists()


def test_that_a_study_whose_every_trial_fails_exits_with_1(folder: Path) -> None:
    write_spec(folder, epochs=2000, trials=2, limits="trial_seconds = 0.05")
    code, output, _ = run(folder, "small.toml", "--json", "summary.json")
    assert code == 1
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["trials"]["failed"] == 2
    assert summary["best"] is None
    assert "longer than its limit" in output


def test_that_what_stops_every_worker_is_said_once(folder: Path) -> None:
    """Below the rows that are judged beforehand stands what only the workers find."""
    rows = [f"{area},{3 * area}" for area in range(20_000)]
    (folder / "houses.csv").write_text("\n".join(["area,price", *rows, "7,unknown"]))
    text = (folder / "small.toml").read_text().replace("val_accuracy", "val_mse")
    (folder / "small.toml").write_text(
        text.replace('data = "digits"', 'data = "houses.csv"\ntarget = "price"')
    )
    code, output, errors = run(folder, "small.toml", "--workers", 3)
    assert (code, errors) == (2, "")
    assert output.count("'price' in houses.csv has 1 entry that is no number") == 1
    assert "left out" not in output
    assert "trial " not in output


def test_that_a_missing_pytorch_is_said_in_a_sentence(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "torch.py").write_text("raise ImportError('no torch here')")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    code, output, errors = run(folder, "small.toml")
    assert (code, errors) == (2, "")
    assert f"PyTorch cannot be imported by {sys.executable} (no torch here)" in output
    assert "Traceback" not in output


@pytest.mark.skipif(sys.platform == "win32", reason="Windows deletes no file that is open")
def test_that_a_study_whose_file_is_deleted_waits_and_writes_it_anew_when_it_is_stopped(
    folder: Path,
) -> None:
    write_spec(folder, epochs=30, trials=MORE_THAN_ANY_MACHINE_DOES)
    process = start(folder, "small.toml")
    wait_for_trial(folder / "small.tune", TrialState.COMPLETE, process)
    (folder / "small.tune").unlink()
    assert process.stdout is not None
    while not (line := process.stdout.readline()).startswith("small.tune was moved or deleted: "):
        assert line
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (143, "")
    assert "To go on: " in output
    numbers = [number for number, _, _ in trials_of(folder / "small.tune")]
    assert len(numbers) == len(set(numbers)) > 0
    assert run(folder, "small.tune", "--trials", len(numbers) + 1)[0] == 0


def test_that_a_study_goes_on_when_nobody_reads_what_it_prints(folder: Path) -> None:
    process = start(folder, "small.toml", "--json", "summary.json")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("small: ")
    process.stdout.close()
    process.stdout = None
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert json.loads((folder / "summary.json").read_text())["state"] == "finished"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_that_a_terminal_shows_one_live_line_from_the_start_of_the_worker_on(folder: Path) -> None:
    write_spec(folder, epochs=300, trials=2)
    ours, theirs = os.openpty()
    command = [sys.executable, str(ROOT / "main.py"), "--headless", "small.toml"]
    with subprocess.Popen(
        command, cwd=folder, stdout=theirs, env={**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    ) as process:
        os.close(theirs)
        seen = b""
        with contextlib.suppress(OSError):  # which is how a terminal ends
            while part := os.read(ours, 65536):
                seen += part
        os.close(ours)
    assert process.returncode == 0
    shown = re.findall(r"0 of 2, starting, ([\d.]+) s", seen.decode())
    assert len(set(shown)) > 1  # its time goes on while nothing happens
    assert re.search(r"1 of 2, best [\d.e+-]+, [\d.]+ s, .* left", seen.decode())
    assert b"\ntrial " not in seen


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="no folder that nobody can write to")
def test_that_a_summary_that_cannot_be_written_is_refused_at_once(folder: Path) -> None:
    place = "/proc/summary.json"
    code, _, errors = run(folder, "small.toml", "--json", place)
    assert code == 2
    assert errors.startswith(f"tunescape: --json {place} cannot be written: ")
    assert not (folder / "small.tune").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGTERM")
@pytest.mark.parametrize(
    ("number", "code", "method"),
    [
        (signal.SIGINT, 130, "random"),
        (signal.SIGTERM, 143, "random"),
        (signal.SIGTERM, 143, "bayesian"),
    ],
)
def test_that_an_interrupted_study_says_how_to_go_on_and_ends_the_same(
    folder: Path, number: signal.Signals, code: int, method: str
) -> None:
    write_spec(folder, epochs=40, trials=MORE_THAN_ANY_MACHINE_DOES)
    train_one_by_one(folder)
    search = ("small.toml", "--method", method)
    process = start(folder, *search, "--json", "summary.json")
    wait_for_trial(folder / "small.tune", TrialState.COMPLETE, process)
    process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (code, "")
    assert "To go on: " in output
    assert "small.tune" in output.splitlines()[-1]
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["state"] == "stopped"
    assert summary["stop_reason"] == "user"
    total = len(trials_of(folder / "small.tune")) + (1 if method == "random" else 4)
    assert run(folder, "small.tune", "--trials", total)[0] == 0
    run(folder, *search, "--out", "whole.tune", "--trials", total)
    assert trials_of(folder / "small.tune") == trials_of(folder / "whole.tune")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.timeout(240)
def test_that_a_study_killed_at_random_moments_loses_and_doubles_nothing(folder: Path) -> None:
    write_spec(folder, epochs=300, trials=MORE_THAN_ANY_MACHINE_DOES)
    train_one_by_one(folder)
    study = folder / "small.tune"
    dice = random.Random(20)
    kept: dict[int, tuple[dict[str, Any], float | None]] = {}
    process = start(folder, "small.toml")
    for killed in range(5):
        wait_for_trial(study, TrialState.RUNNING, process)
        time.sleep(dice.uniform(0.0, 0.8))
        children = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.communicate()
        _, survivors = psutil.wait_procs(children, timeout=20)
        assert not survivors
        kept = check_nothing_lost(study, kept)
        if killed < 4:
            process = start(folder, study)
    total = len(trials_of(study)) + 1
    code, output, errors = run(folder, study, "--trials", total)
    assert (code, errors) == (0, ""), output
    assert len(check_nothing_lost(study, kept)) == total
    run(folder, "small.toml", "--out", "whole.tune", "--trials", total)
    assert trials_of(study) == trials_of(folder / "whole.tune")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_that_a_study_killed_amid_its_stacks_ends_with_the_trials_that_it_would_have_had(
    folder: Path,
) -> None:
    write_spec(folder, epochs=120, trials=12)
    run(folder, "small.toml", "--out", "whole.tune")
    process = start(folder, "small.toml")
    wait_for_trial(folder / "small.tune", TrialState.COMPLETE, process)
    process.kill()
    process.communicate()
    assert run(folder, "small.tune")[0] == 0
    killed, whole = (trials_of(folder / name) for name in ("small.tune", "whole.tune"))
    assert [trial[:2] for trial in killed] == [trial[:2] for trial in whole]
    assert [value for *_, value in killed] == pytest.approx(
        [value for *_, value in whole], abs=0.02
    )


def check_nothing_lost(study: Path, kept: dict[int, Any]) -> dict[int, Any]:
    """The finished trials; what was finished before is among them, unchanged."""
    store = Store.open(study)
    assert store._connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    trials = store.trials()
    store.close()
    assert len({trial.number for trial in trials}) == len(trials)
    finished = {t.number: (t.params, t.value) for t in trials if t.state is TrialState.COMPLETE}
    assert kept.items() <= finished.items()
    return finished
