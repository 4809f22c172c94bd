"""Runs the benchmarks, all or those named, each in a process of its own.

`--save` writes what each prints to RESULTS.md, unless it fails.
"""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
import sys
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
BENCHMARKS = (
    "overhead",
    "gap",
    "endurance",
    "kills",
    "startup",
    "ui_gaps",
    "digits_grid",
    "lens",
    "stacks",
    "many",
    "pruners",
)
LONG = ("quality", "methods", "ablation", "settled")
"""Those that take a quarter of an hour to most of one, and are run by name only."""


def run(name: str) -> tuple[str, int]:
    """Run one benchmark, showing what it prints; that, and its exit code."""
    print(f"\n## {name}\n", flush=True)
    child = subprocess.Popen(
        [sys.executable, "-m", f"tests.bench.{name}"], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    lines = []
    for line in child.stdout:
        print(line, end="", flush=True)
        lines.append(line)
    return "".join(lines), child.wait()


def main(arguments: list[str]) -> int:
    """Run what was asked for; fails if a benchmark itself failed, never for its figures."""
    save = "--save" in arguments
    names = [name for name in arguments if name != "--save"] or list(BENCHMARKS)
    known = BENCHMARKS + LONG
    if unknown := set(names) - set(known):
        print(f"There is no benchmark {unknown.pop()!r}; choose from {', '.join(known)}.")
        return 2
    failed = 0
    for name in names:
        text, code = run(name)
        failed = max(failed, code)
        if save and not code:
            _save(name, text)
    return failed


def _save(name: str, text: str) -> None:
    """Put a benchmark's figures in the place of its last ones."""
    head, *parts = RESULTS.read_text(encoding="utf-8").split("\n## ")
    sections = {part.partition("\n")[0]: part for part in parts}
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    command = f"python3 packaging/dev.py bench {name} --save"
    today = datetime.date.today().isoformat()
    sections[name] = f"{name}\n\n{today}, {machine}, by `{command}`\n\n{text.strip()}\n"
    ordered = [sections[name] for name in BENCHMARKS + LONG if name in sections]
    RESULTS.write_text("\n## ".join([head, *ordered]), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
