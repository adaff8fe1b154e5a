"""What is changed in a typed text, and that it is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossviz.text.clean import clean

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    "text", ["", "Anna had a kite.", "\x00", "שלום", "👩\u200d👩\u200d👧", "<script>[MASK]$x$\t\n"]
)
def test_what_can_be_encoded_stays_as_it_is(text: str):
    assert clean(text) == (text, [])


def test_a_lone_surrogate_becomes_the_replacement_character():
    assert clean("a\ud800b") == ("a�b", ["1 lone surrogate was replaced by � (half of a pair is no character)."])


def test_several_are_counted():
    assert clean("\ud800\udfff")[1][0].startswith("2 lone surrogates were")


def test_carriage_returns_become_newlines():
    assert clean("a\r\nb\rc") == ("a\nb\nc", ["2 carriage returns were replaced by a newline."])


@given(ANY_TEXT)
def test_cleaning_twice_is_cleaning_once_and_the_result_can_be_encoded(text: str):
    cleaned, changes = clean(text)
    cleaned.encode()
    assert clean(cleaned) == (cleaned, [])
    assert bool(changes) == (cleaned != text)
