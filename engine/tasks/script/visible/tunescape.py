"""What a training function may import of Tunescape, wherever it runs."""

__all__ = ["TrialPruned"]


class TrialPruned(Exception):  # noqa: N818 - the name that tuners share
    """Raise it after trial.should_prune(): the trial ends with what it has reported."""
