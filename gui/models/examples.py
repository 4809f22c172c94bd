"""The bundled examples as the Start page shows them: a few words read from their TOML files."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from engine import places
from engine.methods import method_names


@dataclass(frozen=True)
class Example:
    """One bundled spec: its name, its first comment as a description, and its trials."""

    path: Path
    name: str
    description: str
    method: str
    trials: int | None


def find_examples(folder: Path | None = None) -> list[Example]:
    """All of them, the shortest and plainest first. Reads files: call it in a job."""
    folder = folder or places.resources() / "examples"
    return sorted((_read(path) for path in folder.glob("*.toml")), key=_order)


def _order(example: Example) -> tuple[int, int, str]:
    """Few trials before many; of as many, methods in the order of their cards."""
    names = method_names()
    method = names.index(example.method) if example.method in names else len(names)
    return example.trials or 0, method, example.name


def _read(path: Path) -> Example:
    text = path.read_text(encoding="utf-8")
    table = tomllib.loads(text)
    return Example(
        path,
        table.get("name", path.stem),
        _first_comment(text),
        table.get("method", {}).get("name", ""),
        table.get("budget", {}).get("trials"),
    )


def _first_comment(text: str) -> str:
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# ").strip())
    return " ".join(lines).strip()
