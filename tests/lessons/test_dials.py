"""Dials and links: whatever is set survives the way through a link, and whatever a link says is answered."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossviz.lessons import dials


@dataclasses.dataclass(frozen=True)
class Sample:
    text: str = dials.text("Anna had a kite.")
    way: str = dials.choice("past", "both")
    rate: int = dials.whole(15, 0, 100)
    on: bool = dials.flag()
    marks: str = dials.marks(4, follows=("text", "rate"))
    open: tuple[tuple[int, int], ...] = dials.cells(follows=("text",))
    model: str = dials.name("causal")
    guess: float | None = dials.number()
    look: str = dials.word()


SAMPLES = st.builds(
    Sample,
    text=st.text(max_size=2_000).map(lambda text: dials.shortened(text)[0]),
    way=st.sampled_from(["past", "both"]),
    rate=st.integers(0, 100),
    on=st.booleans(),
    marks=st.text("0123", max_size=40),
    open=st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=20).map(lambda c: tuple(sorted(set(c)))),
    guess=st.none() | st.decimals(-999, 999, places=3).map(float),
)


@given(SAMPLES)
def test_a_link_brings_back_what_was_set(sample: Sample) -> None:
    back, said = dials.read(Sample, dials.write(sample))
    assert back == sample
    assert not said


def test_the_opening_view_has_no_parameters() -> None:
    assert dials.write(Sample()) == {}


@given(st.text(alphabet=st.characters(), max_size=10_000))
def test_a_link_of_any_text_fits_into_a_request(text: str) -> None:
    """Servers refuse a request line of 64 KiB; percent signs triple a byte."""
    written = dials.write(Sample(text=dials.shortened(text)[0])).get("text", "")
    assert len(written) <= dials.LONGEST_PLAIN or written.startswith("~")
    assert len(written.encode()) < 60_000


def test_ten_thousand_different_emoji_come_back() -> None:
    text = "".join(chr(0x1F300 + 7919 * i % 0x2F0) for i in range(10_000))
    text = dials.shortened(text)[0]
    link = dials.write(Sample(text=text))
    assert len(link["text"]) < 40_000
    assert dials.read(Sample, link)[0].text == text


@pytest.mark.parametrize(
    ("link", "rule"),
    [
        ({"rate": "101"}, "whole number from 0 to 100"),
        ({"rate": "1e1"}, "whole number"),
        ({"rate": "٣"}, "whole number"),
        ({"way": "up"}, "one of past, both"),
        ({"on": "yes"}, "0 or 1"),
        ({"marks": "0125"}, "one digit from 0 to 3"),
        ({"open": "1-2.x"}, "row-column pairs"),
        ({"open": ""}, "row-column pairs"),
        ({"model": "a\nb"}, "printable"),
        ({"model": "x" * 201}, "at most 200"),
        ({"guess": "inf"}, "number such as"),
        ({"guess": "nan"}, "number such as"),
        ({"guess": "1e99"}, "number such as"),
        ({"look": "Look!"}, "lower-case word"),
        ({"text": "~not base64"}, "came damaged"),
        ({"text": "~eJw"}, "came damaged"),
    ],
)
def test_a_part_that_is_no_use_is_answered_with_a_sentence(link: dict[str, str], rule: str) -> None:
    back, said = dials.read(Sample, link)
    if link != {"guess": "1e99"}:  # a number, if an absurd one
        assert back == Sample()
        assert len(said) == 1 and rule in said[0]


def test_a_compressed_bomb_is_refused() -> None:
    bomb = dials._pack("a" * 1_000_000)
    back, said = dials.read(Sample, {"text": bomb})
    assert back == Sample() and "damaged" in said[0]


@given(st.dictionaries(st.sampled_from([f.name for f in dataclasses.fields(Sample)]), st.text(max_size=60)))
def test_no_link_raises(link: dict[str, str]) -> None:
    dials.read(Sample, link)


def test_a_new_text_lets_go_of_what_was_made_for_the_old_one() -> None:
    before = Sample(marks="0123", open=((1, 2),), rate=20)
    after, _ = dials.change(before, text="Another text.")
    assert (after.marks, after.open, after.rate) == ("", (), 20)


def test_what_did_not_move_is_kept() -> None:
    before = Sample(marks="0123", open=((1, 2),))
    assert dials.change(before, text=before.text)[0] == before
    assert dials.change(before, rate=30)[0] == dataclasses.replace(before, rate=30, marks="")


def test_marks_set_together_with_what_they_follow_stay() -> None:
    assert dials.change(Sample(), rate=30, marks="01")[0].marks == "01"


def test_a_long_text_is_cut_with_a_sentence() -> None:
    after, said = dials.change(Sample(), text="a" * 12_345)
    assert len(after.text) == 10_000
    assert "12,345" in " ".join(said)
