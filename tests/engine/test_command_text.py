"""Placeholders of a command: what is written for them, and what is left out."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.tasks.command_text import fill, fill_arguments, placeholders, values_of

PARAMS = st.dictionaries(
    st.text(min_size=1),
    st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    max_size=4,
)


def values(**params):
    return values_of(params, 11, "cuda:0", 7, "/tmp/ck")


@given(st.floats(allow_nan=False) | st.integers())
def test_that_a_number_reads_back_the_same(number):
    assert type(number)(fill("{x}", values(x=number))) == number


@given(st.text(), st.text())
def test_that_text_and_doubled_braces_come_through_unchanged(literal, value):
    doubled = literal.replace("{", "{{").replace("}", "}}")
    assert fill(doubled, values()) == literal
    assert fill(doubled + "{x}" + doubled, values(x=value)) == literal + value + literal


@given(PARAMS)
def test_that_all_parameters_read_back_the_same_from_json(params):
    assert json.loads(fill("{params}", values_of(params, 0, "cpu", 0, ""))) == params


def test_that_every_trial_has_a_seed_a_device_a_number_and_a_folder():
    argv = ["run", "{seed}", "{device}", "{number}", "{checkpoint_dir}/last.pt"]
    assert fill_arguments(argv, values()) == ["run", "11", "cuda:0", "7", "/tmp/ck/last.pt"]


def test_that_true_is_written_as_python_writes_it_and_as_json_among_all_parameters():
    assert fill("{amsgrad} {params}", values(amsgrad=True)) == 'True {"amsgrad": true}'


@pytest.mark.parametrize(
    ("argv", "left"),
    [
        (["run", "--momentum", "{momentum}", "--lr", "{lr}"], ["run", "--lr", "0.1"]),
        (["run", "--momentum={momentum}", "--lr={lr}"], ["run", "--lr=0.1"]),
        (["run", "optimizer.momentum={momentum}"], ["run"]),
        (["run", "{momentum}"], ["run"]),
        (["run", "--lr={lr}", "{momentum}"], ["run", "--lr=0.1"]),
        (["run", "{low}", "{momentum}"], ["run", "-0.5"]),
        (["run", "--", "{momentum}"], ["run", "--"]),
        (["run", "--name", "{lr}-{momentum}"], ["run", "--name"]),
    ],
)
def test_that_an_inactive_parameter_is_left_out_with_its_option(argv, left):
    assert fill_arguments(argv, values(lr=0.1, low=-0.5)) == left


def test_that_placeholders_are_listed():
    assert placeholders("{{}} {lr} x {params}") == ["lr", "params"]
