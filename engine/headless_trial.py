"""One trial of a study in the foreground, without a screen: `python main.py --trial 7 STUDY`.

For debuggers: built-in networks and commands are run in this very process, a script in a process
of its own interpreter, which has the terminal to itself. The study is not changed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.executors import foreground, script_launch
from engine.headless import BAD_INPUT
from engine.headless_input import InputError, check_trust
from engine.one_trial import environment_of, job_of
from engine.spec import ScriptTask, StudySpec
from engine.store import Store
from engine.trial import Trial, TrialState


def run(arguments: Namespace) -> int:
    """Run the trial that `arguments` name, in the foreground; returns the exit code."""
    try:
        spec, trial = _look_up(arguments.file, arguments.trial)
        check_trust(arguments.file, spec, arguments.trust)
    except ValueError as error:
        print(f"tunescape: {error}", file=sys.stderr)
        return BAD_INPUT
    params = ", ".join(f"{name} = {value}" for name, value in trial.params.items())
    print(f"Trial {trial.number} of {spec.name}: {params} (seed {trial.seed}).")
    print(f"In the study: {_outcome(spec, trial)}.", flush=True)
    with tempfile.TemporaryDirectory(prefix="tunescape-") as folder:
        return _run(spec, trial, Path(folder))


def _look_up(path: Path, number: int) -> tuple[StudySpec, Trial]:
    if path.suffix != ".tune":
        raise InputError(f"{path} is no study (.tune), which --trial takes a trial of.")
    store = Store.open(path)
    try:
        spec = store.spec()
        found = {trial.number: trial for trial in store.trials()}
    finally:
        store.close()
    if number not in found:
        there = f"0 to {max(found)}" if found else "none yet"
        raise InputError(f"{path.name} has no trial {number}; it has {there}.")
    return spec, found[number]


def _outcome(spec: StudySpec, trial: Trial) -> str:
    if trial.failure is not None:
        return f"failed, {trial.failure.message.rstrip('.')}"
    if trial.state is TrialState.COMPLETE and trial.value is not None:
        return f"{spec.task.objective} {trial.value:.6g}"
    return str(trial.state)


def _run(spec: StudySpec, trial: Trial, folder: Path) -> int:
    job, environment = job_of(spec, trial, folder), environment_of(spec, trial)
    if isinstance(spec.task, ScriptTask):
        return _run_script(spec.base, job, environment)
    os.environ.update(environment)
    return foreground.run(job)


def _run_script(base: Path, job: dict[str, Any], environment: Mapping[str, str]) -> int:
    """Run a script under its own interpreter, which gets the terminal, and Ctrl-C, to itself."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        python = str(script_launch.interpreter(job["task"], base))
        command = [python, foreground.__file__, json.dumps(job)]
        return subprocess.run(command, env=environment, check=False).returncode
    except script_launch.NoInterpreterError as error:
        print(f"tunescape: {error}", file=sys.stderr)
    except OSError as error:
        print(f"tunescape: {script_launch.why_not_started(python, error)}", file=sys.stderr)
    finally:
        signal.signal(signal.SIGINT, before)
    return BAD_INPUT
