"""Writing specs as TOML: afresh, or as small edits that leave a person's text as it was.

A text is cut into segments, one a [table] or [[space]] entry, each with the comments right above
its header. Segments that stay the same are kept to the letter, changed ones are edited in place
by tomlkit, and removed ones go with their comments.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tomlkit
from tomlkit.items import Item

Tables = Mapping[str, Any]

_HEADER = re.compile(r"[ \t]*(\[\[?)[ \t]*(\w+)[ \t]*([.\]])")


@dataclass(frozen=True)
class _Segment:
    """A piece of the text; `key` is its table's name, empty for what stands above all tables."""

    key: str
    text: str


def write_tables(tables: Tables) -> str:
    """Tables as TOML text, from scratch."""
    pieces = [_assignments({key: v for key, v in tables.items() if not _is_table(v)})]
    for key, content in tables.items():
        if _is_table(content):
            pieces += [_new_table(key, each) for each in _as_list(content)]
    return "\n".join(pieces)


def edit_tables(text: str, had: Tables, wanted: Tables) -> str:
    """`text`, which says `had`, changed to say `wanted` and otherwise left as it is.

    Raises LookupError, TypeError or one of tomlkit's errors where the layout does not allow for
    it: the caller has to see whether the result says what it should.
    """
    segments = _cut(text)
    of_key = {key: [s for s in segments if s.key == key] for key in ("", *had, *wanted)}
    pieces: list[str] = []
    for key in dict.fromkeys([segment.key for segment in segments] + list(wanted)):
        before, after = _as_list(had.get(key)), _as_list(wanted.get(key))
        if key == "":
            pieces += [_edit_root(of_key[""][0].text, had, wanted)]
        elif key == "space":
            pieces += _edit_entries(of_key["space"], before, after)
        elif of_key[key] and after:
            pieces += [_edit(of_key[key][0], before[0], after[0])]
        elif not of_key[key] and _is_table(wanted[key]) and before != after:
            pieces += ["\n" + _new_table(key, after[0])]
    return "".join(piece if piece.endswith("\n") or not piece else piece + "\n" for piece in pieces)


def _cut(text: str) -> list[_Segment]:
    lines = text.splitlines(keepends=True)
    starts, keys = [0], [""]
    for number, line in enumerate(lines):
        header = _HEADER.match(line)
        if header is None:
            continue
        brackets, key, end = header.groups()
        if key != keys[-1] or (brackets == "[[" and end == "]"):
            starts.append(_lead(lines, number, starts[-1]))
            keys.append(key)
    ends = [*starts[1:], len(lines)]
    return [
        _Segment(key, "".join(lines[start:end]))
        for key, start, end in zip(keys, starts, ends, strict=True)
    ]


def _lead(lines: list[str], header: int, floor: int) -> int:
    """The line at which the comments right above a header begin, with blank lines above them."""
    start = header
    while start > floor and lines[start - 1].lstrip().startswith("#"):
        start -= 1
    while start > floor and not lines[start - 1].strip():
        start -= 1
    return start


def _edit_root(text: str, had: Tables, wanted: Tables) -> str:
    document = tomlkit.parse(text)
    _edit_mapping(document, _plain(had), _plain(wanted))
    return tomlkit.dumps(document)


def _edit_entries(segments: list[_Segment], had: list[Tables], wanted: list[Tables]) -> list[str]:
    """The [[space]] segments that stay, found by name, or by place where one was renamed."""
    known = {entry["name"]: place for place, entry in enumerate(had)}
    names = {entry["name"] for entry in wanted}
    pieces = []
    for number, entry in enumerate(wanted):
        place = known.get(entry["name"])
        if place is None and len(had) == len(wanted) and had[number]["name"] not in names:
            place = number
        if place is None:
            pieces.append("\n" + _new_table("space", entry))
        else:
            pieces.append(_edit(segments[place], had[place], entry))
    return pieces


def _edit(segment: _Segment, had: Tables, wanted: Tables) -> str:
    if had == wanted:
        return segment.text
    document = tomlkit.parse(segment.text)
    content: Any = document[segment.key]
    _edit_mapping(content[0] if segment.key == "space" else content, had, wanted)
    return tomlkit.dumps(document)


def _edit_mapping(target: Any, had: Tables, wanted: Tables) -> None:
    for key in [*had, *(key for key in wanted if key not in had)]:
        if key not in wanted:
            if key in target:
                target.remove(key)
        elif key not in had or had[key] != wanted[key]:
            target[key] = _item(wanted[key])


def _new_table(key: str, content: Tables) -> str:
    header = "[[space]]" if key == "space" else f"[{key}]"
    return f"{header}\n{_assignments(content)}"


def _assignments(content: Tables) -> str:
    document = tomlkit.document()
    for key, value in content.items():
        document.append(key, _item(value))
    return tomlkit.dumps(document)


def _item(value: Any) -> Item:
    if not isinstance(value, Mapping):
        item: Item = tomlkit.item(value)
        return item
    inline = tomlkit.inline_table()
    inline.update({key: each for key, each in value.items() if each is not None})
    return inline


def _plain(tables: Tables) -> Tables:
    return {key: value for key, value in tables.items() if not _is_table(value)}


def _is_table(content: Any) -> bool:
    return isinstance(content, Mapping | list)


def _as_list(content: Any) -> list[Any]:
    return content if isinstance(content, list) else [] if content is None else [content]
