"""What search methods are judged on: recorded networks where they are at hand, else functions.

The recordings lie beside the checkout (shared/bench), or where TUNESCAPE_TASKS says; tables.py
there describes them. A task's regret is 0 at the best that is known and 1 at the median of random
draws.
"""

from __future__ import annotations

import functools
import importlib.util
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.space import Categorical, Float, Int, Parameter, SearchSpace

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "bench"
DRAWS = 2001
"""Random draws whose median stands for no search at all, of a built-in function."""


@dataclass(frozen=True)
class Task:
    """An objective to minimise over a space, and how good one of its values is.

    `curve` is the loss after each epoch, where that was recorded.
    """

    name: str
    space: SearchSpace
    loss: Callable[[dict[str, Any]], float]
    regret: Callable[[float], float]
    curve: Callable[[dict[str, Any]], list[float]] | None = None


@functools.cache
def tasks() -> list[Task]:
    """The recorded tasks, or built-in ones where there are none."""
    folder = Path(os.environ.get("TUNESCAPE_TASKS", RECORDED))
    if not (folder / "tables.py").exists():
        return [_function(name, *rest) for name, *rest in _FUNCTIONS]
    spec = importlib.util.spec_from_file_location("tables", folder / "tables.py")
    assert spec is not None
    assert spec.loader is not None
    tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tables)
    return [_recorded(tables, name) for name in tables.tasks()]


def _recorded(tables: Any, name: str) -> Task:
    return Task(
        name,
        SearchSpace([_parameter(described) for described in tables.space(name).values()]),
        lambda params: float(tables.evaluate(name, params)),
        lambda loss: float(tables.regret(name, loss)),
        (lambda params: tables.curve(name, params).tolist())
        if name.startswith("lcbench")
        else None,
    )


def _parameter(described: dict[str, Any]) -> Parameter:
    name = described["name"]
    match described["type"]:
        case "categorical":
            return Categorical(name, described["choices"])
        case "int":
            return Int(name, described["low"], described["high"], log=described["log"])
    return Float(name, described["low"], described["high"], log=described["log"])


# --- built-in functions, each with its least value


def _function(
    name: str, space: SearchSpace, loss: Callable[[dict[str, Any]], float], least: float
) -> Task:
    rng = np.random.default_rng(0)
    median = float(np.median([loss(space.sample(rng)) for _ in range(DRAWS)]))
    return Task(
        f"functions/{name}",
        space,
        loss,
        lambda value: min(1.0, max(0.0, (value - least) / (median - least))),
    )


def _branin(params: dict[str, Any]) -> float:
    """Dixon and Szegő (1978)."""
    x, y = params["x"], params["y"]
    bend = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
    return bend * bend + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


_HARTMANN_A = np.array(
    [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)
_HARTMANN_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def _hartmann(params: dict[str, Any]) -> float:
    """Hartmann's function of six dimensions (Dixon and Szegő 1978)."""
    x = np.array([params[f"x{i}"] for i in range(6)])
    inside = (_HARTMANN_A * (x - _HARTMANN_P) ** 2).sum(1)
    return float(-np.array([1, 1.2, 3, 3.2]) @ np.exp(-inside))


def _made_up_network(params: dict[str, Any]) -> float:
    """The shape of a network's loss: a valley in rate and batch size, a choice, saturation."""
    rate = math.log10(params["rate"]) + 2.5 - 0.5 * math.log2(params["batch"] / 64)
    best_width = 0.1 * (math.log2(params["width"]) - 8) ** 2
    worse = {"adam": 0.0, "sgd": 0.3, "rmsprop": 0.1}[params["optimizer"]]
    return math.log1p(rate * rate + best_width + worse + 2 * params["drop"] ** 2)


_FUNCTIONS: list[tuple[str, SearchSpace, Callable[[dict[str, Any]], float], float]] = [
    ("branin", SearchSpace([Float("x", -5, 10), Float("y", 0, 15)]), _branin, 0.397887),
    ("hartmann", SearchSpace([Float(f"x{i}", 0, 1) for i in range(6)]), _hartmann, -3.32237),
    (
        "network",
        SearchSpace(
            [
                Float("rate", 1e-5, 1e-1, log=True),
                Int("batch", 16, 512, log=True),
                Int("width", 16, 1024, log=True),
                Float("drop", 0.0, 0.8),
                Categorical("optimizer", ["sgd", "rmsprop", "adam"]),
            ]
        ),
        _made_up_network,
        0.0,
    ),
]
