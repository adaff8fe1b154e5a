"""Every template over 1,000 seeds: right to 1e-9, told completely by its prompt, and the same for ever."""

import hashlib
import inspect
import re
import subprocess
import sys
from collections.abc import Mapping
from itertools import combinations
from math import exp, log
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from lossviz.content import Prose
from lossviz.drill.events import Instance, Item
from lossviz.drill.numeric import Exercise, Mistaken, Right, Template, exercise, judge, template, templates
from lossviz.drill.numeric.mistakes import SENTENCES
from lossviz.drill.numeric.template import REGISTRY, SEEDS, Draft, Draws, fair
from lossviz.drill.questions import SECTIONS
from tests.drill.numeric.drawn import exercises
from tests.drill.numeric.oracles import ORACLES, mp, real

GOLDEN = Path(__file__).with_name("golden.txt")
EVERY = [pytest.param(made, id=f"{name}-{version}") for (name, version), made in REGISTRY.items()]
of_every_template = pytest.mark.parametrize("made", EVERY)


# --- The answers ------------------------------------------------------------------------------------------------------


@of_every_template
def test_the_answer_is_the_oracles(made: Template) -> None:
    oracle = ORACLES[made.name, made.version]
    off = [abs(mp.mpf(asked.answer) - real(oracle(asked.prompt))) for asked in exercises(made)]
    assert max(off) < 1e-9


def test_every_version_has_an_oracle_and_every_oracle_a_version() -> None:
    assert ORACLES.keys() == REGISTRY.keys()


# --- The exercises ----------------------------------------------------------------------------------------------------


@of_every_template
def test_an_exercise_is_whole_and_the_same_again(made: Template) -> None:
    for asked in exercises(made)[:100]:
        assert exercise(made.name, asked.seed, made.version) == asked
        assert (asked.template, asked.version) == (made.name, made.version)
        Instance(version=asked.version, seed=asked.seed)


@of_every_template
def test_other_seeds_have_other_numbers(made: Template) -> None:
    assert len({asked.prompt for asked in exercises(made)}) >= 100


@of_every_template
def test_no_number_means_two_things(made: Template) -> None:
    for asked in exercises(made):
        values = [asked.answer, *(value for _, value in asked.mistaken)]
        assert all(abs(a - b) > 2 * asked.tolerance for a, b in combinations(values, 2))
        assert len(asked.mistakes) >= 2


@of_every_template
def test_no_answer_hangs_on_its_rounding(made: Template) -> None:
    for asked in exercises(made):
        if asked.decimals:
            near = 0.02 * 10**-asked.decimals
            assert len({f"{asked.answer + shift:z.{asked.decimals}f}" for shift in (-near, 0, near)}) == 1
        else:
            assert asked.answer == int(asked.answer)


@of_every_template
def test_the_answer_is_right_however_it_is_written(made: Template) -> None:
    for asked in exercises(made):
        plain = f"{asked.answer:.{asked.decimals}f}"
        forms = [plain, plain.replace(".", ","), plain.replace("-", "−"), f"{asked.answer:.9e}", asked.shown]
        assert [judge(asked, form) for form in forms] == [Right()] * len(forms)


@of_every_template
def test_every_mistake_is_named(made: Template) -> None:
    for asked in exercises(made):
        for name, value in asked.mistaken:
            rounded = f"{value:.{asked.decimals or 2}f}"
            assert judge(asked, repr(float(value))) == judge(asked, rounded) == Mistaken(name, SENTENCES[name])


LAWS = {
    "bits for nats": lambda answer: answer / log(2),
    "nats for bits": lambda answer: answer * log(2),
    "minus forgotten": lambda answer: -answer,
    "probability for loss": lambda answer: exp(-answer),
}


@of_every_template
def test_a_mistake_that_many_share_means_the_same_everywhere(made: Template) -> None:
    for asked in exercises(made):
        for name in asked.mistakes.keys() & LAWS.keys():
            assert asked.mistakes[name] == pytest.approx(LAWS[name](asked.answer), rel=1e-12)


def test_mistakes_by_hand() -> None:
    """Some instances, worked out on paper from their prompts."""
    asked = exercise("label-of-a-position", 0)  # 89 35 72 12 31 15 62, position 2
    assert asked.mistakes == {"no shift": 72, "shifted twice": 31, "shifted the wrong way": 35}
    asked = exercise("windows-of-a-text", 0)  # 1635 tokens, windows of 128 that move on by 16: 1 + 1507 / 16
    assert asked.mistakes == {"end left out": 95, "a window for every step": 103, "windows side by side": 13}
    asked = exercise("pairs-of-a-prefix", 0)  # 27 tokens, the first 2 are the prefix: 27 · 14 + 1
    assert asked.mistakes == {
        "prefix left causal": 378,
        "overlap counted twice": 382,
        "diagonal counted twice": 381,
        "everyone sees everyone": 729,
    }
    asked = exercise("electra-loss", 0)  # 3.56 + 10 · 0.32
    assert asked.mistakes == pytest.approx(
        {
            "weight on the generator": 35.92,
            "weight forgotten": 3.88,
            "generator forgotten": 3.2,
            "weights made to sum to 1": 6.76 / 11,
        }
    )


@of_every_template
def test_the_steps_end_in_the_answer(made: Template) -> None:
    for asked in exercises(made):
        assert 2 <= len(asked.steps) <= 5
        number = re.split(" [a-zA-Z]", asked.shown)[0]
        assert re.search(rf"(?<![\d.]){re.escape(number)}(?![\d])", asked.steps[-1]), asked


@of_every_template
def test_prompts_and_steps_are_prose(made: Template) -> None:
    prose = TypeAdapter(Prose)
    for asked in exercises(made):
        for text in (asked.prompt, *asked.steps):
            prose.validate_python(text)
            assert not re.search(r"[*_#`]|(?<!UTF)-\d|  |e[+-]\d|\.\d{7}|nan|inf\b", text), text
            assert text[-1] in ".?" and len(text) < 320


@of_every_template
def test_a_template_stands_in_the_section_of_its_first_question(made: Template) -> None:
    first, last = SECTIONS[made.section]
    assert first <= made.questions[0] <= last
    assert all(1 <= question <= SECTIONS["Modern topics"][1] for question in made.questions)
    assert TypeAdapter(Item).validate_python(made.name) == made.name


def test_there_are_templates_for_every_section() -> None:
    assert {made.section for made in templates()} == SECTIONS.keys()
    assert len(templates()) >= 30
    assert {question for made in templates() for question in made.questions} >= {*range(1, 17), *range(19, 36)} - {
        2,
        12,
        15,
    }


def test_every_mistake_has_one_sentence_of_its_own_and_every_sentence_its_mistake() -> None:
    made = {name for known in REGISTRY.values() for asked in exercises(known) for name in asked.mistakes}
    assert made == SENTENCES.keys()
    assert len(set(SENTENCES.values())) == len(SENTENCES)
    for name, sentence in SENTENCES.items():
        TypeAdapter(Prose).validate_python(sentence)
        assert sentence.endswith(".") and len(sentence) <= 120 and name == name.strip()


# --- For ever ---------------------------------------------------------------------------------------------------------


def fingerprint(asked: Exercise) -> str:
    """A line of golden.txt: template, version, seed, the prompt's hash, that of the mistakes, and the answer."""
    mistakes = ", ".join(f"{name} {value:.9g}" for name, value in asked.mistaken)
    hashes = (hashlib.sha256(text.encode()).hexdigest()[:12] for text in (asked.prompt, mistakes))
    return f"{asked.template} {asked.version} {asked.seed} {' '.join(hashes)} {asked.answer:.9g}"


@of_every_template
def test_a_published_version_never_changes(made: Template) -> None:
    """A version that is new stands in golden.txt from its first day: the lines are those that this test prints."""
    now = [fingerprint(exercise(made.name, seed, made.version)) for seed in (*range(7), SEEDS - 1)]
    golden = GOLDEN.read_text(encoding="utf-8").splitlines()
    assert [line for line in golden if line.startswith(f"{made.name} {made.version} ")] == now, "\n".join(now)


def test_no_published_version_is_missing() -> None:
    published = {tuple(line.split()[:2]) for line in GOLDEN.read_text(encoding="utf-8").splitlines()}
    assert published == {(name, str(version)) for name, version in REGISTRY}


def test_versions_are_counted_from_one() -> None:
    for name in {name for name, _ in REGISTRY}:
        versions = sorted(version for known, version in REGISTRY if known == name)
        assert versions == list(range(1, len(versions) + 1))


def test_draws_are_made_of_the_one_stream_that_is_promised() -> None:
    """Python keeps `random()` for a seed; its other methods may change."""
    assert re.findall(r"Random\(.*?\)\)?\.(\w+)", inspect.getsource(Draws)) == ["random"]
    draw = Draws("a-name", 1, 2, 3)
    assert [draw.whole(0, 99) for _ in range(5)] == [int(100 * x) for x in stream("a-name/1/2/3", 5)]


def stream(key: str, n: int) -> list[float]:
    from random import Random

    random = Random(key)
    return [random.random() for _ in range(n)]


def test_importing_the_templates_loads_no_torch() -> None:
    script = "import sys; from lossviz.drill import numeric; numeric.templates(); sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)


# --- The machinery ----------------------------------------------------------------------------------------------------


def draft(answer: float = 0.412, decimals: int = 2, mistakes: Mapping[str, float] | None = None) -> Draft:
    return Draft("How much?", answer, "nats", decimals, ("So much.",), mistakes or {})


@pytest.mark.parametrize(
    ("made", "is_fair"),
    [
        (draft(), True),
        (draft(0.4152), False),  # 2e-4 from where rounding turns
        (draft(0.4148), False),
        (draft(0.41521), True),
        (draft(-0.4151), False),
        (draft(0.41520, decimals=3), True),
        (draft(0.4125, decimals=3), False),
        (draft(7.0, decimals=0), True),
        (draft(7.25, decimals=0), False),
        (draft(1e6, decimals=0), False),
        (draft(float("nan")), False),
        (draft(mistakes={"a": 0.41 + 0.011}), False),  # 0.415 would be both
        (draft(mistakes={"a": 0.423}), True),
        (draft(mistakes={"a": 0.5, "b": 0.509}), False),
        (draft(mistakes={"a": 0.5, "b": 0.511}), True),
        (draft(mistakes={"a": float("inf")}), False),
        (draft(mistakes={"a": float("nan")}), False),
        (draft(7.0, decimals=0, mistakes={"a": 6.9}), True),
        (draft(7.0, decimals=0, mistakes={"a": 6.99}), False),
    ],
)
def test_what_may_be_asked(made: Draft, is_fair: bool) -> None:
    assert fair(made) is is_fair


def registered(monkeypatch: pytest.MonkeyPatch, build: Any, version: int = 1) -> None:
    monkeypatch.setitem(REGISTRY, ("a-name", version), Template("a-name", version, (1,), "A", build))


def test_draws_that_are_not_fair_are_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    drafts = iter([None, draft(0.415), draft(mistakes={"a": 0.41}), draft(0.43)])
    registered(monkeypatch, lambda draw: next(drafts))
    assert exercise("a-name", 0).answer == 0.43


def test_a_template_without_fair_draws_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    registered(monkeypatch, lambda draw: None)
    with pytest.raises(ValueError, match="within 100 draws; got none for a-name 1 with seed 5. Draw from more"):
        exercise("a-name", 5)


def test_every_attempt_draws_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def build(draw: Draws) -> None:
        seen.append(draw.whole(0, 10**9))

    registered(monkeypatch, build)
    for seed in (0, 1):
        with pytest.raises(ValueError):
            exercise("a-name", seed)
    assert len(set(seen)) == len(seen) == 200


def test_an_old_version_stays_and_the_newest_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    registered(monkeypatch, lambda draw: draft(0.1))
    registered(monkeypatch, lambda draw: draft(0.2), version=2)
    assert (exercise("a-name", 0).answer, exercise("a-name", 0, 1).answer) == (0.2, 0.1)
    assert [made.version for made in templates() if made.name == "a-name"] == [2]


def test_a_version_is_written_once() -> None:
    with pytest.raises(ValueError, match="written once; got loss-of-a-token 1 again. Count on."):
        template.template("loss-of-a-token", questions=(1,), section="A")(lambda draw: None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("no-such", 1), "a name of the list; got 'no-such'"),
        (("soft-cap", 1, 9), r"soft-cap has the versions \[1\]; got 9. Leave it out"),
        (("soft-cap", -1), "a whole number from 0 to 2⁵³ − 1; got -1. Draw another."),
        (("soft-cap", 2**53), "got 9007199254740992"),
        (("soft-cap", 1.0), "got 1.0"),
        (("soft-cap", True), "got True"),
    ],
)
def test_what_is_asked_for_must_exist(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        exercise(*arguments)


def test_an_exercise_cannot_be_changed() -> None:
    asked = exercise("soft-cap", 1)
    with pytest.raises(AttributeError):
        asked.answer = 3  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(TypeError):
        asked.mistakes["more"] = 3  # pyright: ignore[reportIndexIssue]


def test_how_the_answer_is_asked_for() -> None:
    ends = {exercise(made.name, 0).prompt.rsplit("?", 1)[1] for made in templates()}
    assert ends == {
        " A whole number.",
        " In GiB, to two decimals.",
        " In bits per byte, to two decimals.",
        " In nats, to three decimals.",
        " In nats, to two decimals.",
        " As a number from 0 to 1, to three decimals.",
        " To one decimal.",
        " To two decimals.",
        " To three decimals.",
    }


def test_draws_keep_their_promises() -> None:
    draw = Draws("promises")
    for _ in range(300):
        assert 2 <= draw.whole(2, 4) <= 4
        assert draw.one_of("abc") in "abc"
        some = draw.some_of(range(10), 4)
        assert some == sorted(set(some)) and len(some) == 4
        assert sorted(draw.shuffled("hello")) == sorted("hello")
        shares = draw.shares(4)
        assert len(shares) == 4 and min(shares) > 0 and abs(sum(shares) - 1) < 1e-12
        assert all(0.1 <= x <= 4 for x in draw.tenths(3, 1, 40))
    assert {draw.whole(1, 3) for _ in range(100)} == {1, 2, 3}
    assert len({tuple(draw.shuffled("abc")) for _ in range(200)}) == 6
    assert len({tuple(draw.some_of("abc", 2)) for _ in range(100)}) == 3
