"""Finds the parameters that a function asks for, by running it with one choice after another.

Each run is a probe: it ends at the first report, or a while after the last thing that was asked
for. `conditions` turns what the probes asked for into parameters.
"""

from __future__ import annotations

import collections
import ctypes
import os
import threading
import time
import traceback
from pathlib import Path
from typing import Any, Callable

from .checkpoint import checkpoint_folder
from .conditions import Probe, Table, conclude
from .loading import Script
from .suggestion import Suggestion
from .trial import Dialect, Study, is_pruned

PATIENCE = 2.0
"""Seconds, at least, for which a probe may run on without asking for anything."""
LONGEST = 200
"""Letters of an exception's message that are told."""


class Enough(BaseException):
    """Ends a probe, past whatever the user's function catches."""


class ProbingTrial(Dialect):
    """A trial that takes defaults, but for what a probe chooses, and keeps what it is asked for."""

    def __init__(self, chosen: dict[str, Any], device: str, study: Study, folder: Path) -> None:
        super().__init__(0, device, 0, study, folder)
        self._chosen = chosen
        self.values: dict[str, Any] = {}
        self.begun = self.last_asked = time.monotonic()

    @property
    def params(self) -> dict[str, Any]:
        """What was asked for until now."""
        return {name: self.distributions[name].take(v) for name, v in self.values.items()}

    def report(self, value: float, step: int) -> None:
        """A report is where asking for parameters is over."""
        raise Enough

    def log(self, step: int | None = None, **metrics: float) -> None:
        """As a report."""
        raise Enough

    def should_prune(self) -> bool:
        """As a report."""
        raise Enough

    def _value_of(self, suggestion: Suggestion) -> Any:
        self.last_asked = time.monotonic()
        name = suggestion.name
        if name not in self.values:
            self.values[name] = self._chosen.get(name, suggestion.default())
        return suggestion.take(self.values[name])


class Discovery:
    """Probes one function; `run` says what it found, once."""

    def __init__(
        self,
        function: Callable[[Any], Any],
        script: Script,
        device: str,
        study: Study,
    ) -> None:
        self._function = function
        self._script = script
        self._device = device
        self._study = study
        self._patience = PATIENCE
        self._home: Probe | None = None
        self._tables: dict[str, Table] = {}
        self._lock = threading.Lock()
        self._answered = False
        self._owner = os.getpid()

    def run(self, answer: Callable[..., None], seconds: float, probes: int) -> None:
        """Probe, and answer `parameters`, `notes` and `problem` after `seconds` at the latest."""

        def answer_once(limit: str) -> None:
            with self._lock:
                if not self._answered:
                    self._answered = True
                    parameters, notes, problem = conclude(self._home, self._tables, limit)
                    answer(parameters=parameters, notes=notes, problem=problem)

        late = f"the search for parameters was ended after its {seconds:g} s"
        timer = threading.Timer(seconds, answer_once, [late])
        timer.daemon = True
        timer.start()
        self._patience = seconds / 2
        enough = self._explore(time.monotonic() + seconds, probes)
        timer.cancel()
        answer_once("" if enough else f"the search for parameters was ended after {probes} runs")

    def _explore(self, deadline: float, probes: int) -> bool:
        """Try every other value of each parameter once; whether `probes` runs were enough."""
        self._probe({})
        assert self._home is not None
        self._patience = max(PATIENCE, 2 * self._home.seconds)
        waiting: collections.deque[tuple[str, Probe]] = collections.deque()
        seen: set[str] = set()
        self._line_up(self._home, waiting, seen)
        count = 1
        while waiting:
            name, home = waiting.popleft()
            table = Table(home.asked[name], home)
            with self._lock:
                self._tables[name] = table
            while (value := table.untried()) is not None:
                if count == probes or time.monotonic() > deadline:
                    return False
                count += 1
                probe = self._probe({**home.chosen, name: value})
                with self._lock:
                    table.add(value, probe)
                self._line_up(probe, waiting, seen)
        return True

    @staticmethod
    def _line_up(
        probe: Probe, waiting: collections.deque[tuple[str, Probe]], seen: set[str]
    ) -> None:
        for name in probe.asked:
            if name not in seen:
                seen.add(name)
                waiting.append((name, probe))

    def _probe(self, chosen: dict[str, Any]) -> Probe:
        """Run the function once; nothing that it raises comes out."""
        with checkpoint_folder(None) as folder:
            trial = ProbingTrial(chosen, self._device, self._study, folder)
            probe = Probe(chosen, trial.distributions, trial.values)
            self._home = self._home or probe
            watch = _Watch(trial, self._patience)
            try:
                self._function(trial)
            except Enough:
                pass
            except BaseException as error:
                probe.problem = "" if is_pruned(error) else self._say(error)
            finally:
                watch.end()
        if os.getpid() != self._owner:  # a fork that the function made, and that returned
            raise SystemExit
        probe.cut, probe.seconds = watch.fired, trial.last_asked - trial.begun
        return probe

    def _say(self, error: BaseException) -> str:
        traceback.print_exc()
        text = " ".join(str(error).split())
        text = text if len(text) <= LONGEST else text[:LONGEST] + "…"
        place = self._script.place_of(error)
        name = type(error).__name__
        return name + (": " + text if text else "") + (f" ({place})" if place else "")


class _Watch:
    """Raises Enough in the thread that made it, `patience` seconds after the last question.

    It is raised between two steps of Python code; a call into C is not interrupted.
    """

    def __init__(self, trial: ProbingTrial, patience: float) -> None:
        self.fired = False
        self._thread = ctypes.c_ulong(threading.get_ident())
        self._over = threading.Event()
        self._lock = threading.Lock()
        threading.Thread(target=self._run, args=(trial, patience), daemon=True).start()

    def _run(self, trial: ProbingTrial, patience: float) -> None:
        since = trial.last_asked
        while not self._over.wait(0.05):
            since = max(since, trial.last_asked)
            if time.monotonic() - since < patience:
                continue
            with self._lock:
                if not self._over.is_set():
                    self.fired = True
                    self._raise(ctypes.py_object(Enough))
            since = time.monotonic()  # it may be caught: once more after that

    def end(self) -> None:
        """Raise nothing any more; what may be on its way comes here, and no later.

        It cannot be called back: that would leave the interpreter looking for it for ever, which in
        Python 3.11 is an endless loop under a profiler.
        """
        is_over = False
        while not is_over:
            try:
                with self._lock:
                    self._over.set()
                if self.fired:
                    self._raise(ctypes.py_object(Enough))
                    time.sleep(0.0)
                is_over = True
            except Enough:
                is_over = self._over.is_set()

    def _raise(self, exception: Any) -> None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(self._thread, exception)
