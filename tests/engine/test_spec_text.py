"""A person's TOML outlives edits: comments, order, and the way numbers are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.space import Categorical, Float, Parameter, SearchSpace, When
from engine.spec import Budget, Limits, Resources, StudySpec

TEXT = """\
# My first study.
name = "digits"   # what else

[task]
kind = "builtin"
network = "mlp"
data = "digits"
objective = "val_cross_entropy"  # lower is better

# How fast it learns.
[[space]]
name = "lr"
type = "float"
low = 1e-5        # slower than this is hopeless
high = 0.1
log = true

# How much it sees at once.
[[space]]
name = "batch_size"
type = "int"
low = 32
high = 512
log = true

# Tried with random first.
[method]
name = "grid"

[budget]
trials = 25       # all of them
"""


def read() -> StudySpec:
    return StudySpec.parse(TEXT, Path("/somewhere"))


def with_space(*parameters: Parameter) -> str:
    spec = read().with_(space=SearchSpace(parameters))
    text = spec.to_toml()
    assert StudySpec.parse(text, spec.base) == spec
    return text


LR, BATCH_SIZE = read().space.parameters


def test_that_an_unchanged_spec_is_written_to_the_letter() -> None:
    assert read().to_toml() == TEXT
    assert read().with_(name="digits").to_toml() == TEXT


def test_that_a_changed_value_changes_its_line_alone() -> None:
    longer = read().with_(budget=Budget(trials=50))
    assert longer.to_toml() == TEXT.replace("trials = 25", "trials = 50")
    renamed = read().with_(name="figures")
    assert renamed.to_toml() == TEXT.replace('"digits"   #', '"figures"   #')


def test_that_a_key_is_added_to_its_table() -> None:
    timed = read().with_(budget=Budget(trials=25, seconds=600))
    assert timed.to_toml() == TEXT + "seconds = 600.0\n"


def test_that_a_key_is_removed_from_its_table() -> None:
    text = read().with_(budget=Budget(seconds=600)).to_toml()
    assert "trials" not in text
    assert text.startswith(TEXT[: TEXT.index("[budget]")])


def test_that_a_table_is_added_and_removed() -> None:
    limited = read().with_(limits=Limits(memory_mb=4000))
    assert limited.to_toml() == TEXT + "\n[limits]\nmemory_mb = 4000\n"
    unlimited = read().with_(budget=Budget())
    assert unlimited.to_toml() == TEXT[: TEXT.index("\n[budget]")]


def test_that_a_default_which_changes_is_written() -> None:
    seeded = read().with_(resources=Resources(seed=7))
    assert seeded.to_toml() == TEXT + "\n[resources]\nseed = 7\n"


def test_that_a_changed_parameter_keeps_its_comments() -> None:
    text = with_space(Float("lr", 1e-4, 0.1, log=True), BATCH_SIZE)
    assert text == TEXT.replace("low = 1e-5  ", "low = 0.0001  ")


def test_that_an_added_parameter_stands_after_the_others() -> None:
    added = Categorical("optimizer", ["sgd", "adam"])
    momentum = Float("momentum", 0, 0.9, when=When("optimizer", ("sgd",)))
    text = with_space(LR, BATCH_SIZE, added, momentum)
    new = """
[[space]]
name = "optimizer"
type = "categorical"
choices = ["sgd", "adam"]

[[space]]
name = "momentum"
type = "float"
low = 0.0
high = 0.9
when = {parameter = "optimizer", values = ["sgd"]}
"""
    before, after = TEXT.split("\n# Tried")
    assert text == f"{before}{new}\n# Tried{after}"


def test_that_a_removed_parameter_goes_with_its_own_comments_alone() -> None:
    start, end = TEXT.index("\n# How fast"), TEXT.index("\n# How much")
    assert with_space(BATCH_SIZE) == TEXT[:start] + TEXT[end:]


def test_that_parameters_change_places_with_their_comments() -> None:
    text = with_space(BATCH_SIZE, LR)
    assert text.index("# How much") < text.index("batch_size") < text.index("# How fast")
    assert text.index("# How fast") < text.index('"lr"') < text.index("# Tried")


def test_that_a_renamed_parameter_keeps_its_comments() -> None:
    text = with_space(Float("dropout", 1e-5, 0.1, log=True), BATCH_SIZE)
    assert text == TEXT.replace('name = "lr"', 'name = "dropout"')


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("[budget]\ntrials = 25       # all of them\n", "").replace(
            "[task]", "budget = { trials = 25 }\n[task]"
        ),
        TEXT.replace("[budget]\ntrials = 25       # all of them\n", "").replace(
            "[task]", "budget.trials = 25\n[task]"
        ),
        TEXT.replace("objective", "split.by = 'random'\nobjective"),
        TEXT.replace("\n# How fast", "[task.split]\nby = 'random'\n# How fast"),
        TEXT.replace("log = true\n\n# Tried", "# [method]\nlog = true\n\n# Tried"),
        TEXT.replace('"grid"', "'grid'").replace("\n", "\r\n"),
        TEXT.rstrip("\n"),
    ],
    ids=["inline", "dotted", "dotted split", "split table", "header in comment", "crlf", "no end"],
)
def test_that_other_layouts_are_edited_or_written_anew_but_never_wrongly(text: str) -> None:
    spec = StudySpec.parse(text, Path("/somewhere"))
    assert spec.to_toml() == text
    changed = spec.with_(
        budget=Budget(trials=50),
        limits=Limits(trial_seconds=5),
        space=SearchSpace([Float("lr", 1e-4, 0.1, log=True)]),
    )
    assert StudySpec.parse(changed.to_toml(), spec.base) == changed
