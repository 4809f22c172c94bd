"""The thread that runs a study: begun, commanded, waited for; the file is its own meanwhile.

What it does is study_loop.py's; what may be asked of a study, and when, is study.py's.
"""

from __future__ import annotations

import threading
from typing import Any

from engine import commands
from engine.assembly import surroundings
from engine.changes import slots_of
from engine.executors.turns import Turn, turns
from engine.ledger import Ledger
from engine.reading_along import ReadingAlong
from engine.store import Store, StoreError
from engine.study_loop import StudyLoop


class StudyThread:
    """One study's thread, a new one each time it begins; between them the study is not at work."""

    def __init__(self, ledger: Ledger, store: Store, along: ReadingAlong) -> None:
        self._ledger = ledger
        self._store = store
        self._along = along
        self._loop: StudyLoop | None = None
        self._thread: threading.Thread | None = None
        self._turn: Turn | None = None

    @property
    def is_at_work(self) -> bool:
        """Whether it is there and hears commands."""
        if self._thread is None or self._loop is None:
            return False
        return self._thread.is_alive() and not self._loop.is_over

    def processes(self) -> dict[int, int]:
        """The process of each worker, by the worker's number; none while nothing is at work."""
        return {} if self._loop is None else self._loop.processes()

    def take_hold(self) -> None:
        """Become the one who writes the file, knowing what others have done to it."""
        with self._along.turn:
            if self._store.is_writer:
                return
            self._store.acquire()
            try:
                self._along.catch_up()
            except StoreError:
                self._store.close()
                raise

    def begin(self, share: bool) -> None:
        """Begin, and wait for the study's devices unless they are free or `share` is true."""
        self._loop = self._make_loop()
        self._thread = threading.Thread(target=self._run, name="study", daemon=True)
        devices = {slot.device for slot in slots_of(self._ledger.spec)}
        inbox = self._loop.inbox
        self._turn = turns.request(devices, lambda: inbox.put(commands.Granted()))
        if share:
            turns.share(self._turn)
        self._thread.start()

    def share_devices(self) -> None:
        """Wait no longer for the devices: use them beside whoever has them."""
        if self._turn is not None:
            turns.share(self._turn)

    def command(self, command: Any) -> None:
        """Command the study, if it is at work."""
        if self._loop is not None:
            self._loop.inbox.put(command)

    def ask(self, command: commands.Lasting) -> None:
        """Command a study that may or may not be at work; if not, it is done when this returns."""
        if self.is_at_work:
            self.command(command)
            return
        self.wait()
        self.take_hold()
        self._make_loop().carry_out(command)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the study is not at work; whether that came about within `timeout` s."""
        if self._thread is not None:
            self._thread.join(timeout)
            return not self._thread.is_alive()
        return True

    def _run(self) -> None:
        assert self._loop is not None
        assert self._turn is not None
        try:
            self._loop.run()
        finally:
            turns.release(self._turn)
            with self._along.turn:
                self._along.mark()
                if self._store.is_saved:  # if not, it is kept, and written when it can be
                    self._store.close()

    def _make_loop(self) -> StudyLoop:
        return StudyLoop(
            self._ledger, self._store, surroundings(self._ledger.path, self._ledger.spec)
        )
