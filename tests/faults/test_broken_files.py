"""A thousand broken specs and study files: each is refused in one sentence, or is whole after all.

Hypothesis makes them and prints the one that is not.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engine.spec import SpecError, StudySpec
from engine.store import StoreError
from engine.study import Study
from tests.faults.made_studies import make_study

ROOT = Path(__file__).parents[2]
A_FEW = 5
half_of_a_thousand = settings(
    max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

EXAMPLES = [path.read_text() for path in sorted((ROOT / "resources/examples").glob("*.toml"))]
BROUGHT = """
name = "brought"
[task]
kind = "command"
argv = ["python", "train.py", "--lr", "{lr}"]
environment = { LR = "{lr}" }
objective = "loss"
direction = "minimize"
read = "pattern"
pattern = 'loss=(?P<loss>\\S+)'
[[space]]
name = "lr"
type = "float"
low = 1e-5
high = 1e-1
when = { parameter = "optimizer", values = ["sgd"] }
[[space]]
name = "optimizer"
type = "categorical"
choices = ["adam", "sgd"]
[method]
name = "bayesian"
[budget]
trials = 30
seconds = 600
[limits]
trial_seconds = 60
[resources]
workers = 2
devices = ["cpu"]
seed = 3
"""

odd_values = st.one_of(
    st.integers(-(2**70), 2**70).map(str),
    st.floats().map(repr),
    st.booleans().map(lambda b: str(b).lower()),
    st.text(max_size=8).map(lambda text: '"' + text.replace("\\", "").replace('"', "") + '"'),
    st.sampled_from(
        [
            "[]",
            "{}",
            "[[]]",
            "{ a = 1 }",
            '["", ""]',
            "1979-05-27",
            "nan",
            "-inf",
            "0x10",
            '""',
            "'",
        ]
    ),
)


@st.composite
def broken_specs(draw: st.DrawFn) -> str:
    """A good spec with a few things changed, cut, doubled or put in."""
    text = draw(st.sampled_from([*EXAMPLES, BROUGHT]))
    for _ in range(draw(st.integers(1, 3))):
        lines = text.split("\n")
        place = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["value", "key", "drop", "double", "insert", "cut", "move"])):
            case "value" if "=" in lines[place]:
                lines[place] = f"{lines[place].split('=')[0]}= {draw(odd_values)}"
            case "key" if "=" in lines[place]:
                name = draw(st.text(max_size=6))
                lines[place] = f"{name} = {lines[place].split('=', 1)[1]}"
            case "drop":
                del lines[place]
            case "double":
                lines.insert(place, lines[place])
            case "insert":
                lines.insert(place, draw(st.text(max_size=20)))
            case "cut":
                lines[place:] = [lines[place][: draw(st.integers(0, 20))]]
            case "move":
                lines.insert(draw(st.integers(0, len(lines))), lines.pop(place))
        text = "\n".join(lines)
    return text


def check_sentence(said: str) -> None:
    """One line that a person can read and that ends like a sentence."""
    assert len(said.splitlines()) == 1, said
    assert said.isprintable(), said
    assert said.endswith((".", "?")), said
    assert "Traceback" not in said


@half_of_a_thousand
@example(BROUGHT.replace('"bayesian"', '"bayesian"\nseed = 3'))
@given(broken_specs())
def test_that_a_broken_spec_is_refused_in_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        StudySpec.load(path).planned_trials()
    except SpecError as error:
        check_sentence(str(error))


cells = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(max_size=12),
    st.binary(max_size=12),
)
columns = {
    "study": ["key", "value"],
    "trials": [
        *("number", "state", "params", "seed", "value", "step", "metrics", "test", "failure"),
        *("seconds", "started", "finished", "worker", "device", "ended"),
    ],
    "reports": ["number", "step", "seconds", "metrics"],
    "log": ["id", "time", "level", "text", "number"],
}


@st.composite
def breakages(draw: st.DrawFn) -> tuple[str, Any]:
    """What to do to a study's file."""
    match draw(st.sampled_from(["bytes", "cut", "cell", "cell", "spec", "drop", "page"])):
        case "bytes":
            place = st.integers(0, 2**20)
            return "bytes", draw(st.lists(st.tuples(place, st.integers(0, 255)), min_size=1))
        case "cut":
            return "cut", draw(st.integers(0, 2**20))
        case "page":
            return "page", (draw(st.integers(0, 2**10)), draw(st.binary(max_size=64)))
        case "cell":
            table = draw(st.sampled_from(sorted(columns)))
            column = draw(st.sampled_from(columns[table]))
            return "cell", (table, column, draw(st.integers(0, 40)), draw(cells))
        case "spec":
            return "spec", draw(broken_specs())
    return "drop", draw(st.sampled_from(sorted(columns)))


def break_file(path: Path, good: bytes, breakage: tuple[str, Any]) -> None:
    """Put a whole study at `path`, then do it."""
    match breakage:
        case "bytes", places:
            content = bytearray(good)
            for place, value in places:
                content[place % len(good)] = value
            path.write_bytes(content)
        case "cut", place:
            path.write_bytes(good[: place % len(good)])
        case "page", (number, noise):
            start = number % (len(good) // 4096) * 4096
            path.write_bytes(good[:start] + noise.ljust(4096, b"\0") + good[start + 4096 :])
        case "cell", (table, column, place, value):
            key = {"study": "key", "log": "id"}.get(table, "number")
            row = f"{key} = (SELECT {key} FROM {table} LIMIT 1 OFFSET {place} % 5)"
            change(path, good, f"UPDATE {table} SET {column} = ? WHERE {row}", value)
        case "spec", text:
            spec = text.encode("utf-8", "replace").decode()
            change(path, good, "UPDATE study SET value = ? WHERE key = 'spec'", spec)
        case "drop", table:
            change(path, good, f"DROP TABLE {table}")


def change(path: Path, good: bytes, statement: str, *values: Any) -> None:
    path.write_bytes(good)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous = OFF")
    with contextlib.suppress(sqlite3.IntegrityError), connection:
        connection.execute(statement, values)
    connection.close()


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole study."""
    return make_study(tmp_path_factory.mktemp("good") / "good.tune")


@half_of_a_thousand
@example(("bytes", [(3468, 160)]))  # in the middle of a word of SQLite's own message
@example(("bytes", [(3685, 1)]))
@given(breakages())
def test_that_a_broken_study_is_refused_in_one_sentence_and_left_as_it_is(
    tmp_path: Path, good: Path, breakage: tuple[str, Any]
) -> None:
    folder = tmp_path / "studies"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    path = folder / "study.tune"
    break_file(path, good.read_bytes(), breakage)
    before = path.read_bytes()
    try:
        study = Study.open(path)
        study.has_more_to_do()
        study.subscribe()
        study.close()
    except StoreError as error:
        check_sentence(str(error))
    assert path.read_bytes() == before
    assert [p.name for p in folder.iterdir()] == ["study.tune"]


SAMPLES = [
    ("broken.toml", EXAMPLES[0].replace("trials", "trails").encode()),
    ("broken.toml", BROUGHT.replace("float", "flaot").encode()),
    ("broken.toml", bytes(range(256))),
]


@pytest.mark.parametrize(("name", "content"), SAMPLES)
def test_that_the_headless_program_refuses_a_broken_spec_in_one_sentence(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    check_headless(tmp_path / name)


@pytest.mark.parametrize("breakage", [("drop", "trials"), ("page", (1, b"")), ("cut", 9_000)])
def test_that_the_headless_program_refuses_a_broken_study_in_one_sentence(
    tmp_path: Path, good: Path, breakage: tuple[str, Any]
) -> None:
    break_file(tmp_path / "study.tune", good.read_bytes(), breakage)
    before = (tmp_path / "study.tune").read_bytes()
    check_headless(tmp_path / "study.tune")
    assert (tmp_path / "study.tune").read_bytes() == before


def check_headless(file: Path) -> None:
    command = [sys.executable, str(ROOT / "main.py"), "--headless", str(file)]
    done = subprocess.run(
        command, cwd=file.parent, capture_output=True, text=True, check=False, timeout=100
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("tunescape: ")
    check_sentence(done.stderr.strip())
