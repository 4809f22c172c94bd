"""One panel's line to the lens: what it wants to see now, and the newest view of just that.

The lens (gui/models/lens_model.py) has views computed elsewhere, one kind of request at a time.
What is asked for and what has arrived is kept here, so that a panel only draws.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import Any, Protocol

from PySide6.QtCore import QObject, Signal, SignalInstance

from engine.analysis.views import Request, View

_MOMENTS_KEPT = 128


class Lens(Protocol):
    """What this file relies on of a LensModel."""

    viewArrived: SignalInstance
    problemChanged: SignalInstance

    def request(self, request: Request) -> None: ...
    def forget(self, kind: type) -> None: ...
    def problem_of(self, kind: type) -> str: ...


class LensFollower(QObject):
    """Asks for views of one `kind` of request; an old one stays until the one wanted is there."""

    changed = Signal()

    def __init__(self, kind: type, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.view: Any = None
        self._kind = kind
        self._lens: Lens | None = None
        self._wanted: Request | None = None
        self._past: OrderedDict[Request, View] = OrderedDict()
        self._refused: set[Request] = set()

    @property
    def problem(self) -> str:
        """Why there is no view, as the lens says it; empty without a reason."""
        return "" if self._lens is None else self._lens.problem_of(self._kind)

    @property
    def has_lens(self) -> bool:
        """Whether there is anything to ask."""
        return self._lens is not None

    def set_lens(self, lens: Lens | None) -> None:
        """Ask `lens` from now on; what another one said is forgotten."""
        if self._lens is not None:
            self._lens.viewArrived.disconnect(self._take)
            self._lens.problemChanged.disconnect(self._hear_problem)
            self.want(None)
        self._lens = lens
        self.view = self._wanted = None
        self._past.clear()
        self._refused.clear()
        if lens is not None:
            lens.viewArrived.connect(self._take)
            lens.problemChanged.connect(self._hear_problem)

    def want(self, request: Request | None) -> None:
        """Have the view of `request` ready, and kept up to date; None: nobody looks."""
        if self._lens is None:
            return
        if request is None:
            if self._wanted is not None:
                self._wanted = None
                self._lens.forget(self._kind)
            return
        if self.view is not None and not _is_same_picture(self.view.request, request):
            self.view = None
        if request == self._wanted:
            return  # the lens keeps a view of the present up to date by itself
        self._wanted = request
        if request in self._past:
            self.view = self._past[request]
        else:
            if request in self._refused:
                self.view = None
            self._lens.request(request)

    def _hear_problem(self) -> None:
        """Where there can be no view of a moment, that of another one would mislead."""
        if self.problem and _moment(self._wanted) is not None:
            self._refused.add(self._wanted)
            if self.view is not None and self.view.request != self._wanted:
                self.view = None
        self.changed.emit()

    def _take(self, view: View) -> None:
        """Keep a view of what is wanted, were it of another moment of the same picture."""
        if not isinstance(view.request, self._kind):
            return
        if _moment(view.request) is not None:
            self._past[view.request] = view
            self._refused.discard(view.request)
            if len(self._past) > _MOMENTS_KEPT:
                self._past.popitem(last=False)
        if self._wanted is None or not _is_same_picture(view.request, self._wanted):
            return
        if _moment(view.request) is None and _moment(self._wanted) is not None:
            return  # the present, while somebody looks at the past
        shown = self.view.request if self.view is not None else None
        if _moment(view.request) is not None and shown == self._wanted:
            return  # late: what is wanted is shown already
        self.view = view
        self.changed.emit()


def _moment(request: Request | None) -> int | None:
    return getattr(request, "upto", None)


def _is_same_picture(one: Request, other: Request) -> bool:
    """Whether two requests differ in nothing but the moment."""
    if hasattr(one, "upto") and hasattr(other, "upto"):
        return replace(one, upto=None) == replace(other, upto=None)
    return one == other
