"""What a dry run has shown, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.analysis.cost import rough, words

if TYPE_CHECKING:
    from engine.dry_run import DryRun, Projection

_MOST_NAMED = 6


def dry_run_words(seen: DryRun, projected: Projection | None) -> str:
    """Such as "It runs: val_loss and acc arrived. A step takes 0.8 s. The study: about 12 min"."""
    return " ".join(part for part in (_arrived(seen), _pace(seen), _study(seen, projected)) if part)


def _arrived(seen: DryRun) -> str:
    names = sorted(seen.metrics)
    if not names:
        return "It runs."
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"It runs: {', '.join(names[:_MOST_NAMED])}{more} arrived."


def _pace(seen: DryRun) -> str:
    if seen.ended:
        reports = "" if not seen.steps else f" with {_counted(seen.steps)}"
        return f"A trial took {words(seen.seconds)}{reports}."
    if seen.steps > 1 and seen.first_step is not None and seen.last_step is not None:
        a_step = (seen.last_step - seen.first_step) / (seen.steps - 1)
        return f"A step takes {words(a_step)}, the first came after {words(seen.first_step)}."
    return f"The first step came after {words(seen.first_step or 0.0)}."


def _study(seen: DryRun, projected: Projection | None) -> str:
    if projected is None:
        if seen.trial_seconds(None) is None:
            return "Say how many steps a trial makes to see what the study will take."
        return ""
    gpus = f", {projected.gpu_hours:.2g} GPU-hours" if projected.gpu_hours else ""
    study = projected.study
    margin = f" (±{words(study.margin)})" if study.seconds >= 1 else ""
    return f"The study will take about {rough(study.seconds)}{margin}{gpus}."


def _counted(reports: int) -> str:
    return "1 report" if reports == 1 else f"{reports} reports"
