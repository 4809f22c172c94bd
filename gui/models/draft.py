"""The study that is being designed: its tables, what is wrong with them, and undo.

Every change goes through `edit`, so every change can be taken back. A draft is not a study: it
becomes a StudySpec once it is valid, and a study once that is run.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from engine.parameters import Parameter
from engine.spec import StudySpec
from gui.models.document import Document, Row, with_entries
from gui.models.verdict import Verdict, document_of, judge

_MERGE_SECONDS = 1.5


class Draft(QObject):
    """Holds one Document and its verdict; `changed` says that they are others now."""

    changed = Signal()
    replaced = Signal()

    def __init__(
        self, origin: StudySpec, undo_stack: QUndoStack, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.undo_stack = undo_stack
        self._origin = origin
        self._path: Path | None = None
        self._document = document_of(origin)
        self._verdict = judge(self._document, origin)

    @property
    def path(self) -> Path | None:
        """The TOML file that this was read from or saved to."""
        return self._path

    @property
    def base(self) -> Path:
        """The folder that relative paths of data start from."""
        return self._origin.base

    @property
    def verdict(self) -> Verdict:
        """Whether it can be run, and what is wrong if not."""
        return self._verdict

    @property
    def document(self) -> Document:
        """The tables as they are now."""
        return self._document

    def edit(self, text: str, after: Document, key: str = "") -> None:
        """Change the document. `text` names the change in the menu; edits of one `key` in quick
        succession are taken back as one."""
        if after != self._document:
            self.undo_stack.push(_Edit(self, text, self._document, after, key))

    def set_entry(self, table: str, name: str, value: Any) -> None:
        """Change one entry of [task], [method], ...; None takes it out."""
        self.set_entries(table, {name: value})

    def set_entries(self, table: str, entries: Mapping[str, Any], key: str = "") -> None:
        """Change several entries of one table as one edit."""
        after = with_entries(getattr(self._document, table), entries)
        key = key or f"{table}.{','.join(entries)}"
        self.edit(
            f"change of {next(iter(entries))}", replace(self._document, **{table: after}), key
        )

    def put_table(self, table: str, entries: Mapping[str, Any]) -> None:
        """Replace a table as a whole."""
        after = with_entries({}, entries)
        self.edit(f"change of {table}", replace(self._document, **{table: after}))

    def rename(self, name: str) -> None:
        """Give the study another name."""
        self.edit("change of name", replace(self._document, name=name), "name")

    def set_rows(self, text: str, rows: tuple[Row, ...], key: str = "") -> None:
        """Change the space."""
        self.edit(text, replace(self._document, rows=rows), key)

    def set_parameter(self, row: int, parameter: Parameter, text: str) -> None:
        """Change one parameter of the space."""
        rows = list(self._document.rows)
        rows[row] = replace(rows[row], parameter=parameter)
        self.set_rows(text, tuple(rows))

    def replace_all(self, origin: StudySpec, path: Path | None) -> None:
        """Begin anew with another spec; nothing before this can be taken back."""
        self.undo_stack.clear()
        self._origin, self._path = origin, path
        self._put(document_of(origin))
        self.replaced.emit()

    def take_path(self, path: Path | None) -> None:
        """Say which file the draft came from."""
        self._path = path

    def saved(self, path: Path, spec: StudySpec) -> None:
        """It is now what the file at `path` says."""
        self._origin, self._path = spec, path
        self.undo_stack.setClean()

    def _put(self, document: Document) -> None:
        self._document = document
        self._verdict = judge(document, self._origin)
        self.changed.emit()


@dataclass
class _Moment:
    key: str
    at: float


class _Edit(QUndoCommand):
    """From one document to the next. Documents are small and share what did not change."""

    def __init__(
        self, draft: Draft, text: str, before: Document, after: Document, key: str
    ) -> None:
        super().__init__(text)
        self._draft = draft
        self._before = before
        self._after = after
        self._last = _Moment(key, time.monotonic())

    def redo(self) -> None:
        self._draft._put(self._after)

    def undo(self) -> None:
        self._draft._put(self._before)

    def id(self) -> int:
        return 1 if self._last.key else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, _Edit) or other._last.key != self._last.key:
            return False
        if other._last.at - self._last.at > _MERGE_SECONDS:
            return False
        self._after, self._last = other._after, other._last
        self.setObsolete(self._after == self._before)
        return True
