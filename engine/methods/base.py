"""What all methods share: what was asked, what is pending, and what has been seen.

A method knows configurations and minimised values, nothing of studies, files or processes. It
stores no state: a fresh one that is told the finished trials and pended the running ones goes on
as the old one would have.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from engine.outlook import Outlook
from engine.space import SearchSpace, SpaceError
from engine.trial import Params


class MethodError(ValueError):
    """An unknown method, option or seed: `key` says which, `sentence` what is wrong."""

    def __init__(self, key: str, sentence: str) -> None:
        self.key = key
        self.sentence = sentence
        super().__init__(f"{key}: {sentence}")


class Method(ABC):
    """Proposes configurations of a space; never one that it has seen, unless it may go on.

    A configuration is seen once it was asked for, pended or told. `learns` says whether proposals
    depend on what was told: where they do not, a study may ask ahead.
    """

    learns: ClassVar[bool] = False

    def __init__(self, space: SearchSpace, seed: int = 0) -> None:
        if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
            raise MethodError("seed", f"must be a whole number from 0, not {seed!r}.")
        self.space = space
        self.seed = seed
        self._seen: set[Hashable] = set()
        self._strangers: set[Hashable] = set()
        self._pending: dict[Hashable, Params] = {}
        self._offered: dict[Hashable, Params] = {}

    @property
    def capacity(self) -> int | None:
        """How many configurations the method can propose in all; None when there is no end."""
        return self.space.size()

    @property
    def pending(self) -> list[Params]:
        """Configurations that were asked for or pended, and not told yet, oldest first."""
        return [dict(params) for params in self._pending.values()]

    def ask(self, n: int = 1) -> list[Params]:
        """The next `n` configurations, fewer when the space is exhausted; each is pending."""
        proposals: list[Params] = []
        while len(proposals) < n and (params := self._propose()) is not None:
            self.pend(params)
            proposals.append(dict(params))
        return proposals

    def tell(
        self,
        params: Mapping[str, Any],
        value: float | None,
        *,
        seconds: float | None = None,
        curve: Sequence[tuple[int, float]] | None = None,
        failure: str | None = None,
    ) -> None:
        """What came of a configuration, whether or not it was asked for.

        `value` is minimised, None for a failed trial, `failure` then being its reason; `seconds`
        is what the trial took, `curve` its (step, value) pairs.
        """
        self._pending.pop(self._see(params), None)

    def pend(self, params: Mapping[str, Any]) -> None:
        """A configuration that runs, whether or not it was asked for."""
        self._pending[self._see(params)] = dict(params)

    def outlook(self) -> Outlook | None:
        """What more trials are expected to bring; None where the method expects nothing."""
        return None

    def offer(self, stopped: Iterable[Mapping[str, Any]]) -> None:
        """Which of the configurations that were told as stopped can go on, as of now.

        A method that weighs what would come of them may propose one of these, and no other that it
        has seen, again: its trial is then to be finished.
        """
        self._offered = {self._see(params): dict(params) for params in stopped}

    @abstractmethod
    def _propose(self) -> Params | None:
        """A configuration that was not seen yet; None when there are no more."""

    @property
    def _count(self) -> int:
        """How many distinct configurations were asked for, pended or told."""
        return len(self._seen) + len(self._strangers)

    def _see(self, params: Mapping[str, Any]) -> Hashable:
        """Remember a configuration; its key. Those from outside the space are kept apart."""
        try:
            key = self.space.key(params)
        except SpaceError:
            stranger = tuple(sorted((str(name), repr(value)) for name, value in params.items()))
            self._strangers.add(stranger)
            return stranger
        self._seen.add(key)
        return key
