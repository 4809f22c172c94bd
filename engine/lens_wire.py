"""Requests, views and trials as JSON that a line of the lens's pipe carries, and back.

Whatever is not a plain value is a list that begins with what it is, so that no parameter's name
can be mistaken for it. Arrays are little-endian bytes in base64: a map is read in well under a
millisecond, where a list of numbers would take twenty.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from engine.analysis import views
from engine.trial import Failure, FailureReason, Trial, TrialState

Curve = Sequence[tuple[int, float]]
"""(step, loss) pairs, in the order of steps."""

_RECORDS = {
    record.__name__: record
    for record in (
        *(views.MapRequest, views.MapView, views.SlicesRequest, views.Slice, views.SlicesView),
        *(views.ImportanceRequest, views.ImportanceView, views.TrustRequest, views.TrustView),
        *(views.WhyRequest, views.WhyView, views.LensProblem),
    )
}


def to_wire(thing: Any) -> Any:
    """A record of engine.analysis.views in JSON's terms."""
    match thing:
        case np.ndarray():
            packed = base64.b64encode(thing.astype("<f8").tobytes()).decode("ascii")
            return ["array", list(thing.shape), packed]
        case tuple():
            return ["tuple", *map(to_wire, thing)]
        case dict():
            return ["params", thing]
        case _ if type(thing).__name__ in _RECORDS:
            content = [to_wire(getattr(thing, field.name)) for field in fields(thing)]
            return [type(thing).__name__, *content]
    return thing


def from_wire(wire: Any) -> Any:
    """What `to_wire` was given. Arrays cannot be written to."""
    match wire:
        case ["array", shape, packed]:
            return np.frombuffer(base64.b64decode(packed), "<f8").reshape(shape)
        case ["tuple", *items]:
            return tuple(map(from_wire, items))
        case ["params", params]:
            return params
        case [name, *content]:
            return _RECORDS[name](*map(from_wire, content))
    return wire


def trial_to_wire(trial: Trial, curve: Curve = ()) -> dict[str, Any]:
    """What the lens needs to know of a trial, and of its learning curve."""
    wire = {
        "number": trial.number,
        "params": trial.params,
        "state": str(trial.state),
        "value": trial.value,
        "failure": None if trial.failure is None else str(trial.failure.reason),
        "seconds": trial.seconds,
        "started": trial.started,
        "finished": trial.finished,
        "ended": trial.ended,
    }
    return {**wire, "curve": list(curve)} if curve else wire


def trial_from_wire(wire: Mapping[str, Any]) -> Trial:
    """The trial, with what `trial_to_wire` kept of it."""
    reason = wire["failure"]
    failure = None if reason is None else Failure(FailureReason(reason), "")
    known = {**wire, "state": TrialState(wire["state"]), "failure": failure}
    known.pop("curve", None)
    return Trial(**known)


def curves_from_wire(wires: Iterable[Mapping[str, Any]]) -> dict[int, Curve]:
    """The learning curves that `trial_to_wire` was given, by the number of the trial."""
    return {
        wire["number"]: tuple((step, value) for step, value in wire["curve"])
        for wire in wires
        if "curve" in wire
    }
