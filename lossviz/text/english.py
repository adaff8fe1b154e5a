"""A small natural English, generated: the text the built-in models and tokenizer are trained on.

Nothing is downloaded and nothing is copied: `words.toml` holds the words and facts, `grammar.toml` the sentences.
One seed is one text, on every machine: only `random.random` is used, whose stream Python promises to keep.
"""

import re
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from itertools import accumulate
from pathlib import Path
from random import Random

Word = dict[str, str]
"""The forms of one word; the form without a name is the word as it stands in a dictionary."""

Draw = Callable[["Paragraph"], str]
"""A piece of a template: says its text, given what the paragraph has drawn so far."""

PRONOUNS = {
    "she": {"he": "she", "him": "her", "his": "her", "himself": "herself", "child": "girl"},
    "he": {"he": "he", "him": "him", "his": "his", "himself": "himself", "child": "boy"},
}
NUMBERS: tuple[str, ...] = tuple(
    (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty"
    ).split()
)
SLOT = re.compile(r"\{([a-z_]+)(\d?)(?:\.([a-z]+))?\}|<(new )?([a-z_]+)>|\[([^\]]*)\]")


def paragraphs(seed: int) -> Iterator[str]:
    """Paragraphs of one to five sentences, without end; the same seed gives the same ones."""
    rng = Random(seed)
    names = list(_grammar()["paragraphs"])
    bounds = list(accumulate(_grammar()["paragraphs"].values()))
    while True:
        draw = rng.random() * bounds[-1]
        rule = names[next(index for index, bound in enumerate(bounds) if draw < bound)]
        yield _spell(Paragraph(rng).rule(rule))


def corpus(n_characters: int, seed: int) -> str:
    """Paragraphs joined by newlines, cut at the end of the first that reaches `n_characters`."""
    lines, length = [], 0
    for paragraph in paragraphs(seed):
        if length >= n_characters:
            break
        lines.append(paragraph)
        length += len(paragraph) + 1
    return "\n".join(lines)


class Paragraph:
    """What one paragraph has drawn: "name 1" stays the same person to its end, and "name 2" is someone else."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.drawn: dict[tuple[str, str], Word] = {}

    def rule(self, name: str, *, new: bool = False) -> str:
        """One line of the rule, filled in; a `new` one does not know what was drawn before."""
        paragraph = Paragraph(self.rng) if new else self
        return paragraph.fill(self.choose(_rules()[name]))

    def fill(self, template: tuple[Draw, ...]) -> str:
        return "".join([piece(self) for piece in template])

    def choose(self, options: list):
        return options[int(self.rng.random() * len(options))]

    def word(self, kind: str, index: str) -> Word:
        """The word `kind index` of this paragraph; without an index, a new one each time."""
        key = kind, index
        if index and key in self.drawn:
            return self.drawn[key]
        taken = [word for (other, _), word in self.drawn.items() if other == kind]
        word = self.choose(_words()[kind])
        while any(word is other for other in taken):
            word = self.choose(_words()[kind])
        if index:
            self.drawn[key] = word
        return word


def _compile(template: str) -> tuple[Draw, ...]:
    """A template as a sequence of draws, so that filling it is a walk and not a search."""
    pieces: list[Draw] = []
    end = 0
    for match in SLOT.finditer(template):
        if match.start() > end:
            pieces.append(_say(template[end : match.start()]))
        pieces.append(_piece(*match.groups()))
        end = match.end()
    return (*pieces, _say(template[end:]))


def _piece(
    kind: str | None, index: str, form: str | None, new: str | None, rule: str | None, choices: str | None
) -> Draw:
    if choices is not None:
        return _say_one_of([_compile(choice) for choice in choices.split("|")])
    if rule is not None:
        return lambda paragraph: paragraph.rule(rule, new=bool(new))
    return lambda paragraph: paragraph.fill(_cell(paragraph.word(str(kind), index)[form or ""]))


def _say(text: str) -> Draw:
    return lambda paragraph: text


def _say_one_of(options: list[tuple[Draw, ...]]) -> Draw:
    return lambda paragraph: paragraph.fill(paragraph.choose(options))


@cache
def _cell(text: str) -> tuple[Draw, ...]:
    """A word may itself hold a slot ("it was {name2.his} birthday")."""
    return _compile(text) if "{" in text else (_say(text),)


def _spell(text: str) -> str:
    """Capitals at the start of sentences, "an" before vowels, no space before a full stop."""
    text = re.sub(r" +", " ", text).replace(" .", ".").strip()
    text = re.sub(r"\b([Aa]) (?=[aeioAEIO]|un[^i]|um|us?[^sen]|hour|honest)", r"\1n ", text)
    return re.sub(r"(^\"?|[.!?,] \"|[.!?] )([a-z])", lambda match: match[1] + match[2].upper(), text)


# The tables --------------------------------------------------------------------------------------------------------


@cache
def _grammar() -> dict[str, dict]:
    return tomllib.loads(Path(__file__).with_name("grammar.toml").read_text(encoding="utf-8"))


@cache
def _rules() -> dict[str, list[tuple[Draw, ...]]]:
    rules = _grammar()["rules"]
    return {name: [_compile(line) for line in lines.strip().splitlines()] for name, lines in rules.items()}


@cache
def _words() -> dict[str, list[Word]]:
    """Every kind of word with its forms."""
    tables = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))
    words = {kind: [{"": word} for word in _split(text)] for kind, text in tables["plain"].items()}
    words |= {kind: [noun(entry) for entry in _split(text)] for kind, text in tables["nouns"].items()}
    words |= {kind: [verb(entry) for entry in _split(text)] for kind, text in tables["verbs"].items()}
    words |= {kind: _people(tables["people"], kind) for kind in tables["people"]["she"]}
    words |= {kind: _facts(table) for kind, table in tables["facts"].items()}
    return words | {"sum": _sums(1, 10), "share": _sums(2, 10), "run": _runs(6)}


def _split(text: str) -> list[str]:
    return [entry.strip() for entry in text.split(",")]


def _people(tables: dict[str, dict[str, str]], kind: str) -> list[Word]:
    return [{"": name} | PRONOUNS[gender] for gender, kinds in tables.items() for name in _split(kinds[kind])]


def _facts(table: dict) -> list[Word]:
    forms = ["", *table["forms"]]
    return [dict(zip(forms, row.split("/"), strict=True)) for row in _split(table["rows"])]


def _sums(smallest: int, largest: int) -> list[Word]:
    pairs = [(a, b) for a in range(smallest, largest) for b in range(smallest, largest + 1 - a)]
    return [{"": "", "a": NUMBERS[a], "b": NUMBERS[b], "total": NUMBERS[a + b]} for a, b in pairs]


def _runs(length: int) -> list[Word]:
    starts = range(1, len(NUMBERS) - length)
    return [{"": ""} | dict(zip("abcdef", NUMBERS[start : start + length], strict=True)) for start in starts]


def noun(entry: str) -> Word:
    """Singular and plural (`.s`) of "box" or of "knife/knives"."""
    singular, _, plural = entry.partition("/")
    return {"": singular, "s": plural or _add_s(singular)}


def verb(entry: str) -> Word:
    """The five forms of "walk" or of "go/goes/went/gone/going": base, `.s`, `.past`, `.done`, `.ing`."""
    forms = entry.split("/")
    base = forms[0]
    if len(forms) == 1:
        stem = base.removesuffix("e")
        past = base[:-1] + "ied" if _ends_in_consonant_y(base) else stem + "ed"
        forms = [base, _add_s(base), past, past, stem + "ing"]
    return dict(zip(("", "s", "past", "done", "ing"), forms, strict=True))


def _add_s(word: str) -> str:
    if _ends_in_consonant_y(word):
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "z", "ch", "sh", "ato")) else "s")


def _ends_in_consonant_y(word: str) -> bool:
    return word.endswith("y") and word[-2] not in "aeiou"
