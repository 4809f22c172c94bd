"""A look at the draft's data, taken by a job whenever the data or its split has changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gui.models.look import Look

if TYPE_CHECKING:
    from engine.tasks.preview import Preview

_ASPECTS = ("data", "target", "split")


class DataPreview(Look):
    """Arrives as a Preview."""

    def look_at(self, task: Mapping[str, Any], base: Path) -> None:
        """Take a look at the data of `task`."""
        self._want(({key: _plain(task[key]) for key in _ASPECTS if key in task}, base))

    def _work(self, wanted: Any) -> Callable[[], Preview]:
        return lambda: _preview(*wanted)


def _preview(task: dict[str, Any], base: Path) -> Preview:
    from engine.tasks.data import preview  # late: polars and Pillow come with it

    return preview(task, base)


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value
