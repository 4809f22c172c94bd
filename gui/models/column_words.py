"""The columns of a table in words: what each was taken for, its range or levels, gaps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gui.numbers import count, number

if TYPE_CHECKING:
    from engine.tasks.preview import ColumnSummary

_LEVELS = 3


def column_words(column: ColumnSummary) -> str:
    """Such as "price: number, 1.5 to 920, 24 missing" or "colour: 2 levels (red, blue)"."""
    role = f" ({column.role})" if column.role in ("target", "split") else ""
    parts = [_content(column)]
    if column.missing:
        parts.append(f"{count(column.missing)} missing")
    if column.role == "unused":
        parts.append("not used")
    return f"{column.name}{role}: {', '.join(parts)}"


def columns_in_words(columns: Sequence[ColumnSummary], most: int) -> str:
    """A line for each of the first `most` columns, and how many more there are."""
    lines = [column_words(column) for column in columns[:most]]
    if len(columns) > most:
        lines.append(f"and {count(len(columns) - most)} more columns")
    return "\n".join(lines)


def _content(column: ColumnSummary) -> str:
    if column.low is not None and column.high is not None:
        return f"{column.kind}, {number(column.low)} to {number(column.high)}"
    if not column.level_count:
        return column.kind
    names = [level for level, _ in column.levels[:_LEVELS]]
    more = ", …" if column.level_count > len(names) else ""
    return f"{count(column.level_count)} levels ({', '.join(names)}{more})"
