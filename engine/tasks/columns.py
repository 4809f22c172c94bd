"""What the columns of a table mean: numbers, booleans, dates, categories, or nothing to learn from.

Kinds belong to a table's schema and are inferred from all of its rows; whatever is *estimated*
(medians, scales, levels) is learned in features.py, from the training part alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import polars as pl

Kind = Literal["number", "boolean", "date", "category", "identifier", "empty"]

_MISSING = ("", "na", "n/a", "#n/a", "nan", "null", "none", "?", "-", "nil", "missing")
_TRUE = ("true", "yes", "t", "y")
_FALSE = ("false", "no", "f", "n")
_DATE_FORMATS = (
    ("%Y-%m-%d", "year-month-day"),
    ("%Y-%m-%d %H:%M:%S%.f", "year-month-day and time"),
    ("%Y-%m-%d %H:%M", "year-month-day and time"),
    ("%Y-%m-%dT%H:%M:%S%.f", "year-month-day and time"),
    ("%Y-%m-%dT%H:%M:%S%.fZ", "year-month-day and time"),
    ("%Y/%m/%d", "year/month/day"),
    ("%d.%m.%Y", "day.month.year"),
    ("%d.%m.%Y %H:%M", "day.month.year and time"),
    ("%d/%m/%Y", "day/month/year"),
    ("%d/%m/%Y %H:%M", "day/month/year and time"),
    ("%m/%d/%Y", "month/day/year"),
    ("%m/%d/%Y %H:%M", "month/day/year and time"),
)
_STRAY_SHARE = 0.05
_TEXT_LEVELS = 50
_FEWEST_IDENTIFIERS = 20


@dataclass(frozen=True)
class Column:
    """A column by kind, with `values` to match.

    number, boolean: Float64; date: Datetime; category: String; identifier: String, or Float64 where
    it numbers the rows; empty: all null.
    `stray` counts entries of a number column that are no numbers and count as missing. `note`
    says what people would like to know about how it was read.
    """

    name: str
    kind: Kind
    values: pl.Series
    stray: int = 0
    note: str = ""


def read_columns(frame: pl.DataFrame, decimal_comma: bool = False) -> list[Column]:
    """Every column of `frame` with its kind inferred."""
    return [read_column(series, decimal_comma) for series in frame.get_columns()]


def read_column(series: pl.Series, decimal_comma: bool = False) -> Column:
    """One column with its kind inferred from its values."""
    import polars as pl

    if series.dtype.is_numeric() or series.dtype.is_decimal():
        return _number(series.name, series.cast(pl.Float64), whole=series.dtype.is_integer())
    if series.dtype == pl.Boolean:
        return Column(series.name, "boolean", series.cast(pl.Float64))
    if series.dtype in (pl.Date, pl.Datetime):
        return Column(series.name, "date", series.cast(pl.Datetime("us")))
    if series.dtype.is_nested() or series.dtype in (pl.Binary, pl.Object, pl.Time, pl.Duration):
        note = f"'{series.name}' holds {series.dtype}, which is not used."
        return Column(series.name, "empty", pl.Series(series.name, [None] * len(series)), note=note)
    return _text(series.cast(pl.String), decimal_comma)


def read_like(column: Column, series: pl.Series, decimal_comma: bool = False) -> Column:
    """`series` of another file, read as `column` was; what does not fit counts as missing."""
    import polars as pl

    if column.values.dtype == series.dtype and not series.dtype.is_(pl.String):
        return replace(column, values=series, stray=0)
    text = _cleaned(series.cast(pl.String))
    if column.kind == "boolean" and not series.dtype.is_numeric():
        return replace(column, values=_flags(text), stray=0)
    if column.kind == "date":
        tried = (text.str.to_datetime(form, strict=False) for form, _ in _DATE_FORMATS)
        values = min(tried, key=lambda dates: dates.null_count())
        return replace(column, values=values.cast(pl.Datetime("us")))
    if column.values.dtype.is_numeric():
        numbers = _as_numbers(text, decimal_comma and series.dtype.is_(pl.String))
        return replace(column, values=numbers, stray=0)
    return replace(column, values=text)


def drop_reason(column: Column) -> str:
    """Why nothing can be learned from a column; empty if something can."""
    if column.kind == "empty":
        return column.note or f"'{column.name}' is empty and is not used."
    if column.kind == "identifier":
        return f"'{column.name}' differs in nearly every row, like a name, and is not used."
    if column.values.n_unique() < 2:
        return f"'{column.name}' is the same in every row and is not used."
    return ""


def notes_of(columns: Iterable[Column]) -> list[str]:
    """What was noteworthy about reading the columns that are used."""
    notes = [column.note for column in columns if column.note and column.kind != "empty"]
    for column in columns:
        if column.stray:
            one = column.stray == 1
            entries = "entry is no number and counts" if one else "entries are no numbers and count"
            notes.append(f"'{column.name}': {column.stray} {entries} as missing.")
    return notes


def _text(series: pl.Series, decimal_comma: bool) -> Column:
    name, text = series.name, _cleaned(series)
    known = text.drop_nulls()
    if known.is_empty():
        return Column(name, "empty", text)
    boolean = _as_booleans(text, known)
    if boolean is not None:
        return Column(name, "boolean", boolean)
    if not known.str.contains(r"^0\d+$").any():
        numbers = _as_numbers(text, decimal_comma)
        stray = numbers.null_count() - text.null_count()
        if stray <= _STRAY_SHARE * len(known):
            whole = not known.str.contains(r"[.,eE]").any()
            return _number(name, numbers, whole, stray)
    date = _as_dates(name, text, known)
    if date is not None:
        return date
    levels = known.n_unique()
    if levels > max(_TEXT_LEVELS, len(known) // 2) or (
        levels == len(known) and levels >= _FEWEST_IDENTIFIERS
    ):
        return Column(name, "identifier", text)
    return Column(name, "category", text)


def _cleaned(text: pl.Series) -> pl.Series:
    """Surrounding blanks removed; what stands for a missing value made null."""
    import polars as pl

    stripped = text.str.strip_chars()
    missing = stripped.str.to_lowercase().is_in(_MISSING)
    return pl.select(pl.when(~missing).then(stripped).alias(text.name)).to_series()


def _as_booleans(text: pl.Series, known: pl.Series) -> pl.Series | None:
    if not known.head(20).str.to_lowercase().is_in(_TRUE + _FALSE).all():
        return None
    words = set(known.str.to_lowercase().unique())
    if len(words) != 2 or not words <= set(_TRUE + _FALSE) or words <= set(_TRUE):
        return None
    return _flags(text)


def _flags(text: pl.Series) -> pl.Series:
    """1 for words of yes, 0 for words of no, null for others."""
    import polars as pl

    words = text.str.to_lowercase()
    flag = pl.when(words.is_in(_TRUE)).then(1.0).when(words.is_in(_FALSE)).then(0.0)
    return pl.select(flag.alias(text.name)).to_series()


def _as_numbers(text: pl.Series, decimal_comma: bool) -> pl.Series:
    import polars as pl

    point, thousands = (",", ".") if decimal_comma else (".", ",")
    grouped = rf"^[+-]?\d{{1,3}}(\{thousands}\d{{3}})+(\{point}\d+)?$"
    entry = pl.lit(text)
    plain = (
        pl.when(entry.str.contains(grouped))
        .then(entry.str.replace_all(thousands, "", literal=True))
        .otherwise(entry)
    )
    if decimal_comma:
        plain = plain.str.replace(",", ".", literal=True)
    number = plain.cast(pl.Float64, strict=False)
    return pl.select(number.alias(text.name)).to_series()


def _number(name: str, numbers: pl.Series, whole: bool, stray: int = 0) -> Column:
    import polars as pl

    finite = pl.select(pl.when(numbers.is_finite()).then(numbers).alias(name)).to_series()
    if finite.null_count() == len(finite):
        return Column(name, "empty", finite)
    if whole and _counts_rows(finite):
        return Column(name, "identifier", finite)
    return Column(name, "number", finite, stray)


def _counts_rows(numbers: pl.Series) -> bool:
    """Whether a column just numbers the rows, from 0 or 1 on."""
    if len(numbers) < _FEWEST_IDENTIFIERS or numbers.has_nulls() or numbers[0] not in (0, 1):
        return False
    return bool((numbers.diff().drop_nulls() == 1).all())


def _as_dates(name: str, text: pl.Series, known: pl.Series) -> Column | None:
    import polars as pl

    if not known.head(20).str.contains(r"^\d{1,4}[-./]\d{1,2}[-./]\d{1,4}").all():
        return None
    for form, words in _DATE_FORMATS:
        dates = text.str.to_datetime(form, strict=False, time_unit="us")
        if dates.null_count() == text.null_count():
            note = f"'{name}' is read as dates ({words})."
            return Column(name, "date", dates.cast(pl.Datetime("us")), note=note)
    return None
