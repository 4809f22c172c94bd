"""Which trials go together: units, sizes, seats, in a study in virtual time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from pathlib import Path

import pytest

from engine import stacking
from engine.commands import Change, Enqueue, Pause, Resume, Stop
from engine.events import Logged, StopReason, StudyState
from engine.executors.messages import TrialReturned
from engine.space import Int, SearchSpace
from engine.spec import Budget, StudySpec
from engine.stacking import stacking_of
from engine.tasks.stack_keys import stack_key
from engine.trial import Params, TrialState
from tests.engine.simulation import Behaviour, Simulation, make_spec


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "study.tune"


def grid(workers: int = 1, budget: str = "trials = 25") -> StudySpec:
    """Five learning rates at each of five batch sizes."""
    return make_spec("grid", budget, workers)


def batch_sizes(simulation: Simulation, unit: list[int]) -> set[int]:
    return {simulation.ledger.trials[number].params["batch_size"] for number in unit}


def tried(simulation: Simulation) -> list[tuple]:
    trials = simulation.ledger.all_trials()
    return [(trial.number, trial.params, trial.seed) for trial in trials]


def test_that_what_trains_together_shares_its_batch_size(path: Path) -> None:
    simulation = Simulation(path, grid(), Behaviour(size=lambda params: 5), stacks=True)
    simulation.run()
    units = simulation.behaviour.units
    assert [len(unit) for unit in units] == [5] * 5
    assert all(len(batch_sizes(simulation, unit)) == 1 for unit in units)
    assert simulation.ledger.reason is StopReason.TRIALS


def test_that_what_a_configuration_trains_with_is_worked_out_once(path: Path, monkeypatch) -> None:
    asked = []

    def note(network: str, params: Params, sizes: float) -> Hashable:
        asked.append(params)
        return stack_key(network, params, sizes)

    monkeypatch.setattr(stacking, "stack_key", note)
    Simulation(path, grid(), Behaviour(size=lambda params: 5), stacks=True).run()
    assert len(asked) == 25


@pytest.mark.parametrize(
    ("more", "resources", "most"),
    [
        ("", "", None),
        ('many = "train_many"', "", 64),
        ('many = "train_many"', "[resources]\nstack = 4", 4),
        ('many = "train_many"', "[resources]\nstack = 1", None),
    ],
)
def test_that_a_script_has_stacks_where_it_names_a_function_for_many(
    more: str, resources: str, most: int | None
) -> None:
    spec = StudySpec.parse(
        f"""
        name = "mine"
        [task]
        kind = "script"
        file = "train.py"
        {more}
        [[space]]
        name = "x"
        type = "float"
        low = 0.0
        high = 1.0
        [method]
        name = "random"
        {resources}
        """
    )
    stacking = stacking_of(spec)
    assert (None if stacking is None else stacking.most) == most
    if stacking is not None:
        assert stacking.alike({"x": 0.1}, [{"x": 0.2}, {"x": 0.9}]) == [0, 1]
        assert not stacking.joins


def test_that_stacks_try_what_single_trials_would_by_the_same_numbers_and_seeds(path: Path) -> None:
    stacked = Simulation(path, make_spec(budget="trials = 70"), stacks=True)
    stacked.run()
    single = Simulation(path.with_name("single.tune"), make_spec(budget="trials = 70"))
    single.run()
    assert tried(stacked) == tried(single)


def test_that_a_study_that_is_given_more_trials_has_those_of_a_longer_one(path: Path) -> None:
    for total in (5, 20, 70):
        extended = Simulation(path, make_spec(budget=f"trials = {total}"), stacks=True)
        extended.ledger.spec = make_spec(budget=f"trials = {total}")
        extended.run()
    whole = Simulation(path.with_name("whole.tune"), make_spec(budget="trials = 70"), stacks=True)
    whole.run()
    assert tried(extended) == tried(whole)


def test_that_what_is_too_many_for_a_worker_waits_and_its_size_is_kept(path: Path) -> None:
    simulation = Simulation(path, grid(), Behaviour(size=lambda params: 2), stacks=True)
    simulation.run()
    assert max(len(unit) for unit in simulation.behaviour.units) == 2
    assert {t.state for t in simulation.ledger.all_trials()} == {TrialState.COMPLETE}
    handed_over = Counter(trial.number for trial in simulation.behaviour.submitted)
    assert max(handed_over.values()) <= 3, "the size of a group is told once"


def test_that_no_worker_is_idle_while_another_has_a_full_stack(path: Path) -> None:
    spec = make_spec("random", "trials = 16", workers=2)
    one_size = spec.with_(space=SearchSpace([spec.space["lr"]]))
    simulation = Simulation(path, one_size, Behaviour(size=lambda params: 16), stacks=True)
    simulation.run()
    assert [len(unit) for unit in simulation.behaviour.units] == [8, 8]
    assert simulation.ledger.elapsed() == pytest.approx(10.0)


def test_that_a_member_that_comes_back_alone_has_a_worker_for_itself(path: Path) -> None:
    simulation = Simulation(path, grid(), Behaviour(size=lambda params: 5), stacks=True)
    ended = "The process that trained it with others ended."
    simulation.command_at(1, TrialReturned(0, ended, alone=True))
    events = simulation.run()
    assert [0] in simulation.behaviour.units
    assert simulation.ledger.trials[0].state is TrialState.COMPLETE
    warnings = [e.text for e in events if isinstance(e, Logged) and e.level == "warning"]
    assert warnings == [f"Trial 0 and others beside it are run again: {ended}"]


def test_that_a_free_seat_is_filled_beside_the_others(path: Path) -> None:
    slow = Behaviour(
        size=lambda params: 2, seconds=lambda params: 10.0 if params["lr"] < 1e-3 else 100.0
    )
    spec = make_spec("random", "trials = 6")
    one_size = spec.with_(space=SearchSpace([spec.space["lr"]]))
    simulation = Simulation(path, one_size, slow, stacks=True)
    simulation.run()
    seconds = [slow.seconds(t.params) for t in simulation.ledger.all_trials()]
    assert simulation.ledger.elapsed() < sum(seconds) * 0.75
    assert any(len(unit) > 2 for unit in slow.units), "nothing ever joined"


def test_that_a_method_that_learns_asks_for_a_whole_unit_that_goes_together(path: Path) -> None:
    spec = make_spec("bayesian", "trials = 20")
    behaviour = Behaviour(size=lambda params: 4)
    simulation = Simulation(path, spec, behaviour, looks_ahead=False, stacks=True)
    simulation.run()
    assert len(simulation.ledger.trials) == 20
    units = behaviour.units
    assert max(len(unit) for unit in units) == 4
    assert all(len(batch_sizes(simulation, unit)) == 1 for unit in units)
    keys = {tuple(t.params.items()) for t in simulation.ledger.all_trials()}
    assert len(keys) == 20


def test_that_a_learning_study_goes_on_with_stacks_as_if_never_stopped(path: Path) -> None:
    def run(file: Path, stop: float | None) -> list[tuple]:
        spec = make_spec("bayesian", "trials = 16")
        simulation = Simulation(file, spec, looks_ahead=False, stacks=True)
        if stop is not None:
            simulation.command_at(stop, Stop())
            simulation.run()
            simulation = Simulation(file, spec, looks_ahead=False, stacks=True)
            simulation.around.stacking.found({"batch_size": 128}, 4)
        simulation.run()
        return [(t.number, t.params, t.seed, t.state) for t in simulation.ledger.all_trials()]

    whole = run(path, None)
    assert run(path.with_name("stopped.tune"), 25.0)[:8] == whole[:8]


def test_that_a_stopped_study_goes_on_with_what_was_not_begun(path: Path) -> None:
    spec = make_spec(budget="trials = 30")
    first = Simulation(path, spec, stacks=True)
    first.command_at(25, Stop())
    first.run()
    assert 0 < len(first.ledger.trials) < 30
    assert not any(t.state is TrialState.QUEUED for t in first.ledger.all_trials())
    second = Simulation(path, spec, stacks=True)
    second.run()
    whole = Simulation(path.with_name("whole.tune"), spec, stacks=True)
    whole.run()
    assert tried(second) == tried(whole)


def test_that_a_configuration_added_by_hand_is_not_proposed_as_well(path: Path) -> None:
    spec = grid()
    middle = {"lr": 1e-3, "batch_size": 128}
    simulation = Simulation(path, spec, stacks=True)
    simulation.command_at(5, Enqueue(spec.space.validate({"lr": 1e-5, "batch_size": 512})))
    simulation.run()
    keys = Counter(tuple(t.params.items()) for t in simulation.ledger.all_trials())
    assert len(keys) == 25
    assert max(keys.values()) == 1, middle


def test_that_a_paused_study_starts_no_unit_and_no_newcomer(path: Path) -> None:
    simulation = Simulation(path, make_spec(budget="trials = 20"), stacks=True)
    simulation.command_at(5, Pause())
    simulation.command_at(500, Resume())
    simulation.run()
    started = sorted(trial.started for trial in simulation.ledger.all_trials())
    late = [moment - started[0] for moment in started if moment - started[0] > 5]
    assert min(late) == pytest.approx(500, abs=1)
    assert simulation.ledger.state is StudyState.FINISHED


def test_that_a_study_at_its_target_leaves_nothing_queued_but_what_was_added(path: Path) -> None:
    spec = make_spec(budget="trials = 60\ntarget = 1.0")
    spec = spec.with_(space=SearchSpace([spec.space["lr"]]))
    simulation = Simulation(path, spec, Behaviour(size=lambda params: 2), stacks=True)
    added = spec.space.validate({"lr": 1e-4})
    simulation.command_at(9.5, Enqueue(added))
    simulation.run()
    assert simulation.ledger.reason is StopReason.TARGET
    trials = simulation.store.trials()
    left = [t for t in trials if t.state is TrialState.INTERRUPTED]
    assert len(left) > 10, "none had been given back"
    assert [t.params for t in trials if t.state is TrialState.QUEUED] == [added]
    longer = Simulation(path, spec.with_(budget=Budget(trials=60)), stacks=True)
    longer.command_at(0, Change(budget=Budget(trials=60)))
    longer.run()
    assert {t.state for t in longer.ledger.all_trials()} == {TrialState.COMPLETE}
    assert len(longer.ledger.trials) == 60 + 1


def test_that_a_study_can_have_each_trial_by_itself(path: Path) -> None:
    spec = grid()
    alone = spec.with_(resources=spec.resources.model_copy(update={"stack": 1}))
    assert stacking_of(spec) is not None
    assert stacking_of(alone) is None


def test_that_what_a_method_proposes_does_not_depend_on_what_was_measured(path: Path) -> None:
    def run(size: int) -> list[tuple]:
        file = path.with_name(f"{size}.tune")
        behaviour = Behaviour(size=lambda params: size)
        spec = make_spec("bayesian", "trials = 17")
        simulation = Simulation(file, spec, behaviour, looks_ahead=False, stacks=True)
        simulation.run()
        assert max(map(len, behaviour.units)) == size
        return tried(simulation)

    assert run(1) == run(2) == run(4)


def test_that_near_batch_sizes_go_together_where_there_are_endlessly_many(path: Path) -> None:
    spec = make_spec("random", "trials = 60")
    assert isinstance(spec.space["batch_size"], Int)
    behaviour = Behaviour(size=lambda params: 8)
    simulation = Simulation(path, spec, behaviour, stacks=True)
    simulation.run()
    several = [unit for unit in behaviour.units if len(unit) > 1]
    assert sum(map(len, several)) > 40
    for unit in several:
        sizes = batch_sizes(simulation, unit)
        assert max(sizes) < 1.51 * min(sizes)


def test_that_a_study_with_little_time_begins_no_more_than_it_can_end(path: Path) -> None:
    spec = make_spec("random", "seconds = 25")
    one_size = spec.with_(space=SearchSpace([spec.space["lr"]]))
    behaviour = Behaviour(size=lambda params: 64, seconds=lambda params: 2.0, epochs=0)
    Simulation(path, one_size, behaviour, stacks=True).run()
    units = [len(unit) for unit in behaviour.units]
    assert units[0] == 4, "nobody knows how long a trial takes"
    assert units[1] == 11, "which are 22 of the 23 seconds left"
    assert units[-1] == 4
