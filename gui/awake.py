"""Keeps the computer from going to sleep while a study runs."""

from __future__ import annotations

import threading


class KeepAwake:
    """Holds the system's own request to stay awake, on a thread that does nothing else."""

    def __init__(self) -> None:
        self._release: threading.Event | None = None

    def hold(self, wanted: bool) -> None:
        """Ask for it, or let go of it; returns at once."""
        if wanted and self._release is None:
            self._release = threading.Event()
            threading.Thread(
                target=_hold, args=(self._release,), name="keep-awake", daemon=True
            ).start()
        elif not wanted and self._release is not None:
            self._release.set()
            self._release = None


def _hold(release: threading.Event) -> None:
    from wakepy import keep  # late: nobody waits for it at the start

    with keep.running(
        on_fail="pass"
    ):  # a system that cannot promise it runs the study all the same
        release.wait()
