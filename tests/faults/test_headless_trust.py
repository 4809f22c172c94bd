"""A script or command that a study names is run by the headless program only when it is trusted."""

from __future__ import annotations

import shlex
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


def test_that_the_command_to_go_on_with_can_be_typed_as_it_is_told(tmp_path: Path) -> None:
    study = tmp_path / "my studies" / "mine.tune"
    study.parent.mkdir()
    (tmp_path / "mine.toml").write_text(SPEC.format(task='kind = "script"\nfile = "train.py"'))
    (tmp_path / "train.py").write_text(
        "import sys\nif __name__ != '__main__':\n    sys.exit()\ndef objective(trial): return 1.0\n"
    )
    with (tmp_path / "mine.toml").open("a") as spec:
        spec.write("[limits]\nsame_failures = 1\n")
    main = [sys.executable, str(ROOT / "main.py")]
    command = [*main, "--headless", "mine.toml", "--trust", "--out", str(study)]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60).stdout
    start = "To go on: python main.py "
    arguments = shlex.split(told.splitlines()[-1].removeprefix(start))
    assert arguments == ["--headless", str(study), "--trust"]
