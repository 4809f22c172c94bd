"""The spec that a new study starts from: small, valid, and worth running as it is."""

from __future__ import annotations

from pathlib import Path

from engine.space import SearchSpace
from engine.spec import Budget, BuiltinTask, Limits, MethodSpec, StudySpec
from engine.tasks import catalog

_DATA, _NETWORK, _OBJECTIVE = "digits", "mlp", "val_cross_entropy"
_SEARCHED = ("lr", "batch_size")
_TRIALS = 25
_FAILURES_ALIKE = 10
"""So many failures in a row for one reason are one error, and end a study that is new."""


def new_study(base: Path) -> StudySpec:
    """Random search over learning rate and batch size on the bundled digits."""
    known = catalog.hyperparameters(_NETWORK)
    return StudySpec(
        name="my-study",
        task=BuiltinTask(
            network=_NETWORK,
            data=_DATA,
            objective=_OBJECTIVE,
            direction=catalog.direction_of(_OBJECTIVE),
        ),
        space=SearchSpace([known[name].parameter for name in _SEARCHED]),
        method=MethodSpec(name="random"),
        budget=Budget(trials=_TRIALS),
        limits=Limits(same_failures=_FAILURES_ALIKE),
        base=base,
    )
