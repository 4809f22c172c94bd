"""What can be asked for one trial, in words, and when it can be."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from engine.trial import TrialState

if TYPE_CHECKING:  # with it comes numpy, for which menus need not wait
    from gui.models.study_model import StudyModel


class TrialCommand(StrEnum):
    """A command about one trial."""

    CANCEL = "cancel"
    CONTINUE = "continue"
    AGAIN = "again"
    REPEAT_3 = "repeat by 3 seeds"
    REPEAT_5 = "repeat by 5 seeds"
    REPEAT_10 = "repeat by 10 seeds"
    LIKE_IT = "like it"
    COPY = "copy"
    OUTPUT = "output"


SEEDS = {TrialCommand.REPEAT_3: 3, TrialCommand.REPEAT_5: 5, TrialCommand.REPEAT_10: 10}
"""How many new trials a repeat is, each by a seed of its own."""
REPEAT, REPEAT_ICON = "Repeat with other &seeds", "dice-multiple-outline"
"""The menu of these; in it a digit is enough."""
TEXTS = {
    TrialCommand.CANCEL: "Cancel it",
    TrialCommand.CONTINUE: "Continue it",
    TrialCommand.AGAIN: "Run it again",
    TrialCommand.REPEAT_3: "&3 seeds",
    TrialCommand.REPEAT_5: "&5 seeds",
    TrialCommand.REPEAT_10: "&10 seeds",
    TrialCommand.LIKE_IT: "Add a configuration like it…",
    TrialCommand.COPY: "Copy the command to run it alone",
    TrialCommand.OUTPUT: "Show its output…",
}
TIPS = {
    TrialCommand.CANCEL: "End the trial with what it has; it is not run again",
    TrialCommand.CONTINUE: "Finish a trial that was stopped early, whatever the rule says",
    TrialCommand.AGAIN: "A new trial with the same configuration and seed",
    **{
        command: f"{seeds} new trials with the same configuration: how far it varies by the seed"
        for command, seeds in SEEDS.items()
    },
    TrialCommand.LIKE_IT: "Run a configuration of your own, starting from this one",
    TrialCommand.COPY: "The same configuration and seed in a terminal or a debugger",
    TrialCommand.OUTPUT: "What a failed trial printed",
}
ICONS = {
    TrialCommand.CANCEL: "close",
    TrialCommand.CONTINUE: "play",
    TrialCommand.AGAIN: "replay",
    **dict.fromkeys(SEEDS, REPEAT_ICON),
    TrialCommand.LIKE_IT: "plus",
    TrialCommand.COPY: "console",
    TrialCommand.OUTPUT: "text-box-outline",
}
_STILL_TO_RUN = (TrialState.QUEUED, TrialState.RUNNING, TrialState.INTERRUPTED)


def is_possible(model: StudyModel | None, command: TrialCommand, number: int | None) -> bool:
    """Whether a command makes sense for a trial at this moment."""
    if model is None or number is None or number not in model.trials:
        return False
    trial = model.trials[number]
    match command:
        case TrialCommand.CANCEL:
            return model.is_at_work_here and trial.state in _STILL_TO_RUN
        case TrialCommand.CONTINUE:
            return trial.state is TrialState.PRUNED and not model.read_only_because
        case TrialCommand.COPY:
            return True
        case TrialCommand.OUTPUT:
            return trial.failure is not None
    return not model.read_only_because
