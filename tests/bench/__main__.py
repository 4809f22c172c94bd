"""Runs the benchmarks, all or those named, each in a process of its own.

`--save` writes what they print to RESULTS.md, if none fails.
"""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
BENCHMARKS = ("overhead", "gap", "startup", "ui_gaps", "digits_grid")
LONG = ("methods",)
"""Those that take most of an hour, and are run by name only."""


def run(name: str) -> tuple[str, int]:
    """Run one benchmark, showing what it prints; that, and its exit code."""
    title = f"\n## {name}\n"
    print(title, flush=True)
    child = subprocess.Popen(
        [sys.executable, "-m", f"tests.bench.{name}"], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    lines = [title]
    for line in child.stdout:
        print(line, end="", flush=True)
        lines.append(line.rstrip("\n"))
    return "\n".join(lines), child.wait()


def main(arguments: list[str]) -> int:
    """Run what was asked for; fails if a benchmark itself failed, never for its figures."""
    save = "--save" in arguments
    names = [name for name in arguments if name != "--save"] or list(BENCHMARKS)
    if unknown := set(names) - {*BENCHMARKS, *LONG}:
        print(
            f"There is no benchmark {unknown.pop()!r}; choose from {', '.join(BENCHMARKS + LONG)}."
        )
        return 2
    done = [run(name) for name in names]
    failed = max(code for _, code in done)
    if save and not failed:
        _save(arguments, [text for text, _ in done])
    return failed


def _save(arguments: list[str], texts: list[str]) -> None:
    command = " ".join(["python3 packaging/dev.py bench", *arguments])
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    today = datetime.date.today().isoformat()
    head = f"# The last figures\n\n{today}, {machine}, by `{command}`.\n"
    (HERE / "RESULTS.md").write_text(head + "\n".join(texts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
