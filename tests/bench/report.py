"""How a benchmark's figures are shown: one table, ours beside what it is compared with."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

HEADINGS = ("what", "Tunescape", "beside it", "ratio", "aim")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure; `beside` says what it is compared with, `aim` what it should be."""

    what: str
    ours: str
    beside: str = ""
    ratio: float | None = None
    aim: str = ""

    def cells(self) -> tuple[str, ...]:
        """The row as it is printed."""
        ratio = "" if self.ratio is None else f"{self.ratio:.3g}"
        return (self.what, self.ours, self.beside, ratio, self.aim)


def show(rows: Iterable[Row]) -> None:
    """Print rows as a Markdown table."""
    table(HEADINGS, [row.cells() for row in rows])


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a Markdown table."""
    lines = [headings, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    for number, line in enumerate(lines):
        print("| " + " | ".join(map(str.ljust, line, widths)) + " |", flush=True)
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|", flush=True)


def milliseconds(seconds: float) -> str:
    """A time in milliseconds."""
    return f"{1000 * seconds:.3g} ms"


def percentile(values: Sequence[float], percent: int) -> float:
    """The percentile of `values`, interpolated."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
