"""The scripts that a user can begin with: their titles, which stand in their first lines."""

from __future__ import annotations

from pathlib import Path

from engine import places


def find_templates() -> list[tuple[str, Path]]:
    """Title and file of each; reads files."""
    found = sorted((places.resources() / "templates").glob("*.py"))
    return sorted((_title(path), path) for path in found if not path.stem.startswith("command"))


def _title(path: Path) -> str:
    """The first line of the docstring, up to its first colon or full stop."""
    with path.open(encoding="utf-8") as file:
        line = file.readline().strip().strip('"# ')
    return line.split(":")[0].split(".")[0] or path.stem
