"""Search spaces for tests: a few of each kind by name, and hypothesis strategies for any."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from engine.space import Categorical, Float, Int, Parameter, SearchSpace, When, find_problems

CONTINUOUS = SearchSpace(
    [Float("lr", 1e-5, 1e-1, log=True), Float("dropout", 0.0, 0.5), Float("shift", -3.0, 7.0)]
)
FINITE = SearchSpace(
    [Int("depth", 1, 4), Categorical("activation", ["relu", "tanh"]), Float("p", 0, 0.5, step=0.25)]
)
CONDITIONAL = SearchSpace(
    [
        Float("momentum", 0.0, 0.99, when=When("optimizer", ("sgd",))),
        Categorical("optimizer", ["sgd", "adam", "none"]),
        Categorical("nesterov", [False, True], when=When("optimizer", ("sgd", "adam"))),
        Int("delay", 1, 3, when=When("nesterov", (True,))),
    ]
)
CONDITIONAL_FINITE = SearchSpace(
    [
        Categorical("kind", ["a", "b", "c"]),
        Int("x", 1, 5, when=When("kind", ("a",))),
        Int("y", 1, 3, when=When("x", (2, 5))),
        Int("z", 1, 2, when=When("kind", ("a", "b"))),
    ]
)
FIXED_ONLY = SearchSpace([Float("lr", value=0.1), Categorical("optimizer", value="sgd")])
ONE = SearchSpace([Int("batch_size", 32, 512, log=True)])
THIRTY = SearchSpace(
    [Float(f"x{i}", 0.0, 1.0) for i in range(15)]
    + [Int(f"n{i}", 1, 1000, log=True) for i in range(10)]
    + [Categorical(f"c{i}", ["a", "b", "c"]) for i in range(5)]
)

SPACES = {
    "continuous": CONTINUOUS,
    "finite": FINITE,
    "conditional": CONDITIONAL,
    "conditional finite": CONDITIONAL_FINITE,
    "fixed only": FIXED_ONLY,
    "one parameter": ONE,
    "thirty parameters": THIRTY,
}

_bounds = st.one_of(
    st.floats(-1e6, 1e6),
    st.floats(-1e140, 1e140),
    st.integers(-1000, 1000),
    st.decimals(-10, 10, places=3).map(float),
)
_positive = st.one_of(st.floats(1e-140, 1e140), st.floats(1e-6, 1e3))


@st.composite
def floats(draw: st.DrawFn, name: str = "x") -> Float:
    """A valid Float: linear, log or stepped."""
    kind = draw(st.sampled_from(["linear", "log", "step"]))
    if kind == "step":
        low = draw(st.decimals(-1000, 1000, places=3).map(float))
        step = draw(st.one_of(st.floats(1e-3, 10), st.sampled_from([0.1, 0.25, 1 / 3])))
        return Float(name, low, low + draw(st.integers(1, 2000)) * step, step=step)
    low, high = sorted(draw(st.tuples(*[_positive if kind == "log" else _bounds] * 2)))
    return Float(name, low, high, log=kind == "log")


@st.composite
def ints(draw: st.DrawFn, name: str = "n") -> Int:
    """A valid Int: linear, log or stepped."""
    if draw(st.booleans()):
        low, high = sorted(draw(st.tuples(*[st.integers(1, 10**12)] * 2)))
        return Int(name, low, high, log=True)
    low = draw(st.integers(-(10**14), 10**14))
    step = draw(st.integers(1, 1000))
    return Int(name, low, low + step * draw(st.integers(1, 10**9)), step=step)


def categoricals(name: str = "c") -> st.SearchStrategy[Categorical]:
    """A Categorical over text, numbers and truth values."""
    choices = st.one_of(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip),
        st.integers(-(10**6), 10**6),
        st.floats(-1e6, 1e6),
        st.booleans(),
    )
    lists = st.lists(choices, min_size=1, max_size=6, unique=True)
    return lists.map(lambda values: Categorical(name, values))


def parameters(name: str = "x") -> st.SearchStrategy[Parameter]:
    """Any valid parameter that is not fixed and has no condition."""
    any_kind = st.one_of(floats(name), ints(name), categoricals(name))
    return any_kind.filter(lambda parameter: not find_problems([parameter]))


@st.composite
def spaces(draw: st.DrawFn, most: int = 6) -> SearchSpace:
    """A valid space with conditions at random, children before or after their parents."""
    plain: list[Parameter] = []
    for i in range(draw(st.integers(1, most))):
        parameter = draw(parameters(f"p{i}"))
        parents = [other for other in plain if _activating(other)]
        if parents and draw(st.booleans()):
            parent = draw(st.sampled_from(parents))
            values = draw(st.lists(st.sampled_from(_activating(parent)), min_size=1, unique=True))
            parameter = _with(parameter, when=When(parent.name, tuple(values)))
        plain.append(parameter)
    return SearchSpace(draw(st.permutations(plain)))


def small_spaces() -> st.SearchStrategy[SearchSpace]:
    """Spaces whose grid can be listed."""
    return spaces(5).filter(lambda space: space.grid_size() < 3000)


def _activating(parameter: Parameter) -> list[Any]:
    """Some values of a parameter that a condition can name."""
    if isinstance(parameter, Categorical):
        return list(parameter.choices)
    if isinstance(parameter, Int):
        step = parameter.step or 1
        return [parameter.low, parameter.low + step, parameter.high]
    return [parameter.low, parameter.high] if parameter.step else []


def _with(parameter: Parameter, **changes: Any) -> Parameter:
    return type(parameter)(**{**parameter.__dict__, **changes})
