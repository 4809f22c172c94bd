"""When more trials are hardly worth it: what the method expects, held against what is asked of it.

It is settled once an hour more is expected to gain less than the user says that an hour is worth,
or all trials there could ever be less than the noise hides: then what is better could not be told
from the best. The study proposes to stop, and goes on; it ends only where its spec says so.
"""

from __future__ import annotations

import statistics

from engine.events import GainForeseen, StopReason, StopSuggested
from engine.journal import Journal
from engine.outlook import Outlook
from engine.stop_rules import Why
from engine.trial import in_order_of_ending

LEAST_TRIALS, FOR_EACH_PARAMETER = 20, 5
"""Of fewer trials in all, and for each parameter that is searched, a model says too little of what
it has not seen: earlier, more than it expects is found as often as not."""
AGAIN_AFTER = 10
"""So many trials after it was said, it is said again."""
RECENT = 20
"""How many of the last trials say how many there are in an hour."""
HOUR = 3600.0


class Settling:
    """Says once, in a run of a study, that it is settled, and again if it stays so.

    A study that is gone on with after it ended because of that is first given some trials more.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._ledger = journal.ledger
        self._quiet_until = 0
        if self._ledger.reason is StopReason.SETTLED:
            self._quiet_until = self._count() + AGAIN_AFTER

    def judge(self, outlook: Outlook | None) -> Why | None:
        """Publish what is expected, and whether it is enough; why the study ends by it, if so."""
        when_settled = self._ledger.spec.budget.when_settled
        if outlook is None or when_settled == "ignore":
            return None
        hourly = self._hourly(outlook)
        self._ledger.publish(GainForeseen(hourly, outlook.all, outlook.noise))
        count = self._count()
        sentence = self._settled(outlook, hourly)
        least = max(LEAST_TRIALS, FOR_EACH_PARAMETER * len(self._ledger.spec.space.dimensions))
        if not sentence or count < max(least, self._quiet_until):
            return None
        self._quiet_until = count + AGAIN_AFTER
        if when_settled == "stop":
            return StopReason.SETTLED, sentence
        self._journal.log("info", sentence)
        self._ledger.publish(StopSuggested(sentence, count))
        return None

    def _settled(self, outlook: Outlook, hourly: float | None) -> str:
        """That it is settled, in a sentence; empty while it is not."""
        objective, worth = self._ledger.spec.task.objective, self._ledger.spec.budget.worth
        if worth is not None and hourly is not None and hourly < worth:
            return (
                f"More trials are expected to improve {objective} by at most {hourly:.3g} an "
                f"hour, less than the {worth:.3g} that it is worth."
            )
        if outlook.all < outlook.noise:
            return (
                f"More trials are not expected to improve {objective} by more than "
                f"{outlook.all:.3g}, less than its noise of {outlook.noise:.3g}."
            )
        return ""

    def _hourly(self, outlook: Outlook) -> float | None:
        """What an hour is expected to gain at most; None while no trial's time is known.

        Each is taken to gain what the next one does, though the later ones gain less, and all of
        them together no more than there is.
        """
        recent = in_order_of_ending(self._ledger.all_trials())[-RECENT:]
        known = [trial.seconds for trial in recent if trial.seconds]
        if not known:
            return None
        trials = self._ledger.workers * HOUR / statistics.fmean(known)
        return min(trials * outlook.next, outlook.all)

    def _count(self) -> int:
        return sum(trial.state.is_finished for trial in self._ledger.all_trials())
