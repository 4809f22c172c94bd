"""A form over entries of a draft that are numbers and choices, the same wherever it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from PySide6.QtWidgets import QGridLayout, QWidget

from gui.models.cells import value_text
from gui.models.draft import Draft
from gui.models.plan import duration_text, parse_duration
from gui.models.verdict import Verdict
from gui.theme import CARD, CONTROL
from gui.widgets.fields import ChoiceField, Field, LineField, ParsedField, WholeField, real, whole

_NO_LIMIT, _AUTOMATIC, _NEVER = "no limit", "automatic", "never"

Place = tuple[str, str]
"""Table and key of an entry."""


Editor = LineField | ChoiceField


class _Entry(NamedTuple):
    caption: str
    make: Callable[[], Editor]
    tip: str


_RULES = [
    ("never", "none"),
    ("by median", "median"),
    ("by halving", "asha"),
    ("Hyperband", "hyperband"),
    ("by curve", "curve"),
]
_PRECISIONS = [("float32", "float32"), ("bfloat16", "bfloat16")]
_SETTLED = [("propose to stop", "suggest"), ("stop", "stop"), ("say nothing", "ignore")]


def _duration() -> LineField:
    return ParsedField(parse_duration, duration_text, _NO_LIMIT)


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _list_text(parts: Any) -> str:
    return ", ".join(parts)


def _reasons(text: str) -> tuple[str, ...]:
    return tuple(part.replace(" ", "_") for part in _list(text))


def _reasons_text(reasons: Any) -> str:
    return _list_text(str(reason).replace("_", " ") for reason in reasons)


_BY_ITSELF, _AT_MOST = "each by itself", "at most "


def _together(text: str) -> int | float | str | None:
    known = {_AUTOMATIC: None, _BY_ITSELF: 1}
    return known[text] if text in known else whole(text.removeprefix(_AT_MOST))


def _together_text(most: Any) -> str:
    return _BY_ITSELF if most == 1 else f"{_AT_MOST}{most}"


_ENTRIES: dict[Place, _Entry] = {
    ("budget", "trials"): _Entry("Trials", lambda: WholeField(_NO_LIMIT), "Most trials"),
    ("budget", "seconds"): _Entry("Time", _duration, "Stop after this long: 10 min, 1 h 30 min"),
    ("budget", "target"): _Entry(
        "Target value",
        lambda: ParsedField(real, value_text, "none"),
        "Stop when the objective is this good",
    ),
    ("budget", "worth"): _Entry(
        "Worth an hour",
        lambda: ParsedField(real, value_text, "not said"),
        "The least improvement of the objective that an hour more is worth: where less is to be "
        "expected, the study proposes to stop (Bayesian)",
    ),
    ("budget", "when_settled"): _Entry(
        "When little is to be gained",
        lambda: ChoiceField(_SETTLED),
        "When more trials are expected to gain less than an hour is worth, or than the noise hides",
    ),
    ("limits", "trial_seconds"): _Entry("Time per trial", _duration, "A longer trial is ended"),
    ("limits", "report_seconds"): _Entry(
        "Longest silence", _duration, "A trial that reports nothing for this long is ended"
    ),
    ("limits", "memory_mb"): _Entry(
        "Memory per trial",
        lambda: WholeField(_NO_LIMIT),
        "In MB; a trial that takes more is ended",
    ),
    ("limits", "retries"): _Entry(
        "Retries", lambda: WholeField("none"), "How often a failed trial is run again"
    ),
    ("limits", "retry_on"): _Entry(
        "Retry after",
        lambda: ParsedField(_reasons, _reasons_text, "crashed, out of memory, time limit"),
        "The failures after which a trial is run again, with commas between: exception, "
        "no objective, diverged, crashed, out of memory, time limit",
    ),
    ("limits", "same_failures"): _Entry(
        "Stop after failures alike",
        lambda: WholeField(_NEVER),
        "So many trials in a row that fail for the same reason end the study",
    ),
    ("pruner", "name"): _Entry(
        "Stop trials early",
        lambda: ChoiceField(_RULES),
        "When a trial is not worth finishing. Below the median: worse than half of those that got "
        "as far. Successive halving: few go far. Hyperband: the same with several beginnings. By "
        "its curve: it will hardly become the best, by where curves like it ended",
    ),
    ("resources", "seed"): _Entry(
        "Seed",
        lambda: WholeField("0"),
        "The same seed on one worker gives the same trials again",
    ),
    ("resources", "workers"): _Entry(
        "Workers",
        lambda: WholeField(_AUTOMATIC),
        "Trials at the same time; automatic is one for each GPU, else one",
    ),
    ("resources", "per_device"): _Entry(
        "Trials per device",
        lambda: WholeField("1"),
        "How many trials share each GPU, where no number of workers is given",
    ),
    ("resources", "stack"): _Entry(
        "Train together",
        lambda: ParsedField(_together, _together_text, _AUTOMATIC),
        "Configurations of the same shape can be trained as one, which takes less time in all: "
        "automatic finds out how many at a time, 8 is at most 8, 1 is each by itself",
    ),
    ("resources", "devices"): _Entry(
        "Devices",
        lambda: ParsedField(_list, _list_text, _AUTOMATIC),
        "Where trials run, with commas between: cpu, mps, cuda:0",
    ),
    ("task", "precision"): _Entry(
        "Precision",
        lambda: ChoiceField(_PRECISIONS),
        "What the products of layers are computed in while a network trains. bfloat16 pays for "
        "larger networks on GPUs with tensor cores and on CPUs with bfloat16 units; on other CPUs "
        "it is far slower. Results change a little",
    ),
}


class SpecForm(QWidget):
    """Two columns of fields; what is typed goes into the draft."""

    def __init__(self, draft: Draft, places: Sequence[Place]) -> None:
        super().__init__()
        self._draft = draft
        self.fields: dict[Place, Field] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(CARD)
        grid.setVerticalSpacing(CONTROL)
        for number, place in enumerate(places):
            grid.addWidget(self._field(place), number // 2, number % 2)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        draft.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the draft."""
        for (table, key), field in self.fields.items():
            field.editor.put(getattr(self._draft.document, table).get(key))

    def set_verdict(self, verdict: Verdict) -> None:
        """Say what is wrong with each entry."""
        for (table, key), field in self.fields.items():
            field.set_problem(verdict.problem_at(table, key))

    def _set(self, place: Place, value: Any) -> None:
        """Change an entry; the options of one rule are not those of another."""
        if place == ("pruner", "name"):
            self._draft.put_table("pruner", {"name": value})
        else:
            self._draft.set_entry(*place, value)

    def _field(self, place: Place) -> Field:
        caption, make, tip = _ENTRIES[place]
        editor = make()
        editor.edited.connect(lambda value: self._set(place, value))
        field = self.fields[place] = Field(caption, editor, tip)
        return field
