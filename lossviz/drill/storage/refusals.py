"""Why a file was refused, in one sentence that names the place and quotes nothing of what the file holds."""

import json
import re
from typing import Any

from pydantic import ValidationError

from lossviz.drill.events import Answered, Instance, Skipped, Started, Undone

OURS = {"format", "version", "exported_at", "events"}.union(
    *(model.model_fields for model in (Answered, Skipped, Started, Undone, Instance))
)  # the only names from a file that a sentence repeats
FEW = 100
PROBLEMS = {
    "missing": "is missing",
    "extra_forbidden": "has a field that this version does not know",
    "union_tag_not_found": "has no `kind`",
    "union_tag_invalid": "has a `kind` that this version does not know",
    "too_long": "has too many entries",
    "string_too_long": "is too long",
}


class Refused(ValueError):
    """A file that was not imported. Nothing was changed."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"Nothing was imported: {problem}.")


def refusal(error: ValidationError) -> Refused:
    """The first thing that is wrong, in the order of the file."""
    if error.error_count() > FEW:  # fields, as reading stops at the first bad event; a list of them costs memory
        return Refused(f"the file has more than {FEW} fields that this version does not know")
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return Refused(f"{_line(first['msg'])} is not JSON")
    problem = PROBLEMS.get(first["type"], "is not as this app writes it")
    return Refused(f"{_place(first['loc'])} {problem}")


class _Repeating(dict[str, Any]):
    """An object of JSON that had a name twice, of which readers take the last."""


def _object(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(fields)
    return read if len(read) == len(fields) else _Repeating(read)


def repetition(text: bytes) -> str | None:
    """Where in a file that is sound otherwise an object has a name twice."""
    tree = json.loads(text, object_pairs_hook=_object)
    for number, event in enumerate(tree["events"], start=1):
        if any(isinstance(part, _Repeating) for part in (event, *event.values())):
            return f"event {number}"
    return "the file" if isinstance(tree, _Repeating) else None


def _line(message: str) -> str:
    found = re.search(r"line (\d+) column (\d+)$", message)
    return f"line {found[1]}, column {found[2]}" if found else "the file"


def _place(loc: tuple[int | str, ...]) -> str:
    """The event or the file, and the innermost field that is one of ours, or "it"."""
    match loc:
        case ("events", int(index), *rest):
            place = f"event {index + 1}"
        case rest:
            place = "the file"
    names = [part for part in rest if part in OURS]
    return f"{place}: `{names[-1]}`" if names else f"{place}: it"
