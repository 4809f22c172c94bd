"""A program with a trial that hangs among daemons, for a test that kills it."""

from __future__ import annotations

import sys
from pathlib import Path


def main(note: str) -> None:
    """Run one trial; this does not end by itself."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from engine.executors import local
    from tests.faults.executor_bench import Bench

    worker = str(Path(__file__).with_name("odd_worker.py"))
    local.own_command = lambda role: [sys.executable, worker]
    bench = Bench(Path(note).parent)
    bench.run(0, "leave_daemons", note=note, then="hold_the_lock")


if __name__ == "__main__":
    main(sys.argv[1])
