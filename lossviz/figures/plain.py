"""Frozen dataclasses as plain JSON data, without the fields that say nothing."""

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from math import isfinite
from typing import Any


def plain(value: Any) -> Any:
    """`value` as dicts, lists, strings, numbers and None; a field that holds its default is left out.

    JSON has no infinity and no NaN: such a number becomes None, and the text beside it says what it was.
    """
    if is_dataclass(value):
        held = ((field, getattr(value, field.name)) for field in fields(value))
        return {field.name: plain(item) for field, item in held if item != field.default}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not isfinite(value):
        return None
    return value


def known(what: str, names: Iterable[str], allowed: tuple[str, ...]) -> None:
    """Raise ValueError for the first of `names` that is not `allowed`."""
    for name in names:
        if name not in allowed:
            raise ValueError(f"a {what} is one of {', '.join(allowed)}; got {name!r}. Take one of these.")
