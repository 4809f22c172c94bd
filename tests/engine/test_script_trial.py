"""The trial that a user's function is given, and how parameters and metrics pass through it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from engine.tasks.script.loading import ScriptError
from engine.tasks.script.objective import NoObjective, Outcome, read_metrics
from engine.tasks.script.trial import Study, Trial

Told = list[tuple[int, dict[str, float]]]


@pytest.fixture
def told() -> Told:
    return []


@pytest.fixture
def make_trial(tmp_path: Path, told: Told) -> Any:
    def make(objective: str = "value", direction: str = "minimize", **params: Any) -> Trial:
        context = SimpleNamespace(
            number=7,
            params=params,
            seed=3,
            device="cuda:0",
            report=lambda step, metrics: told.append((step, metrics)),
            should_stop=lambda: False,
        )
        return Trial(context, objective, Study(direction), tmp_path)

    return make


def test_that_parameters_are_what_the_function_asks_for(make_trial: Any) -> None:
    trial = make_trial(lr=0.1, width=64.0, depth=2, opt="sgd", share=1)
    assert trial.suggest_float("lr", 1e-5, 1, log=True) == 0.1
    assert isinstance(trial.suggest_int("width", 16, 128, step=16), int)
    assert isinstance(trial.suggest_float("share", 0, 1), float)
    assert trial.suggest_int("depth", 1, 3) == 2
    assert trial.suggest_categorical("opt", ["adam", "sgd"]) == "sgd"
    assert trial.params == {"lr": 0.1, "width": 64.0, "depth": 2, "opt": "sgd", "share": 1}
    assert trial.distributions["lr"].log
    assert (trial.number, trial.seed, trial.device) == (7, 3, "cuda:0")
    assert trial.checkpoint_dir.is_dir()


def test_that_older_ways_of_asking_work(make_trial: Any) -> None:
    trial = make_trial(a=0.5, b=0.1, c=0.4)
    assert trial.suggest_uniform("a", 0, 1) == 0.5
    assert trial.suggest_loguniform("b", 1e-3, 1) == 0.1
    assert trial.suggest_discrete_uniform("c", 0, 1, 0.2) == 0.4


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda t: t.suggest_int("x", 0, 9), "asks for a whole number as 'x', and the space gives"),
        (lambda t: t.suggest_float("opt", 0, 1), "asks for a number as 'opt'"),
        (lambda t: t.suggest_int("on", 0, 1), "asks for a number as 'on'"),
        (lambda t: t.suggest_categorical("opt", ["adam"]), "the space has 'sgd'; take it out"),
        (lambda t: t.suggest_float("lr", 0, 1), "'lr', which the space does not have"),
        (lambda t: t.suggest_float("x", 1, 0), "'x' from 1.0 to 0.0; swap them"),
        (lambda t: t.suggest_float("x", 0, 1, log=True), "log scale from 0.0; raise that"),
        (lambda t: t.suggest_float("x", 1, 2, log=True, step=1.5), "take step or log away"),
        (lambda t: t.suggest_categorical("x", []), "among no choices"),
    ],
)
def test_that_a_question_that_the_space_cannot_answer_says_so(
    make_trial: Any, ask: Any, said: str
) -> None:
    with pytest.raises(ScriptError, match=r".*") as refused:
        ask(make_trial(x=0.5, opt="sgd", on=True))
    assert said in str(refused.value)


def test_that_a_question_with_one_answer_needs_no_space(make_trial: Any) -> None:
    trial = make_trial()
    assert trial.suggest_int("depth", 3, 3) == 3
    assert trial.suggest_categorical("opt", ["adam"]) == "adam"


def test_that_choices_that_no_file_can_hold_go_by_their_names(make_trial: Any) -> None:
    def small() -> None: ...

    mute = object()
    choices = [None, (32, 64), small, np.int64(8), mute, "", float("inf")]
    labels = ["None", "(32, 64)", "small", 8, "choice 5", "''", "inf"]
    for choice, label in zip(choices, labels, strict=True):
        assert make_trial(x=label).suggest_categorical("x", choices) is choice


def test_that_true_and_one_are_told_apart(make_trial: Any) -> None:
    assert make_trial(x=True).suggest_categorical("x", [0, True]) is True
    assert make_trial(x=0).suggest_categorical("x", [True, 0]) is not False
    assert make_trial(x="choice 2").suggest_categorical("x", [True, 1]) is not True


def test_that_metrics_join_the_report_of_their_step(make_trial: Any, told: Told) -> None:
    trial = make_trial("loss")
    trial.report(np.float32(0.5), step=1)
    trial.log(accuracy=0.75)
    trial.log(accuracy=0.8)
    trial.report(0.25, 2)
    trial.log(5, rate=1)
    assert told == [
        (1, {"loss": 0.5}),
        (1, {"loss": 0.5, "accuracy": 0.75}),
        (2, {"accuracy": 0.8}),
        (2, {"accuracy": 0.8, "loss": 0.25}),
        (5, {"rate": 1}),
    ]
    assert trial.so_far(pruned=True) == Outcome(0.25, 5, {"rate": 1}, pruned=True)


def test_that_logs_alone_count_the_steps_and_may_hold_the_objective(
    make_trial: Any, told: Told
) -> None:
    trial = make_trial("loss")
    for loss in (3, 2, 1):
        trial.log(loss=loss, accuracy=1 / loss)
    assert [step for step, _ in told] == [1, 2, 3]
    assert trial.so_far(pruned=False).value == 1


def test_that_the_first_report_of_a_step_counts(make_trial: Any, told: Told) -> None:
    trial = make_trial()
    trial.report(1, 0)
    with pytest.warns(UserWarning, match="step 0 is reported already"):
        trial.report(2, 0)
    assert told == [(0, {"value": 1})]


@pytest.mark.parametrize(
    ("tell", "said"),
    [
        (lambda t: t.report("low", 1), "value must be a number, not the text 'low'"),
        (lambda t: t.report(np.zeros(2), 1), "value must be a number, not a ndarray of shape"),
        (lambda t: t.report(1, None), "the step must be a whole number, not None"),
        (lambda t: t.report(1, -1), "the step must not be negative"),
        (lambda t: t.report(1, 10**400), "the step must not be above"),
        (lambda t: t.log(name="x"), "name must be a number, not the text 'x'"),
    ],
)
def test_that_a_report_that_is_no_number_is_refused(make_trial: Any, tell: Any, said: str) -> None:
    with pytest.raises((TypeError, ValueError), match=said):
        tell(make_trial())


def test_that_attributes_that_are_numbers_become_metrics(make_trial: Any, capsys: Any) -> None:
    trial = make_trial()
    trial.set_user_attr("parameters", 1234)
    trial.set_user_attr("name", "net")
    trial.set_system_attr("x", 1)
    trial.set_constraint("memory", 2.5)
    assert trial.user_attrs == {"parameters": 1234, "name": "net"}
    assert trial.outcome({"value": 1.0}).metrics == {"parameters": 1234, "memory": 2.5, "value": 1}
    assert capsys.readouterr().out == "name = 'net'\n"


def test_that_a_parameter_that_makes_no_difference_is_said(make_trial: Any, capsys: Any) -> None:
    trial = make_trial(lr=1, wd=2)
    trial.suggest_float("lr", 0, 1)
    trial.say_what_was_not_asked_for()
    assert "never asked for 'wd'" in capsys.readouterr().out
    assert trial.params
    trial.say_what_was_not_asked_for()
    assert capsys.readouterr().out == ""


def test_that_a_trial_knows_the_direction_of_its_study_and_no_other_trial(make_trial: Any) -> None:
    study = make_trial(direction="maximize").study
    assert study.direction.name == "MAXIMIZE"
    assert study.directions == [2]
    with pytest.raises(AttributeError, match=r"trial\.study\.best_value is not known here"):
        _ = study.best_value


@pytest.mark.parametrize(
    "returned",
    [0.5, np.float32(0.5), np.array(0.5), np.array([0.5]), Decimal("0.5"), {"value": 0.5}],
)
def test_that_numbers_of_any_library_are_an_objective(returned: Any) -> None:
    assert read_metrics(returned, "value", Outcome(None, None)) == {"value": 0.5}


def test_that_a_returned_dict_gives_its_numbers() -> None:
    returned = {"loss": 1, "accuracy": np.float64(0.5), "name": "net"}
    metrics = read_metrics(returned, "loss", Outcome(None, None))
    assert metrics == {"loss": 1, "accuracy": 0.5}


def test_that_a_function_that_reported_and_returned_nothing_is_told_so() -> None:
    with pytest.raises(NoObjective, match=r"although it last reported 0\.31 at step 5"):
        read_metrics(None, "loss", Outcome(0.31, 5))


def test_that_numbers_too_many_for_one_are_no_objective() -> None:
    with pytest.raises(NoObjective, match=r"a ndarray of shape \(2,\); let it return a number"):
        read_metrics(np.zeros(2), "loss", Outcome(None, None))
