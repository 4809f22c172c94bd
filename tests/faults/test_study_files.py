"""Files that are no whole study: one sentence, not a byte changed, nothing left beside them."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.store import StoreError
from engine.study import Study
from tests.faults.made_studies import make_study

ROOT = Path(__file__).parents[2]
FLIPS = 400


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a whole study."""
    return make_study(tmp_path_factory.mktemp("good") / "good.tune").read_bytes()


@pytest.fixture
def path(tmp_path: Path, good: bytes) -> Path:
    (tmp_path / "files").mkdir()
    path = tmp_path / "files" / "study.tune"
    path.write_bytes(good)
    return path


def refusal(path: Path) -> str:
    """What is said on opening; checks that it is one sentence and that nothing was touched."""
    before = {p: p.read_bytes() if p.is_file() else None for p in path.parent.iterdir()}
    said = ""
    try:
        Study.open(path).close()
    except StoreError as error:
        said = str(error)
        assert said.endswith(".")
        assert len(said.splitlines()) == 1
    after = {p: p.read_bytes() if p.is_file() else None for p in path.parent.iterdir()}
    assert after == before
    return said


def change(path: Path, *statements: str) -> None:
    """Do something to a study's tables."""
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5000])


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def newer(path: Path) -> None:
    change(path, "PRAGMA user_version = 99")


def nameless(path: Path) -> None:
    change(path, "PRAGMA user_version = 0")


def another_application(path: Path) -> None:
    path.unlink()
    change(path, "PRAGMA application_id = 7", "CREATE TABLE study (key, value)")


def toml(path: Path) -> None:
    path.write_text('name = "digits"\n[task]\nkind = "builtin"\n')


def in_wal_mode(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:18] + b"\2\2" + b"\0" * 4000)


def spec(text: str) -> Callable[[Path], None]:
    return lambda path: change(path, f"UPDATE study SET value = '{text}' WHERE key = 'spec'")


def trial(column: str, value: str) -> Callable[[Path], None]:
    return lambda path: change(path, f"UPDATE trials SET {column} = {value} WHERE number = 3")


def about(key: str, value: str) -> Callable[[Path], None]:
    return lambda path: change(path, f"UPDATE study SET value = {value} WHERE key = '{key}'")


def report(column: str, value: str) -> Callable[[Path], None]:
    return lambda path: change(
        path, f"UPDATE reports SET {column} = {value} WHERE number = 3 AND step = 1"
    )


DAMAGE: list[tuple[str, Callable[[Path], None], str]] = [
    ("empty", empty, "is not a Tunescape study"),
    ("truncated", cut, "damaged"),
    ("a folder", folder, "is not there; choose a study file"),
    ("newer", newer, "written by a newer Tunescape .* update Tunescape"),
    ("without a version", nameless, "it has no version"),
    ("another application's", another_application, "is not a Tunescape study"),
    ("a spec", toml, "is not a Tunescape study"),
    ("cut off in WAL mode", in_wal_mode, "damaged"),
    ("a spec that is no TOML", spec("name name"), "its spec cannot be read: not valid TOML"),
    ("a spec that is wrong", spec("name = 3"), "its spec cannot be read"),
    ("a spec that is no text", about("spec", "x'ff00'"), "its description cannot be read"),
    ("an unknown state", about("state", "'dreaming'"), "its state cannot be read"),
    ("an unknown reason", about("reason", "'boredom'"), "its state cannot be read"),
    ("a time that is none", about("elapsed", "'long'"), "its state cannot be read"),
    ("a trial's unknown state", trial("state", "'lost'"), "its trials cannot be read"),
    ("broken parameters", trial("params", "'{\"lr\": '"), "its trials cannot be read"),
    ("parameters that are a list", trial("params", "'[1]'"), "its trials cannot be read"),
    ("a parameter that is a list", trial("params", "'{\"lr\": [1]}'"), "its trials"),
    ("deep parameters", trial("params", f"'{'[' * 9999}'"), "its trials cannot be read"),
    ("broken metrics", trial("metrics", "'nothing'"), "its trials cannot be read"),
    ("a metric that is text", trial("metrics", '\'{"loss": "x"}\''), "its trials"),
    ("a broken failure", trial("failure", "'[1]'"), "its trials cannot be read"),
    ("an unknown failure", trial("failure", '\'["x", "", ""]\''), "its trials"),
    ("a value that is text", trial("value", "'good'"), "its trials cannot be read"),
    ("a seed that is none", trial("seed", "'s'"), "its trials cannot be read"),
    ("a trial that is no text", trial("device", "x'fffe'"), "its trials cannot be read"),
    ("broken reports", report("metrics", "'{'"), "its reports cannot be read"),
    ("a report that is text", report("seconds", "'s'"), "its reports cannot be read"),
]


@pytest.mark.parametrize(("damage", "says"), [d[1:] for d in DAMAGE], ids=[d[0] for d in DAMAGE])
def test_that_a_file_that_is_no_whole_study_is_refused_in_a_sentence_and_untouched(
    path: Path, damage: Callable[[Path], None], says: str
) -> None:
    damage(path)
    with pytest.raises(StoreError, match=says):
        Study.open(path)
    assert refusal(path)


def test_that_a_study_that_was_copied_without_its_wal_is_read_and_nothing_is_left_beside_it(
    path: Path, good: bytes
) -> None:
    path.write_bytes(good[:18] + b"\2\2" + good[20:])
    assert refusal(path) == ""


def test_that_a_byte_changed_anywhere_is_refused_in_a_sentence_or_does_not_matter(
    path: Path, good: bytes
) -> None:
    dice = random.Random(4)
    refused = 0
    for _ in range(FLIPS):
        place, value = dice.randrange(len(good)), dice.randrange(256)
        path.write_bytes(good[:place] + bytes([value]) + good[place + 1 :])
        try:
            refused += bool(refusal(path))
        except Exception as error:
            raise AssertionError(f"byte {place} of {len(good)} set to {value}") from error
    assert refused > FLIPS / 10


def test_that_a_study_cut_off_anywhere_is_refused_in_a_sentence(path: Path, good: bytes) -> None:
    dice = random.Random(5)
    for _ in range(100):
        length = dice.randrange(len(good))
        path.write_bytes(good[:length])
        assert refusal(path), f"{length} of {len(good)} bytes"


def test_that_a_study_whose_file_is_damaged_while_it_is_read_along_says_so_once(
    path: Path, good: bytes
) -> None:
    study = Study.open(path)
    path.write_bytes(good[:9000])
    study._along.begin()
    study._along.end()
    log = study.subscribe()[0].log
    assert [line.level for line in log if "damaged" in line.text] == ["warning"]
    study.close()


@pytest.mark.parametrize("damage", [cut, spec("name name"), toml, newer, folder])
def test_that_the_headless_program_says_one_sentence(
    path: Path, damage: Callable[[Path], None]
) -> None:
    damage(path)
    before = path.read_bytes() if path.is_file() else None
    command = [sys.executable, str(ROOT / "main.py"), "--headless", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stderr.startswith("tunescape: ")
    assert before == (path.read_bytes() if path.is_file() else None)
    assert [p.name for p in path.parent.iterdir()] == ["study.tune"]


def test_that_the_window_says_one_sentence(qtbot, path: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    from tests.gui.windows import program_in

    cut(path)
    before = path.read_bytes()
    with program_in(tmp_path) as program:
        program.open(path)
        qtbot.waitUntil(lambda: "study.tune" in program.window.notice.text)
        assert "damaged" in program.window.notice.text
        assert program.studies.current is None
    assert path.read_bytes() == before
