"""The one door of Tunescape: the window, a headless run, or one of the program's own processes."""

from __future__ import annotations

import argparse
import gc
import sys
from pathlib import Path
from typing import NoReturn

BAD_INPUT = 2
INTERRUPTED = 130


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong with the arguments."""

    def error(self, message: str) -> NoReturn:
        """End the program for bad input."""
        self.exit(BAD_INPUT, f"tunescape: {message}; see --help.\n")


def parse(arguments: list[str]) -> argparse.Namespace:
    """The user's arguments."""
    parser = Parser(
        prog="tunescape", description="Tune the hyperparameters of deep-learning models."
    )
    parser.add_argument(
        "file", nargs="?", type=Path, help="a spec (.toml) or a study (.tune); none: the example"
    )
    parser.add_argument(
        "--trial", type=int, metavar="N", help="run trial N of a study here, for a debugger"
    )
    parser.add_argument("--headless", action="store_true", help="run without a screen")
    headless = parser.add_argument_group("with --headless")
    headless.add_argument("--out", type=Path, metavar="STUDY", help="the study file to create")
    headless.add_argument("--trials", type=int, metavar="N", help="how many trials in all")
    headless.add_argument("--method", metavar="NAME", help="how configurations are chosen")
    headless.add_argument("--workers", type=int, metavar="N", help="trials at the same time")
    headless.add_argument("--seed", type=int, metavar="N", help="what randomness derives from")
    headless.add_argument("--json", type=Path, metavar="SUMMARY", help="write a summary here")
    headless.add_argument(
        "--trust", action="store_true", help="run the user's script or command that the study names"
    )
    chosen = parser.parse_args(arguments)
    _check_together(parser, chosen)
    return chosen


def _check_together(parser: Parser, chosen: argparse.Namespace) -> None:
    """Refuse options that do not go together."""
    anyway = {"file", "headless", "trial"} | ({"trust"} if chosen.trial is not None else set())
    extra = [name for name, value in vars(chosen).items() if name not in anyway and value]
    if extra and not chosen.headless:
        parser.error(f"--{extra[0]} goes with --headless")
    if chosen.trial is not None and (chosen.headless or chosen.file is None):
        parser.error("--trial goes with a study (.tune), and not with --headless")


def ended(code: int) -> int:
    """The exit code of a process that is done: it ends without a last look for garbage."""
    gc.freeze()
    return code


def main(arguments: list[str]) -> int:
    """Run what the arguments ask for; returns the exit code."""
    match arguments[:1]:
        case ["--worker"]:
            from engine.executors.worker import main as work

            return work()
        case ["--guard"]:
            from engine.executors.guard import main as watch

            return watch()
        case ["--proposer"]:
            from engine.proposer import main as propose

            return ended(propose())
        case ["--lens"]:
            from engine.lens_process import main as look

            return ended(look())
    chosen = parse(arguments)
    if chosen.trial is not None:
        from engine.headless_trial import run as run_one

        return run_one(chosen)
    if chosen.headless:
        from engine.headless import run

        return ended(run(chosen))
    from gui.app import run as open_window

    return open_window(chosen.file)


if __name__ == "__main__":
    from multiprocessing import freeze_support

    freeze_support()
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:  # before there is anything to stop
        sys.exit(INTERRUPTED)
