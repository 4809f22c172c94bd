"""Metrics from what commands print and write, each way of reading with real processes."""

from __future__ import annotations

import json
import os
import sys

import pytest

from engine.tasks import command
from engine.tasks.command_output import LINE_LIMIT, Lines
from tests.engine.command_runs import Bench


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def printing(text):
    return f"import sys; sys.stdout.buffer.write({text!r})"


def test_that_json_objects_with_a_number_are_reports_and_all_else_is_text(bench):
    text = b"""starting
{"step": 10, "loss": 3, "name": "run", "ok": true}
 {"epoch": 2.0, "loss": 2}\r
{"epoch": 2.5, "loss": 1}
[1, 2] {"loss": 0} {broken
{"step": 7}
{"note": "no number"}
progress 10 %\rprogress 20 %\r{"type": "result", "trial": 7, "value": 0, "loss": 4}
"""
    outcome, context = bench.run(printing(text))
    assert context.reports == [
        (10, {"loss": 3.0}),
        (2, {"loss": 2.0}),
        (3, {"epoch": 2.5, "loss": 1.0}),
        (4, {"trial": 7.0, "value": 0.0, "loss": 4.0}),
    ]
    assert (outcome.value, outcome.step) == (4.0, 4)


def test_that_the_pieces_of_a_step_make_one_record_of_it(bench):
    text = (
        b'{"step": 1, "a": 1}\n{"step": 1, "loss": 2}\n{"step": 1, "b": 3}\n{"step": 2, "a": 9}\n'
    )
    outcome, _ = bench.run(printing(text))
    assert (outcome.value, outcome.step) == (2.0, 1)
    assert outcome.metrics == {"a": 1.0, "loss": 2.0, "b": 3.0}


@pytest.mark.parametrize(
    "line", [b'{"a": ' * 100_000, b'{"loss": ' + b"9" * 5_000 + b"}", b"{" + b"\xff\xfe\x00" * 99]
)
def test_that_lines_that_are_nearly_json_do_no_harm(bench, line):
    assert bench.run(printing(line + b'\n{"loss": 1}'))[0].value == 1.0


def test_that_whole_numbers_beyond_a_float_are_infinite(bench):
    with pytest.raises(command.Diverged, match="infinite"):
        bench.run(printing(b'{"loss": ' + b"9" * 400 + b"}"))


def test_that_a_pattern_gives_metrics_by_the_names_of_its_groups(bench):
    text = b"Epoch 1: loss=0.5 acc=50%\nvalidating\nEpoch 2: loss=0.25\nEpoch 3: loss=n/a acc=7%\n"
    pattern = r"Epoch (?P<epoch>\d+): loss=(?P<loss>\S+)( acc=(?P<acc>\d+)%)?"
    outcome, context = bench.run(printing(text), read="pattern", pattern=pattern)
    assert context.reports == [
        (1, {"loss": 0.5, "acc": 50.0}),
        (2, {"loss": 0.25}),
        (3, {"acc": 7.0}),
    ]
    assert (outcome.value, outcome.step, outcome.metrics) == (0.25, 2, {"loss": 0.25})


def test_that_the_one_unnamed_group_is_the_objective_whatever_its_name(bench):
    pattern = r"it (?P<step>\d+) (\S+)"
    task = {"read": "pattern", "pattern": pattern, "objective": "val/loss"}
    outcome, context = bench.run(printing("it 5 0.5 ß\nit 9 nan\nit 10 1e-3".encode()), **task)
    assert (outcome.value, outcome.step) == (1e-3, 10)
    assert [step for step, _ in context.reports] == [5, 9, 10]


@pytest.mark.parametrize(
    ("text", "words"),
    [(b"loss: 1", "there was no number at all"), (b"loss=low", "its last value was 'low'")],
)
def test_that_a_pattern_that_found_nothing_says_so(bench, text, words):
    with pytest.raises(command.NoObjective, match="in what the pattern finds on stdout " + words):
        bench.run(printing(text), read="pattern", pattern="loss=(.*)")


def test_that_lines_are_cut_alike_however_the_bytes_arrive():
    text = b"one\r\n\xc3\xa9\rlong" + b"." * LINE_LIMIT + b"\nlast"
    for size in (1, 7, 65_536):
        lines, found = Lines(), []
        for start in range(0, len(text), size):
            found += lines.feed(text[start : start + size])
            if start > 20 and size == 1:
                break
        if size > 1:
            found += lines.rest()
            assert [line for line in found if line] == ["one", "é", "last"]
        else:
            assert [line for line in found if line] == ["one", "é"]


FILES = {
    "comma": "epoch,loss,note\n1,0.5,fine\n2,0.25,\n",
    "semicolon": "epoch;loss\r\n1;0.5\r\n\r\n2;0.25\r\n",
    "tab": "\ufeffepoch\tloss\n1\t0.5\n2\t0.25",
    "quoted": '"epoch", "loss"\n"1","0.5"\n"2","0.25"\n',
    "json lines": '{"epoch": 1, "loss": 0.5}\nnoise\n{"epoch": 2, "loss": 0.25}',
    "list": '[{"epoch": 1, "loss": 0.5},\n {"epoch": 2, "loss": 0.25}]',
    "object": '\n{\n "epoch": 2,\n "loss": 0.25\n}\n',
}


@pytest.mark.parametrize("content", FILES.values(), ids=FILES)
def test_that_the_last_row_of_a_file_counts_and_all_are_reports(bench, content):
    script = f"import sys; open(sys.argv[1], 'w', encoding='utf-8').write({content!r})"
    (bench.folder / "out").mkdir()
    name = "out/metrics-{number}-{lr}"
    outcome, context = bench.run(script, name, params={"lr": 0.1}, read="file", file=name)
    assert (outcome.value, outcome.step) == (0.25, 2)
    assert [step for step, _ in context.reports][-2:] in ([1, 2], [2])
    assert (bench.folder / "out" / "metrics-7-0.1").exists()


def test_that_cells_left_empty_are_filled_from_other_rows_of_their_step(bench):
    table = "step,train_loss,loss\n1,0.9,\n1,,0.8\n2,0.7,\n2,,0.6\n"
    outcome, context = bench.run(
        f"open('metrics.csv', 'w').write({table!r})", read="file", file="metrics.csv"
    )
    assert (outcome.value, outcome.metrics) == (0.6, {"train_loss": 0.7, "loss": 0.6})
    assert len(context.reports) == 4


@pytest.mark.parametrize(
    "write",
    [
        "open('out', 'a').write(('loss\\n' if step == 1 else '') + f'{1 / step}\\n')",
        "open('out', 'w').write('loss\\n' + ''.join(f'{1 / k}\\n' for k in range(1, step + 1)))",
        "open('out', 'w').write(f'loss\\n{1 / step}\\n')",
        "json.dump({'loss': 1 / step}, open('out', 'w'))",
        "json.dump([{'loss': 1 / k} for k in range(1, step + 1)], open('out', 'w'), indent=1)",
        "print(json.dumps({'loss': 1 / step}), file=open('out', 'a'))",
    ],
)
def test_that_new_rows_are_reports_while_the_command_runs(bench, monkeypatch, write):
    monkeypatch.setattr(command.command_output, "FILE_SECONDS", 0.0)
    script = f"""
import json, os, time
for step in (1, 2, 3):
    {write}
    while not os.path.exists(f"heard-{{step}}"):
        time.sleep(0.01)
"""
    context = bench.context(on_report=lambda step: (bench.folder / f"heard-{step}").touch())
    bench.open(bench.script(script), read="file", file="out").run(context)
    assert context.reports == [(step, {"loss": 1 / step}) for step in (1, 2, 3)]


EARLIER = "loss\n0.1\n0.2\n0.3\n"


@pytest.mark.parametrize(
    ("write", "reports"),
    [
        ("open('out', 'a').write('0.4\\n0.5')", [0.4, 0.5]),
        ("open('out', 'a').write('0.3\\n')", [0.3]),
        ("open('out', 'w').write('loss\\n0.4\\n0.5\\n0.6\\n0.7\\n')", [0.4, 0.5, 0.6, 0.7]),
        ("open('out', 'w').write('loss\\n0.5\\n')", [0.5]),
        ("open('out', 'w').write('loss\\n0.1\\n0.2\\n0.3\\n')", [0.3]),
        ("open('new', 'w').write('loss\\n0.1\\n'); os.replace('new', 'out')", [0.1]),
    ],
)
def test_that_what_an_earlier_trial_left_in_the_file_does_not_count(bench, write, reports):
    (bench.folder / "out").write_text(EARLIER)
    os.utime(bench.folder / "out", (1, 1))
    outcome, context = bench.run("import os; " + write, read="file", file="out")
    assert [metrics["loss"] for _, metrics in context.reports] == reports
    assert outcome.value == reports[-1]


@pytest.mark.parametrize(
    ("before", "script", "words"),
    [
        (None, "pass", "/out was not written"),
        (EARLIER, "pass", "/out is from before the trial and was not written again"),
        (EARLIER, "open('out', 'w')", "/out there was no number at all"),
        (None, "open('out', 'w').write('a,b\\n1,2\\n')", "/out there was only a, b"),
        (None, "open('out', 'w').write('loss\\nlow\\n')", "/out its last value was 'low'"),
        (None, "open('out', 'wb').write(bytes(999))", "/out there was no number at all"),
        (None, "import os; os.mkdir('out')", "/out there was no number at all"),
    ],
)
def test_that_a_file_without_the_objective_says_what_is_wrong(bench, before, script, words):
    if before:
        (bench.folder / "out").write_text(before)
    with pytest.raises(command.NoObjective, match=r"^loss never came: ") as missing:
        bench.run(script, read="file", file="out")
    assert words in str(missing.value)


def test_that_a_file_named_by_an_inactive_parameter_is_refused(bench):
    with pytest.raises(
        ValueError, match=r"^file: '\{momentum\}.csv' names a parameter that is not"
    ):
        bench.run("pass", read="file", file="{momentum}.csv")


def test_that_a_file_is_read_although_the_command_prints_and_closes_its_stdout(bench):
    script = "import json, os; print('{\"loss\": 9}', flush=True); os.close(1)\n"
    script += "json.dump({'loss': 1}, open('out', 'w'))"
    outcome, context = bench.run(script, read="file", file="out")
    assert (outcome.value, len(context.reports)) == (1.0, 1)


def test_that_every_way_of_reading_takes_what_is_printed_in_one_piece(bench):
    rows = [{"step": k, "loss": k / 7} for k in range(1, 2_001)]
    text = "\n".join(map(json.dumps, rows)).encode()
    _, context = bench.run(printing(text))
    assert context.reports == [(row["step"], {"loss": row["loss"]}) for row in rows]
    assert sys.getsizeof(text) > 65_536
