"""What Bayesian optimisation would do next in a study, as it is told the trials one by one."""

from __future__ import annotations

from collections.abc import Sequence

from engine.lens_history import History
from engine.methods.bayesian import BayesianMethod
from engine.surrogate.cube import Array
from engine.trial import Params, Trial


class Ahead:
    """Looks one proposal ahead of a study, whatever its method is: asks the one of `history`."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._unfinished: Sequence[Trial] = ()
        self._has_looked = False
        self._following: Params | None = None

    def know(self, unfinished: Sequence[Trial]) -> None:
        """The trials that are not finished, by number; of the others, the history knows more."""
        self._unfinished = unfinished
        self._has_looked = False

    def following(self) -> Params | None:
        """What is proposed next: in such a study, the very next trial; None: nothing is left."""
        if not self._has_looked:
            self._following = self._informed().preview()
            self._has_looked = True
        return self._following

    def pending(self) -> Array:
        """Where trials are under way, as the method sees them: shape (p, d)."""
        return self._informed().pending_points

    def _informed(self) -> BayesianMethod:
        method = self._history.method
        for trial in self._unfinished:
            method.pend(trial.params)
        return method
