"""Reading CSV files as people have them: any delimiter, decimal commas, several encodings.

Every field is read as text; what it means is decided in columns.py. polars does the parsing.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.tasks.dataset import DataError

if TYPE_CHECKING:
    import polars as pl

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_LINES = 200
_SAMPLE_BYTES = 200_000
_ENCODING_BYTES = 2_000
_COMMA_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+),\d+([eE][+-]?\d+)?")
_POINT_NUMBER = re.compile(r"[+-]?\d*\.\d+([eE][+-]?\d+)?")
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True)
class DelimitedText:
    """A file's fields as text, and what had to be recognised to read it."""

    frame: pl.DataFrame
    decimal_comma: bool
    notes: tuple[str, ...]


def read_delimited(path: Path, first_bytes: int | None = None) -> DelimitedText:
    """The file as a frame of strings; with `first_bytes`, only the whole lines in that many."""
    encoding, content = _as_utf8(path, _read_bytes(path, first_bytes))
    if first_bytes is not None and path.stat().st_size > first_bytes:
        content = content[: content.rfind(b"\n") + 1] or content
    if not content.strip():
        raise DataError(f"{path.name}: the file is empty; give one with a header and rows.")
    lines = content[:_SAMPLE_BYTES].decode("utf-8", errors="ignore")
    delimiter = _delimiter(lines)
    sample = _rows(lines, delimiter)
    headless = bool(sample) and all(_NUMBER.fullmatch(name.strip()) for name in sample[0])
    frame = _parse(path, content, delimiter, headless)
    comma = delimiter != "," and _has_decimal_comma(sample[1:])
    notes = _notes(encoding, delimiter, comma, headless)
    return DelimitedText(frame, comma, tuple(notes))


def _notes(encoding: str, delimiter: str, comma: bool, headless: bool) -> list[str]:
    recognised = [] if delimiter == "," else [_DELIMITERS[delimiter]]
    recognised += ["decimal commas"] if comma else []
    recognised += [] if encoding in ("utf-8", "utf-8-sig") else [f"{encoding} encoding"]
    notes = [f"{_sentence(recognised)} recognised."] if recognised else []
    if headless:
        notes.append("The first line holds numbers, so the columns are named column_1, column_2...")
    return notes


def _sentence(words: list[str]) -> str:
    joined = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
    return joined[0].upper() + joined[1:]


def _read_bytes(path: Path, first: int | None) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(-1 if first is None else first)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check the file.") from error


def _as_utf8(path: Path, raw: bytes) -> tuple[str, bytes]:
    """The encoding that was recognised, and the content in UTF-8 without a byte-order mark."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            return encoding, _strictly(path, raw, encoding).encode()
    start = raw[:_ENCODING_BYTES]
    if start.count(0) > len(start) // 4:
        encoding = "utf-16-le" if raw[1:2] == b"\0" else "utf-16-be"
        return encoding, _strictly(path, raw, encoding).encode()
    if b"\0" in start:
        raise DataError(f"{path.name}: is not a text file; give a CSV, Parquet or NPZ file.")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(raw)
    except UnicodeDecodeError:
        return "latin-1", raw.decode("cp1252", errors="replace").encode()
    return "utf-8", raw


def _strictly(path: Path, raw: bytes, encoding: str) -> str:
    try:
        return codecs.getincrementaldecoder(encoding)().decode(raw)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path.name}: is not valid {encoding} at byte {error.start}; save it as UTF-8."
        ) from error


def _rows(text: str, delimiter: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    rows: list[list[str]] = []
    try:
        for row in reader:
            if row:
                rows.append(row)
            if len(rows) > _SAMPLE_LINES:
                break
    except csv.Error:
        return rows
    return rows


def _delimiter(text: str) -> str:
    """The delimiter by which most lines have as many fields as the first one, and several."""

    def fit(delimiter: str) -> tuple[float, int]:
        widths = [len(row) for row in _rows(text, delimiter)]
        if not widths or widths[0] < 2:
            return 0.0, 0
        return Counter(widths)[widths[0]] / len(widths), widths[0]

    best = max(_DELIMITERS, key=fit)
    return best if fit(best)[1] else ","


def _has_decimal_comma(rows: list[list[str]]) -> bool:
    fields = [field.strip() for row in rows for field in row]
    commas = sum(bool(_COMMA_NUMBER.fullmatch(field)) for field in fields)
    points = sum(bool(_POINT_NUMBER.fullmatch(field)) for field in fields)
    return commas > points


def _parse(path: Path, content: bytes, delimiter: str, headless: bool) -> pl.DataFrame:
    import polars as pl

    try:
        frame = pl.read_csv(
            content,
            separator=delimiter,
            has_header=not headless,
            infer_schema=False,
            raise_if_empty=True,
        )
    except pl.exceptions.NoDataError as error:
        raise DataError(f"{path.name}: has no rows; give a file with a header and rows.") from error
    except pl.exceptions.PolarsError as error:
        raise DataError(
            _why_not_parsed(path, content.decode(errors="replace"), delimiter, error)
        ) from error
    frame.columns = _names([] if headless else frame.columns, frame.width)
    return frame


def _names(header: list[str], width: int) -> list[str]:
    """Names of the columns: the header's, the empty and repeated ones made their own."""
    names: list[str] = []
    for place in range(width):
        name = header[place].strip() if header else ""
        names.append(name if name and name not in names else f"{name or 'column'}_{place + 1}")
    return names


def _why_not_parsed(path: Path, text: str, delimiter: str, error: Exception) -> str:
    rows = csv.reader(io.StringIO(text), delimiter=delimiter)
    header = next(rows, [])
    for row in rows:
        if len(row) > len(header):
            return (
                f"{path.name}: line {rows.line_num} has {len(row)} fields where the header has "
                f"{len(header)}; put fields that hold a {_DELIMITERS[delimiter][:-1]} in quotes."
            )
    first_line = str(error).splitlines()[0]
    return f"{path.name}: cannot be read as a table ({first_line}); check its quotes."
