"""CSV and Parquet files as tables of columns, whole or for a preview."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.tasks.columns import Column, read_columns
from engine.tasks.dataset import DataError
from engine.tasks.delimited import read_delimited

if TYPE_CHECKING:
    import polars as pl

DELIMITED = (".csv", ".tsv", ".txt", ".data")
PARQUET = (".parquet", ".pq")
PREVIEW_ROWS = 10_000
_PREVIEW_BYTES = 4_000_000


@dataclass(frozen=True)
class Table:
    """The columns of a file, or of its first rows. `rows` counts all of the file's."""

    name: str
    columns: tuple[Column, ...]
    rows: int
    rows_read: int
    decimal_comma: bool = False
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def column(self, name: str, role: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise DataError(
            f"{role}: {self.name} has no column '{name}'; it has {', '.join(self.names)}."
        )


def read_table(path: Path, preview: bool = False) -> Table:
    """Columns of a CSV or Parquet file; of its first rows alone for a preview."""
    limit = PREVIEW_ROWS if preview else None
    frame, decimal_comma, notes = read_frame(path, limit)
    if frame.is_empty():
        raise DataError(f"{path.name}: has no rows; give a file with a header and rows.")
    read = frame if limit is None else frame.head(limit)
    rows = len(frame) if limit is None else _count_rows(path, len(frame))
    columns = tuple(read_columns(read, decimal_comma))
    return Table(path.name, columns, rows, len(read), decimal_comma, notes)


def read_frame(path: Path, limit: int | None = None) -> tuple[pl.DataFrame, bool, tuple[str, ...]]:
    """A file as it is, whether it has decimal commas, and what was recognised to read it.

    With `limit`, about as many rows as that (of small files all) are read.
    """
    import polars as pl

    if path.suffix.lower() not in PARQUET:
        read = read_delimited(path, None if limit is None else _PREVIEW_BYTES)
        return read.frame, read.decimal_comma, read.notes
    try:
        return pl.read_parquet(path, n_rows=limit), False, ()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{path.name}: is not a readable Parquet file; write it again.") from error


def _count_rows(path: Path, rows_read: int) -> int:
    """Rows of a file of which `rows_read` were read, without reading the others as a table.

    Exact unless quoted fields hold line breaks; then as many as the first part suggests.
    """
    import polars as pl

    if path.suffix.lower() in PARQUET:
        return int(pl.scan_parquet(path).select(pl.len()).collect().item())
    if path.stat().st_size <= _PREVIEW_BYTES:
        return rows_read
    lines, lines_read = _count_lines(path)
    beside = lines_read - rows_read
    return lines - beside if beside in (0, 1) else round(lines * rows_read / lines_read)


def _count_lines(path: Path) -> tuple[int, int]:
    """Lines of a file, and those that end in the part that a preview reads."""
    with path.open("rb") as file:
        read = file.read(_PREVIEW_BYTES).count(b"\n")
        lines, last = read, b"\n"
        while chunk := file.read(_PREVIEW_BYTES):
            lines += chunk.count(b"\n")
            last = chunk[-1:]
    return lines + (last != b"\n"), read
