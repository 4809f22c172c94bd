"""A user's training function as a worker runs it: one trial, or a look at what it asks for.

Loaded by path into the user's own interpreter: the standard library alone, Python 3.8 syntax, and
nothing of the engine. `loading` imports the user's file, `trial` is what its function is given,
`objective` reads what it returns, `many` is for one that trains several trials at once, `discovery`
finds its parameters.
"""

from __future__ import annotations

import os
from typing import Any, Callable, Mapping

from .checkpoint import checkpoint_folder
from .discovery import Discovery
from .loading import Script, ScriptError
from .many import train
from .objective import NoObjective, Outcome, read_metrics
from .trial import Study, Trial, is_pruned

__all__ = ["NoObjective", "Outcome", "Runner", "ScriptError", "open_task"]


def open_task(task: Mapping[str, Any], base: str, device: str, threads: int) -> Runner:
    """See that the script of `task` (JSON form) can be read; it is imported by the trial.

    Raises ScriptError, one sentence.
    """
    path = os.path.abspath(os.path.join(base, task["file"]))
    script = Script(path, task["function"], task.get("many"))
    script.parse()
    return Runner(script, task["objective"], task["direction"])


class Runner:
    """Runs trials of one script; meant for one trial a process."""

    def __init__(self, script: Script, objective: str, direction: str) -> None:
        self._script = script
        self._objective = objective
        self._direction = direction

    def run(self, context: Any) -> Outcome:
        """One trial. Raises NoObjective, ScriptError, and whatever the user's function raises."""
        with checkpoint_folder(context.checkpoint) as folder, self._script.placing_errors():
            function = self._script.load(context.seed)
            trial = Trial(context, self._objective, Study(self._direction), folder)
            owner = os.getpid()
            try:
                returned = function(trial)
            except Exception as error:
                if not is_pruned(error):
                    raise
                return trial.so_far(pruned=True)
            if os.getpid() != owner:  # a fork that the function made, and that returned
                raise SystemExit
            if returned is None and trial.was_told_to_stop:
                return trial.so_far(pruned=False)
            metrics = read_metrics(returned, self._objective, trial.so_far(pruned=False))
            trial.say_what_was_not_asked_for()
            return trial.outcome(metrics)

    def run_many(self, stack: Any) -> None:
        """Several trials at once, all that there are. Raises NoObjective and ScriptError."""
        for context in stack.trials:
            stack.began(context)
        train(self._script, stack, self._objective, Study(self._direction))

    def discover(
        self, answer: Callable[..., None], device: str, seconds: float, probes: int
    ) -> None:
        """Find the parameters that the function asks for; `answer` is called with them, once.

        The function is run up to its first report, with one choice after another, `probes` times
        at most. After `seconds` the answer is what is known by then, even if the function still
        runs; this process is of no use after that.
        """
        with self._script.placing_errors():
            function = self._script.load(seed=0)
        discovery = Discovery(function, self._script, device, Study(self._direction))
        discovery.run(answer, seconds, probes)
