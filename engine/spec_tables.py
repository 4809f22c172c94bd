"""The tables of a spec, each validated by itself: method, budget, limits, resources.

The [task] table, of which there are several kinds, is in engine.task_tables. What spans several
tables is in engine.spec_checks, TOML in engine.spec and engine.spec_toml.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails

from engine.trial import FailureReason
from engine.wording import did_you_mean, show

MAX_SEED = 2**31 - 1
_DEVICE = re.compile(r"cpu|mps|cuda:\d{1,3}")

Text = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=1, le=10**9)]
Positive = Annotated[float, Field(gt=0, le=1e12)]
Share = Annotated[float, Field(ge=0, le=1)]

RETRIED = tuple(
    str(reason)
    for reason in (FailureReason.CRASHED, FailureReason.OUT_OF_MEMORY, FailureReason.TIME_LIMIT)
)
"""What may go well another time: an exception, or a loss that diverges, comes again."""


class SpecError(ValueError):
    """One sentence that names the place in the spec and the mend.

    `table` and `key` say where ("" for the whole file or table), `index` which [[space]] entry
    (from 0) and `parameter` its name; `sentence` is what is said, without the place in front.
    """

    def __init__(
        self,
        sentence: str,
        table: str = "",
        key: str = "",
        index: int | None = None,
        parameter: str = "",
    ) -> None:
        self.sentence = _printable(" ".join(sentence.splitlines()))
        self.table = table
        self.key = key
        self.index = index
        self.parameter = parameter
        super().__init__(f"{self.place}: {self.sentence}" if self.place else self.sentence)

    @property
    def place(self) -> str:
        """Such as "[budget] trials" or "[space] 2 (batch_size)"; empty for the whole file."""
        table = f"[{_printable(self.table)}]" if self.table else ""
        if self.index is None:
            return " ".join(part for part in (table, _printable(self.key)) if part)
        named = f" ({_printable(self.parameter)})" if self.parameter else ""
        return f"{table} {self.index + 1}{named}"


def _printable(text: str) -> str:
    """`text` with whatever cannot be shown as its escape."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


class Table(BaseModel):
    """What the tables share: frozen, strict about types, and refusing in one sentence."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    TABLE: ClassVar[str]
    KEY: ClassVar[str] = ""
    """In front of each key, for a table within a table."""

    def __init__(self, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise spec_error(error, type(self)) from None


class MethodSpec(Table):
    """Which method proposes configurations; `options` are the keys beside its name."""

    TABLE: ClassVar[str] = "method"

    name: Text
    options: dict[str, Any] = {}


class PrunerSpec(Table):
    """Which rule stops trials that are not worth finishing; `options` are the other keys."""

    TABLE: ClassVar[str] = "pruner"

    name: Text = "none"
    options: dict[str, Any] = {}


class Budget(Table):
    """When the study ends; `target` is a value of the objective, as the user states it.

    `worth` is the least improvement of the objective that an hour more is worth. Where a method
    that learns expects less, or less than the noise hides, `when_settled` says what is done.
    """

    TABLE: ClassVar[str] = "budget"

    trials: Count | None = None
    seconds: Positive | None = None
    target: float | None = None
    worth: Positive | None = None
    when_settled: Literal["suggest", "stop", "ignore"] = "suggest"


class Limits(Table):
    """What one trial may use, and what becomes of a study whose trials fail.

    `report_seconds` is the longest silence between two reports, and before the first. A trial that
    failed for one of the reasons `retry_on` is run again up to `retries` times. After
    `same_failures` trials in a row that failed for the same reason, the study stops.
    """

    TABLE: ClassVar[str] = "limits"

    trial_seconds: Positive | None = None
    report_seconds: Positive | None = None
    memory_mb: Count | None = None
    retries: Annotated[int, Field(ge=0, le=100)] = 0
    retry_on: Annotated[tuple[str, ...], Field(strict=False, min_length=1)] = RETRIED
    same_failures: Count | None = None

    @field_validator("retry_on")
    @classmethod
    def _check_reasons(cls, reasons: tuple[str, ...]) -> tuple[str, ...]:
        known = [str(reason) for reason in FailureReason]
        for reason in reasons:
            if reason not in known:
                hint = did_you_mean(reason, known) or f"; take some of {', '.join(known)}."
                raise ValueError(f"there is no reason {show(reason)}{hint}")
        return reasons


class Resources(Table):
    """What the study runs on; None is left to the machine.

    `per_device` trials run on each device where `workers` does not say how many there are in all.
    A worker trains at most `stack` configurations as one; 1: each by itself.
    """

    TABLE: ClassVar[str] = "resources"

    workers: Annotated[int, Field(ge=1, le=1024)] | None = None
    per_device: Annotated[int, Field(ge=1, le=64)] | None = None
    stack: Annotated[int, Field(ge=1, le=1024)] | None = None
    devices: Annotated[tuple[str, ...], Field(strict=False, min_length=1)] | None = None
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] = 0

    @field_validator("devices")
    @classmethod
    def _check_devices(cls, devices: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for device in devices or ():
            if not _DEVICE.fullmatch(device):
                raise ValueError(f"there is no device {show(device)}; use cpu, cuda:0 or mps.")
            if (devices or ()).count(device) > 1:
                raise ValueError(f"{show(device)} is there twice; remove one.")
        return devices


def spec_error(error: ValidationError, table: type[Table]) -> SpecError:
    """The first thing that pydantic found wrong with `table`, as a sentence."""
    details = error.errors(include_url=False)[0]
    cause = details.get("ctx", {}).get("error")
    if isinstance(cause, SpecError):
        return cause
    key = str(details["loc"][0]) if details["loc"] else ""
    place = table.KEY + key if key else table.KEY.rstrip(".")
    return SpecError(_sentence(details, key, table), table.TABLE, place)


def _sentence(details: ErrorDetails, key: str, table: type[Table]) -> str:
    given, limits = details["input"], details.get("ctx", {})
    match details["type"]:
        case "missing":
            return "is missing; add it."
        case "extra_forbidden":
            return f"there is no such key{did_you_mean(key, table.model_fields) or '; remove it.'}"
        case "value_error":
            return str(limits["error"])
        case "greater_than_equal":
            return f"must be at least {_limit(limits['ge'])}, not {show(given)}."
        case "greater_than":
            return f"must be above {_limit(limits['gt'])}, not {show(given)}."
        case "less_than_equal":
            return f"must be at most {_limit(limits['le'])}, not {show(given)}."
        case "finite_number":
            return f"must be a finite number, not {show(given)}."
        case "literal_error":
            return f"must be {limits['expected']}, not {show(given)}."
        case "string_too_short" | "too_short":
            return "is empty; fill it in or remove it."
        case kind:
            return (
                f"must be {_WANTED.get(kind.split('_')[0], 'something else')}, not {show(given)}."
            )


def _limit(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:g}"


_WANTED = {
    "int": "a whole number",
    "float": "a number",
    "string": "text in quotes",
    "tuple": "a list",
    "dict": "a table",
    "model": "a table",
    "is": "of another kind",
}
