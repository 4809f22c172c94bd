"""A command line as a trial: any program that tells its metrics, in any language.

The program is never started through a shell, and nothing that it starts outlives its trial. What it
prints is the trial's log; its stdout is also read for metrics. The value of a trial is the last
that the objective had. How metrics are read is in command_output.py, what stands for placeholders
in command_text.py, the process in command_process.py.

Standard library alone and Python 3.8 syntax; loaded by its path, where engine need not be there.
"""

from __future__ import annotations

import importlib.util
import math
import os
import shutil
from typing import TYPE_CHECKING, Any, Callable, Mapping, NamedTuple, Protocol

if TYPE_CHECKING:
    from engine.tasks import command_output, command_process, command_text
else:

    def _beside(name: str) -> Any:
        """The module in the file `name` beside this one."""
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".py")
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    command_output = _beside("command_output")
    command_process = _beside("command_process")
    command_text = _beside("command_text")

_STEP_NAMES = ("step", "epoch")
_LARGEST_STEP = 2**53
_NAMES_SHOWN = 12
_KILLED = (-9, 137)
"""SIGKILL, as seen of a process and as a shell passes it on."""


class NoObjective(Exception):  # noqa: N818 (a result, not an error of the program)
    """The command ended well and never told the objective."""


class Diverged(Exception):  # noqa: N818
    """The objective was NaN or infinite in the end."""


class Crashed(Exception):  # noqa: N818
    """The command could not be started, or ended with an exit code or by a signal."""


class OutOfMemoryError(Exception):
    """The system killed the command because memory ran out."""


class Context(Protocol):
    """What a worker gives a trial. `checkpoint`: a folder, which need not be there yet."""

    number: int
    params: Mapping[str, Any]
    seed: int
    checkpoint: str

    def report(self, step: int, metrics: dict[str, float]) -> None: ...

    def should_stop(self) -> bool: ...


class Source(Protocol):
    """Where a trial's metrics come from: `place`, in words."""

    place: str

    def hear(self, data: bytes) -> None: ...

    def look(self) -> None: ...

    def finish(self) -> None: ...

    def trouble(self) -> str: ...


class Outcome(NamedTuple):
    """What became of a trial; `finished` is False when should_stop() cut it short."""

    value: float | None
    step: int | None
    metrics: dict[str, float]
    finished: bool
    pruned: bool = False


def open_task(task: Mapping[str, Any], base: str, device: str, threads: int) -> Runner:
    """A runner of the command that `task` states (JSON form), its paths relative to `base`.

    Raises ValueError, one sentence. `threads` reaches the command by the worker's environment.
    """
    return Runner(task, os.path.abspath(base), device)


class Runner:
    """Runs a command, once a trial."""

    def __init__(self, task: Mapping[str, Any], base: str, device: str) -> None:
        self._argv = [str(argument) for argument in task["argv"]]
        self._environment = dict(task.get("environment") or {})
        self._folder = os.path.join(base, task.get("folder") or "")
        self._file = str(task["file"]) if task["read"] == "file" else ""
        self._objective = str(task["objective"])
        self._device = device
        self._place = "the JSON lines on stdout"
        self._read_line: Callable[[str], command_output.Row] = command_output.json_row
        if task["read"] == "pattern":
            self._place = "what the pattern finds on stdout"
            self._read_line = command_output.pattern_reader(task["pattern"], self._objective)
        if not os.path.isdir(self._folder):
            raise ValueError(f"folder: there is no folder {self._folder}; make it or correct it.")
        texts = (*self._argv, *self._environment.values(), self._file)
        self._names = {name for text in texts for name in command_text.placeholders(text)}
        if not command_text.placeholders(self._argv[0]):
            self._find_program(self._argv[0])

    def run(self, context: Context) -> Outcome:
        """Run one configuration. Raises NoObjective, Diverged, Crashed and OutOfMemoryError."""
        values = command_text.values_of(
            context.params, context.seed, self._device, context.number, context.checkpoint
        )
        if "checkpoint_dir" in self._names:
            os.makedirs(context.checkpoint, exist_ok=True)
        record = Record(self._objective, context.report)
        source = self._source(values, record)
        killed = command_process.kills_for_memory()
        code = self._start(values, source.hear).wait(context.should_stop, source.look)
        source.finish()
        value = record.value if math.isfinite(record.value or 0.0) else None
        if code is not None:
            _refuse_crash(code, command_process.kills_for_memory() > killed)
            if record.value is None:
                what = source.trouble() or f"in {source.place} {record.came_instead()}"
                raise NoObjective(f"{self._objective} never came: {what}")
            if value is None:
                raise Diverged(record.divergence())
        return Outcome(value, record.step, record.metrics, finished=code is not None)

    def _source(self, values: Mapping[str, Any], record: Record) -> Source:
        """Where this trial's metrics come from."""
        if not self._file:
            return command_output.Printed(self._place, self._read_line, record.take)
        name = command_text.fill(self._file, values)
        if name is None:
            raise ValueError(
                f"file: '{self._file}' names a parameter that is not active in this trial; name "
                "the file by {number}."
            )
        return command_output.MetricsFile(os.path.join(self._folder, name), record.take)

    def _start(
        self, values: Mapping[str, Any], hear: Callable[[bytes], None]
    ) -> command_process.Process:
        program, *arguments = command_text.fill_arguments(self._argv, values)
        environment = {}
        for name, template in self._environment.items():
            text = command_text.fill(template, values)
            if text is not None:
                environment[name] = text
        argv = [self._find_program(program), *arguments]
        try:
            return command_process.Process(argv, self._folder, environment, hear)
        except OSError as error:
            raise Crashed(f"{program} could not be started: {error.strerror}.") from None

    def _find_program(self, name: str) -> str:
        """The path of the program `name`: on the PATH, or relative to the folder it runs in."""
        is_path = os.path.dirname(name) != ""
        place = os.path.join(self._folder, name) if is_path else name
        found = shutil.which(place, path=self._environment.get("PATH"))
        if found is not None:
            return found
        if os.path.isfile(place):
            raise ValueError(
                f"argv: {name} is not executable; name the program that runs it in front of it."
            )
        where = f"in {self._folder}" if is_path else "on the PATH"
        raise ValueError(
            f"argv: there is no program {name} {where}; correct it or give its full path."
        )


class Record:
    """What a command has told: the last value of the objective, with that step's metrics."""

    def __init__(self, objective: str, report: Callable[[int, dict[str, float]], None]) -> None:
        self.value: float | None = None
        self.step: int | None = None
        self.metrics: dict[str, float] = {}
        self._objective = objective
        self._report = report
        self._step = 0
        self._of_step: dict[str, float] = {}
        self._names: dict[str, None] = {}
        self._odd: Any = None

    def take(self, row: command_output.Row) -> None:
        """Report the numbers of a row, together with those before it of the same step."""
        metrics = {name: value for name, value in row.items() if isinstance(value, float)}
        self._odd = row.get(self._objective, self._odd)
        step = _take_step(metrics)
        if not metrics:
            return
        step = self._step + 1 if step is None else step
        self._of_step = {**self._of_step, **metrics} if step == self._step else metrics
        self._step = step
        if self._objective in metrics:
            self.value, self.step = metrics[self._objective], step
        if self.step == step:
            self.metrics = self._of_step
        if len(self._names) < _NAMES_SHOWN:
            self._names.update(dict.fromkeys(list(metrics)[:_NAMES_SHOWN]))
        self._report(step, dict(self._of_step))

    def came_instead(self) -> str:
        """What there was in place of the objective, for the end of a sentence."""
        if self._odd is not None:
            return f"its last value was {str(self._odd)[:80]!r}, which is no number."
        if self._names:
            return f"there was only {', '.join(list(self._names)[:_NAMES_SHOWN])}."
        return "there was no number at all."

    def divergence(self) -> str:
        """That the objective is no finite number, in a sentence."""
        word = "NaN" if math.isnan(self.value or 0.0) else "infinite"
        return f"{self._objective} was {word} at step {self.step}; try a lower learning rate."


def _take_step(metrics: dict[str, float]) -> int | None:
    """Remove the step from `metrics`; None where there is no whole number for it."""
    for name in _STEP_NAMES:
        value = metrics.get(name, -1.0)
        if 0 <= value < _LARGEST_STEP and value.is_integer():
            return int(metrics.pop(name))
    return None


def _refuse_crash(code: int, memory_ran_out: bool) -> None:
    """Raises what an exit code other than 0 stands for."""
    if code == 0:
        return
    killed = code in _KILLED
    if killed and memory_ran_out:
        raise OutOfMemoryError("The system killed the command because memory ran out.")
    hint = "; perhaps memory ran out" if killed else ""
    raise Crashed(f"The command {command_process.how_it_ended(code)}{hint}.")
