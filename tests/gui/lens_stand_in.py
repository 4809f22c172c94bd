"""A lens over no surrogate: it keeps what was asked of it, and answers with made-up views."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from engine.analysis.views import (
    ImportanceRequest,
    ImportanceView,
    MapRequest,
    MapView,
    Request,
    Slice,
    SlicesRequest,
    SlicesView,
    TrustRequest,
    TrustView,
    View,
    WhyRequest,
    WhyView,
)
from engine.trial import TrialState
from gui.models.study_model import StudyModel
from tests.gui.made_up import loss


class StandInLens(QObject):
    """Answers at once when `answers`, else when told to."""

    viewArrived = Signal(object)
    problemChanged = Signal(str)

    def __init__(self, model: StudyModel, answers: bool = True) -> None:
        super().__init__(model)
        self.model = model
        self.answers = answers
        self.problem = ""
        self.asked: list[Request] = []
        self.forgotten: list[type] = []

    def ask_again(self) -> None:
        """What the present looks like may have changed: answer all that was asked last."""
        for request in {type(request): request for request in self.asked}.values():
            self.request(request)

    def request(self, request: Request) -> None:
        self.asked.append(request)
        if self.answers:
            self.answer(request)

    def forget(self, kind: type) -> None:
        self.forgotten.append(kind)

    def answer(self, request: Request) -> None:
        self.viewArrived.emit(self.view_of(request))

    def problem_of(self, kind: type) -> str:
        return self.problem

    def complain(self, problem: str) -> None:
        self.problem = problem
        self.problemChanged.emit(problem)

    def view_of(self, request: Request) -> View:
        match request:
            case MapRequest():
                return self._map(request)
            case SlicesRequest():
                return self._slices(request)
            case ImportanceRequest():
                return self._importance(request)
            case TrustRequest():
                return self._trust(request)
            case WhyRequest():
                return self._why(request)

    # -- made up --------------------------------------------------------------------------------

    def _upto(self, request: Any) -> int:
        finished, _ = self.model.progress()
        upto = getattr(request, "upto", None)
        return finished if upto is None else min(upto, finished)

    def _best_params(self) -> dict[str, Any]:
        best = self.model.best
        return dict(best.params) if best is not None else self.model.spec.space.default()

    def _at(self, centre: dict[str, Any], units: dict[str, float]) -> float:
        space = self.model.spec.space
        return loss({**centre, **{n: space.domain(n).from_unit(u) for n, u in units.items()}})

    def _map(self, request: MapRequest) -> MapView:
        size, upto, centre = request.size, self._upto(request), self._best_params()
        places = (np.arange(size) + 0.5) / size
        mean = np.array(
            [[self._at(centre, {request.x: x, request.y: y}) for x in places] for y in places]
        )
        space = self.model.spec.space
        near = np.full((size, size), 1.0)
        done = [t for t in self.model.trials.values() if t.state.is_finished][:upto]
        for trial in done:
            if {request.x, request.y} <= set(trial.params):
                x, y = (space.domain(n).to_unit(trial.params[n]) for n in (request.x, request.y))
                squares = (places[None, :] - x) ** 2 + (places[:, None] - y) ** 2
                near *= 1 - 0.9 * np.exp(-squares / (2 * 0.12**2))
        deviation = 0.02 + 0.2 * np.sqrt(near)
        gain = np.log(deviation) - 6 * (mean - mean.min()) / np.ptp(mean)
        proposed = np.unravel_index(int(gain.argmax()), gain.shape)
        params = {
            **centre,
            request.x: space.domain(request.x).from_unit(places[proposed[1]]),
            request.y: space.domain(request.y).from_unit(places[proposed[0]]),
        }
        feasibility = 1 / (1 + np.exp((places[None, :] - 0.85) * 25)) * np.ones((size, 1))
        acquisition = None if request.averaged else gain - gain.max()
        return MapView(request, upto, mean, deviation, feasibility, acquisition, params)

    def _slices(self, request: SlicesRequest) -> SlicesView:
        centre, space = self._best_params(), self.model.spec.space
        slices = []
        for name in space.dimensions:
            if name not in centre:
                continue
            count = getattr(space.domain(name), "count", None)
            size = count if count is not None and count <= 8 else request.size
            places = (np.arange(size) + 0.5) / size
            mean = np.array([self._at(centre, {name: u}) for u in places])
            half = 0.03 + 0.25 * np.abs(places - 0.55) ** 1.5
            slices.append(Slice(name, places, mean, mean - half, mean + half))
        return SlicesView(request, self._upto(request), centre, tuple(slices))

    def _importance(self, request: ImportanceRequest) -> ImportanceView:
        names = tuple(self.model.varied)
        alone = 0.55 * 0.45 ** np.arange(len(names))
        pairs = [(names[0], other, 0.12 / (k + 1)) for k, other in enumerate(names[1:4])]
        return ImportanceView(request, self._upto(request), names, alone, tuple(pairs))

    def _trust(self, request: TrustRequest) -> TrustView:
        upto, rng = self._upto(request), np.random.default_rng(2)
        trials = [t for t in self.model.trials.values() if t.state is TrialState.COMPLETE]
        actual = np.array([t.value for t in trials[:upto]])
        spread = 0.04 + 0.15 * actual
        predicted = actual + spread * rng.standard_normal(len(actual))
        half50, half90 = 0.674 * spread, 1.645 * spread
        return TrustView(
            request,
            upto,
            tuple(t.number for t in trials[:upto]),
            actual,
            predicted,
            predicted - half50,
            predicted + half50,
            predicted - half90,
            predicted + half90,
            float(np.mean(np.abs(actual - predicted) <= half50)),
            float(np.mean(np.abs(actual - predicted) <= half90)),
        )

    def _why(self, request: WhyRequest) -> WhyView:
        trial = self.model.trials.get(request.number) if request.number is not None else None
        params = trial.params if trial is not None else self._best_params()
        mean = 1.15 * loss(params)
        best = self.model.best.value if self.model.best is not None else math.nan
        upto = request.number if request.number is not None else self.model.progress()[0]
        return WhyView(request, upto, params, mean, 0.6 * mean, 1.4 * mean, best, 0.32, 0.78, 0.93)


def moved(view: View, **changes: Any) -> View:
    """`view` with some of it changed."""
    return replace(view, **changes)
