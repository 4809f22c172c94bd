"""How the next configuration is chosen: one file a method, ask and tell."""

from __future__ import annotations

from engine.methods.base import Method, MethodError
from engine.methods.registry import make_method, method_names

__all__ = ["Method", "MethodError", "make_method", "method_names"]
