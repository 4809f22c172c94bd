"""What is told of an exception: the reason in the program's terms, a sentence, and a traceback."""

from __future__ import annotations

import contextlib
import os
import traceback

LONGEST_MESSAGE = 2_000
LONGEST_LOG = 200_000
LOADED = "tunescape_"  # begins the names of modules that are loaded by path
_EXECUTORS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_TASKS = os.path.join(os.path.dirname(_EXECUTORS), "tasks")
OURS = (
    _EXECUTORS,
    os.path.join("engine", "executors"),  # as a frozen program names the worker
    *(os.path.join(_TASKS, kind) for kind in ("script", "command")),
    "<frozen importlib",
)
"""How the files begin whose part in a traceback says nothing to a user."""


class Diverged(Exception):  # noqa: N818 - the name by which it is known
    """The objective is no finite number."""


def reason_of(error: BaseException) -> str:
    """The reason, in the program's terms, why a trial that raised `error` failed."""
    names = {kind.__name__ for kind in type(error).__mro__}
    text = text_of(error).lower()
    if names & {"SystemExit", "Crashed"}:
        return "crashed"
    if names & {"MemoryError", "OutOfMemoryError", "ResourceExhaustedError"}:
        return "out_of_memory"
    signs = ("out of memory", "can't allocate", "_status_alloc_failed")
    if isinstance(error, RuntimeError) and any(sign in text for sign in signs):
        return "out_of_memory"
    if "NoObjective" in names:
        return "no_objective"
    return "diverged" if "Diverged" in names else "exception"


def text_of(error: BaseException) -> str:
    """The message of an exception on one line, however long it is and whatever it does."""
    with contextlib.suppress(Exception):
        return " ".join(str(error)[:LONGEST_MESSAGE].split())
    return ""


def describe(error: BaseException) -> str:
    """An exception as one line: its message, with its type and place where they say more."""
    text = text_of(error)
    kind = type(error)
    if kind.__name__ in ("Diverged", "NoObjective") or kind.__module__.startswith(LOADED):
        return text  # a sentence
    if isinstance(error, SystemExit):
        said = ": " + text if isinstance(error.code, str) else ""
        return f"The training called sys.exit (exit code {exit_code(error)}{said})."
    place = getattr(error, "place", "")
    return kind.__name__ + (": " + text if text else "") + (f" ({place})" if place else "")


def log_of(error: BaseException) -> str:
    """The traceback of `error` without what is ours; empty where that is all there is."""
    if type(error).__module__.startswith(LOADED) and error.__cause__ is not None:
        error = error.__cause__  # of which it is a sentence
    told = traceback.TracebackException(type(error), error, error.__traceback__)
    link: traceback.TracebackException | None = told
    while link is not None:
        link.stack[:] = [frame for frame in link.stack if not frame.filename.startswith(OURS)]
        link = link.__cause__ or link.__context__
    return shortened("".join(told.format())) if told.stack or told.__cause__ else ""


def shortened(text: str) -> str:
    """The beginning and the end of a text, if it is a long one."""
    half = LONGEST_LOG // 2
    return text if len(text) <= LONGEST_LOG else f"{text[:half]}\n...\n{text[-half:]}"


def exit_code(error: SystemExit) -> int:
    """The code with which Python would end for `error`."""
    return error.code if isinstance(error.code, int) else int(error.code is not None)
