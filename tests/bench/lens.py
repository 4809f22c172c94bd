"""How long the pictures of the model take, after 500 trials of six parameters, on one thread.

The surroundings are those of the lens's process. The model itself is there; the pipe and the
painting are not part of it.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

from engine.analysis.views import (
    ImportanceRequest,
    MapRequest,
    SlicesRequest,
    TrustRequest,
    WhyRequest,
)
from engine.lens import ENVIRONMENT
from engine.lens_fitted import Fits
from engine.lens_views import view_of, why_trial
from engine.trial import Trial, TrialState
from tests.bench.methods import SPACE, history, processes
from tests.bench.report import Row, milliseconds, show

TRIALS = 500
RUNS = 15


def timed(work: Callable[[], Any]) -> float:
    """The median of some runs, in seconds."""
    found = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def times() -> dict[str, float]:
    """Seconds of each view."""
    fits = Fits(SPACE, 1.0)
    trials = [
        Trial(number, params, TrialState.COMPLETE, value=loss, seconds=1.0, finished=float(number))
        for number, (params, loss) in enumerate(history(TRIALS))
    ]
    fits.know(trials)
    model = fits.at(None)
    requests = {
        "map, 64 × 64, others at the best": MapRequest("lr", "mix"),
        "map, 64 × 64, others averaged": MapRequest("lr", "mix", averaged=True),
        "slices": SlicesRequest(),
        "importance": ImportanceRequest(),
        "trust": TrustRequest(),
    }
    found = {name: timed(lambda r=request: view_of(model, r)) for name, request in requests.items()}
    params = trials[0].params
    return {**found, "why here": timed(lambda: why_trial(model, WhyRequest(0), params))}


def main() -> None:
    """Print them."""
    os.environ.update(ENVIRONMENT)
    with processes(1, threads=1) as pool:
        found = pool.apply(times)
    aim = {"map, 64 × 64, others at the best": "under 100 ms"}
    show(Row(name, milliseconds(seconds), aim=aim.get(name, "")) for name, seconds in found.items())


if __name__ == "__main__":
    main()
