"""What a learner can set on a page, as a frozen dataclass that a link can carry.

A lesson declares `class Dials` with one field per dial. `read` turns a link's parameters into dials and says in a
sentence what it could not use; `write` turns dials back into the shortest link; `change` sets dials and lets go of
what no longer fits (new text, new draw: the hand-made mask of the old one is gone).
"""

import base64
import binascii
import dataclasses
import math
import re
import zlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from lossviz.text.clean import clean

D = TypeVar("D")  # a lesson's dials

MOST_CHARACTERS = 10_000  # longer texts are cut, and the page says so
LONGEST_PLAIN = 600  # longer texts travel compressed: servers refuse links of 64 KiB


@dataclasses.dataclass(frozen=True)
class Kind:
    """How one dial is written in a link and read back.

    `parse` raises ValueError with the rule that was broken; `settle` makes a value fit to be shown and says in
    sentences what it changed; a dial that `follows` others goes back to its default when one of them moves.
    """

    parse: Callable[[str], Any]
    format: Callable[[Any], str] = str
    settle: Callable[[Any], tuple[Any, list[str]]] = lambda value: (value, [])
    follows: tuple[str, ...] = ()
    low: int = 0
    high: int = 0
    options: tuple[str, ...] = ()


def _dial(default: Any, **kind: Any) -> Any:
    return dataclasses.field(default=default, metadata={"kind": Kind(**kind)})


def choice(default: str, *others: str) -> Any:
    """One of a few words; the default comes first."""
    options = (default, *others)

    def parse(raw: str) -> str:
        if raw not in options:
            raise ValueError(f"is one of {', '.join(options)}")
        return raw

    return _dial(default, parse=parse, options=options)


def whole(default: int, low: int, high: int) -> Any:
    """A whole number between `low` and `high`, both included."""

    def parse(raw: str) -> int:
        if not re.fullmatch(r"-?\d{1,9}", raw, re.ASCII) or not low <= int(raw) <= high:
            raise ValueError(f"is a whole number from {low} to {high}")
        return int(raw)

    return _dial(default, parse=parse, low=low, high=high)


def flag(default: bool = False) -> Any:
    """On or off."""

    def parse(raw: str) -> bool:
        if raw not in ("0", "1"):
            raise ValueError("is 0 or 1")
        return raw == "1"

    return _dial(default, parse=parse, format=lambda value: str(int(value)))


def marks(states: int, *, follows: tuple[str, ...]) -> Any:
    """One digit per token, each below `states`; the empty string leaves the choice to the sampler."""

    def parse(raw: str) -> str:
        if not re.fullmatch(f"[0-{states - 1}]{{0,512}}", raw, re.ASCII):
            raise ValueError(f"is one digit from 0 to {states - 1} per token")
        return raw

    return _dial("", parse=parse, follows=follows)


def cells(*, follows: tuple[str, ...]) -> Any:
    """Cells of a matrix as (row, column) pairs, written `row-column` and joined by dots."""

    def parse(raw: str) -> tuple[tuple[int, int], ...]:
        if not re.fullmatch(r"(\d{1,3}-\d{1,3})(\.\d{1,3}-\d{1,3}){0,5000}", raw, re.ASCII):
            raise ValueError("is a list such as 2-3.4-5 of row-column pairs, counted from 0")
        pairs = (cell.split("-") for cell in raw.split("."))
        return tuple(sorted({(int(row), int(column)) for row, column in pairs}))

    def write(value: tuple[tuple[int, int], ...]) -> str:
        return ".".join(f"{row}-{column}" for row, column in value)

    return _dial((), parse=parse, format=write, follows=follows)


def number() -> Any:
    """A finite number that may be absent, such as a guess."""

    def parse(raw: str) -> float | None:
        value = float(raw) if re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?(e[+-]?\d{1,2})?", raw, re.ASCII) else math.nan
        if not math.isfinite(value):
            raise ValueError("is a number such as 0.41 or 568")
        return value

    return _dial(None, parse=parse, format=lambda value: f"{value:.15g}")


def word(*, follows: tuple[str, ...] = ()) -> Any:
    """One lower-case word that may be absent."""

    def parse(raw: str) -> str:
        if not re.fullmatch(r"[a-z][a-z-]{0,30}", raw, re.ASCII):
            raise ValueError("is one lower-case word")
        return raw

    return _dial("", parse=parse, follows=follows)


def name(default: str) -> Any:
    """The name of a model: a built-in one, one of the hub, or a local folder."""

    def parse(raw: str) -> str:
        if not raw.strip() or len(raw) > 200 or not raw.isprintable():
            raise ValueError("is a name of at most 200 printable characters")
        return raw.strip()

    return _dial(default, parse=parse)


def text(default: str) -> Any:
    """The learner's own words. Anything is accepted; a long text travels compressed, behind a `~`."""
    return _dial(default, parse=_unpack, format=_pack, settle=shortened)


def _pack(value: str) -> str:
    if len(value) <= LONGEST_PLAIN and not value.startswith("~"):
        return value
    return "~" + base64.urlsafe_b64encode(zlib.compress(value.encode(), 9)).decode().rstrip("=")


def _unpack(raw: str) -> str:
    if not raw.startswith("~"):
        return raw
    try:
        packed = base64.urlsafe_b64decode(raw[1:] + "=" * (-len(raw[1:]) % 4))
        unpacker = zlib.decompressobj()
        plain = unpacker.decompress(packed, 4 * MOST_CHARACTERS)
        if not unpacker.eof:
            raise ValueError
        return plain.decode()
    except (ValueError, binascii.Error, zlib.error) as error:
        raise ValueError("came damaged: the compressed text of this link cannot be read") from error


def shortened(value: str) -> tuple[str, list[str]]:
    """A text made printable and no longer than the limit, with a sentence for each thing that was done to it."""
    kept, notices = clean(value[:MOST_CHARACTERS])
    if len(value) > MOST_CHARACTERS:
        notices.append(f"A text has at most {MOST_CHARACTERS:,} characters; yours has {len(value):,}, the end was cut.")
    return kept, notices


def kinds(dials: Any) -> dict[str, Kind]:
    """The kind of every dial, by name."""
    return {field.name: field.metadata["kind"] for field in dataclasses.fields(dials)}


def read(dials: type[D], link: Mapping[str, str]) -> tuple[D, list[str]]:
    """The dials that a link describes, and a sentence for every part of it that could not be used."""
    values, notices = {}, []
    for name_, kind in kinds(dials).items():
        if name_ not in link:
            continue
        try:
            values[name_], said = kind.settle(kind.parse(link[name_]))
            notices += said
        except ValueError as error:
            notices.append(f"The link's “{name_}” {error}; it said “{link[name_][:40]}”, so the default stands.")
    return dials(**values), notices


def write(dials: Any) -> dict[str, str]:
    """The parameters of the shortest link to these dials: what stands at its default is left out."""
    return {
        field.name: field.metadata["kind"].format(getattr(dials, field.name))
        for field in dataclasses.fields(dials)
        if getattr(dials, field.name) != field.default
    }


def change(dials: D, **new: Any) -> tuple[D, list[str]]:
    """These dials with some of them set, and sentences on what had to be changed in the new values.

    Whatever follows a dial that moved goes back to its default.
    """
    settled = {key: kinds(dials)[key].settle(value) for key, value in new.items()}
    values = {key: value for key, (value, _) in settled.items()}
    moved = {key for key, value in values.items() if getattr(dials, key) != value}
    let_go = {
        field.name: field.default
        for field in dataclasses.fields(dials)  # type: ignore[arg-type]
        if moved & set(field.metadata["kind"].follows) and field.name not in values
    }
    changed = dataclasses.replace(dials, **let_go, **values)  # type: ignore[type-var]
    return changed, [sentence for _, said in settled.values() for sentence in said]
