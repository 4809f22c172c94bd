"""The developer's door: what each command starts, and how its end is passed on."""

from __future__ import annotations

import sys
from pathlib import Path

import dev
import pytest

PYTHON = Path("python")


@pytest.fixture
def started(monkeypatch, tmp_path):
    """What is started, instead of it being started; nothing is installed."""
    calls = []
    monkeypatch.setattr(dev, "prepare", lambda *_, **__: PYTHON)
    monkeypatch.setattr(dev, "call", lambda argv, **_: calls.append(argv) or 0)
    monkeypatch.chdir(tmp_path)
    return calls


def dev_py(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["dev.py", *arguments])
    return dev.main()


def test_that_run_opens_the_window_on_the_example(started, monkeypatch):
    monkeypatch.setattr(dev, "has_display", lambda: True)
    assert dev_py(monkeypatch, "run") == 0
    assert started == [[PYTHON, dev.ROOT / "main.py", dev.EXAMPLE]]


def test_that_run_without_a_display_says_so_and_runs_headless(started, monkeypatch, capsys):
    monkeypatch.setattr(dev, "has_display", lambda: False)
    assert dev_py(monkeypatch, "run") == 0
    assert "headless" in capsys.readouterr().out
    assert started[0][2:] == ["--headless", dev.EXAMPLE, "--out", Path("digits-grid.tune")]


def test_that_run_goes_on_with_the_example_it_began_here(started, monkeypatch):
    monkeypatch.setattr(dev, "has_display", lambda: False)
    Path("digits-grid.tune").touch()
    dev_py(monkeypatch, "run")
    assert started[0][2:] == ["--headless", Path("digits-grid.tune")]


def test_that_the_bundled_example_is_there():
    assert dev.EXAMPLE.is_file()


def test_that_arguments_are_passed_on_to_pytest(started, monkeypatch):
    dev_py(monkeypatch, "test", "-k", "space")
    assert started == [[PYTHON, "-m", "pytest", "-k", "space"]]


def test_that_all_tests_are_run_side_by_side(started, monkeypatch):
    dev_py(monkeypatch, "test", "--durations=10")
    whole = ["-n", "2", "--dist", "loadfile", "--durations=10"]
    assert started == [[PYTHON, "-m", "pytest", *whole]]


def test_that_lint_runs_every_check_and_fails_with_any(started, monkeypatch):
    monkeypatch.setattr(dev, "call", lambda argv, **_: started.append(argv) or len(started) % 2)
    assert dev_py(monkeypatch, "lint") == 1
    assert len(started) == 4


def test_that_an_unknown_command_is_refused_with_the_usage(monkeypatch, capsys):
    assert dev_py(monkeypatch, "fly") == 2
    assert "'fly'" in capsys.readouterr().err


def test_that_an_old_python_is_refused_in_one_sentence(monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 9, 1, "final", 0))
    code = dev_py(monkeypatch, "run")
    monkeypatch.undo()
    assert code == 2
    assert "needs Python 3.11 or newer; this is Python 3.9" in capsys.readouterr().err


@pytest.mark.parametrize(("ending", "code"), [("exit(7)", 7), ("os.kill(os.getpid(), 15)", 143)])
def test_that_the_exit_code_is_that_of_a_shell(ending, code):
    if sys.platform == "win32" and code > 127:
        pytest.skip("Windows has no signals")
    assert dev.call([sys.executable, "-c", f"import os; {ending}"]) == code
