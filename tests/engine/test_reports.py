"""Which of a trial's reports are passed on."""

from __future__ import annotations

import itertools
import math

from engine.executors.reports import FULL, INTERVAL, Reports
from engine.trial import Report


def passed_on(count: int, rate: float) -> tuple[list[int], Reports]:
    """The steps passed on of `count` reports, `rate` a second."""
    steps: list[int] = []
    reports = Reports(lambda report: steps.append(report.step))
    for step in range(1, count + 1):
        now = step / rate
        if now >= reports.due():
            reports.pass_on(now)
        reports.add(Report(step, now, {}), now)
    return steps, reports


def test_that_a_trial_of_a_thousand_reports_keeps_them_all_however_fast() -> None:
    steps, reports = passed_on(FULL, rate=1e6)
    assert steps == list(range(1, FULL + 1))
    assert not reports.thinned


def test_that_a_fast_trial_is_heard_twenty_times_a_second() -> None:
    steps, reports = passed_on(10_000, rate=1_000)
    seconds = [step / 1_000 for step in steps[FULL:]]
    assert min(b - a for a, b in itertools.pairwise(seconds)) >= INTERVAL - 1e-9
    assert reports.thinned


def test_that_a_trial_without_end_is_recorded_at_two_thousand_points() -> None:
    steps, _ = passed_on(300_000, rate=20)
    assert 1_500 < len(steps) <= 2_000
    late = steps[FULL + 10 :]
    assert all(b <= 1.011 * a + 1 for a, b in itertools.pairwise(late))


def test_that_what_is_held_back_is_due_and_then_passed_on() -> None:
    steps, reports = passed_on(FULL + 20, rate=1e6)
    assert steps[-1] == FULL
    assert reports.due() < math.inf
    reports.pass_on(reports.due())
    assert steps[-1] == FULL + 20
    assert reports.due() == math.inf
