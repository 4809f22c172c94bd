"""A script or command that a study names is run by the headless program only when it is trusted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPEC = """
name = "mine"
[task]
{task}
[[space]]
name = "lr"
type = "float"
low = 0.1
high = 1.0
[method]
name = "random"
[budget]
trials = 2
"""
TASKS = {
    'kind = "script"\nfile = "train.py"': "mine.toml runs train.py; look at it, then add --trust.",
    'kind = "command"\nobjective = "x"\nargv = ["touch", "ran", "{lr}"]': (
        "mine.toml runs a command of its own; look at it, then add --trust."
    ),
}


@pytest.mark.parametrize("task", TASKS)
def test_that_nothing_of_the_users_is_run_before_it_is_trusted(tmp_path: Path, task: str) -> None:
    (tmp_path / "mine.toml").write_text(SPEC.format(task=task))
    (tmp_path / "train.py").write_text("open('ran', 'w')\ndef objective(trial): return 1.0\n")
    command = [sys.executable, str(ROOT / "main.py"), "--headless", "mine.toml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr == f"tunescape: {TASKS[task]}\n"
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [
        "mine.toml",
        "train.py",
    ]
