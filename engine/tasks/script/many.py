"""A function that trains several trials at once: what it is given, and how each of them ends.

A trial that is told to stop ends there and then, with what it has reported, because the function
returns only when all are trained.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

from .checkpoint import checkpoint_folder
from .loading import Script
from .objective import NoObjective, read_metrics, values_for
from .trial import Study, Trial


class Member(Trial):
    """One of several trials that are trained at once."""

    def __init__(
        self, stack: Any, context: Any, objective: str, study: Study, folder: Path
    ) -> None:
        super().__init__(context, objective, study, folder)
        self._stack = stack
        self.has_ended = False

    def should_prune(self) -> bool:
        """Whether to train it no further; its value may be anything then, or None."""
        if super().should_prune() and not self.has_ended:
            self.end(self.so_far(pruned=False))
        return self.was_told_to_stop

    def end(self, outcome: Any) -> None:
        """Say what became of it, by an outcome or by an exception."""
        self.has_ended = True
        self._stack.ended(self._context, outcome)

    def _tell(self, step: int, metrics: dict[str, float]) -> None:
        if not self.has_ended:
            self._stack.epoch_over()
            super()._tell(step, metrics)
            self.should_prune()


def train(script: Script, stack: Any, objective: str, study: Study) -> None:
    """Have the script's function train all trials of a stack.

    After an exception of its own each is to run alone. Raises ScriptError where there is no such
    function, and NoObjective where what it returned cannot be told apart.
    """
    with script.placing_errors():
        function = script.load_many(stack.trials[0].seed)
    with contextlib.ExitStack() as folders:
        places = [folders.enter_context(checkpoint_folder(c.checkpoint)) for c in stack.trials]
        members = [
            Member(stack, context, objective, study, folder)
            for context, folder in zip(stack.trials, places)
        ]
        owner = os.getpid()
        try:
            with script.placing_errors():
                returned = function(list(members))
        except (Exception, SystemExit) as error:
            if os.getpid() != owner:
                raise
            stack.give_all_back(error)
            return
        if os.getpid() != owner:  # a fork that the function made, and that returned
            raise SystemExit
        _end(members, returned, objective)


def _end(members: list[Member], returned: Any, objective: str) -> None:
    """Say what became of those that have not ended."""
    if all(member.has_ended for member in members):
        return
    values = values_for([member.number for member in members], returned)
    for member, value in zip(members, values):
        if member.has_ended:
            continue
        try:
            metrics = read_metrics(value, objective, member.so_far(pruned=False))
        except NoObjective as error:
            member.end(error)
        else:
            member.end(member.outcome(metrics))
    members[0].say_what_was_not_asked_for()
