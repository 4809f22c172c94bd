"""What surrounds a worker's trials: left clean for the next one, and free of a frozen program's.

Loaded by path into whatever interpreter runs the worker: standard library alone, Python 3.8 syntax.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys

LIBRARY_PATHS = ("LD_LIBRARY_PATH", "LIBPATH", "DYLD_LIBRARY_PATH", "PATH")


class Surroundings:
    """What a trial may change of its process, and the next one must not notice."""

    def __init__(self) -> None:
        self._folder = ""
        with contextlib.suppress(OSError):
            self._folder = os.getcwd()
        self._environment = dict(os.environ)
        self._handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
        self._random = random.getstate()
        self._numpy, self._torch = sys.modules.get("numpy"), sys.modules.get("torch")
        self._numpy_state = self._numpy and self._numpy.random.get_state()
        self._torch_state = self._torch and self._torch.get_rng_state()

    def restore(self) -> None:
        """Put everything back."""
        if self._folder:
            os.chdir(self._folder)
        if self._environment != dict(os.environ):
            os.environ.clear()
            os.environ.update(self._environment)
        for number, handler in self._handlers.items():
            if handler is not None and signal.getsignal(number) != handler:
                signal.signal(number, handler)
        random.setstate(self._random)
        if self._numpy:
            self._numpy.random.set_state(self._numpy_state)
        if self._torch:
            self._torch.set_rng_state(self._torch_state)


def restored(environment: dict[str, str]) -> dict[str, str]:
    """The environment of a program frozen by PyInstaller, as other programs must have it.

    The libraries that its library path leads to are its own, and an interpreter of the user's must
    not load them. PyInstaller keeps the original in NAME_ORIG, where there was one.
    """
    bundle = environment.get("_PYI_APPLICATION_HOME_DIR") or environment.get("_MEIPASS2")
    plain = {k: v for k, v in environment.items() if not k.startswith(("_PYI_", "_MEIPASS"))}
    for name in LIBRARY_PATHS:
        original = plain.pop(name + "_ORIG", None)
        if original is not None:
            plain[name] = original
        elif bundle and name in plain:
            kept = [part for part in plain[name].split(os.pathsep) if not part.startswith(bundle)]
            plain[name] = os.pathsep.join(kept)
            if not kept:
                del plain[name]
    return plain


def leave_bundle(script: str) -> None:
    """Start `script` again where this process was given the environment of a frozen program."""
    before = dict(os.environ)
    plain = restored(before)
    if plain == before:
        return
    os.environ.clear()
    os.environ.update(plain)
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.kernel32.SetDllDirectoryW(None)
    else:  # the library path is read when a process starts
        os.execv(sys.executable, [sys.executable, os.path.abspath(script)])
