"""The real window, ended from the terminal that it was started in."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from engine.events import StopReason, StudyState
from engine.study import Study
from tests.faults.test_headless import ROOT, write_spec

RUN_A_STUDY = """
import sys
from pathlib import Path
from engine import places
from engine.events import StudyState
from tests.real_window import drive

home = Path(sys.argv[1])
places.studies = places.settings = places.logs = lambda: home

def script(program):
    yield lambda: program.designing.draft.document.name == "small"
    program.window.commands.run.trigger()
    yield lambda: program.studies.current is not None
    yield lambda: program.studies.current.model.state is StudyState.RUNNING
    print("running", flush=True)
    yield lambda: False

sys.exit(drive(script, [str(home / "small.toml")]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends these signals otherwise")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_that_ctrl_c_closes_the_window_and_stops_its_study(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    write_spec(tmp_path, epochs=5000)
    with subprocess.Popen(
        [sys.executable, "-c", RUN_A_STUDY, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(number)
        _, errors = process.communicate(timeout=40)
    assert (process.returncode, errors) == (code, "")
    assert not psutil.wait_procs(children, timeout=20)[1]
    study = Study.open(tmp_path / "small.tune")
    assert (study.state, study.reason) == (StudyState.STOPPED, StopReason.USER)
    study.close()
