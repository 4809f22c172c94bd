"""A study that trains nothing: it obeys commands at once, for tests of what the window does."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.discovery import Discovered
from engine.dry_run import DryRun, Projection, project
from engine.events import Event, StopReason, StudyChanged, StudyState, StudyStateChanged
from engine.executors.load import LoadSample
from engine.space import Float
from engine.spec import StudySpec
from engine.task_tables import ScriptTask
from engine.trial import Params, Report, Trial
from gui.open_studies import StudyDoor
from tests.gui.made_up import snapshot, spec_of


class StandInStudy:
    """Keeps the commands that it was given."""

    def __init__(self, path: Path, spec: StudySpec, devices: StandInDevices) -> None:
        self.path = path
        self.spec = spec
        self.commands: list[str] = []
        self.may_end = threading.Event()
        self.may_end.set()
        self.has_checkpoints = True
        self._devices = devices
        self._events: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def subscribe(self) -> tuple[Any, queue.SimpleQueue[Any]]:
        return snapshot(self.spec, state=StudyState.NEW, path=self.path), self._events

    def read_along(self) -> None:
        """Nobody else runs it."""

    def unsubscribe(self, events: queue.SimpleQueue[Any]) -> None:
        self.commands.append("unsubscribe")

    def start(self, share: bool = False) -> None:
        self.commands.append("start shared" if share else "start")
        self._enter(StudyState.WAITING)
        self._devices.ask(self, share)

    def share_devices(self) -> None:
        self.commands.append("share")
        self._devices.ask(self, share=True)

    def run(self) -> None:
        self._enter(StudyState.RUNNING)

    def extend(self, trials: int) -> None:
        self.commands.append(f"extend {trials}")
        budget = self.spec.budget.model_copy(update={"trials": trials})
        self.spec = self.spec.with_(budget=budget)
        self._events.put(StudyChanged(self.spec))

    def change(self, **changes: Any) -> None:
        self.commands.append(f"change {', '.join(changes)}")
        workers = changes.pop("workers", None)
        if workers is not None:
            resources = self.spec.resources.model_copy(update={"workers": workers})
            changes["resources"] = resources
        self.spec = self.spec.with_(**changes)
        self._events.put(StudyChanged(self.spec, workers or 1))

    def has_more_to_do(self) -> bool:
        return True

    def enqueue(self, params: Params) -> None:
        self.commands.append(f"enqueue {params}")

    def run_again(self, number: int, seeds: int = 0) -> None:
        self.commands.append(f"run again {number}" + (f" by {seeds} seeds" if seeds else ""))

    def continue_trial(self, number: int) -> bool:
        self.commands.append(f"continue {number}")
        return self.has_checkpoints

    def cancel_trial(self, number: int) -> None:
        self.commands.append(f"cancel {number}")

    def command_of(self, number: int) -> str:
        return f"tunescape --trial {number}"

    def processes(self) -> dict[int, int]:
        return {}

    def publish(self, event: Event) -> None:
        self._events.put(event)

    def pause(self, now: bool = False) -> None:
        self.commands.append("pause now" if now else "pause")
        self._enter(StudyState.PAUSED)

    def resume(self) -> None:
        self._enter(StudyState.RUNNING)

    def stop(self) -> None:
        self.commands.append("stop")
        self._enter(StudyState.STOPPED, StopReason.USER)
        self._devices.release(self)

    def finish(self) -> None:
        self._enter(StudyState.FINISHED, StopReason.TRIALS)
        self._devices.release(self)

    def close(self) -> None:
        self.commands.append("close")
        self.may_end.wait(30)
        self._devices.release(self)

    def weights_of(self, number: int) -> Path:
        return self.path.with_suffix(f".{number}")

    def _enter(self, state: StudyState, reason: StopReason | None = None) -> None:
        self._events.put(StudyStateChanged(state, reason))


class StandInLens:
    """Keeps what it was told and asked; tests let it answer."""

    def __init__(self, deliver: Callable[[Any], None]) -> None:
        self.deliver = deliver
        self.told: list[list[int]] = []
        self.asked: list[Any] = []
        self.closed = False

    def tell(self, trials: Iterable[Trial], reports: Mapping[int, Sequence[Report]]) -> None:
        self.told.append([trial.number for trial in trials])

    def ask(self, request: Any) -> None:
        self.asked.append(request)

    def close(self) -> None:
        self.closed = True


def _dry_run(spec: StudySpec, stop: threading.Event) -> tuple[DryRun, Projection | None]:
    seen = DryRun({"val_loss": 0.5}, 3, 0.4, 1.2, 1.5, ended=True, start=0.1)
    return seen, project(seen, spec)


def _discover(task: ScriptTask, base: Path, stop: threading.Event) -> Discovered:
    return Discovered((Float("width", 1.0, 2.0),), ("One branch was not seen.",))


class StandInSampler:
    """A machine about which there is nothing to say."""

    def sample(self, processes: Mapping[int, int]) -> LoadSample:
        return LoadSample(())


class StandInDevices:
    """One device: the first has it, the others wait, and who shares does not."""

    def __init__(self) -> None:
        self._queue: list[StandInStudy] = []
        self.studies: list[StandInStudy] = []

    def ask(self, study: StandInStudy, share: bool) -> None:
        if study not in self._queue:
            self._queue.append(study)
        if share or self._queue[0] is study:
            study.run()

    def release(self, study: StandInStudy) -> None:
        if study in self._queue:
            first = self._queue[0] is study
            self._queue.remove(study)
            if first and self._queue:
                self._queue[0].run()

    def door(self) -> StudyDoor:
        return StudyDoor(
            self._create,
            self._open,
            lambda path: {},
            _dry_run,
            self._look,
            _discover,
            StandInSampler,
        )

    def _look(self, spec: StudySpec, deliver: Callable[[Any], None]) -> StandInLens:
        return StandInLens(deliver)

    def _create(self, path: Path, spec: StudySpec) -> Any:
        path.touch()
        study = StandInStudy(path, spec, self)
        self.studies.append(study)
        return study

    def _open(self, path: Path) -> Any:
        if not path.exists():
            raise ValueError(f"{path} is not there; choose a study file (NAME.tune).")
        return self._create(path, spec_of())
