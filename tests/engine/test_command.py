"""Commands as trials, with real processes: what they are given, and what it takes."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.tasks import command
from tests.engine.command_runs import Bench

TASKS = Path(command.__file__).parent
LOSS = "print('{\"loss\": 0.5}')"
posix = pytest.mark.skipif(sys.platform == "win32", reason="a POSIX program")
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux finds them")


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def test_that_arguments_variables_and_folder_reach_the_command(bench):
    (bench.folder / "work").mkdir()
    script = """
        import json, os, sys
        seen = {
            "argv": sys.argv[1:],
            "lr": os.environ["LR"],
            "momentum": os.environ.get("MOMENTUM"),
            "folder": os.getcwd(),
            "stdin": sys.stdin.read(),
        }
        json.dump(seen, open("seen.json", "w"))
        print('{"loss": 1}')
    """
    bench.script(script, "work/train.py")
    argv = [sys.executable, "train.py", "--name", "{name}", "--momentum", "{momentum}", "$HOME *"]
    variables = {"LR": "{lr}", "MOMENTUM": "{momentum}"}
    runner = bench.open(argv, environment=variables, folder="work")
    runner.run(bench.context(params={"lr": 1e-05, "name": "schön 日本 'x\""}))
    assert json.loads((bench.folder / "work" / "seen.json").read_text()) == {
        "argv": ["--name", "schön 日本 'x\"", "$HOME *"],
        "lr": "1e-05",
        "momentum": None,
        "folder": str(bench.folder / "work"),
        "stdin": "",
    }


def test_that_the_last_objective_counts_and_its_step_has_all_that_was_told_of_it(bench):
    script = """
        print('{"epoch": 1, "loss": 0.9}')
        print('{"epoch": 2, "train_loss": 0.1}')
        print('{"epoch": 2, "loss": 0.4}')
        print('{"epoch": 3, "train_loss": 0.05}')
    """
    outcome, context = bench.run(script)
    assert outcome == (0.4, 2, {"train_loss": 0.1, "loss": 0.4}, True, False)
    assert [step for step, _ in context.reports] == [1, 2, 2, 3]
    assert context.reports[2] == (2, {"train_loss": 0.1, "loss": 0.4})


@posix
def test_that_any_program_on_the_path_will_do(bench):
    context = bench.context(params={"n": 5})
    outcome = bench.open(["seq", "{n}"], read="pattern", pattern="([0-9]+)").run(context)
    assert (outcome.value, outcome.step) == (5.0, 5)
    assert [metrics["loss"] for _, metrics in context.reports] == [1, 2, 3, 4, 5]


@posix
def test_that_a_shell_script_is_found_in_the_folder(bench):
    script = bench.folder / "train.sh"
    script.write_text('#!/bin/sh\necho "{\\"loss\\": $1}"\n')
    script.chmod(0o755)
    outcome = bench.open(["./train.sh", "{lr}"]).run(bench.context(params={"lr": 0.25}))
    assert outcome.value == 0.25


def test_that_reports_arrive_while_the_command_runs(bench):
    script = """
        import os, time
        for step in (1, 2, 3):
            print('{"loss": 1}')
            while not os.path.exists(f"heard-{step}"):
                time.sleep(0.01)
    """
    context = bench.context(on_report=lambda step: (bench.folder / f"heard-{step}").touch())
    assert bench.open(bench.script(script)).run(context).step == 3


def test_that_the_checkpoint_folder_is_made_for_a_command_that_mentions_it(bench):
    folder = bench.folder / "checkpoint"
    bench.run(LOSS)
    assert not folder.exists()
    bench.run(LOSS, "{checkpoint_dir}/last.pt")
    assert folder.is_dir()


def test_that_what_it_prints_is_the_log_and_lines_stay_whole(bench, capfd):
    script = """
        import os, time
        os.write(1, b"a line of ")
        time.sleep(0.1)
        os.write(2, b"said meanwhile\\n")
        os.write(1, b"stdout\\n{\\"loss\\": 1}\\nthe end")
    """
    bench.run(script)
    log = capfd.readouterr()
    assert log.out == ""
    assert log.err == 'said meanwhile\na line of stdout\n{"loss": 1}\nthe end'


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ({"argv": ["no-such-program"]}, "argv: there is no program no-such-program on the PATH"),
        ({"argv": ["./no.sh"]}, "argv: there is no program ./no.sh in "),
        ({"argv": ["./notes.txt"]}, "argv: ./notes.txt is not executable"),
        ({"folder": "nowhere"}, "folder: there is no folder "),
        ({"read": "pattern", "pattern": "loss=("}, "pattern: "),
        ({"read": "pattern", "pattern": "loss="}, "pattern: no group stands for loss"),
        ({"read": "pattern", "pattern": "(.)(.)"}, "pattern: no group stands for loss"),
    ],
)
def test_that_a_command_that_cannot_be_is_refused_in_one_sentence(bench, task, words):
    (bench.folder / "notes.txt").touch()
    with pytest.raises(ValueError, match=r"^.+$") as refusal:
        bench.open(**{"argv": [sys.executable], **task})
    assert str(refusal.value).startswith(words)


LOADED_BY_PATH = """
import importlib.util, sys
sys.path[:] = [place for place in sys.path if "site-packages" not in place and place]
spec = importlib.util.spec_from_file_location("task", sys.argv[1])
task = importlib.util.module_from_spec(spec)
spec.loader.exec_module(task)

class Context:
    number, params, seed, checkpoint = 0, {}, 0, ""
    def report(self, step, metrics): pass
    def should_stop(self): return False

content = {"argv": [sys.executable, "train.py"], "objective": "loss", "read": sys.argv[2],
           "pattern": "^loss=(.*)", "file": "out.csv"}
outcome = task.open_task(content, ".", "cpu", 1).run(Context())
assert "engine" not in sys.modules
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(outcome.value, peak.split()[1])
"""


@pytest.mark.parametrize("path", sorted(TASKS.glob("command*.py")), ids=lambda path: path.name)
def test_that_it_needs_nothing_but_the_standard_library_of_python_3_8(path):
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))
    loaded = {
        name.name for node in tree.body if isinstance(node, ast.Import) for name in node.names
    }
    loaded |= {node.module for node in tree.body if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in loaded} <= sys.stdlib_module_names


@linux
@pytest.mark.parametrize("read", ["json", "pattern", "file"])
def test_that_100_mb_of_output_take_no_memory_where_engine_cannot_be_imported(bench, read):
    bench.script("""
        import os, sys
        out = sys.stdout.buffer
        for _ in range(1_100):
            out.write(os.urandom(2**10).replace(b"\\n", b"") * 2**6)
        out.write(b"\\n" + b"x" * 2**25 + b"\\n" + b"loss=2\\n" * 2**16)
        out.write(b"loss=1\\n{\\"loss\\": 1}\\n")
        open("out.csv", "w").write("loss\\n" + "2\\n" * 2**17 + "1\\n")
    """)
    done = subprocess.run(
        [sys.executable, "-I", "-c", LOADED_BY_PATH, str(TASKS / "command.py"), read],
        cwd=bench.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    value, peak_kb = done.stdout.split()
    assert float(value) == 1.0
    assert int(peak_kb) < 70_000


def test_that_variables_of_the_worker_reach_the_command_but_for_a_bundles_libraries(
    bench, monkeypatch
):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/bundle")
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "")
    bench.run(
        "import json, os; json.dump(dict(os.environ), open('seen.json', 'w'))\n" + LOSS,
        environment={"PYTHONUNBUFFERED": ""},
    )
    seen = json.loads((bench.folder / "seen.json").read_text())
    assert seen["CUDA_VISIBLE_DEVICES"] == "3"
    assert seen["LD_LIBRARY_PATH"] == ""
    assert seen["PYTHONUNBUFFERED"] == ""
    assert seen["PATH"] == os.environ["PATH"]
