"""The contract that every pruner keeps, and the rules for single trials that all of them have."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.pruners import Pruner, PrunerError, make_pruner, pruner_names
from engine.trial import TrialState

STEPS = 9
TRIALS = 12
Event = tuple[str, int, Any]
"""("report", number, (step, value)) or ("end", number, state)."""
VALUES = st.floats(-10, 10) | st.sampled_from([math.nan, math.inf, -math.inf, 1e300])
ENDS = st.sampled_from([TrialState.PRUNED, TrialState.FAILED, TrialState.CANCELLED])


each = pytest.mark.parametrize("name", pruner_names())
each_that_compares = pytest.mark.parametrize("name", [n for n in pruner_names() if n != "none"])


@st.composite
def histories(
    draw: st.DrawFn, values: st.SearchStrategy[float] = VALUES, longest: int = 3
) -> list[Event]:
    """A study's reports and ends, in some order; trials begin again, end early, and do up to
    `longest` steps between two reports."""
    events: list[Event] = []
    steps = dict.fromkeys(range(draw(st.integers(1, TRIALS))), 0)
    while steps and len(events) < 100:
        number = draw(st.sampled_from(sorted(steps)))
        steps[number] += min(longest, draw(st.sampled_from([1, 1, 1, 1, 1, 2, 3])))
        if steps[number] > 1 and draw(st.integers(0, 20)) == 0:
            steps[number] = draw(st.integers(1, steps[number] - 1))
        if steps[number] <= STEPS:
            events.append(("report", number, (steps[number], draw(values))))
        if steps[number] >= STEPS or draw(st.integers(0, 15)) == 0:
            state = TrialState.COMPLETE if steps[number] >= STEPS else draw(ENDS)
            events.append(("end", number, state))
            del steps[number]
    return events


def follow(pruner: Pruner, events: list[Event]) -> list[str | None]:
    """The verdicts of a pruner on a study's reports."""
    verdicts = []
    for what, number, said in events:
        if what == "report":
            verdicts.append(pruner.report(number, *said))
        else:
            pruner.end(number, said)
    return verdicts


def hear(pruner: Pruner, events: list[Event]) -> None:
    """Let a pruner know of reports and ends without asking for a verdict."""
    for what, number, said in events:
        if what == "report":
            pruner.tell(number, *said)
        else:
            pruner.end(number, said)


def eager(name: str, steps: int | None = STEPS, **options: Any) -> Pruner:
    """A pruner that stops as early as it ever can."""
    more = {"median": {"min_trials": 1}, "curve": {"min_trials": 2, "probability": 0.3}}
    return make_pruner(name, steps, **{"min_steps": 1, **more.get(name, {}), **options})


@each
@settings(max_examples=50, deadline=None)
@given(
    data=st.data(), events=histories(), known=st.booleans(), at=st.sampled_from(["best", "last"])
)
def test_that_a_study_that_is_replayed_trial_by_trial_goes_on_in_the_same_way(
    name: str, data: st.DataObject, events: list[Event], known: bool, at: str
) -> None:
    cut = data.draw(st.integers(0, len(events)))
    told, rest = events[:cut], events[cut:]
    steps = STEPS if known else None
    lived, replayed = eager(name, steps, at=at), eager(name, steps, at=at)
    follow(lived, told)
    ended = [number for what, number, _ in told if what == "end"]
    running = {number for _, number, _ in told} - set(ended)
    for number in [*ended, *sorted(running)]:
        hear(replayed, [event for event in told if event[1] == number])
    assert lived.to_continue(range(TRIALS)) == replayed.to_continue(range(TRIALS))
    assert follow(lived, rest) == follow(replayed, rest)
    assert lived.to_continue(range(TRIALS)) == replayed.to_continue(range(TRIALS))


@each
@settings(max_examples=50, deadline=None)
@given(events=histories(), number=st.integers(0, TRIALS - 1))
def test_that_only_stopped_trials_go_on_and_each_once_from_where_it_is(
    name: str, events: list[Event], number: int
) -> None:
    pruner = eager(name)
    follow(pruner, events)
    stopped = {n for what, n, said in events if what == "end" and said is TrialState.PRUNED}
    able = pruner.to_continue(range(TRIALS))
    assert stopped.issuperset(able)
    assert pruner.to_continue([number]) == [number] * (number in able) or name == "curve"
    for number in able:
        assert pruner.why(number)
        pruner.let_go_on(number)
        assert pruner.to_continue([number]) == []


@each
def test_that_a_spared_trial_comes_to_its_end_unless_it_diverges(name: str) -> None:
    pruner = eager(name, patience=1, divergence=100.0)
    for number in range(10):
        for step in range(1, STEPS + 1):
            pruner.tell(number, step, 0.1 * number + 1 / step)
        pruner.end(number, TrialState.COMPLETE)
    pruner.tell(10, 1, 9.0)
    assert pruner.report(10, 2, 9.0) is not None
    pruner.end(10, TrialState.PRUNED)
    pruner.spare(10)
    assert [pruner.report(10, step, 9.0) for step in (3, 4, 5)] == [None] * 3
    assert "diverged" in str(pruner.report(10, 6, 1e4))
    pruner.end(10, TrialState.PRUNED)
    assert pruner.report(10, 7, 9.0) is not None


@each
@settings(max_examples=30, deadline=None)
@given(events=histories(), min_steps=st.integers(1, STEPS))
def test_that_no_trial_is_stopped_before_its_least_number_of_steps_or_at_its_end(
    name: str, events: list[Event], min_steps: int
) -> None:
    pruner = eager(name, min_steps=min_steps, patience=1, divergence=1.0)
    reports = [said for what, _, said in events if what == "report"]
    for (step, _), verdict in zip(reports, follow(pruner, events), strict=True):
        assert verdict is None or min_steps <= step < STEPS


@each
@settings(max_examples=50, deadline=None)
@given(events=histories(st.floats(-10, 10), longest=1), at=st.sampled_from(["best", "last"]))
def test_that_the_best_so_far_after_as_many_steps_is_never_stopped(
    name: str, events: list[Event], at: str
) -> None:
    pruner = eager(name, at=at)
    curves: dict[int, dict[int, float]] = {}
    for what, number, said in events:
        if what == "end":
            pruner.end(number, said)
            continue
        step, value = said
        earlier = {s: v for s, v in curves.get(number, {}).items() if s < step}
        curves[number] = {**earlier, step: value}
        score = min(curves[number].values()) if at == "best" else value
        others = [_score(curve, at, step) for curve in curves.values() if max(curve) >= step]
        verdict = pruner.report(number, step, value)
        if score <= min(others):
            assert verdict is None


def _score(curve: dict[int, float], at: str, step: int) -> float:
    """What a trial was worth after `step`."""
    return min(
        value for when, value in curve.items() if (when <= step and at == "best") or when == step
    )


@each_that_compares
def test_that_a_bad_trial_is_stopped_and_it_is_said_why(name: str) -> None:
    pruner = make_pruner(name, 27, unit="epochs")
    for number in range(17):
        for step in range(1, 28):
            pruner.tell(number, step, 0.1 + 0.001 * number + 1.0 / step)
        pruner.end(number, TrialState.COMPLETE)
    verdicts = [pruner.report(17, step, 5.0) for step in range(1, 28)]
    said = next(verdict for verdict in verdicts if verdict)
    assert said.startswith(f"after {verdicts.index(said) + 1} of 27 epochs it")
    assert "5 beside" in said or "at 5 and" in said


@each_that_compares
def test_that_a_value_that_is_not_a_number_is_as_bad_as_can_be(name: str) -> None:
    pruner = make_pruner(name, 27)
    for number in range(17):
        for step in range(1, 28):
            pruner.tell(number, step, 0.1 + 0.001 * number + 1.0 / step)
        pruner.end(number, TrialState.COMPLETE)
    verdicts = [pruner.report(17, step, math.nan) for step in range(1, 28)]
    assert "finite" in str(next(verdict for verdict in verdicts if verdict))


@pytest.mark.parametrize("name", ["asha", "hyperband", "curve"])
def test_that_the_longest_complete_trial_tells_how_long_an_unknown_one_is(name: str) -> None:
    pruner = eager(name, None)
    events = [("report", n, (100 * s, float(n))) for s in (1, 2, 3) for n in range(9)]
    assert set(follow(pruner, events)) == {None}
    assert pruner.horizon is None
    for number in range(9):
        pruner.end(number, TrialState.COMPLETE)
    assert pruner.horizon == 300
    later = [("report", n, (100 * s, 50.0)) for n in range(9, 30) for s in (1, 2)]
    assert any(follow(pruner, later))


@each
def test_that_steps_counted_from_nought_are_as_many_as_steps_counted_from_one(name: str) -> None:
    pruners = eager(name), eager(name)
    for number, step in itertools.product(range(20), range(STEPS)):
        value = (7 * number) % 5 + 1.0 / (step + 1)
        assert pruners[0].report(number, step, value) == pruners[1].report(number, step + 1, value)
        if step == STEPS - 1:
            for pruner in pruners:
                pruner.end(number, TrialState.COMPLETE)


@each
def test_that_a_trial_run_from_the_start_is_judged_as_if_it_was_the_first_time(name: str) -> None:
    events: list[Event] = [
        ("report", number, (step, float(number % 5) + 1 / step))
        for number in range(10)
        for step in range(1, STEPS + 1)
    ]
    ends: list[Event] = [("end", number, TrialState.COMPLETE) for number in range(10)]
    pruner, other = eager(name), eager(name)
    hear(pruner, events + ends)
    hear(pruner, [("report", 10, (step, 0.0)) for step in range(1, 6)])
    pruner.forget(10)
    hear(other, events + ends)
    again: list[Event] = [("report", 10, (step, 9.0)) for step in range(1, STEPS)]
    assert follow(pruner, again) == follow(other, again)


@each
def test_that_patience_stops_a_trial_that_no_longer_improves(name: str) -> None:
    pruner = make_pruner(name, 50, min_steps=1, patience=4, min_delta=0.01, unit="epochs")
    values = [1.0, 0.5, 0.495, 0.495, 0.6, 0.492, 0.4]
    verdicts = [pruner.report(0, step, value) for step, value in enumerate(values, 1)]
    assert verdicts == [None] * 5 + [
        "after 6 of 50 epochs it has not improved for 4 epochs",
        None,
    ]


@each
def test_that_the_guard_stops_a_trial_that_diverges(name: str) -> None:
    pruner = make_pruner(name, 50, min_steps=1, divergence=100.0)
    assert pruner.report(0, 1, 2.0) is None
    assert pruner.report(0, 2, 150.0) is None
    assert pruner.report(0, 3, 350.0) == "after 3 of 50 steps it has diverged: from 2 to 350"
    assert pruner.report(1, 1, 2.0) is None
    assert pruner.report(1, 2, math.nan) == "after 2 of 50 steps its value is not a finite number"


def test_that_values_are_said_as_the_user_knows_them() -> None:
    pruner = make_pruner("none", None, min_steps=1, divergence=1.0, maximised=True)
    pruner.report(0, 1, -0.5)
    assert pruner.report(0, 2, 0.25) == "after 2 steps it has diverged: from 0.5 to -0.25"


@each
def test_that_every_trial_gets_a_part_of_its_way_before_it_can_be_stopped(name: str) -> None:
    assert make_pruner(name, 20).min_steps == 3
    assert make_pruner(name, 320).min_steps == 20
    assert make_pruner(name).min_steps == 3
    assert make_pruner(name, 320, min_steps=1).min_steps == 1


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("medain", {}, "name: there is no pruner 'medain'; did you mean 'median'?"),
        ("median", {"eta": 3}, "eta: median has no such option; it has percentile, min_trials, "),
        ("asha", {"reduct": 3}, "reduct: asha has no such option; did you mean 'reduction'?"),
        ("asha", {"reduction": 1}, "reduction: must be a whole number from 2, not 1."),
        ("hyperband", {"brackets": 0}, "brackets: must be a whole number from 1, not 0."),
        ("median", {"percentile": 100}, "percentile: must be above 0 and below 100, not 100."),
        ("median", {"min_trials": 0}, "min_trials: must be a whole number from 1, not 0."),
        ("curve", {"probability": 1.5}, "probability: must be from 0 to 1, not 1.5."),
        ("curve", {"top_k": True}, "top_k: must be a whole number from 1, not true."),
        ("none", {"min_steps": 2.5}, "min_steps: must be a whole number from 1, not 2.5."),
        ("none", {"patience": "x"}, "patience: must be a whole number from 1, not 'x'."),
        ("none", {"min_delta": -1}, "min_delta: must be at least 0, not -1."),
        ("none", {"divergence": math.nan}, "divergence: must be a number, not nan."),
        ("none", {"steps": 0}, "steps: must be a whole number from 1, not 0."),
        ("none", {"at": "first"}, "at: must be 'best' or 'last', not 'first'."),
    ],
)
def test_that_a_wrong_option_is_refused_in_one_sentence(
    name: str, options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(PrunerError) as refused:
        make_pruner(name, **options)
    assert str(refused.value).startswith(sentence)
