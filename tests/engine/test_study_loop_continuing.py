"""The study loop in virtual time: trials that were stopped early, and go on after all."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.checkpoints import MOST_STOPPED
from engine.commands import Cancel, Continue, Pause, Resume, Stop
from engine.events import Event, Logged, StudyState, TrialFinished, TrialReported, TrialStarted
from engine.space import SearchSpace
from engine.spec import MethodSpec
from engine.store import Store
from engine.trial import Params, Trial, TrialState
from tests.engine.simulation import Behaviour, Simulation
from tests.engine.test_study_loop_pruning import EPOCHS, simulate, spec_of

STOPPED, AT = 3, 33.0
"""Of this study the third trial but one is stopped after 32.2 s; the next one runs a while then."""


BEGIN = 1e6
"""When virtual time begins."""


def far_from_the_middle(params: Params) -> float:
    return abs(math.log10(params["lr"]) + 2.7) + params["batch_size"] / 1e4


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "study.tune"


def stopping(path: Path, trials: int = 8, method: str = "random", **changes: Any) -> Simulation:
    """A study in which the rule stops some trials, which leave their checkpoints."""
    spec = spec_of("median", trials, min_trials=2).with_(method=MethodSpec(name=method))
    behaviour = Behaviour(epochs=EPOCHS, **{"checkpoints": True, **changes})
    return Simulation(path, spec, behaviour, looks_ahead=method == "random")


def promoting(path: Path, name: str = "asha", workers: int = 1, trials: int = 16) -> Simulation:
    spec = spec_of(name, trials, workers, min_steps=1, reduction=2)
    return simulate(path, spec, checkpoints=True)


def said_of(number: int, events: Sequence[Event]) -> list[str]:
    return [e.text for e in events if isinstance(e, Logged) and e.number == number]


def steps_of(number: int, events: Sequence[Event]) -> list[int]:
    return [e.report.step for e in events if isinstance(e, TrialReported) and e.number == number]


def starts_of(number: int, events: Sequence[Event]) -> list[bool]:
    """Whether a trial went on from where it was, each time that it was started."""
    return [e.continues for e in events if isinstance(e, TrialStarted) and e.trial.number == number]


def became(simulation: Simulation) -> list[Any]:
    return [(t.params, t.state, t.value, t.note) for t in simulation.ledger.all_trials()]


# -- by hand -------------------------------------------------------------------------------------


def test_that_a_stopped_trial_goes_on_from_its_checkpoint_to_its_end(path: Path) -> None:
    simulation = stopping(path)
    simulation.command_at(AT, Continue(STOPPED))
    events = simulation.run()
    trial = simulation.ledger.trials[STOPPED]
    assert (trial.state, trial.note) == (TrialState.COMPLETE, "")
    assert trial.ended == 6
    assert steps_of(STOPPED, events) == list(range(1, EPOCHS + 1))
    assert starts_of(STOPPED, events) == [False, True]
    assert f"Trial {STOPPED} goes on from epoch 2: asked for by you." in said_of(STOPPED, events)
    assert Store.open(path).trials() == simulation.ledger.all_trials()


def test_that_a_trial_without_a_checkpoint_begins_again_and_says_so(path: Path) -> None:
    simulation = stopping(path, checkpoints=False)
    simulation.command_at(AT, Continue(STOPPED))
    events = simulation.run()
    assert simulation.ledger.trials[STOPPED].state is TrialState.COMPLETE
    assert steps_of(STOPPED, events) == [1, 2, *range(1, EPOCHS + 1)]
    assert starts_of(STOPPED, events) == [False, False]
    why = "left no checkpoint and begins again from its start: asked for by you."
    assert f"Trial {STOPPED} {why}" in said_of(STOPPED, events)


def test_that_a_trial_that_was_not_stopped_is_left_alone(path: Path) -> None:
    simulation = stopping(path)
    simulation.command_at(AT, Continue(0))
    events = simulation.run()
    assert starts_of(0, events) == [False]


@pytest.mark.parametrize("method", ["random", "bayesian"])
def test_that_a_study_interrupted_before_or_while_it_goes_on_ends_alike(
    path: Path, method: str
) -> None:
    def study(name: str, number: int | None = None, at: float = 0.0) -> Simulation:
        file = path.with_name(name)
        simulation = stopping(file, 10, method, value=far_from_the_middle)
        if number is not None:
            simulation.command_at(at, Continue(number))
        return simulation

    before = study("before.tune")
    before.run()
    stopped = stopped_in(before)[0]
    assert stopped.finished is not None
    asked = (stopped.number, stopped.finished - BEGIN + 1.0)
    whole = study("whole.tune", *asked)
    whole.run()
    began = whole.ledger.trials[stopped.number].started
    assert began is not None
    for cut in (asked[1] + 0.5, began - BEGIN + 1.0):
        first = study(f"{cut}.tune", *asked)
        first.command_at(cut, Stop())
        first.run()
        assert not first.ledger.trials[stopped.number].state.is_finished
        second = study(f"{cut}.tune")
        events = second.run()
        assert became(second) == became(whole)
        assert starts_of(stopped.number, events) == [True]


@pytest.mark.parametrize("cut", [AT + 0.5, AT + 4.0])
def test_that_a_program_that_is_killed_before_or_while_it_goes_on_loses_nothing(
    path: Path, cut: float
) -> None:
    """What lies on the disk at that moment is gone on with elsewhere."""
    here, elsewhere = (path.parent / place / path.name for place in ("here", "elsewhere"))
    simulation = stopping(here)
    simulation.command_at(AT, Continue(STOPPED))
    simulation.clock.after(cut, lambda: shutil.copytree(here.parent, elsewhere.parent))
    simulation.run()
    after = stopping(elsewhere)
    assert not after.ledger.trials[STOPPED].state.is_finished
    events = after.run()
    assert became(after) == became(simulation)
    assert starts_of(STOPPED, events) == [True]


def test_that_a_stopped_study_goes_on_with_what_was_asked_for_meanwhile(path: Path) -> None:
    first = stopping(path)
    first.command_at(AT, Stop())
    first.run()
    second = stopping(path)
    second.loop.carry_out(Continue(STOPPED))
    second.store.close()
    third = stopping(path)
    assert third.ledger.trials[STOPPED].state is TrialState.QUEUED
    events = third.run()
    assert third.ledger.trials[STOPPED].state is TrialState.COMPLETE
    assert starts_of(STOPPED, events) == [True]


def test_that_a_trial_that_has_yet_to_go_on_can_be_cancelled_and_asked_for_again(
    path: Path,
) -> None:
    simulation = stopping(path)
    simulation.command_at(AT, Continue(STOPPED))
    simulation.command_at(AT + 0.5, Cancel(STOPPED))
    simulation.command_at(AT + 30, Continue(STOPPED))
    events = simulation.run()
    ends = [e.trial for e in events if isinstance(e, TrialFinished) and e.trial.number == STOPPED]
    states = [trial.state for trial in ends]
    assert states == [TrialState.PRUNED, TrialState.PRUNED, TrialState.COMPLETE]
    assert ends[1].value == ends[0].value
    assert ends[1].note == "it was to go on, and was cancelled before it did"
    assert steps_of(STOPPED, events) == list(range(1, EPOCHS + 1))


def test_that_a_trial_that_goes_on_is_paused_and_goes_on(path: Path) -> None:
    simulation = stopping(path)
    simulation.command_at(AT, Continue(STOPPED))
    simulation.command_at(AT + 4.0, Pause(now=True))
    simulation.command_at(AT + 5.0, Resume())
    events = simulation.run()
    assert simulation.ledger.trials[STOPPED].state is TrialState.COMPLETE
    assert starts_of(STOPPED, events) == [False, True, True]


# -- by the rule ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["asha", "hyperband"])
def test_that_a_trial_that_has_risen_to_the_top_of_its_rung_is_promoted(
    path: Path, name: str
) -> None:
    simulation = promoting(path, name)
    events = simulation.run()
    promoted = [e for e in events if isinstance(e, Logged) and "goes on from epoch" in e.text]
    assert promoted
    for line in promoted:
        assert line.number is not None
        assert line.text.endswith("on its rung by now, where the best one in 2 goes on.")
        steps = steps_of(line.number, events)
        assert steps == list(range(1, len(steps) + 1))
    assert {t.state for t in simulation.ledger.all_trials()} == {
        TrialState.COMPLETE,
        TrialState.PRUNED,
    }


def halving_in_turn(values: Sequence[float], reduction: int) -> list[int]:
    """Li et al. (2020), algorithm 2, on one worker: the step at which each trial was left, where a
    trial that is promotable comes before a new one, and where few are at a rung all are."""
    rungs: dict[int, list[float]] = {level: [] for level in (1, 2, 4)}
    done = [0] * len(values)

    def is_promotable(trial: int) -> bool:
        here = sorted(rungs.get(done[trial], []))
        return len(here) >= reduction and values[trial] <= here[len(here) // reduction - 1]

    def run(trial: int) -> None:
        while done[trial] < EPOCHS:
            done[trial] = 2 * done[trial] or 1
            if done[trial] in rungs:
                rungs[done[trial]].append(values[trial])
                if len(rungs[done[trial]]) >= reduction and not is_promotable(trial):
                    return

    def promote() -> None:
        while able := [t for t in range(len(values)) if is_promotable(t)]:
            run(min(able, key=lambda t: (-done[t], values[t])))

    for trial in range(len(values)):
        promote()
        run(trial)
    promote()
    return done


def test_that_promotions_are_those_of_the_paper_counted_out(path: Path) -> None:
    simulation = promoting(path)
    events = simulation.run()
    trials = simulation.ledger.all_trials()
    done = [steps_of(t.number, events)[-1] for t in trials]
    assert done == halving_in_turn([t.params["lr"] for t in trials], 2)
    assert {
        t.state is TrialState.COMPLETE
        for t, steps in zip(trials, done, strict=True)
        if steps == EPOCHS
    } == {True}


@pytest.mark.parametrize("cut", [51.0, 67.0])
def test_that_an_interrupted_study_promotes_the_same_trials(path: Path, cut: float) -> None:
    whole = promoting(path)
    whole.run()
    other = path.with_name("other") / "study.tune"
    first = promoting(other)
    first.command_at(cut, Stop())
    first.run()
    assert first.ledger.state is StudyState.STOPPED
    second = promoting(other)
    second.run()
    assert became(second) == became(whole)


def test_that_the_rule_runs_nothing_from_its_start_once_more(path: Path) -> None:
    simulation = promoting(path)
    simulation.behaviour.checkpoints = False
    events = simulation.run()
    assert not any(e.continues for e in events if isinstance(e, TrialStarted))
    assert len([e for e in events if isinstance(e, TrialStarted)]) == 16


def test_that_many_workers_promote_too_and_end(path: Path) -> None:
    simulation = promoting(path, workers=4, trials=24)
    events = simulation.run()
    assert any(e.continues for e in events if isinstance(e, TrialStarted))
    assert simulation.ledger.state is StudyState.FINISHED
    assert len(simulation.ledger.all_trials()) == 24


def test_that_trials_that_train_together_are_promoted_too(path: Path) -> None:
    spec = spec_of("asha", 40, min_steps=1, reduction=2)
    behaviour = Behaviour(epochs=EPOCHS, checkpoints=True, size=lambda params: 4)
    one_size = spec.with_(space=SearchSpace([spec.space["lr"]]))
    simulation = Simulation(path, one_size, behaviour, stacks=True)
    events = simulation.run()
    promoted = {e.trial.number for e in events if isinstance(e, TrialStarted) and e.continues}
    assert promoted
    for number in promoted:
        steps = steps_of(number, events)
        assert steps == list(range(1, len(steps) + 1))
    assert simulation.ledger.state is StudyState.FINISHED


# -- checkpoints ---------------------------------------------------------------------------------


def kept(simulation: Simulation) -> set[int]:
    folder = simulation.checkpoint_of(0).parent
    return {int(found.name.partition("-")[2]) for found in folder.iterdir()}


def stopped_in(simulation: Simulation) -> list[Trial]:
    return [t for t in simulation.ledger.all_trials() if t.state is TrialState.PRUNED]


def test_that_the_checkpoints_of_the_best_stopped_trials_are_kept_until_the_study_is_over(
    path: Path,
) -> None:
    simulation = stopping(path, 60)
    simulation.command_at(200.0, Stop())
    simulation.run()
    stopped = stopped_in(simulation)
    assert len(stopped) > MOST_STOPPED
    assert len(kept(simulation) & {t.number for t in stopped}) == MOST_STOPPED
    again = stopping(path, 60)
    shutil.rmtree(again.checkpoint_of(min(kept(simulation))))
    (again.checkpoint_of(0).parent / "trial-0").mkdir()
    again.run()
    assert again.ledger.state is StudyState.FINISHED
    assert kept(again) == set()


# -- by the method -------------------------------------------------------------------------------

WANTED = 5
"""Of this study this trial is stopped at the first rung, before the method knows much."""


def far_from_the_lowest(params: Params) -> float:
    return abs(math.log10(params["lr"]) + 4.5) + params["batch_size"] / 1e4


def learning(path: Path, **changes: Any) -> Simulation:
    spec = spec_of("asha", 12, min_steps=1, reduction=4).with_(method=MethodSpec(name="bayesian"))
    options = {"checkpoints": True, "value": far_from_the_lowest, **changes}
    return Simulation(path, spec, Behaviour(epochs=EPOCHS, **options), looks_ahead=False)


def test_that_a_trial_of_which_the_method_expects_more_than_of_a_new_one_goes_on(
    path: Path,
) -> None:
    simulation = learning(path)
    events = simulation.run()
    trials = simulation.ledger.all_trials()
    assert (trials[WANTED].state, trials[WANTED].note) == (TrialState.COMPLETE, "")
    assert starts_of(WANTED, events) == [False, True]
    assert steps_of(WANTED, events) == list(range(1, EPOCHS + 1))
    why = "goes on from epoch 1: the method expects more of it than of a new trial."
    assert f"Trial {WANTED} {why}" in said_of(WANTED, events)
    assert len(trials) == len({str(trial.params) for trial in trials}) == 12


def test_that_the_method_begins_no_trial_once_more_that_left_nothing(path: Path) -> None:
    simulation = learning(path, checkpoints=False)
    simulation.run()
    trials = simulation.ledger.all_trials()
    assert trials[WANTED].state is TrialState.PRUNED
    assert len(trials) == len({str(trial.params) for trial in trials}) == 12


@pytest.mark.parametrize("after", [0.5, 3.0, 30.0])
def test_that_a_study_whose_method_has_trials_go_on_ends_alike_if_interrupted(
    path: Path, after: float
) -> None:
    whole = learning(path.with_name("whole.tune"))
    stopped = [e for e in whole.run() if isinstance(e, TrialFinished) and e.trial.number == WANTED]
    assert stopped[0].trial.finished is not None
    first = learning(path)
    first.command_at(stopped[0].trial.finished - BEGIN + after, Stop())
    first.run()
    second = learning(path)
    second.run()
    assert became(second) == became(whole)
