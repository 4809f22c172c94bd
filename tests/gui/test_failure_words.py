"""Failures in words: one trial's reason, and what many have in common."""

from dataclasses import replace

import pytest

from engine.trial import Failure, FailureReason, Trial, TrialState
from gui.models.failure_words import FailureTally, failure_words, reason_words

PARAMS = {"lr": 0.1}


def ends(*reasons):
    """Trials that ended one after another, each for a reason or, without one, well."""
    for number, reason in enumerate(reasons):
        failure = None if reason is None else Failure(reason, f"why {number}")
        state = TrialState.COMPLETE if reason is None else TrialState.FAILED
        yield Trial(number, PARAMS, state, failure=failure, ended=number + 1)


def common(*reasons):
    found = FailureTally(ends(*reasons)).common()
    return None if found is None else (found.sentence, found.trial.number)


CRASHED, MEMORY = FailureReason.CRASHED, FailureReason.OUT_OF_MEMORY


@pytest.mark.parametrize("reason", FailureReason)
def test_that_reasons_are_words(reason):
    assert reason_words(reason).replace(" ", "").isalpha()


def test_that_a_failure_is_one_line_with_its_reason():
    failure = Failure(FailureReason.NO_OBJECTIVE, "it returned\nnothing.")
    assert failure_words(failure) == "no objective: it returned nothing."


@pytest.mark.parametrize(
    "reasons",
    [
        (),
        (None,) * 9,
        (CRASHED, CRASHED),
        (CRASHED, MEMORY, CRASHED),
        (CRASHED, None) * 3 + (None,),
    ],
)
def test_that_a_few_failures_have_nothing_in_common(reasons):
    assert common(*reasons) is None


def test_that_failures_in_a_row_are_one_error():
    told = common(None, CRASHED, MEMORY, MEMORY, MEMORY)
    assert told == ("The last 3 trials failed alike, out of memory: why 4", 4)
    assert common(MEMORY, MEMORY, MEMORY, None) is None


def test_that_half_of_all_trials_are_one_error_too():
    told = common(*(CRASHED, None) * 6)
    assert told == ("6 of 12 trials failed alike, crashed: why 10", 10)


def test_that_the_order_of_ending_counts_and_not_that_of_numbers():
    trials = list(ends(MEMORY, MEMORY, MEMORY, None))
    last_first = [replace(trial, ended=10 - trial.number) for trial in trials]
    assert FailureTally(last_first).common().sentence.startswith("The last 3")
