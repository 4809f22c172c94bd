"""Members of a stack come, go, fail and are stopped without a trace in the others' numbers."""

from __future__ import annotations

from math import isfinite

import pytest

from engine.tasks.checkpoints import Checkpoints
from engine.tasks.stack import StackTrainer
from engine.tasks.training import Diverged
from tests.engine.stacks import Bench, assert_same

OWN = [
    {"optimizer": "adam", "dropout": 0.3},
    {"optimizer": "sgd", "lr": 0.05, "momentum": 0.8},
    {"optimizer": "rmsprop", "schedule": "cosine"},
    {"optimizer": "adamw", "weight_decay": 0.01},
]


def members(bench: Bench, **chosen):
    return [bench.member(k, **own, **chosen) for k, own in enumerate(OWN)]


def test_that_a_member_that_leaves_takes_its_last_epoch_along_and_disturbs_nobody():
    bench = Bench(epochs=5)
    endings, curves = bench.stack(
        members(bench), should_leave=lambda member: member == 1 and len(bench.curves[1]) == 2
    )
    assert [ending.finished for ending in endings] == [True, False, True, True]
    for k, member in enumerate(members(bench)):
        alone, curve = bench.alone(member, stop_after=2 if k == 1 else None)
        assert_same(curves[k], curve)
        assert endings[k].step == alone.step


def test_that_a_member_leaves_after_the_step_at_which_it_is_asked_to():
    bench, heard = Bench(epochs=3), []

    def should_leave(member: int) -> bool:
        heard.append(f"{member}?")
        return member == 1 and heard.count("1?") == steps + 2

    def tell(word):
        return lambda member, *_: heard.append(f"{member} {word}")

    stack = StackTrainer(members(bench)[:3], bench.goal, *bench.rows, tell("epoch"), tell("ended"))
    steps = 5
    stack.run(should_leave)
    at = heard.index("1 ended")
    assert heard[at - 1] == "1?"
    assert "1?" not in heard[at:]
    assert (heard.count("1 epoch"), heard.count("0 epoch"), heard.count("2 epoch")) == (1, 3, 3)


def test_that_a_member_joins_at_its_own_first_epoch():
    bench = Bench(epochs=4)
    late = iter([[], [], [bench.member(2, **OWN[2])]])
    endings, curves = bench.stack(members(bench)[:2], newcomers=lambda: next(late, []))
    assert [ending.finished for ending in endings] == [True] * 3
    for curve, member in zip(curves, members(bench), strict=False):
        assert_same(curve, bench.alone(member)[1])


def test_that_a_member_joins_a_stack_whose_others_have_all_ended():
    bench = Bench(epochs=2)
    late = iter([[], [], [bench.member(3, **OWN[3])]])
    _, curves = bench.stack([bench.member(0)], newcomers=lambda: next(late, []))
    assert_same(curves[1], bench.alone(bench.member(3, **OWN[3]))[1])


def test_that_a_diverging_member_fails_alone():
    bench = Bench()
    wild = bench.member(7, lr=1e30, optimizer="sgd")
    endings, curves = bench.stack([*members(bench), wild])
    assert isinstance(endings[4], Diverged)
    _, alone = bench.alone(bench.member(7, lr=1e30, optimizer="sgd"))
    wrong = [
        (k, name) for k, shown in enumerate(alone) for name in shown if not isfinite(shown[name])
    ]
    epoch, name = wrong[0]
    assert f"in epoch {epoch + 1} ({name})" in str(endings[4])
    assert curves[4] == []
    for curve, member in zip(curves, members(bench), strict=False):
        assert_same(curve, bench.alone(member)[1])


def test_that_a_stack_whose_members_have_all_left_ends_within_the_epoch():
    bench, asked = Bench(epochs=5), []

    def should_leave(member: int) -> bool:
        asked.append(member)
        return len(asked) > len(OWN) * 2 * steps

    steps = 5
    endings, curves = bench.stack(members(bench), should_leave=should_leave)
    assert len(asked) == len(OWN) * (2 * steps + 1)
    for ending, curve in zip(endings, curves, strict=True):
        assert len(curve) == 2
        assert not ending.finished
        assert ending.metrics in curve


def test_that_members_who_leave_before_their_first_epoch_have_no_value():
    bench = Bench()
    endings, curves = bench.stack(members(bench), should_leave=lambda member: True)
    assert curves == [[]] * len(OWN)
    assert all(ending.value is None and ending.weights is None for ending in endings)


def checkpoints(folder, interval: float) -> Checkpoints:
    return Checkpoints(folder, lambda: "this trial", interval)


@pytest.mark.parametrize("own", [*OWN, {"optimizer": "sgd", "momentum": 0.0}])
@pytest.mark.parametrize("stacked_first", [True, False])
def test_that_a_checkpoint_is_gone_on_from_in_a_stack_or_alone_alike(tmp_path, own, stacked_first):
    bench, own = Bench(epochs=6), own | {"batch_norm": True}
    whole, straight = bench.alone(bench.member(3, **own))

    def part(stacked: bool, epochs: int | None):
        others = [bench.member(k, batch_norm=True) for k in range(2)] if stacked else []
        member = bench.member(3, checkpoints(tmp_path, 1e9), **own)
        endings, curves = bench.stack(
            [*others, member], should_leave=lambda _: len(bench.curves[-1]) == epochs
        )
        return endings[-1], curves[-1]

    _, first = part(stacked_first, 2)
    result, rest = part(not stacked_first, None)
    assert_same(first + rest, straight, rel=2e-2)
    assert (len(first), result.step) == (2, whole.step)
    assert result.value == pytest.approx(whole.value, rel=2e-2)


def test_that_a_checkpoint_written_at_an_epochs_end_is_the_same_state(tmp_path):
    bench = Bench(epochs=3)
    member = bench.member(0, checkpoints(tmp_path, 0.0), **OWN[0])
    _, (curve, _) = bench.stack([member, bench.member(1)])
    _, (rest,) = bench.stack([bench.member(0, checkpoints(tmp_path, 1e9), **OWN[0])])
    assert_same(rest, curve[2:])
