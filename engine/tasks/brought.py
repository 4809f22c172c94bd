"""What a user brings, looked at before it runs: is the script there, the function, the program?"""

from __future__ import annotations

import ast
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.tasks.dataset import TaskError
from engine.wording import did_you_mean

MOST_BYTES = 10**7


def check_script(task: Mapping[str, Any], base: Path) -> None:
    """Raise TaskError if the script, its function or its interpreter is not there.

    Where one is named that trains several trials, it is the one that has to be.
    """
    file, key = base / task["file"], "many" if task.get("many") else "function"
    function, source = str(task[key]), read_script(file)
    interpreter = task.get("interpreter")
    if interpreter:
        check_interpreter(base / interpreter)
    try:
        tree = ast.parse(source, str(file))
    except (SyntaxError, ValueError, RecursionError) as error:
        if interpreter:  # which may be of another version than this one
            return
        line = f" in line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise TaskError(f"file: {file.name} is no valid Python{line} ({_said(error)}).") from None
    names = list(_names(tree.body))
    if function not in names and "*" not in names:
        functions = functions_of(source)
        hint = did_you_mean(function, functions)
        listed = f"; it has {', '.join(functions)}." if functions else "; define it there."
        raise TaskError(f"{key}: {file.name} has no function {function}{hint or listed}")


def read_script(file: Path) -> str:
    """The text of a script. Raises TaskError."""
    if not file.exists():
        raise TaskError(f"file: {file} is not there; correct the path.")
    if not file.is_file():
        raise TaskError(f"file: {file} is not a file; name the script itself.")
    try:
        if file.stat().st_size > MOST_BYTES:
            raise TaskError(f"file: {file} is too large for a script; name the script itself.")
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise TaskError(f"file: {file} is not UTF-8 text; save it as UTF-8.") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise TaskError(f"file: {file} cannot be read ({reason}); check it.") from None


def functions_of(source: str) -> tuple[str, ...]:
    """The functions that a script defines at its top; none where it is no valid Python."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError):
        return ()
    return tuple(node.name for node in body if isinstance(node, ast.FunctionDef))


def check_interpreter(path: Path) -> None:
    """Raise TaskError where no program is at `path`."""
    if not path.exists():
        raise TaskError(f"interpreter: {path} is not there; choose the Python that runs it.")
    if not path.is_file() or not os.access(path, os.X_OK):
        raise TaskError(f"interpreter: {path} is not a program; choose a Python itself.")


def check_command(task: Mapping[str, Any], base: Path) -> None:
    """Raise TaskError if the working folder or the program is not there."""
    folder = base / (task.get("folder") or ".")
    if not folder.is_dir():
        raise TaskError(f"folder: {folder} is not there; make it, or correct the path.")
    program = task["argv"][0]
    if "{" in program:
        return
    has_folder = os.path.dirname(program) != ""
    path = task.get("environment", {}).get("PATH")
    if shutil.which(folder / program if has_folder else program, path=path) is not None:
        return
    if (folder / program).is_file():
        raise TaskError(
            f"argv: {program} is not executable; name the program that runs it in front of it."
        )
    where = f"at {folder / program}" if has_folder else "on this computer's PATH"
    raise TaskError(f"argv: there is no program {program} {where}; correct its name.")


def _names(body: list[ast.stmt]) -> Iterator[str]:
    """What the statements of a module bind; "*" where that is not known."""
    for node in body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name):
                yield name
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from (alias.asname or alias.name for alias in names)
            case ast.Assign(targets=targets):
                yield from (target.id for target in targets if isinstance(target, ast.Name))
            case ast.If(body=then, orelse=otherwise):
                yield from _names(then + otherwise)
            case ast.Try(body=tried, handlers=handlers, orelse=otherwise):
                yield from _names(tried + otherwise + [s for h in handlers for s in h.body])


def _said(error: Exception) -> str:
    return error.msg if isinstance(error, SyntaxError) else str(error)
