"""Argument lists as they are typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gui.models.command_line import join_line, join_variables, split_line, split_variables


@given(st.lists(st.text()))
def test_that_what_is_shown_is_read_as_the_same_arguments(words):
    assert split_line(join_line(words)) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("python train.py --lr {lr}", ["python", "train.py", "--lr", "{lr}"]),
        (r"C:\Python\python.exe 'my script.py'", [r"C:\Python\python.exe", "my script.py"]),
        ('a --name="two words"', ["a", "--name=two words"]),
        ("a\n  --b ''", ["a", "--b", ""]),
        ("", []),
    ],
)
def test_that_a_line_is_cut_at_blanks_that_are_not_in_quotes(text, words):
    assert split_line(text) == words


def test_that_an_open_quote_is_no_argument_list_yet():
    assert split_line('python "train') == 'python "train'


@given(st.dictionaries(st.text(st.characters(exclude_characters="="), min_size=1), st.text()))
def test_that_variables_are_read_as_they_are_shown(variables):
    assert split_variables(join_variables(variables)) == variables


def test_that_a_word_without_a_sign_of_equality_is_no_variable_yet():
    assert split_variables("A=1 B") == "A=1 B"
