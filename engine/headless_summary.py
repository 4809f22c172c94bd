"""A study's outcome as JSON, and the file that a run without a screen writes it to (--json)."""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.analysis.repeats import repeats_of
from engine.headless_input import InputError
from engine.study import Study
from engine.trial import Trial, TrialState


def summarise(study: Study) -> dict[str, Any]:
    """The study's outcome in JSON's terms. The best trial's metrics include the test metrics."""
    counts = Counter(str(trial.state) for trial in study.trials)
    best = study.best
    return {
        "study": str(study.path),
        "state": str(study.state),
        "stop_reason": None if study.reason is None else str(study.reason),
        "trials": {str(state): counts[state] for state in TrialState},
        "best": best
        and {
            "number": best.number,
            "params": best.params,
            "value": best.value,
            "metrics": _finite({**best.metrics, **best.test}),
            **_repeats(study, best),
        },
        "elapsed_s": round(study.elapsed, 3),
    }


def _repeats(study: Study, best: Trial) -> dict[str, Any]:
    """What the configuration of the best trial came to over several seeds, if it was repeated."""
    repeats = repeats_of(best, study.trials)
    return {} if repeats is None else {"repeats": asdict(repeats)}


def _finite(metrics: dict[str, float]) -> dict[str, float | None]:
    """JSON has no NaN or infinity: null instead."""
    return {name: value if math.isfinite(value) else None for name, value in metrics.items()}


def check_summary(path: Path | None) -> None:
    """Refuse a summary that cannot be written before the study has taken its time."""
    if path is None:
        return
    if path.is_dir():
        raise InputError(f"--json {path} is a folder; name a file.")
    if not path.absolute().parent.is_dir():
        raise InputError(f"--json {path}: there is no folder {path.absolute().parent}; make it.")
    _write_draft(path, "").unlink()


def write_summary(path: Path, summary: dict[str, Any]) -> None:
    """Write it whole or not at all. Raises InputError where it cannot be written."""
    draft = _write_draft(path, json.dumps(summary, indent=2, allow_nan=False) + "\n")
    try:
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise _unwritable(path, error) from error


def _write_draft(path: Path, text: str) -> Path:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _unwritable(path, error) from error
    return draft


def _unwritable(path: Path, error: OSError) -> InputError:
    reason = (error.strerror or str(error)).lower()
    return InputError(f"--json {path} cannot be written: {reason}.")
