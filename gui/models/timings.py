"""How long a trial of each task took on this computer, remembered from study to study."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gui.settings import Settings

if TYPE_CHECKING:
    from engine.spec import StudySpec

_SETTING = "timings"
_TASKS_KEPT = 50
_TRIALS_KEPT = 30


class Timings:
    """Seconds a trial by what decides them: what is trained, how, how long, on which devices."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def of(self, spec: StudySpec) -> list[float]:
        """Seconds of the last trials of the same task."""
        return list(self._all().get(_key(spec), []))

    def add(self, spec: StudySpec, seconds: Sequence[float]) -> None:
        """Remember some more."""
        if not seconds:
            return
        known = self._all()
        earlier = known.pop(_key(spec), [])
        known[_key(spec)] = [*earlier, *(float(f"{s:.4g}") for s in seconds)][-_TRIALS_KEPT:]
        self._settings.set(_SETTING, dict(list(known.items())[-_TASKS_KEPT:]))

    def _all(self) -> dict[str, list[float]]:
        return dict(self._settings.get(_SETTING, {}))


def _key(spec: StudySpec) -> str:
    task, devices = spec.task, spec.resources.devices
    match task.kind:
        case "builtin":
            return json.dumps([task.data, task.network, task.epochs, task.precision, devices])
        case "script":
            path = str(spec.base / task.file)
            return json.dumps([path, task.function, task.interpreter, task.steps, devices])
        case "command":
            return json.dumps([str(spec.base), task.argv, task.steps, devices])
