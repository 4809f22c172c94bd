"""What is kept of what a process prints."""

from __future__ import annotations

from engine.executors.log import HEAD_LINES, LINE_LIMIT, TAIL_LINES, Log


def log_of(*pieces: bytes) -> str:
    log = Log()
    for piece in pieces:
        log.feed(piece)
    return log.text()


def test_that_lines_are_put_together_wherever_they_were_cut() -> None:
    assert log_of(b"one\ntw", b"o\n", b"thr", b"ee") == "one\ntwo\nthree"


def test_that_a_short_log_is_kept_whole() -> None:
    lines = [f"line {number}" for number in range(HEAD_LINES + TAIL_LINES)]
    assert log_of("\n".join(lines).encode() + b"\n").splitlines() == lines


def test_that_a_long_log_says_how_many_lines_are_left_out() -> None:
    log = log_of(*(f"line {number}\n".encode() for number in range(5_000))).splitlines()
    assert log[HEAD_LINES - 1 : HEAD_LINES + 2] == [
        "line 39",
        "... 4,900 lines left out ...",
        "line 4940",
    ]
    assert log[-1] == "line 4999"


def test_that_a_progress_bar_is_kept_at_its_last_state() -> None:
    bar = b"".join(b"\r%3d%%" % percent for percent in range(101))
    assert log_of(b"loading\r\n", bar, b"\ndone\r\n") == "loading\n100%\ndone"


def test_that_a_progress_bar_without_end_is_kept_at_its_last_state() -> None:
    assert log_of(*(b"\r%d steps" % step for step in range(10_000))) == "9999 steps"


def test_that_a_long_line_is_cut() -> None:
    assert log_of(b"x" * 10**6, b"y" * 10**6, b"\nnext") == "x" * LINE_LIMIT + "\nnext"


def test_that_colours_and_control_characters_are_taken_out() -> None:
    assert log_of(b"\x1b[1;31mred\x1b[0m \x00\x07and\ttab \xff\n") == "red and\ttab �"


def test_that_a_new_beginning_forgets_what_was_before() -> None:
    log = Log()
    log.feed(b"before\nhalf a li")
    log.restart()
    log.feed(b"after\n")
    assert log.text() == "after"
