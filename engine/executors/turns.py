"""Whose turn it is on the devices, when several studies are open at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass


@dataclass(eq=False)
class Turn:
    """One study's wish for its devices, and whether it has been granted."""

    devices: frozenset[str]
    grant: Callable[[], None]
    granted: bool = False


class Turns:
    """First come, first served, for each device; a study that shares does not wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns: list[Turn] = []

    def request(self, devices: Collection[str], grant: Callable[[], None]) -> Turn:
        """Ask for `devices`; `grant` is called once, from any thread, when they are free."""
        turn = Turn(frozenset(devices), grant)
        with self._lock:
            self._turns.append(turn)
            self._grant_free()
        return turn

    def share(self, turn: Turn) -> None:
        """Do not wait any longer: use the devices beside whoever has them."""
        with self._lock:
            if turn in self._turns and not turn.granted:
                self._give(turn)

    def release(self, turn: Turn) -> None:
        """The study is done with its devices, or waits for them no longer."""
        with self._lock:
            if turn in self._turns:
                self._turns.remove(turn)
            self._grant_free()

    def _grant_free(self) -> None:
        taken: set[str] = set()
        for turn in self._turns:
            if not turn.granted and not taken & turn.devices:
                self._give(turn)
            taken |= turn.devices

    @staticmethod
    def _give(turn: Turn) -> None:
        turn.granted = True
        turn.grant()


turns = Turns()
"""The program's devices: what every study asks before it starts its workers."""
