"""A user's function that trains several trials at once, in real worker processes."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.executors import script_launch
from engine.executors.messages import TrialEnded, TrialProgressed, TrialReturned
from engine.trial import TrialState
from tests.script_worker import ScriptWorker

REAL_WORKER = script_launch.WORKER
THREE = {3: {"x": 0.1}, 5: {"x": 0.2}, 8: {"x": 0.3}}
RETURNS = """
    def objective(trial):
        return trial.suggest_float("x", 0, 1)

    def train_many(trials):
        values = [trial.suggest_float("x", 0, 1) for trial in trials]
        return {returned}
"""


@pytest.fixture
def run_many(tmp_path: Path) -> Iterator[Callable[..., dict[int, dict[str, Any]]]]:
    """Runs three trials at once; the last that was said of each."""
    workers: list[ScriptWorker] = []

    def run(source: str) -> dict[int, dict[str, Any]]:
        script = tmp_path / "train.py"
        script.write_text(textwrap.dedent(source), encoding="utf-8")
        workers.append(ScriptWorker(script, many="train_many"))
        heard = workers[-1].run_many(THREE)
        assert heard[-1]["type"] == "done"
        return {message["trial"]: message for message in heard if "trial" in message}

    yield run
    for worker in workers:
        worker.__exit__()


@pytest.mark.parametrize(
    "returned",
    ["values", "tuple(values)", "{t.number: v for t, v in zip(trials, values)}", "iter(values)"],
)
def test_that_a_function_returns_an_objective_for_each_trial(run_many, returned: str) -> None:
    said = run_many(RETURNS.replace("{returned}", returned))
    assert {number: message["value"] for number, message in said.items()} == {
        3: 0.1,
        5: 0.2,
        8: 0.3,
    }
    assert all(message["finished"] for message in said.values())


def test_that_each_trial_speaks_the_dialect_that_tuners_share(run_many) -> None:
    said = run_many(
        """
        def train_many(trials):
            for epoch in range(3):
                for trial in trials:
                    assert trial.params["x"] == trial.suggest_float("x", 0, 1)
                    assert trial.seed == trial.number and trial.device == "cpu"
                    (trial.checkpoint_dir / "state").write_text(str(epoch))
                    trial.report(trial.params["x"] + epoch, epoch)
                    assert not trial.should_prune()
            trials[0].set_user_attr("layers", 2)
            return [{"value": trial.params["x"], "other": trial.number} for trial in trials]
        """
    )
    assert (said[3]["value"], said[3]["step"]) == (0.1, 2)
    assert said[3]["metrics"] == {"value": 0.1, "other": 3, "layers": 2}
    assert said[8]["metrics"] == {"value": 0.3, "other": 8}


def test_that_reports_are_charged_with_a_trials_share_of_the_seconds(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(
        textwrap.dedent(
            """
            import time

            def train_many(trials):
                begun = time.perf_counter()
                for epoch in range(3):
                    time.sleep(0.05)
                    for trial in trials:
                        trial.report(1.0, epoch)
                return [time.perf_counter() - begun for trial in trials]
            """
        )
    )
    with ScriptWorker(script, many="train_many") as worker:
        heard = worker.run_many(THREE)
    reports = [m["seconds"] for m in heard if m["type"] == "report" and m["trial"] == 5]
    (result,) = [m for m in heard if m["type"] == "result" and m["trial"] == 5]
    assert 0 < reports[0] < reports[1] < reports[2] <= result["seconds"]
    assert result["seconds"] >= result["value"] / 3


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        ("values[:2]", "returned 2 objectives for 3 trials; let it return one for each"),
        ("[]", "returned 0 objectives for 3 trials"),
        ("None", "let it return a list with one objective for each trial"),
        ("0.5", "let it return a list with one objective for each trial"),
        ("'0.5'", "let it return a list with one objective for each trial"),
        ("{3: 0.1, 4: 0.2}", "returned a dict with 4 in it, which is none of its trials' numbers"),
    ],
)
def test_that_what_cannot_be_told_apart_fails_all_and_says_what_to_return(
    run_many, returned: str, words: str
) -> None:
    for message in run_many(RETURNS.replace("{returned}", returned)).values():
        assert (message["type"], message["reason"]) == ("failure", "no_objective")
        assert words in message["message"]


@pytest.mark.parametrize("odd", ["'low'", "None", "{'loss': 1.0}", "float('nan')"])
def test_that_one_without_an_objective_fails_and_no_other(run_many, odd: str) -> None:
    said = run_many(RETURNS.replace("{returned}", f"[values[0], {odd}, values[2]]"))
    assert said[5]["type"] == "failure"
    assert said[5]["reason"] == ("diverged" if "nan" in odd else "no_objective")
    assert [said[number]["value"] for number in (3, 8)] == [0.1, 0.3]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("raise KeyError('lr')", "KeyError: 'lr' (train.py, line 7)"),
        ("import sys; sys.exit(3)", "sys.exit (exit code 3)"),
        ("trials[0].suggest_float('y', 0, 1)", "the function asks for 'y'"),
        ("import tunescape; raise tunescape.TrialPruned", "TrialPruned"),
    ],
)
def test_that_after_an_exception_each_comes_back_to_run_alone(
    run_many, statement: str, words: str
) -> None:
    source = RETURNS.replace("return {returned}", statement)
    for message in run_many(source).values():
        assert (message["type"], message["alone"]) == ("returned", True)
        assert words in message["why"]


def test_that_half_as_many_are_tried_where_there_was_no_memory_for_all(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("def train_many(trials):\n    raise MemoryError\n")
    with ScriptWorker(script, many="train_many") as worker:
        heard = worker.run_many({number: {} for number in range(4)})
    assert [m["size"] for m in heard if m["type"] == "sized"] == [2]
    assert {m["trial"] for m in heard if m["type"] == "returned" and m["alone"]} == {0, 1, 2, 3}


def test_that_a_function_for_many_that_is_not_there_fails_in_one_sentence(run_many) -> None:
    for message in run_many("def objective(trial):\n    return 1.0\n").values():
        assert message["message"] == (
            "train.py has no function train_many (it has objective); name the one that takes a "
            "list of trials."
        )


def test_that_a_single_trial_is_run_by_the_function_for_one(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(textwrap.dedent(RETURNS.replace("{returned}", "[7.0 for _ in trials]")))
    with ScriptWorker(script, many="train_many") as worker:
        assert worker.run({"x": 0.5})["value"] == 0.5


@pytest.mark.parametrize("returned", ["[0.5]", "{trial.number: 0.5}", "[{'value': 0.5}]"])
def test_that_without_one_a_single_trial_is_a_list_of_one(tmp_path: Path, returned: str) -> None:
    script = tmp_path / "train.py"
    script.write_text(f"def train_many(trials):\n    (trial,) = trials\n    return {returned}\n")
    with ScriptWorker(script, many="train_many") as worker:
        assert worker.run()["value"] == 0.5


def test_that_parameters_are_found_in_a_function_for_many(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(
        "def train_many(trials):\n    return [t.suggest_float('x', 0, 1) for t in trials]\n"
    )
    with ScriptWorker(script, many="train_many") as worker:
        found = worker.discover()
    assert [parameter["name"] for parameter in found["parameters"]] == ["x"]


UNTIL_STOPPED = """
    import time

    def train_many(trials):
        left, epoch = list(trials), 0
        while left:
            time.sleep(0.01)
            for trial in list(left):
                trial.report(1.0 / (epoch + 1), epoch)
                if {asks}:
                    left.remove(trial)
            epoch += 1
        return [None for trial in trials]
"""


@pytest.mark.parametrize(
    "asks",
    ["trial.should_prune()", "trial.number != 0 and trial.should_prune()"],
    ids=["asks each", "never asks one"],
)
def test_that_a_member_that_is_cancelled_ends_at_once_and_the_others_go_on(
    open_bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asks: str
) -> None:
    monkeypatch.setattr(script_launch, "WORKER", REAL_WORKER)
    (tmp_path / "train.py").write_text(textwrap.dedent(UNTIL_STOPPED.replace("{asks}", asks)))
    content = {
        "kind": "script",
        "file": "train.py",
        "function": "objective",
        "many": "train_many",
        "objective": "loss",
        "direction": "minimize",
    }
    bench = open_bench(content=content)
    bench.submit_stack({number: {} for number in range(3)})
    bench.wait_for(TrialProgressed, 2)
    bench.executor.cancel(0)
    ended = bench.fates(0)[0]
    assert ended.state is TrialState.INTERRUPTED
    assert ended.value == 1.0 / (ended.step + 1)
    bench.wait_for(TrialProgressed, 1)
    for number in (1, 2):
        bench.executor.cancel(number)
    assert all(isinstance(fate, TrialEnded) for fate in bench.fates(1, 2).values())
    assert not bench.all(TrialReturned)


def test_that_forks_of_a_function_for_many_say_nothing(run_many) -> None:
    said = run_many(
        """
        import os

        def train_many(trials):
            for end in ("raise", "return"):
                if os.fork() == 0:
                    trials[0].report(-1.0, 99)
                    if end == "raise":
                        raise RuntimeError("in a child")
                    return [-1.0 for _ in trials]
            os.wait()
            os.wait()
            return [1.0 for _ in trials]
        """
    )
    assert {(message["type"], message.get("value")) for message in said.values()} == {
        ("result", 1.0)
    }
