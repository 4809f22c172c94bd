"""Trainings that print or report without measure: the program keeps a measured part of it."""

from __future__ import annotations

import sys
import time

import psutil
import pytest

from engine.executors.child import BACKLOG, Child, Exited
from engine.executors.log import HEAD_LINES, LINE_LIMIT, TAIL_LINES
from engine.executors.messages import ReportsThinned, TrialBegan, TrialEnded, TrialProgressed
from engine.trial import FailureReason, TrialState

MOST_MEMORY = 40_000_000


def test_that_of_much_output_the_beginning_and_the_end_are_kept(open_bench) -> None:
    bench = open_bench()
    before = psutil.Process().memory_info().rss
    log = bench.run(0, "print_much").failure.log_tail.splitlines()
    assert psutil.Process().memory_info().rss - before < MOST_MEMORY
    assert len(log) == HEAD_LINES + 1 + TAIL_LINES
    assert (log[0], log[-1]) == ("the first line", "the last line")
    assert log[HEAD_LINES] == f"... {2_000_002 - HEAD_LINES - TAIL_LINES:,} lines left out ..."


def test_that_output_without_an_end_of_a_line_is_cut(open_bench) -> None:
    bench = open_bench()
    before = psutil.Process().memory_info().rss
    log = bench.run(0, "print_without_end").failure.log_tail
    assert psutil.Process().memory_info().rss - before < MOST_MEMORY
    assert 0 < len(log) <= LINE_LIMIT
    assert bench.run(1, "train").state is TrialState.COMPLETE


def test_that_what_a_trial_printed_stands_above_its_traceback(open_bench) -> None:
    bench = open_bench()
    bench.run(0, "crash")
    log = bench.run(1, "fail").failure.log_tail
    assert log.index("about to fail") < log.index("Traceback")
    assert "last words" not in log


def test_that_of_a_long_message_the_beginning_and_the_end_are_kept(open_bench) -> None:
    log = open_bench().run(0, "fail_at_length").failure.log_tail.splitlines()
    assert log[0].startswith("Traceback")
    assert len(log) <= HEAD_LINES + 1 + TAIL_LINES
    assert max(map(len, log)) == LINE_LIMIT


def test_that_a_result_that_is_too_long_to_be_heard_fails(open_bench) -> None:
    failure = open_bench().run(0, "return_too_much").failure
    assert failure.reason is FailureReason.EXCEPTION
    assert failure.message == "ValueError: a result of 18 MB is too much; tell less at once"


def test_that_ten_thousand_reports_a_second_are_thinned_and_the_last_one_arrives(
    open_bench,
) -> None:
    bench = open_bench(workers=2)
    before = psutil.Process().memory_info().rss
    bench.submit(0, "report_without_pause", reports=30_000)
    bench.wait_for(TrialBegan, 0)
    assert bench.run(1, "train").value == pytest.approx(1 / 3)
    ended = bench.wait_for(TrialEnded, 0)
    assert ended.state is TrialState.COMPLETE
    steps = [message.report.step for message in bench.all(TrialProgressed) if message.number == 0]
    assert steps == sorted(set(steps))
    assert steps[:1000] == list(range(1, 1001))
    assert steps[-1] == 30_000
    assert len(steps) < 2_000
    assert bench.all(ReportsThinned) == [ReportsThinned(0)]
    assert psutil.Process().memory_info().rss - before < MOST_MEMORY


def test_that_a_process_that_nobody_listens_to_has_to_wait() -> None:
    count = 50 * BACKLOG
    text = """import sys; sys.stdout.write('{"type": "report"}\\n' * int(sys.argv[1]))"""
    child = Child([sys.executable, "-c", text, str(count)], {})
    while child.messages.qsize() <= BACKLOG:
        time.sleep(0.01)
    time.sleep(0.2)
    assert child.messages.qsize() == BACKLOG + 1
    messages = []
    while not isinstance(message := child.messages.get(), Exited):
        messages.append(message)
    assert len(messages) == count
    child.close()
