"""When a trial is not worth finishing: one file a rule, told what running trials report."""

from __future__ import annotations

from engine.pruners.base import Pruner
from engine.pruners.options import PrunerError
from engine.pruners.registry import make_pruner, pruner_names

__all__ = ["Pruner", "PrunerError", "make_pruner", "pruner_names"]
