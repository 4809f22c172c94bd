"""The lens's process: hears of trials, and answers requests one at a time, in their order."""

from __future__ import annotations

import json
import math
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from engine.analysis.views import LensProblem, MapRequest, Request, View, WhyRequest
from engine.lens_ahead import Ahead
from engine.lens_fitted import Fits, TooFewError
from engine.lens_maps import map_of
from engine.lens_views import view_of, why_trial
from engine.lens_wire import curves_from_wire, from_wire, to_wire, trial_from_wire
from engine.proposer import Curve
from engine.space import SpaceError
from engine.spec import StudySpec
from engine.trial import Trial, in_order_of_ending


class Sight:
    """What is known of a study, and what can be seen of it."""

    def __init__(self, spec: StudySpec) -> None:
        sign = -1.0 if spec.task.direction == "maximize" else 1.0
        options = spec.method.options if spec.method.name == "bayesian" else {}
        self._fits = Fits(spec.space, sign, options, spec.resources.seed)
        self._ahead = Ahead(self._fits.history)
        self._trials: dict[int, Trial] = {}
        self._curves: dict[int, Curve] = {}
        self._stale = False

    def tell(
        self, trials: Sequence[Trial], curves: Mapping[int, Curve] = MappingProxyType({})
    ) -> None:
        """Trials that are new or have changed, and the learning curves of those that have one."""
        for trial in trials:
            self._trials[trial.number] = trial
            self._curves[trial.number] = curves.get(trial.number, ())
        self._stale = True

    def answer(self, request: Request) -> View | LensProblem:
        """The view that was asked for, or why there is none."""
        if self._stale:
            self._take_in()
            self._stale = False
        try:
            return self._view(request)
        except (TooFewError, SpaceError) as error:
            return LensProblem(request, str(error))
        except Exception as error:  # said in the window, and the next request has its own chance
            traceback.print_exc()
            return LensProblem(request, f"An error of the program itself: {error!r}.")

    def _take_in(self) -> None:
        finished = in_order_of_ending(self._trials.values())
        ongoing = [t for _, t in sorted(self._trials.items()) if not t.state.is_finished]
        self._fits.know(finished, self._curves)
        self._ahead.know(ongoing)

    def _view(self, request: Request) -> View:
        if isinstance(request, MapRequest) and request.upto is None:
            view = map_of(self._fits.at(None), request, self._ahead.pending())
            return replace(view, proposed=self._ahead.following())
        if not isinstance(request, WhyRequest):
            return view_of(self._fits.at(request.upto), request)
        if request.number is None:
            model = self._fits.at(None)  # says it where trials are too few
            following = self._ahead.following()
            if following is None:
                raise TooFewError("Every configuration has been tried.")
            return why_trial(model, request, following)
        trial = self._trials.get(request.number)
        if trial is None:
            raise TooFewError(f"Trial {request.number} has not been started yet.")
        return why_trial(self._fits.at(self._known_before(trial)), request, trial.params)

    def _known_before(self, trial: Trial) -> int:
        """How many trials had ended when this one was started."""
        known = in_order_of_ending(self._trials.values())
        if trial.started is None:
            return len(known)
        ends = (math.inf if other.finished is None else other.finished for other in known)
        return max((place for place, end in enumerate(ends, 1) if end <= trial.started), default=0)


def main() -> int:
    """Serve the study that the first line names until the input ends."""
    made: dict[str, Any] = json.loads(sys.stdin.readline())
    sight = Sight(StudySpec.parse(made["spec"], Path(made["base"])))
    for line in sys.stdin:
        message = json.loads(line)
        match message["type"]:
            case "tell":
                trials = [trial_from_wire(wire) for wire in message["trials"]]
                sight.tell(trials, curves_from_wire(message["trials"]))
            case "ask":
                answer = to_wire(sight.answer(from_wire(message["request"])))
                print(json.dumps({"type": "answer", "answer": answer}), flush=True)
    return 0
