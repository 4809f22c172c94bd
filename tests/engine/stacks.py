"""What the tests of stacks have in common: the same configurations trained alone and as one."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from engine.tasks.builtin import Runner, open_task
from engine.tasks.stack import Ending, Member, StackTrainer
from engine.tasks.training import DeviceRows, Goal, Result
from tests.engine.trained_alone import Curve, train_alone


@cache
def runner(network: str = "mlp", data: str = "digits") -> Runner:
    objective = "val_mse" if data == "diabetes" else "val_cross_entropy"
    task = {"data": data, "network": network, "objective": objective}
    return open_task(task, ".", "cpu", 1)


def few(rows: DeviceRows, count: int = 150) -> DeviceRows:
    return DeviceRows(rows.x[:count], rows.y[:count])


class Bench:
    """Trains configurations on the first rows of a set, alone or as one."""

    def __init__(self, network: str = "mlp", data: str = "digits", **goal: Any) -> None:
        self.runner = runner(network, data)
        self.goal: Goal = replace(self.runner.goal, **{"epochs": 3, **goal})
        self.rows = few(self.runner.train), few(self.runner.validation)
        self.curves: list[Curve] = []

    def member(self, seed: int = 0, checkpoints: Any = None, **params: Any) -> Member:
        whole = self.runner.complete({"batch_size": 32, "width": 16, "lr": 3e-3, **params})
        return Member(self.runner.network(whole, seed), whole, seed + 100, seed, checkpoints)

    def alone(self, member: Member, stop_after: int | None = None) -> tuple[Result, Curve]:
        """By a plain PyTorch loop; `stop_after`: epochs."""
        return train_alone(member, self.goal, *self.rows, stop_after)

    def stack(self, members: list[Member], **asked: Any) -> tuple[list[Ending], list[Curve]]:
        """Endings and curves of members by number; `asked` may look at `self.curves` meanwhile."""
        endings: dict[int, Ending] = {}
        self.curves = [[] for _ in members]

        def report(member: int, epoch: int, metrics: dict[str, float]) -> None:
            while len(self.curves) <= member:
                self.curves.append([])
            self.curves[member].append(metrics)

        StackTrainer(members, self.goal, *self.rows, report, endings.__setitem__).run(**asked)
        return [endings[number] for number in range(len(endings))], self.curves


def assert_same(ours: Curve, alone: Curve, rel: float = 3e-3) -> None:
    """The same epochs with the same losses."""
    assert len(ours) == len(alone)
    for one, other in zip(ours, alone, strict=True):
        assert one.keys() == other.keys()
        for name in one:
            if name.endswith(("cross_entropy", "mse", "mae")):
                assert one[name] == pytest.approx(other[name], rel=rel, abs=1e-5)
