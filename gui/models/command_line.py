"""Argument lists as a person types them: words between blanks, quotes around what has blanks.

Not a shell's language: nothing is expanded, and a backslash is a backslash, as in Windows' paths.
"""

from __future__ import annotations

import re

_PIECE = re.compile(r"""'([^']*)'|"([^"]*)"|([^\s'"]+)|(\s+)""")
_PLAIN = re.compile(r"""[^\s'"]+""")


def split_line(text: str) -> list[str] | str:
    """The arguments in a line; the text itself where a quote is not closed."""
    words: list[str] = []
    place, is_open = 0, False
    while place < len(text):
        piece = _PIECE.match(text, place)
        if piece is None:
            return text
        place = piece.end()
        if piece[4] is not None:
            is_open = False
            continue
        content = next(group for group in piece.groups()[:3] if group is not None)
        if is_open:
            words[-1] += content
        else:
            words.append(content)
        is_open = True
    return words


def join_line(words: list[str] | tuple[str, ...]) -> str:
    """A line that `split_line` takes apart into `words` again."""
    return " ".join(_quoted(word) for word in words)


def split_variables(text: str) -> dict[str, str] | str:
    """Variables from NAME=value words; the text itself where one is none."""
    words = split_line(text)
    if isinstance(words, str) or not all("=" in word for word in words):
        return text
    return {name: value for name, _, value in (word.partition("=") for word in words)}


def join_variables(variables: dict[str, str]) -> str:
    """A line that `split_variables` takes apart again."""
    return join_line([f"{name}={value}" for name, value in variables.items()])


def _quoted(word: str) -> str:
    if _PLAIN.fullmatch(word):
        return word
    if '"' not in word:
        return f'"{word}"'
    return '"' + word.replace('"', '"\'"\'"') + '"'
