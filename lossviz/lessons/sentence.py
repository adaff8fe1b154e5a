"""A learner's text on its way into a lesson: the model that reads it, its tokens, and what could not be taken in."""

import dataclasses
from collections.abc import Sequence

from lossviz.figures.grid import Cell, Role
from lossviz.figures.numerals import three
from lossviz.lessons.scene import Metric
from lossviz.models import LanguageModel, ModelUnavailable, describe, load
from lossviz.text.tokens import Tokens, tokenize


class CannotShow(ValueError):
    """There is nothing to compute; the message is a sentence for the learner."""


@dataclasses.dataclass(frozen=True)
class Reading:
    """A model and the tokens that it reads, at most as many as it can; `notices` tell what was left out."""

    model: LanguageModel
    tokens: Tokens
    notices: tuple[str, ...]

    @property
    def special(self) -> list[bool]:
        """Which tokens are special: these are never corrupted."""
        return [token in self.model.special_ids for token in self.tokens.ids]


def read_text(*which: str, text: str, room: int = 0) -> Reading:
    """Load the model that `which` names (a kind, and the name of one that is not built in) and tokenize `text` for it,
    leaving `room` positions free. Raises CannotShow with a sentence."""
    try:
        model = load(*which)
    except ModelUnavailable as error:
        raise CannotShow(str(error)) from error
    tokens = tokenize(model.tokenizer, text, model.max_tokens - room)
    if not tokens.ids:
        raise CannotShow("Type at least one word: there is no token to look at yet.")
    cut = f"This model reads {len(tokens.ids)} tokens at most. Left out: “{_shortly(tokens.cut)}”"
    return Reading(model, tokens, (cut,) if tokens.cut else ())


def which_model(name: str, *kinds: str) -> tuple[str, ...]:
    """What `load` is asked for when a dial says `name`: a built-in model by its kind; any other as one of the first."""
    return (name,) if name in kinds else (kinds[0], name)


def fitted(marks: str, length: int, what: str) -> tuple[str, tuple[str, ...]]:
    """Marks set by hand, one digit per token, made as long as the text, and a sentence if they had to be."""
    if not marks or len(marks) == length:
        return marks, ()
    notice = f"The {what} of this link are for {len(marks)} tokens, the text has {length}: they were fitted."
    return marks[:length].ljust(length, "0"), (notice,)


def _shortly(text: str, most: int = 160) -> str:
    return text if len(text) <= most else f"{text[:most]}…” and {len(text) - most:,} more characters, “{text[-20:]}"


def chips(pieces: Sequence[str], joined: Sequence[bool], role: Role, what: str) -> list[Cell]:
    """One chip per token, named "token 4, small, <what>" for those who hear the page."""
    return [
        Cell(piece, role, name=f"token {i + 1}, {piece}, {what}", joined=joins)
        for i, (piece, joins) in enumerate(zip(pieces, joined, strict=True))
    ]


def facts(model: LanguageModel) -> tuple[Metric, ...]:
    """What a learner may ask of a model: its size, its vocabulary, how much it reads and where it runs."""
    return (
        Metric("Parameters", f"{three(model.n_parameters / 1e6)} M"),
        Metric("Vocabulary", f"{model.vocab_size:,} tokens"),
        Metric("Reads at most", f"{model.max_tokens} tokens"),
        Metric("Runs on", describe(model.device)),
    )
