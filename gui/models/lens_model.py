"""What one open study's surrogate shows, as panels ask for it: requests out, views in.

The engine's lens does the work in a process of its own; it is made for the first request. Nothing
is computed here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from engine.analysis.views import LensProblem, MapRequest, Request, View, WhyRequest
from engine.spec import StudySpec
from engine.trial import Report, Trial
from gui.models.study_model import StudyModel

_PAUSE_MS = 200
"""News of a running study are gathered for this long, and then told at once."""
_REST_MS = 60_000
"""When nothing is wanted for this long, the process is let go of; it takes a hundred megabytes."""


class Lens(Protocol):
    """What this file relies on of engine.lens.Lens; its methods return at once."""

    def tell(self, trials: Iterable[Trial], reports: Mapping[int, Sequence[Report]]) -> None: ...
    def ask(self, request: Request) -> None: ...
    def close(self) -> None: ...


MakeLens = Callable[[StudySpec, Callable[[View | LensProblem], None]], Lens]


class LensModel(QObject):
    """Lives on the UI thread. Of each kind of request the latest counts, until it is forgotten.

    A request about the present is asked again when trials have finished, and what looks ahead when
    some were started, too. `problemChanged` gives the sentence that stands for the kinds that have
    no view, empty when all is well.
    """

    viewArrived = Signal(object)
    problemChanged = Signal(str)
    _answered = Signal(object)

    def __init__(
        self, study_model: StudyModel, make_lens: MakeLens, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._study = study_model
        self._make_lens = make_lens
        self._lens: Lens | None = None
        self._closed = False
        self._wanted: dict[type, Request] = {}
        self._problems: dict[type, str] = {}
        self._news: dict[int, None] = {}
        self._grew = False
        self._timer = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._timer.timeout.connect(self._pass_on)
        self._rest = QTimer(self, singleShot=True, interval=_REST_MS)
        self._rest.timeout.connect(self._let_go)
        self._answered.connect(self._take, Qt.ConnectionType.QueuedConnection)

    @property
    def problem(self) -> str:
        """Why some view that is wanted is not there; empty without a reason."""
        return next(iter(self._problems.values()), "")

    def problem_of(self, kind: type) -> str:
        """Why there is no view for the latest request of a kind; empty without a reason."""
        return self._problems.get(kind, "")

    def request(self, request: Request) -> None:
        """Have a view made, and made again whenever there is more to know."""
        if self._closed:
            return
        if self._lens is None:
            self._lens = self._make_lens(self._study.spec, self._hear)
            self._lens.tell(self._study.trials.values(), self._study.reports)
            self._study.trialsChanged.connect(self._note)
        self._rest.stop()
        if self._wanted.get(type(request)) == request and self._timer.isActive():
            return  # it is asked again in a moment
        self._wanted[type(request)] = request
        self._tell_news()
        self._lens.ask(request)

    def forget(self, kind: type) -> None:
        """Nobody looks at views of this kind any more."""
        self._wanted.pop(kind, None)
        self._settle(kind, "")
        if not self._wanted and self._lens is not None:
            self._rest.start()

    def close(self) -> None:
        """Ask for nothing more, and let the process go."""
        self._closed = True
        self._wanted.clear()
        self._let_go()

    def _let_go(self) -> None:
        """Be as before the first request."""
        self._timer.stop()
        self._rest.stop()
        self._news.clear()
        self._grew = False
        if self._lens is not None:
            self._study.trialsChanged.disconnect(self._note)
            self._lens.close()
            self._lens = None

    def _note(self, numbers: list[int]) -> None:
        """Trials were started or have finished: gather them for a moment."""
        self._news.update(dict.fromkeys(numbers))
        self._grew |= any(self._study.trials[number].state.is_finished for number in numbers)
        if not self._timer.isActive():
            self._timer.start()

    def _pass_on(self) -> None:
        assert self._lens is not None
        self._tell_news()
        for request in self._wanted.values():
            if looks_ahead(request) or (self._grew and is_about_the_present(request)):
                self._lens.ask(request)
        self._grew = False

    def _tell_news(self) -> None:
        if self._news and self._lens is not None:
            trials = [self._study.trials[number] for number in self._news]
            self._lens.tell(trials, self._study.reports)
            self._news.clear()

    def _hear(self, answer: View | LensProblem) -> None:
        """An answer came, on the lens's thread."""
        if not self._closed:
            self._answered.emit(answer)

    def _take(self, answer: View | LensProblem) -> None:
        kind = type(answer.request)
        if self._closed or kind not in self._wanted:
            return
        if isinstance(answer, LensProblem):
            self._settle(kind, answer.sentence)
        else:
            self._settle(kind, "")
            self.viewArrived.emit(answer)

    def _settle(self, kind: type, problem: str) -> None:
        """Keep in mind what is wrong with a kind, and say so if that is news."""
        before = dict(self._problems)
        self._problems.pop(kind, None)
        if problem:
            self._problems[kind] = problem
        if self._problems != before:
            self.problemChanged.emit(self.problem)


def looks_ahead(request: Request) -> bool:
    """Whether what is seen depends on the trials under way, too."""
    return isinstance(request, MapRequest | WhyRequest) and is_about_the_present(request)


def is_about_the_present(request: Request) -> bool:
    """Whether more finished trials change what is seen."""
    if isinstance(request, WhyRequest):
        return request.number is None
    return request.upto is None
