"""One trial of a study by itself: as a command to copy, and as the job of the foreground.

With the same parameters, seed and device as in the study, which is left alone.
"""

from __future__ import annotations

import os
import shlex
import tempfile
from pathlib import Path
from typing import Any

from engine.changes import slots_of
from engine.executors import script_launch
from engine.executors.devices import Slot
from engine.executors.guard import own_command
from engine.executors.launch import surroundings
from engine.spec import CommandTask, ScriptTask, StudySpec
from engine.tasks import command_text
from engine.trial import Trial


def command_of(path: Path, spec: StudySpec, trial: Trial) -> str:
    """A command line, for a shell, that runs a trial of the study in `path` once more.

    A user's command is written out, so that it can be run under whatever tool they like.
    """
    if isinstance(spec.task, CommandTask):
        return _written_out(spec.task, spec, trial)
    return shlex.join([*own_command("--trial"), str(trial.number), str(path)])


def _written_out(task: CommandTask, spec: StudySpec, trial: Trial) -> str:
    slot = _slot(spec, trial)
    checkpoint = str(Path(tempfile.gettempdir()) / f"tunescape-trial-{trial.number}")
    values = command_text.values_of(
        trial.params, trial.seed, _device(slot), trial.number, checkpoint
    )
    variables = _gpus(slot)
    for name, template in task.environment.items():
        text = command_text.fill(template, values)
        if text is not None:
            variables[name] = text
    front = [f"{name}={shlex.quote(value)}" for name, value in variables.items()]
    argv = shlex.join(command_text.fill_arguments(task.argv, values))
    folder = os.path.normpath(Path(os.path.abspath(spec.base)) / (task.folder or "."))
    before = [f"cd {shlex.quote(folder)}"]
    if "checkpoint_dir" in task.placeholders():
        before.append(f"mkdir -p {shlex.quote(checkpoint)}")
    return " && ".join([*before, " ".join([*front, argv])])


def job_of(spec: StudySpec, trial: Trial, folder: Path) -> dict[str, Any]:
    """The trial as foreground.py takes it; its weights and checkpoint are put in `folder`."""
    slot = _slot(spec, trial)
    return {
        "task": spec.task.model_dump(mode="json"),
        "base": os.path.abspath(spec.base),
        "device": _device(slot),
        "threads": slot.threads,
        "trial": trial.number,
        "params": trial.params,
        "seed": trial.seed,
        "weights": str(folder / "weights.safetensors"),
        "checkpoint": str(folder / "checkpoint"),
    }


def environment_of(spec: StudySpec, trial: Trial) -> dict[str, str]:
    """The program's environment, changed as it is for a worker."""
    changes = surroundings(_slot(spec, trial))
    if isinstance(spec.task, ScriptTask):
        changes |= script_launch.environment()
    changed = {**os.environ, **changes}
    return {name: value for name, value in changed.items() if value is not None}


def _slot(spec: StudySpec, trial: Trial) -> Slot:
    """The place that the trial had, or the first where it had none yet."""
    first = slots_of(spec)[0]
    return Slot(first.worker, trial.device or first.device, first.threads)


def _device(slot: Slot) -> str:
    return "cuda:0" if slot.device.startswith("cuda:") else slot.device


def _gpus(slot: Slot) -> dict[str, str]:
    """What has the trial see its own GPU alone."""
    return {k: v for k, v in surroundings(slot).items() if k.startswith("CUDA") and v is not None}
