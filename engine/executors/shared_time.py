"""Time as the members of a stack are charged for it: each second is shared out among them."""

from __future__ import annotations

import time


class SharedTime:
    """A clock that goes at the pace of one member's share. A trial by itself has it all."""

    def __init__(self, members: int) -> None:
        self._members = max(1, members)
        self._passed = 0.0
        self._since = time.monotonic()

    def share_among(self, members: int) -> None:
        """So many are at work from now on."""
        now = time.monotonic()
        self._passed += (now - self._since) / self._members
        self._since, self._members = now, max(1, members)

    def now(self) -> float:
        """Seconds of one share since the beginning."""
        return self._passed + (time.monotonic() - self._since) / self._members

    def when(self, share: float) -> float:
        """The monotonic time at which `now` will be `share`, if the members stay as many."""
        return self._since + (share - self._passed) * self._members
