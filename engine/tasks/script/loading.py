"""A user's file: read, imported afresh as a module of its own, its function found."""

from __future__ import annotations

import ast
import contextlib
import importlib.machinery
import importlib.util
import operator
import os
import random
import re
import sys
import types
from typing import Any, Callable, Iterator

from .objective import values_for

VISIBLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "visible")
"""What a script may import of Tunescape; on the path of its child processes too."""
FALLBACK = "tunescape_script"
_USES_NUMPY = re.compile(
    "numpy|scipy|sklearn|pandas|torch|torchvision|lightning|pytorch_lightning|transformers|"
    "tensorflow|keras|jax|flax|xgboost|lightgbm|catboost"
)
_SEEDED = (("numpy", "random.seed"), ("torch", "manual_seed"), ("tensorflow", "random.set_seed"))
_STORED = ("storage", "study_name", "load_if_exists")
"""What Optuna is told of a study that is kept somewhere."""


class ScriptError(Exception):
    """One sentence about the user's script that names the place and the mend."""


class _EndOfScript(BaseException):
    """The script has defined what it defines and goes on to tune by itself."""


class Script:
    """A file, the name of the training function in it, and that of one that trains several."""

    def __init__(self, path: str, function: str, many: str | None = None) -> None:
        self.path = path
        self.name = os.path.basename(path)
        self._function = function
        self._many = many

    def parse(self) -> ast.Module:
        """The script's syntax tree. Raises ScriptError where it cannot be read."""
        try:
            with open(self.path, "rb") as file:
                return ast.parse(file.read(), self.path)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise ScriptError(f"{self.path} cannot be read ({reason}); check it.") from None
        except SyntaxError as error:
            raise self._bad_syntax(error) from error
        except ValueError as error:
            raise ScriptError(f"{self.name} is no Python source ({error}); check it.") from None

    def load(self, seed: int) -> Callable[[Any], Any]:
        """Import the script and return its function, with randomness seeded by `seed`.

        Without that, it is the one for several with a single trial. The import itself has the same
        randomness in every trial, so that data which the script splits at its top are split alike.
        Raises ScriptError, and whatever the script raises.
        """
        module = self._load(seed)
        if self._many and not callable(getattr(module, self._function, None)):
            return _by_itself(self._find(module, self._many, "a list of trials"))
        return self._find(module, self._function, "the trial")

    def load_many(self, seed: int) -> Callable[[Any], Any]:
        """As `load`, the function that trains several."""
        assert self._many
        return self._find(self._load(seed), self._many, "a list of trials")

    def _load(self, seed: int) -> types.ModuleType:
        tree = self.parse()
        imported = _imported(tree)
        levels = _levels(tree)
        root, package = _package(os.path.dirname(self.path), levels)
        self._prepare_process(root)
        if any(map(_USES_NUMPY.fullmatch, imported)):
            with contextlib.suppress(ImportError):
                importlib.import_module("numpy")
        _seed(0)
        module = self._import("optuna" in imported, package if levels else [])
        _seed(seed)
        return module

    @contextlib.contextmanager
    def placing_errors(self) -> Iterator[None]:
        """Give an exception its place in the script, for the sentence about it."""
        try:
            yield
        except Exception as error:
            error.place = self.place_of(error)  # type: ignore[attr-defined]
            raise

    def place_of(self, error: BaseException) -> str:
        """The last line of the script that `error` went through, in words."""
        line, trace = 0, error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self.path:
                line = trace.tb_lineno
            trace = trace.tb_next
        return f"{self.name}, line {line}" if line else ""

    def _prepare_process(self, root: str) -> None:
        """Be where the script would be if it were started from its own folder.

        Modules of a package that it is in are found as well, from the package's folder `root`.
        """
        folder = os.path.dirname(self.path)
        sys.path.insert(0, folder)
        sys.path.append(VISIBLE)
        if root != folder:
            sys.path.append(root)
        sys.argv = [self.path]
        os.chdir(folder)

    def _import(self, with_optuna: bool, package: list[str]) -> types.ModuleType:
        with self._explaining_imports():
            name = self._name_in(package) or self._module_name()
            return self._run_as(name, with_optuna)

    def _run_as(self, name: str, with_optuna: bool) -> types.ModuleType:
        loader = importlib.machinery.SourceFileLoader(name, self.path)
        spec = importlib.util.spec_from_loader(name, loader)
        assert spec is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        with _tuning_left_out() if with_optuna else contextlib.nullcontext():
            loader.exec_module(module)
        return module

    @contextlib.contextmanager
    def _explaining_imports(self) -> Iterator[None]:
        try:
            yield
        except SyntaxError as error:
            raise self._bad_syntax(error) from error
        except ImportError as error:
            place = self.place_of(error) or self.name
            mend = "correct the import"
            if isinstance(error, ModuleNotFoundError):
                mend = f"install it for {sys.executable}, or choose another interpreter"
            raise ScriptError(f"{place}: {str(error).rstrip('.')}; {mend}.") from error

    def _name_in(self, package: list[str]) -> str:
        """The script's name in its package, which is imported; empty where it has none."""
        if not package:
            return ""
        name = ".".join(package)
        folders = getattr(importlib.import_module(name), "__path__", ())
        if os.path.dirname(self.path) not in map(os.path.abspath, folders):
            return ""  # another one has that name
        return name + "." + os.path.splitext(self.name)[0]

    def _module_name(self) -> str:
        """The name by which child processes can import this very file, if there is one."""
        stem = os.path.splitext(self.name)[0]
        try:
            spec = None if "." in stem else importlib.util.find_spec(stem)
        except (ImportError, ValueError):
            spec = None
        return stem if spec is not None and spec.origin == self.path else FALLBACK

    def _find(self, module: types.ModuleType, name: str, takes: str) -> Callable[[Any], Any]:
        function = getattr(module, name, None)
        if callable(function):
            return function  # type: ignore[no-any-return]
        there = [
            name
            for name, value in vars(module).items()
            if isinstance(value, types.FunctionType) and value.__module__ == module.__name__
        ]
        listed = f"it has {', '.join(there)}" if there else "it has none at all"
        raise ScriptError(
            f"{self.name} has no function {name} ({listed}); name the one that takes {takes}."
        )

    def _bad_syntax(self, error: SyntaxError) -> ScriptError:
        name = os.path.basename(error.filename or self.path)
        return ScriptError(f"{name}, line {error.lineno}: {error.msg}; correct it.")


def _by_itself(many: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function that trains one trial, made of one that trains several."""

    def train_one(trial: Any) -> Any:
        return values_for([trial.number], many([trial]))[0]

    return train_one


def _imported(tree: ast.Module) -> set[str]:
    """The packages that a script imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def _levels(tree: ast.Module) -> int:
    """How many folders up a script's relative imports lead; 1: beside it, 0: it has none."""
    return max((n.level for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)), default=0)


def _package(folder: str, levels: int) -> tuple[str, list[str]]:
    """The folder from which the package `folder` is found, and the package's name in parts.

    A folder is one if it says so, and the last `levels` are.
    """
    names: list[str] = []
    while len(names) < levels or os.path.isfile(os.path.join(folder, "__init__.py")):
        above, name = os.path.split(folder)
        if not name:
            break
        folder, names = above, [name, *names]
    return folder, names


def _seed(seed: int) -> None:
    """Seed the random numbers of Python and of those libraries that are there."""
    random.seed(seed)
    for package, function in _SEEDED:
        with contextlib.suppress(KeyError, AttributeError):  # something else of that name
            operator.attrgetter(function)(sys.modules[package])(seed % 2**32)


@contextlib.contextmanager
def _tuning_left_out() -> Iterator[None]:
    """End a script's import where it would start to tune by itself, unguarded by __main__.

    Studies that it makes before are in memory alone: its own storage is left as it is.
    """
    try:
        optuna: Any = importlib.import_module("optuna")
        create, places = optuna.create_study, (optuna, optuna.study, optuna.study.Study)
    except (ImportError, AttributeError):
        yield
        return

    def end(*_: Any, **__: Any) -> None:
        raise _EndOfScript

    def in_memory(**options: Any) -> Any:
        return create(**{k: v for k, v in options.items() if k not in _STORED})

    changes = {"create_study": in_memory, "load_study": in_memory, "optimize": end}
    before = [(p, name, vars(p)[name]) for p in places for name in changes if name in vars(p)]
    for place, name, _ in before:
        setattr(place, name, changes[name])
    try:
        yield
    except _EndOfScript:
        print("Tunescape: the script's own study.optimize(...) is left out, and what follows it.")
    finally:
        for place, name, original in before:
            setattr(place, name, original)
