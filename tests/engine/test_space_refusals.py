"""Definitions that make no sense: one sentence each, naming the parameter and the mend."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.space import Categorical, Float, Int, SearchSpace, SpaceError, When, find_problems

NAN, INF = float("nan"), float("inf")
OPTIMIZER = Categorical("optimizer", ["sgd", "adam"])


def condition(parameter: str, *values: Any) -> Float:
    return Float("momentum", 0, 1, when=When(parameter, values))


REFUSALS = [
    ([Int("n", 512, 32)], "n: low (512) is above high (32); swap them."),
    ([Float("x", 1, 1)], "x: low and high are both 1; set value = 1 instead."),
    (
        [Float("x", 0, 1, log=True)],
        "x: a log scale needs low above 0, not 0; raise low or take log away.",
    ),
    (
        [Int("n", -5, 5, log=True)],
        "n: a log scale needs low above 0, not -5; raise low or take log away.",
    ),
    ([Float("x", 0, 1, step=0.3)], "x: step 0.3 does not lead from 0 to 1; set high to 0.9."),
    ([Float("x", 0.1, 1, step=0.25)], "x: step 0.25 does not lead from 0.1 to 1; set high to 1.1."),
    ([Int("n", 1, 10, step=4)], "n: step 4 does not lead from 1 to 10; set high to 9."),
    ([Int("n", 1, 10, step=20)], "n: step (20) is wider than low to high (9); lower it."),
    ([Int("n", 1, 10, step=0)], "n: step must be above 0, not 0."),
    ([Float("x", 0, 1, step=-0.1)], "x: step must be above 0, not -0.1."),
    ([Float("x", 0, 1, step=1e-12)], "x: step (1e-12) makes over 1e+08 values; remove it."),
    (
        [Int("n", 1, 16, log=True, step=3)],
        "n: step and log do not go together; remove one of them.",
    ),
    ([Float("x", NAN, 1)], "x: low is nan; give a finite number."),
    ([Float("x", 0, INF)], "x: high is inf; give a finite number."),
    ([Float("x", 0, 1, grid=[0.5, INF])], "x: grid must be a number, not inf."),
    ([Float("x", 0)], "x: high is missing; give low and high, or a fixed value."),
    ([Float("x")], "x: low is missing; give low and high, or a fixed value."),
    ([Float("x", "1e-5", 1)], "x: low is the text '1e-5'; write a number without quotes."),
    ([Int("n", True, 5)], "n: low must be a number, not true."),
    (
        [Int("n", 1, 2.5)],
        "n: high (2.5) is not a whole number; round it, or make this a float.",
    ),
    ([Int("n", 1, 10**16)], "n: high is beyond 1e+15; make this a float."),
    ([Int("n", 1, 10**13, log=True)], "n: high is beyond 1e+12; make this a float."),
    ([Float("x", 0, 10**400)], "x: high is beyond 1e+150; search its logarithm instead."),
    (
        [Float("x", 1e9, 1e9 + 1e-6)],
        "x: low (1000000000.0) and high (1000000000.000001) are too close; "
        "set value = 1000000000.0 instead.",
    ),
    ([Float("x", 0, 1, log="yes")], "x: log must be true or false, not 'yes'."),
    (
        [Float("x", 0, 1, default=2)],
        "x: default 2 is outside 0 to 1; take one between them.",
    ),
    ([Float("x", 0, 1, value=2)], "x: value 2 is outside 0 to 1; take one between them."),
    ([Int("n", 0, 9, step=3, default=4)], "n: default 4 is between two steps; take 3 or 6."),
    ([Float("x", 0, 1, grid=0)], "x: grid must be 1 to 10000 points, not 0."),
    ([Float("x", 0, 1, grid=10**9)], "x: grid must be 1 to 10000 points, not 1000000000."),
    (
        [Float("x", 0, 1, grid=2.5)],
        "x: grid must be a number of points or a list of values, not 2.5.",
    ),
    ([Float("x", 0, 1, grid=[])], "x: grid lists no values; give some, or a number of points."),
    ([Float("x", 0, 1, grid=[0.1, 0.1])], "x: grid has 0.1 twice; remove one."),
    (
        [Float("x", 0, 1, grid=[3])],
        "x: grid 3 is outside 0 to 1; take one between them.",
    ),
    ([Categorical("c", [])], "c: there are no choices; list at least one."),
    ([Categorical("c", ["a", ""])], "c: a choice is empty; name it or remove it."),
    ([Categorical("c", ["a", "b", "a"])], "c: the choice 'a' is there twice; remove one."),
    ([Categorical("c", [1, 1.0])], "c: the choice 1 is there twice; remove one."),
    ([Categorical("c", [NAN])], "c: the choice nan is not a finite number; replace it."),
    (
        [Categorical("c", [["a"]])],
        "c: a choice is text, a number, or true or false, not ['a'].",
    ),
    ([Categorical("c", "abc")], "c: choices must be a list, not 'abc'."),
    ([Categorical("c", ["a", "b"], default="d")], "c: default 'd' is not one of 'a', 'b'."),
    (
        [Categorical("c", ["a"], grid=3)],
        "c: grid must list some of the choices; leave it out to try them all.",
    ),
    ([Int("", 1, 2)], "parameter 1: the name is empty; give it one."),
    (
        [Int(" n", 1, 2)],
        " n: the name has blanks around it or unprintable characters; remove them.",
    ),
    ([Int(3, 1, 2)], "parameter 1: the name must be text, not 3."),
    (
        [Int("n", 1, 2), Float("n", 0, 1)],
        "n: the name is taken by parameter 1; rename one of them.",
    ),
    ([{"name": "n"}], "parameter 1: this is a dict; give a Float, an Int or a Categorical."),
    (
        [OPTIMIZER, condition("optimiser", "sgd")],
        "momentum: its condition is on 'optimiser', which does not exist; "
        "did you mean 'optimizer'?",
    ),
    (
        [OPTIMIZER, condition("shape", "sgd")],
        "momentum: its condition is on 'shape', which does not exist; "
        "correct the name or remove it.",
    ),
    (
        [OPTIMIZER, condition("optimizer", "sdg")],
        "momentum: its condition on optimizer can never hold: 'sdg' is not one of 'sgd', 'adam'.",
    ),
    (
        [OPTIMIZER, condition("optimizer")],
        "momentum: when lists no values; name those that make this active.",
    ),
    (
        [condition("momentum", 0.5)],
        "momentum: its condition leads back to itself (momentum → momentum); remove one of them.",
    ),
    (
        [
            Int("a", 1, 2, when=When("b", (1,))),
            Int("b", 1, 2, when=When("c", (1,))),
            Int("c", 1, 2, when=When("a", (1,))),
        ],
        "a: its condition leads back to itself (a → b → c → a); remove one of them.",
    ),
    (
        [Float("lr", 0, 1), condition("lr", 0.5)],
        "momentum: its condition is on lr, which takes any value between its ends; "
        "give that one a step or choices.",
    ),
    (
        [Int("depth", 1, 3), condition("depth", 7)],
        "momentum: its condition on depth can never hold: 7 is outside 1 to 3; "
        "take one between them.",
    ),
    ([condition(["a"], 1)], "momentum: when must name a parameter, not ['a']."),
]


@pytest.mark.parametrize(("parameters", "sentence"), REFUSALS, ids=[s for _, s in REFUSALS])
def test_the_sentence_of_each_refusal(parameters: list, sentence: str) -> None:
    with pytest.raises(SpaceError) as refused:
        SearchSpace(parameters)
    assert str(refused.value) == sentence


def test_that_every_parameter_that_is_wrong_is_found_with_its_place_and_field() -> None:
    problems = find_problems(
        [Int("a", 3, 1), Float("b", 0, 1), Categorical("c"), condition("d", 1), Int("", 1, 2)]
    )
    assert [(p.parameter, p.index, p.field) for p in problems] == [
        ("a", 0, "low"),
        ("c", 2, "choices"),
        ("momentum", 3, "when"),
        ("", 4, "name"),
    ]


def test_that_a_parent_may_be_fixed_without_its_children_being_refused() -> None:
    fixed = Categorical("optimizer", ["sgd", "adam"], value="adam")
    space = SearchSpace([fixed, condition("optimizer", "sgd")])
    assert space.default() == {"optimizer": "adam"}


def test_that_what_a_refusal_proposes_is_accepted() -> None:
    for low, high, step in [(0, 1, 0.3), (0.1, 1, 0.25), (-1, 1, 0.7), (0, 1e-6, 3e-7)]:
        with pytest.raises(SpaceError) as refused:
            SearchSpace([Float("x", low, high, step=step)])
        proposed = float(str(refused.value).split()[-1].rstrip("."))
        assert SearchSpace([Float("x", low, proposed, step=step)]).size() is not None


anything = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.binary()
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)
whens = st.one_of(st.none(), anything, st.builds(When, st.sampled_from(["a", "b"]), anything))
numbers = {f: anything for f in ("low", "high", "log", "step", "default", "value", "grid")}
definitions = st.one_of(
    st.builds(Float, st.sampled_from(["a", "b", "c"]), when=whens, **numbers),
    st.builds(Int, st.sampled_from(["a", "b", "c"]), when=whens, **numbers),
    st.builds(
        Categorical,
        st.sampled_from(["a", "b", "c"]),
        choices=anything,
        default=anything,
        value=anything,
        grid=anything,
        when=whens,
    ),
    st.builds(Int, anything, st.just(1), st.just(5), when=whens),
)


@given(st.lists(definitions, max_size=4))
def test_that_nonsense_is_refused_in_sentences(parameters: list) -> None:
    problems = find_problems(parameters)
    for problem in problems:
        assert "\n" not in problem.sentence.strip()
        assert problem.index is not None
    if not problems:
        space = SearchSpace(parameters)
        assert space.decode(space.encode(space.default())) == space.default()
