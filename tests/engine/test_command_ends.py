"""How commands end: well, badly, on request, and with nothing left behind."""

from __future__ import annotations

import sys

import psutil
import pytest

from engine.tasks import command
from tests.engine.command_runs import Bench

LOSS = "print('{\"loss\": 0.5}')"
posix = pytest.mark.skipif(sys.platform == "win32", reason="a POSIX program")
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux finds them")


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def runs(pid):
    """Whether a process is there; one that has ended may wait for others to notice."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def _no_grace(monkeypatch):
    monkeypatch.setattr(command.command_process, "STOP_GRACE", 0.1)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("raise SystemExit(3)", "ended with exit code 3."),
        ("raise ValueError('no')", "ended with exit code 1."),
        ("import os; os._exit(139)", "ended with exit code 139 (signal SIGSEGV)."),
        ("import os; os.abort()", "was ended by signal SIGABRT."),
        ("import os; os.kill(os.getpid(), 11)", "was ended by signal SIGSEGV."),
        ("import os; os.kill(os.getpid(), 9)", "by signal SIGKILL; perhaps memory ran out."),
    ],
)
@posix
def test_that_a_bad_end_is_named_even_after_an_objective(bench, script, words):
    with pytest.raises(command.Crashed) as crash:
        bench.run("print('{\"loss\": 1}', flush=True)\n" + script)
    assert str(crash.value).endswith(words)


@posix
def test_that_a_kill_by_the_system_for_memory_is_known_as_such(bench, monkeypatch):
    count = bench.folder / "vmstat"
    count.write_text("nr_free_pages 7\noom_kill 2\n")
    monkeypatch.setattr(command.command_process, "KILL_COUNT_FILE", str(count))
    script = "import os; open('vmstat', 'w').write('oom_kill 3\\n'); os.kill(os.getpid(), 9)"
    with pytest.raises(command.OutOfMemoryError, match="memory ran out"):
        bench.run(script)


@pytest.mark.parametrize(("value", "word"), [("NaN", "NaN"), ("-Infinity", "infinite")])
def test_that_an_objective_that_ends_as_no_finite_number_has_diverged(bench, value, word):
    with pytest.raises(command.Diverged, match=f"loss was {word} at step 4"):
        bench.run(f"""print('{{"loss": 1}}'); print('{{"step": 4, "loss": {value}}}')""")


def test_that_an_objective_may_be_infinite_before_it_settles(bench):
    outcome, context = bench.run("print('{\"loss\": Infinity}'); " + LOSS)
    assert outcome.value == 0.5
    assert len(context.reports) == 2


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("pass", "the JSON lines on stdout there was no number at all"),
        ('print(\'{"acc": 1, "f1": 2}\')', "there was only acc, f1"),
        ('print(\'{"loss": null, "acc": 1}\')', "only acc"),
        ('print(\'{"loss": "low"}\')', "its last value was 'low', which is no number"),
        ("print('{\"loss\": true}')", "its last value was 'True', which is no number"),
        ("import os; os.close(1)", "no number at all"),
    ],
)
def test_that_a_missing_objective_is_said_with_what_came_instead(bench, script, words):
    with pytest.raises(command.NoObjective, match=r"^loss never came: ") as missing:
        bench.run(script)
    assert words in str(missing.value)


@posix
def test_that_a_program_that_the_system_cannot_start_has_crashed(bench):
    (bench.folder / "odd").write_bytes(b"\x00\x01")
    (bench.folder / "odd").chmod(0o755)
    with pytest.raises(command.Crashed, match=r"^\./odd could not be started: "):
        bench.open(["./odd"]).run(bench.context())


@posix
def test_that_a_wish_to_stop_lets_the_command_tell_what_it_still_has(bench):
    script = """
        import signal, sys, time
        def stop(*_):
            print('{"loss": 0.25}')
            sys.exit(0)
        signal.signal(signal.SIGTERM, stop)
        print('{"loss": 1}')
        time.sleep(60)
    """
    context = bench.context(on_report=lambda step: setattr(context, "stopping", True))
    outcome = bench.open(bench.script(script)).run(context)
    assert outcome == (0.25, 2, {"loss": 0.25}, False, False)


@posix
@pytest.mark.usefixtures("_no_grace")
def test_that_a_command_that_ignores_the_wish_to_stop_is_killed(bench):
    script = """
        import os, signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        open("pid", "w").write(str(os.getpid()))
        print('{"loss": NaN}')
        time.sleep(60)
    """
    context = bench.context(on_report=lambda step: setattr(context, "stopping", True))
    outcome = bench.open(bench.script(script)).run(context)
    assert (outcome.value, outcome.finished) == (None, False)
    assert not runs(int((bench.folder / "pid").read_text()))


@linux
def test_that_what_it_leaves_running_is_ended_with_it(bench):
    script = """
        import signal, subprocess, sys
        code = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
        left = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
        open("pid", "w").write(str(left.pid))
        print('{"loss": 1}')
    """
    outcome, _ = bench.run(script)
    assert outcome.finished
    assert not runs(int((bench.folder / "pid").read_text()))


def test_that_a_report_that_cannot_be_made_ends_the_command(bench):
    def fail(step):
        raise OSError("nobody listens")

    context = bench.context(on_report=fail)
    with pytest.raises(OSError, match="nobody listens"):
        bench.open(bench.script(LOSS)).run(context)
