"""What people type, and what is said to it."""

from decimal import Decimal
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossviz.drill.numeric import Mistaken, Right, Unreadable, Wrong, exercise, judge, read_number, templates
from lossviz.drill.numeric.template import Draft, fair
from lossviz.drill.numeric.writing import added, bracketed, listed, powers, rounded, shown, surprising

ASKED = Draft("What does it cost?", 0.4076, "nats", 2, (), {"bits for nats": 0.588, "minus forgotten": -0.4076})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.41", 0.41),
        ("0,41", 0.41),
        (".41", 0.41),
        (",41", 0.41),
        ("41.", 41),
        ("4.1e-1", 0.41),
        ("4,1E−1", 0.41),
        ("41e0", 41),
        ("1e+3", 1000),
        ("−0.41", -0.41),
        ("–0,41", -0.41),
        ("- 0.41", -0.41),
        ("+0.41", 0.41),
        ("  0.41\n", 0.41),
        ("1 234.5", 1234.5),
        ("1\u202f234,5", 1234.5),
        ("1\u00a0234", 1234),
        ("1,234.5", 1234.5),
        ("1.234,5", 1234.5),
        ("1'234.5", 1234.5),
        ("1,234,567", 1234567),
        ("12 345 678", 12345678),
        ("1.234", 1.234),
        ("0,410", 0.41),
        ("1234,567", 1234.567),
        ("1,2345", 1.2345),
        ("007", 7),
        ("100 412", 100412),
        ("10\u202f412", 10412),
        ("−1 024", -1024),
    ],
)
def test_a_number_is_read(text: str, value: float) -> None:
    assert read_number(text) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("0.41 nats", "nats", 0.41),
        ("0.41nats", "nats", 0.41),
        ("0.41 Nat", "nats", 0.41),
        ("1 token", "tokens", 1),
        ("112 tokens", "tokens", 112),
        ("1 024 tokens", "tokens", 1024),
        ("10 pairs", "pairs", 10),
        ("1 position", "positions", 1),
        ("2.2 binary decisions", "decisions", 2.2),
        ("2.2 bits", "decisions", 2.2),
        ("0.9 bits per byte", "bits per byte", 0.9),
        ("0.9 bit per byte", "bits per byte", 0.9),
        ("0.9 bits/byte", "bits per byte", 0.9),
        ("0.9 BPB", "bits per byte", 0.9),
        ("3.91 GiB", "GiB", 3.91),
        ("41 %", "share", 0.41),
        ("41%", "share", 0.41),
        ("0.41", "share", 0.41),
        ("4.1e-1 nats", "nats", 0.41),
        ("1 234 nats", "nats", 1234),
    ],
)
def test_a_unit_may_stand_behind(text: str, unit: str, value: float) -> None:
    assert read_number(text, unit) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        ("", "", r"an answer is one number, such as 0\.41 or 0,41; got ''\. Write it with digits\."),
        ("about half", "", "one number"),
        ("nan", "nats", "one number"),
        ("inf", "nats", "one number"),
        ("-Infinity", "nats", "one number"),
        ("٣", "", "one number"),
        ("1 2", "", "one number"),
        ("12 34", "", "one number"),
        ("1,23,456", "", "one number"),
        ("0 412", "", "one number"),
        ("0\u202f412", "nats", "one number"),
        ("-00 412", "", "one number"),
        ("0'412", "", "one number"),
        ("0 412.5", "", "one number"),
        ("112 tokens", "pairs", "the answer counts pairs"),
        ("1,234.567,8", "", "one number"),
        ("0.4.1", "", "one number"),
        ("1,234,5", "", "one number"),
        ("1.234.5", "", "one number"),
        ("0.41-0.42", "", "one number"),
        ("--1", "", "one number"),
        ("1e", "nats", "the answer counts nats"),
        ("1/3", "", "plain number"),
        ("0x1f", "", "plain number"),
        ("1_000", "", "plain number"),
        ("1,234", "", r"a number reads one way only; got '1,234'\. Write 1\.234 or 1234\."),
        ("-12,345", "", "Write 12.345 or 12345."),
        ("1e999", "", r"an answer is a finite number; got '1e999'\. Look at the exponent\."),
        ("0.59 bits", "nats", r"the answer counts nats; got '0\.59 bits'\. Convert it, or leave out"),
        ("41 %", "nats", "the answer counts nats"),
        ("41 %", "", "the answer is a plain number"),
        ("0.41 nats", "share", "the answer is a plain number"),
        ("0.41 nats per token", "nats", "counts nats"),
        ("9" * 61, "", r"got '99999999999999999999' and 41 characters more"),
        ("\ud800", "", r"got '\\ud800'"),
    ],
)
def test_junk_gets_a_sentence(text: str, unit: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_number(text, unit)


@given(
    st.text(max_size=80) | st.text("0123456789.,+-−eE '%natsbi", max_size=20), st.sampled_from(["", "nats", "share"])
)
def test_whatever_is_typed_is_a_finite_number_or_gets_a_sentence(text: str, unit: str) -> None:
    try:
        assert isfinite(read_number(text, unit))
    except ValueError as error:
        assert "; got " in str(error) and str(error).endswith(".")


@given(st.decimals(-999_999, 999_999, allow_nan=False, places=2))
def test_every_way_to_write_a_number_is_the_same_number(decimal: Decimal) -> None:
    number = float(decimal)
    text = f"{number:.2f}"
    spaced, dotted = f"{number:_.2f}".replace("_", " "), f"{number:,.2f}"
    swapped = dotted.translate(str.maketrans(",.", ".,"))
    forms = [text, text.replace(".", ","), text.replace("-", "−"), spaced, dotted, swapped, f"{number:.9e}"]
    assert {read_number(form) for form in forms} == {float(text)}


# --- Verdicts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["0.41", "0,41", "4.1e-1", "0.4076", "0.41 nats", "0.4126", "0.4026"])
def test_right(text: str) -> None:
    assert judge(ASKED, text) == Right()


@pytest.mark.parametrize("text", ["0.59", "0.588", "0,593", "0.583"])
def test_a_mistake_is_named(text: str) -> None:
    verdict = judge(ASKED, text)
    assert isinstance(verdict, Mistaken) and verdict.name == "bits for nats" and "base 2" in verdict.sentence


def test_the_tolerance_is_half_a_step_and_a_millionth() -> None:
    assert ASKED.tolerance == 0.005 + 1e-6
    assert judge(ASKED, "0.4126009") == Right()
    assert judge(ASKED, "0.4126011") == Wrong("smaller")
    assert judge(ASKED, "0.4025991") == Right()
    assert judge(ASKED, "0.4025989") == Wrong("bigger")


def test_a_count_is_exact_to_two_decimals() -> None:
    asked = Draft("How many?", 77, "", 0, (), {"rounding forgotten": 76.8})
    assert judge(asked, "77") == judge(asked, "77.0") == Right()
    assert judge(asked, "76") == Wrong("bigger") and judge(asked, "77.4") == Wrong("smaller")
    assert isinstance(judge(asked, "76.8"), Mistaken)


def test_wrong_says_in_which_direction_to_look() -> None:
    assert judge(ASKED, "0.2") == Wrong("bigger") and judge(ASKED, "3") == Wrong("smaller")
    assert judge(ASKED, "3").sentence == "Not this: the answer is smaller."


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("t5-target-length", "tokens"),
        ("pairs-of-a-prefix", "pairs"),
        ("targets-of-a-chat", "positions"),
        ("windows-of-a-text", "windows"),
        ("huffman-bits", "decisions"),
    ],
)
def test_what_a_question_counts_may_stand_behind_the_number(name: str, unit: str) -> None:
    asked = exercise(name, 0)
    assert f"How many {unit}" in asked.prompt and asked.shown.endswith(f" {unit}")
    assert judge(asked, f"{asked.answer} {unit}") == judge(asked, f"{asked.answer}") == Right()


def test_a_mistake_may_lead_to_several_numbers() -> None:
    """Logits 4, −1, 1, −1, and token 2 comes: the others cost 0.06 and 5.06."""
    asked = exercise("loss-of-a-token", 0)
    assert [getattr(judge(asked, text), "name", None) for text in ("0.06", "5.06")] == ["wrong target"] * 2
    assert dict(asked.mistaken)["bits for nats"] == asked.mistakes["bits for nats"]
    assert not fair(Draft("", 0.41, "nats", 2, (), {"wrong target": (2.0, 0.415)}))


def test_what_a_chat_of_turns_counts() -> None:
    """User 6, assistant 5, user 10, assistant 8: 13 with the end of each turn among them."""
    asked = exercise("targets-of-a-chat", 0)
    names = [getattr(judge(asked, text), "name", None) for text in ("13", "11", "15", "28", "8")]
    assert names == [None, *asked.mistakes] and judge(asked, "13") == Right()
    assert asked.mistakes["end of turn counted twice"] == 15


def test_most_triplets_cost_something() -> None:
    assert 10 <= sum(not exercise("triplet-loss", seed).answer for seed in range(300)) <= 45


def test_junk_is_unreadable() -> None:
    verdict = judge(ASKED, "no idea")
    assert isinstance(verdict, Unreadable) and verdict.sentence.endswith("Write it with digits.")


@given(st.text(max_size=40), st.sampled_from([made.name for made in templates()]))
def test_every_verdict_has_a_sentence(text: str, name: str) -> None:
    assert judge(exercise(name, 0), text).sentence


# --- Numbers in sentences ---------------------------------------------------------------------------------------------


def test_numbers_are_written_for_people() -> None:
    assert [shown(x) for x in (-2, 0.25, 3.0, 1234.5678, 1 / 3)] == ["−2", "0.25", "3", "1234.57", "0.33333"]
    assert [shown(x) for x in (10.630146, 0.2999999, 64173.14, 10.0**6)] == ["10.6301", "0.3", "64173.1", "1000000"]
    assert [shown(x) for x in (-1e-9, -0.000012, 20.0000001)] == ["0", "−0.00001", "20"]
    assert [rounded(x) for x in (-2 / 3, 40 / 3, -1e-9)] == [-0.66667, 13.3333, 0]
    assert surprising([0.5, 0.25], [0.69315, 1.38629]) == "−ln 0.5 = 0.69315, −ln 0.25 = 1.38629"
    assert [shown(-0.0004, 3), shown(2, 2), shown(-0.5, 1)] == ["0.000", "2.00", "−0.5"]
    assert listed([1, -2]) == "1, −2" and added([1, -2]) == "1 + (−2)" and bracketed(2) == "2"
    assert powers([1, -2]) == "e^1 + e^−2"
    assert Draft("", -0.0004, "nats", 3, (), {}).shown == "0.000 nats"
    assert Draft("", 0.25, "share", 3, (), {}).shown == "0.250"
    assert Draft("", -1, "", 0, (), {}).shown == "−1"
