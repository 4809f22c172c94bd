"""Metrics from what a command prints or writes: JSON lines, a regular expression, a file.

A row is what one line of output, one row of CSV or one JSON object says: its numbers as floats, and
whatever else was there as it is. Standard library alone and Python 3.8 syntax, like command.py.
"""

from __future__ import annotations

import csv
import json
import math
import os
import re
import time
from typing import IO, Any, Callable, Dict, Iterator

FILE_SECONDS = 0.5
"""How often a file of metrics is looked at, unless reading it takes long."""
LINE_LIMIT = 1_000_000
DOCUMENT_LIMIT = 16_000_000
_CHUNK = 65_536
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Row = Dict[str, Any]
Take = Callable[[Row], None]


class Lines:
    """Cuts a stream of bytes into lines of text; one longer than LINE_LIMIT is left out."""

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._length = 0

    def feed(self, data: bytes) -> list[str]:
        """The lines that `data` ends."""
        end = 1 + max(data.rfind(b"\n"), data.rfind(b"\r"))
        if end == 0:
            self._hold(data)
            return []
        first, *others = data[:end].splitlines()
        self._hold(first)
        lines = self.rest() + [_text(line) for line in others if len(line) <= LINE_LIMIT]
        self._held, self._length = [], 0
        self._hold(data[end:])
        return lines

    def rest(self) -> list[str]:
        """The line that has yet to end, unless there is none."""
        return [_text(b"".join(self._held))] if self._held else []

    def _hold(self, piece: bytes) -> None:
        self._length += len(piece)
        self._held.append(piece)
        if self._length > LINE_LIMIT:
            self._held.clear()


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace")


def json_row(line: str) -> Row:
    """The entries of a line that is a JSON object; none for any other line."""
    if not line.lstrip().startswith("{"):
        return {}
    try:
        return _entries(json.loads(line))
    except (ValueError, RecursionError):
        return {}


def _entries(found: Any) -> Row:
    """The row that a JSON value is."""
    if not isinstance(found, dict):
        return {}
    return {name: _number(value) for name, value in found.items()}


def _number(value: Any) -> Any:
    """A JSON number as a float; anything else, true and false included, as it is."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def pattern_reader(pattern: str, objective: str) -> Callable[[str], Row]:
    """Reads a line by a regular expression: named groups, and an unnamed one, the objective.

    Raises ValueError, one sentence, for a pattern that cannot give the objective.
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ValueError(f"pattern: {error}; mend the regular expression.") from None
    unnamed = set(range(1, compiled.groups + 1)) - set(compiled.groupindex.values())
    if objective not in compiled.groupindex and len(unnamed) != 1:
        raise ValueError(
            f"pattern: no group stands for {objective}; put (?P<{objective}>...) or one pair of "
            "parentheses around its number."
        )
    names = {objective: unnamed.pop()} if objective not in compiled.groupindex else {}
    names.update(compiled.groupindex)

    def read(line: str) -> Row:
        match = compiled.search(line)
        if match is None:
            return {}
        return {name: _parsed(match[group]) for name, group in names.items() if match[group]}

    return read


def _parsed(text: str) -> Any:
    """The number that `text` is; `text` itself where it is none."""
    try:
        return float(text)
    except ValueError:
        return text


class Printed:
    """The metrics in what a command prints on its stdout; `place` says which, in words."""

    def __init__(self, place: str, read: Callable[[str], Row], take: Take) -> None:
        self.place = place
        self._read, self._take = read, take
        self._lines = Lines()

    def hear(self, data: bytes) -> None:
        """Take what has been printed since."""
        for line in self._lines.feed(data):
            row = self._read(line)
            if row:
                self._take(row)

    def look(self) -> None:
        """Nothing to do: whatever there is has been heard."""

    def finish(self) -> None:
        """The command has ended, perhaps within a line."""
        for line in self._lines.rest():
            self._take(self._read(line))

    def trouble(self) -> str:
        """Why there can have been no rows; nothing is known of that."""
        return ""


class MetricsFile:
    """A file that a command writes: CSV, JSON lines, or one JSON object or list of them.

    What was in it before the trial does not count, whether the command then adds to it or writes it
    anew: a file changed is read again from its start, and its known rows are passed over.
    """

    def __init__(self, path: str, take: Take) -> None:
        self._path, self._take = path, take
        self.place = path
        self._state: tuple[int, ...] | None = None
        self._left: tuple[int, ...] | None = None
        self._count, self._first, self._last = 0, "", ""
        for _ in self._new_rows(final=True):
            pass
        self._left, self._rows_came = self._state, False
        self._next_look = 0.0

    def hear(self, data: bytes) -> None:
        """Nothing to do: what is printed says nothing."""

    def look(self) -> None:
        """Take what has been written since, unless the last look was only just now."""
        begun = time.monotonic()
        if begun < self._next_look:
            return
        self._read(final=False)
        now = time.monotonic()
        self._next_look = now + max(FILE_SECONDS, 10 * (now - begun))

    def finish(self) -> None:
        """The command has ended, perhaps within a line."""
        self._read(final=True)

    def _read(self, final: bool) -> None:
        for row in self._new_rows(final):
            self._rows_came = True
            self._take(row)

    def _new_rows(self, final: bool) -> Iterator[Row]:
        state = _state_of(self._path)
        if state is None or state == self._left or (state == self._state and not final):
            return
        self._state = state
        count, row = 0, {}
        for row in _rows_of(self._path, final):
            if count == 0 and repr(row) != self._first:
                self._first, self._count = repr(row), 0
            count += 1
            if count > self._count:
                yield row
        if 0 < count <= self._count and (repr(row) != self._last or self._is_written_again()):
            yield row
        if count > 0:
            self._count, self._last = count, repr(row)

    def _is_written_again(self) -> bool:
        """Whether an earlier trial's file was replaced by one that says the very same."""
        assert self._state is not None
        return not self._rows_came and self._left is not None and self._state[0] == self._left[0]

    def trouble(self) -> str:
        """Why there can have been no rows; empty where that is not known."""
        state = _state_of(self._path)
        if state is None:
            return f"{self._path} was not written."
        if state == self._left:
            return f"{self._path} is from before the trial and was not written again."
        return ""


def _state_of(path: str) -> tuple[int, ...] | None:
    """What changes with a file: its size, time and place; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino


def _rows_of(path: str, final: bool) -> Iterator[Row]:
    """All rows of a file, the end of which may still be in the writing."""
    try:
        with open(path, "rb") as file:
            start = 3 if file.read(3) == _BYTE_ORDER_MARK else 0
            file.seek(start)
            begins = file.read(_CHUNK).lstrip()[:1]
            file.seek(start)
            if begins in (b"{", b"["):
                yield from _json_rows(file, final, start)
            else:
                yield from _csv_rows(_lines_of(file, final))
    except OSError:
        return


def _json_rows(file: IO[bytes], final: bool, start: int) -> Iterator[Row]:
    text = file.read(DOCUMENT_LIMIT)
    try:
        found = json.loads(text.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        if text.lstrip().startswith(b"["):
            return  # a list of which the end is yet to be written
        file.seek(start)
        rows = map(json_row, _lines_of(file, final))
    else:
        rows = map(_entries, found if isinstance(found, list) else [found])
    yield from filter(None, rows)


def _csv_rows(lines: Iterator[str]) -> Iterator[Row]:
    header = next((line for line in lines if line.strip()), "")
    delimiter = max(",;\t", key=header.count)
    try:
        names = next(csv.reader([header], delimiter=delimiter, skipinitialspace=True), [])
        for cells in csv.reader(lines, delimiter=delimiter, skipinitialspace=True):
            pairs = zip((name.strip() for name in names), cells)
            if cells:
                yield {name: _parsed(cell) for name, cell in pairs if cell.strip()}
    except csv.Error:
        return


def _lines_of(file: IO[bytes], final: bool) -> Iterator[str]:
    lines = Lines()
    while True:
        data = file.read(_CHUNK)
        if not data:
            break
        yield from lines.feed(data)
    if final:
        yield from lines.rest()
