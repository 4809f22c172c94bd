"""Specs that cannot be: one sentence each, naming the place and the mend, never a traceback."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import places
from engine.spec import Budget, SpecError, StudySpec

TEXT = """\
name = "digits"
[task]
kind = "builtin"
network = "mlp"
data = "digits"
epochs = 20
objective = "val_cross_entropy"
[[space]]
name = "lr"
type = "float"
low = 1e-5
high = 1e-1
log = true
[[space]]
name = "batch_size"
type = "int"
low = 32
high = 512
[method]
name = "grid"
[budget]
trials = 25
[resources]
seed = 0
"""

REFUSALS = [
    (
        "low = 32",
        "low = 1024",
        "[space] 2 (batch_size): low (1024) is above high (512); swap them.",
    ),
    ("trials = 25", "trials = 0", "[budget] trials: must be at least 1, not 0."),
    ("trials = 25", "trials = -3", "[budget] trials: must be at least 1, not -3."),
    ("trials = 25", "trials = 2.5", "[budget] trials: must be a whole number, not 2.5."),
    ("trials = 25", "trials = true", "[budget] trials: must be a whole number, not true."),
    ("trials = 25", 'trials = "25"', "[budget] trials: must be a whole number, not '25'."),
    (
        "trials = 25",
        "trails = 25",
        "[budget] trails: there is no such key; did you mean 'trials'?",
    ),
    ("trials = 25", "zeal = 25", "[budget] zeal: there is no such key; remove it."),
    ("trials = 25", "seconds = inf", "[budget] seconds: must be a finite number, not inf."),
    ("trials = 25", "seconds = -1", "[budget] seconds: must be above 0, not -1."),
    ("trials = 25", "target = nan", "[budget] target: must be a finite number, not nan."),
    ("trials = 25", "target = true", "[budget] target: must be a number, not true."),
    (
        "trials = 25",
        "trials = 10000000000",
        "[budget] trials: must be at most 1,000,000,000, not 10000000000.",
    ),
    ("[budget]", "[bugdet]", "[bugdet]: there is no such table; did you mean 'budget'?"),
    ("[budget]", "[[budget]]", "[budget]: must be a table, not [{'trials': 25}]."),
    ("[method]", "[mehtod]", "[mehtod]: there is no such table; did you mean 'method'?"),
    ('[method]\nname = "grid"\n', "", "[method]: is missing; add it."),
    ('name = "digits"\n', "", "name: is missing; give the study a name."),
    ('"digits"\n[task]', '""\n[task]', "name: is empty; give the study a name."),
    ('"digits"\n[task]', "3\n[task]", "name: must be text in quotes, not 3."),
    (
        '"digits"\n[task]',
        '"../digits"\n[task]',
        "name: has / in it, which files cannot have; choose a plainer name.",
    ),
    (
        'kind = "builtin"',
        'kind = "bultin"',
        "[task] kind: must be builtin, script or command, not 'bultin'.",
    ),
    (
        'kind = "builtin"',
        'kind = "script"',
        "[task] file: is missing; add it.",
    ),
    (
        'network = "mlp"',
        'network = "mlpp"',
        "[task] network: there is no 'mlpp' (did you mean 'mlp'?); take one of mlp, cnn.",
    ),
    ('data = "digits"', 'data = ""', "[task] data: is empty; fill it in or remove it."),
    ('data = "digits"\n', "", "[task] data: is missing; add it."),
    ("epochs = 20", "epochs = nan", "[task] epochs: must be a whole number, not nan."),
    ("epochs = 20", "epoch = 20", "[task] epoch: there is no such key; did you mean 'epochs'?"),
    ("epochs = 20", 'at = "first"', "[task] at: must be 'best' or 'last', not 'first'."),
    (
        "epochs = 20",
        'direction = "up"',
        "[task] direction: must be 'minimize' or 'maximize', not 'up'.",
    ),
    ("epochs = 20", "split = 3", "[task] split: must be a table, not 3."),
    (
        "epochs = 20",
        "split = { train = 0.9 }",
        "[task] split: train (0.9), validation (0.15) and test (0.15) sum to 1.2; "
        "make them sum to 1.",
    ),
    (
        "epochs = 20",
        "split = { train = 0.85, validation = 0 }",
        "[task] split.validation: must be above 0; it needs rows.",
    ),
    (
        "epochs = 20",
        "split = { trian = 0.7 }",
        "[task] split.trian: there is no such key; did you mean 'train'?",
    ),
    (
        "val_cross_entropy",
        "test_cross_entropy",
        "[task] objective: test_cross_entropy would let the search see the test part; "
        "aim at val_cross_entropy.",
    ),
    (
        "val_cross_entropy",
        "val_mse",
        "[task] objective: val_mse is for regression, but digits is a classification problem; "
        "aim at val_cross_entropy or val_accuracy or val_balanced_accuracy or val_f1.",
    ),
    (
        'name = "grid"',
        'name = "gird"',
        "[method] name: there is no method 'gird'; did you mean 'grid'?",
    ),
    (
        'name = "grid"',
        'name = "grid"\nstart = 3',
        "[method] start: grid has no such option; remove it.",
    ),
    ('name = "grid"', "", "[method] name: is missing; add it."),
    (
        'type = "int"',
        'type = "integer"',
        "[space] 2 (batch_size): type: must be float, int or categorical, not 'integer'.",
    ),
    ('type = "int"\n', "", "[space] 2 (batch_size): type: is missing; add it."),
    ('name = "lr"\n', "", "[space] 1: name: is missing; add it."),
    ('name = "lr"', 'name = ""', "[space] 1: the name is empty; give it one."),
    (
        "high = 512",
        'high = 512\nchoices = ["a"]',
        "[space] 2 (batch_size): choices: an int has no such key; remove it.",
    ),
    (
        "high = 512",
        "high = 512\ngird = 3",
        "[space] 2 (batch_size): gird: an int has no such key; did you mean 'grid'?",
    ),
    (
        "high = 512",
        "high = 512\nwhen = 3",
        '[space] 2 (batch_size): when: write when = { parameter = "...", values = [...] }.',
    ),
    (
        "low = 1e-5",
        'low = "1e-5"',
        "[space] 1 (lr): low is the text '1e-5'; write a number without quotes.",
    ),
    (
        "low = 1e-5",
        "low = 0",
        "[space] 1 (lr): a log scale needs low above 0, not 0; raise low or take log away.",
    ),
    ("low = 1e-5", "low = -1\nlog = false", None),
    ("batch_size", "lr", "[space] 2 (lr): the name is taken by parameter 1; rename one of them."),
    ('[[space]]\nname = "lr"', '[space]\nname = "lr"', None),
    ("seed = 0", "seed = -1", "[resources] seed: must be at least 0, not -1."),
    ("seed = 0", "workers = 0", "[resources] workers: must be at least 1, not 0."),
    (
        "seed = 0",
        'devices = ["cuda"]',
        "[resources] devices: there is no device 'cuda'; use cpu, cuda:0 or mps.",
    ),
    (
        "seed = 0",
        'devices = ["cpu", "cpu"]',
        "[resources] devices: 'cpu' is there twice; remove one.",
    ),
    ("seed = 0", 'devices = "cpu"', "[resources] devices: must be a list, not 'cpu'."),
    ("seed = 0", "devices = [1]", "[resources] devices: must be text in quotes, not 1."),
    ("seed = 0", "devices = []", "[resources] devices: is empty; fill it in or remove it."),
    ("epochs = 20", "epochs =", "not valid TOML: invalid value (at line 6, column 9)."),
    (
        "epochs = 20",
        "epochs = 20\nepochs = 21",
        "not valid TOML: cannot overwrite a value (at line 7, column 12).",
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), REFUSALS, ids=[new for _, new, _ in REFUSALS])
def test_the_sentence_of_each_refusal(old: str, new: str, sentence: str | None) -> None:
    assert old in TEXT
    with pytest.raises(SpecError) as refused:
        StudySpec.parse(TEXT.replace(old, new, 1))
    assert "\n" not in str(refused.value)
    if sentence is not None:
        assert str(refused.value) == sentence


def test_that_devices_of_all_kinds_are_taken() -> None:
    text = TEXT.replace("seed = 0", 'devices = ["cpu", "cuda:0", "cuda:11", "mps"]')
    assert StudySpec.parse(text).resources.devices == ("cpu", "cuda:0", "cuda:11", "mps")


def test_that_an_error_says_where_it_is_to_a_program_too() -> None:
    with pytest.raises(SpecError) as refused:
        StudySpec.parse(TEXT.replace("low = 32", "low = 1024"))
    error = refused.value
    assert (error.table, error.index, error.parameter, error.key) == (
        "space",
        1,
        "batch_size",
        "low",
    )
    with pytest.raises(SpecError) as refused:
        Budget(trials=0)
    assert (refused.value.table, refused.value.key) == ("budget", "trials")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "does not exist; check the path."),
        (b'name = "caf\xe9"', "is not UTF-8 text (at byte 11); save it as UTF-8."),
        (b"SQLite format 3\x00", "not valid TOML"),
        (b"", "name: is missing; give the study a name."),
        (b"#" * 10_000_001, "is too large for a spec; give a .toml file."),
        (b"a=" + b"[" * 5000, "the file is nested too deep; write it anew."),
    ],
    ids=["missing", "latin-1", "database", "empty", "large", "deep"],
)
def test_how_files_that_are_no_specs_are_refused(
    tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    path = tmp_path / "spec.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SpecError) as refused:
        StudySpec.load(path)
    assert sentence in str(refused.value)


def test_that_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="is a folder; give the"):
        StudySpec.load(tmp_path)


anything = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
        st.dates(),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)


def _places(table: Any, path: tuple = ()) -> list[tuple]:
    items = table.items() if isinstance(table, dict) else enumerate(table)
    found = []
    for key, value in items:
        found.append((*path, key))
        if isinstance(value, dict | list):
            found += _places(value, (*path, key))
    return found


@given(st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_that_a_spec_broken_in_its_values_is_refused_in_a_sentence(data: st.DataObject) -> None:
    example = data.draw(st.sampled_from(["digits-grid", "digits-wide", "diabetes-random"]))
    path = places.resources() / "examples" / f"{example}.toml"
    tables = tomlkit.parse(path.read_text(encoding="utf-8")).unwrap()
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(_places(tables)))
        table = tables
        for key in place[:-1]:
            table = table[key]
        change = data.draw(st.sampled_from(["set", "delete", "add"]))
        if change == "set":
            table[place[-1]] = data.draw(anything)
        elif change == "delete":
            del table[place[-1]]
        elif isinstance(table, dict):
            table[data.draw(st.sampled_from(["grid", "step", "value", "x\ny"]))] = data.draw(
                anything
            )
        if not tables:
            break
    _check(tomlkit.dumps(tables))


@given(st.integers(0, 2**32))
@settings(max_examples=300, deadline=None)
def test_that_a_spec_broken_in_its_letters_is_refused_in_a_sentence(seed: int) -> None:
    chance, text = random.Random(seed), list(TEXT)
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(text))
        text[place] = chance.choice(
            ["", "", "[", "]", "=", '"', "\n", "0", "-", "e", ".", "é", "\0"]
        )
    _check("".join(text))


@given(st.text())
def test_that_any_text_is_refused_in_a_sentence(text: str) -> None:
    _check(text)


def _check(text: str) -> None:
    """A text that is most likely broken makes a spec that can be written, or one sentence."""
    read = _parse(text)
    if isinstance(read, StudySpec):
        assert StudySpec.parse(read.to_toml(), read.base) == read
    else:
        assert str(read).isprintable()
        assert str(read).endswith((".", "?"))


def _parse(text: str) -> StudySpec | SpecError:
    try:
        return StudySpec.parse(text, Path("/somewhere"))
    except SpecError as error:
        return error
