"""What runs inside a worker's process, beside the task: its channel, its trials and its stacks.

Loaded by path into whatever interpreter runs the worker: standard library alone, Python 3.8 syntax.
"""

from __future__ import annotations

from .channel import Channel, end_if_forked
from .failures import LOADED, describe, log_of
from .stack import run_stack
from .trial import run_trial

__all__ = ["LOADED", "Channel", "describe", "end_if_forked", "log_of", "run_stack", "run_trial"]
