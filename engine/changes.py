"""What may be changed of a study that has begun, and what has to be made anew for it.

Task, method, seed and devices are what its trials have in common; they stay.
"""

from __future__ import annotations

from typing import Any

from engine.commands import Change
from engine.events import StudyChanged
from engine.executors.devices import Slot, slots
from engine.journal import Journal
from engine.spec import Resources, SpecError, StudySpec

_OF_WORKERS = ("trial_seconds", "report_seconds", "memory_mb")
"""The limits that the workers watch; the others are the study loop's."""


def changed(spec: StudySpec, change: Change) -> StudySpec:
    """`spec` with what `change` states. Raises SpecError where that does not go together."""
    parts: dict[str, Any] = {
        name: getattr(change, name)
        for name in ("limits", "budget", "space")
        if getattr(change, name) is not None
    }
    if change.workers is not None:
        parts["resources"] = Resources(**{**dict(spec.resources), "workers": change.workers})
    return spec.with_(**parts)


def write_down(journal: Journal, change: Change) -> None:
    """Change a study's spec: in its file, then for everybody who listens."""
    before = journal.ledger.spec
    try:
        spec = changed(before, change)
    except SpecError as error:  # it went together with what the study was before the last one
        journal.log("error", f"The study was not changed: {error}")
        return
    journal.store.put_spec(spec)
    journal.commit()
    journal.ledger.publish(StudyChanged(spec, len(slots_of(spec))))
    journal.log("info", f"Changed: {', '.join(_names_of(before, spec)) or 'nothing'}.")


def _names_of(before: StudySpec, after: StudySpec) -> list[str]:
    """What has changed, by the names of the spec's tables."""
    tables = {"limits": "limits", "resources": "workers", "budget": "budget", "space": "space"}
    return [word for key, word in tables.items() if getattr(before, key) != getattr(after, key)]


def needs_new_workers(before: StudySpec, after: StudySpec) -> bool:
    """Whether the workers have to be started anew."""
    watched = [[getattr(spec.limits, name) for name in _OF_WORKERS] for spec in (before, after)]
    return watched[0] != watched[1] or slots_of(before) != slots_of(after)


def slots_of(spec: StudySpec) -> tuple[Slot, ...]:
    """A place for each worker of a study."""
    resources = spec.resources
    return slots(resources.workers, resources.devices, resources.per_device)
