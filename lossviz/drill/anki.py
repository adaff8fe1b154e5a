"""The questions as an Anki package: one note each, which a later package updates instead of adding it again.

What Anki keeps a note by (the ids of model and deck, the note's guid, the list of fields) is written down here and
must never change. The cards go over, the schedule does not.
"""

import itertools
import re
import sqlite3
import zipfile
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING, Any

from lossviz.content import MATH
from lossviz.drill.proofs import Demonstration
from lossviz.drill.questions import Question, Source
from lossviz.lessons.words import load_home

if TYPE_CHECKING:
    from genanki import Model, Note
    from markdown_it import MarkdownIt

MODEL_ID, DECK_ID, FIRST_ID = 1_766_102_401, 1_766_102_402, 1_766_102_400_000
FIELDS = ("Question", "Short answer", "Long answer", "Checklist", "Formulas", "Proof", "Page", "Sources")
FRONT = '<div class="question">{{Question}}</div>'
BACK = """{{FrontSide}}
<hr id="answer">
<h2>In thirty seconds</h2>{{Short answer}}
<h2>A complete answer contains</h2>{{Checklist}}
<h2>In two minutes</h2>{{Long answer}}
<h2>Formulas</h2>{{Formulas}}
<h2>Proof</h2>{{Proof}}
<h2>Page</h2>{{Page}}
<h2>Sources</h2>{{Sources}}"""
CSS = """.card { font: 18px/1.5 system-ui, sans-serif; text-align: left; color: #1b1b1f; background: #ffffff }
.card { max-width: 42em; margin: 0 auto; padding: 0 1em }
.question { font-size: 1.15em; font-weight: 600 }
h2 { font-size: 0.9em; margin: 1.4em 0 0.2em; color: #55555f }
pre { padding: 0.8em; overflow-x: auto; background: #f1f1f4 }
pre, code { font: 0.85em/1.45 ui-monospace, monospace }
table { border-collapse: collapse }
th, td { padding: 0.2em 0.7em; border-bottom: 1px solid #8a8a94; text-align: left }
a { color: #0b57d0 }
.card.nightMode { color: #e6e6ea; background: #1c1c20 }
.nightMode h2 { color: #b4b4be }
.nightMode pre { background: #2a2a30 }
.nightMode a { color: #8ab4f8 }
"""


def apkg(questions: Iterable[Question], address: str, at: datetime) -> bytes:
    """The questions as the bytes of an `.apkg`, the same for the same arguments.

    `address` is where the app stands, for the links to its pages. `at` is the age of the text: of a note it already
    has, Anki takes the new text only where that is younger. Raises ValueError for an address that is none.
    """
    import genanki

    model, address = _model(), _address(address)
    deck = genanki.Deck(DECK_ID, "lossviz")
    for question in questions:
        deck.add_note(_note(question, model, address))
    with sqlite3.connect(":memory:") as collection:  # genanki's own way to a file leaves a temporary one behind
        genanki.Package(deck).write_to_db(collection.cursor(), at.timestamp(), itertools.count(FIRST_ID))
    packed = collection.serialize()
    collection.close()
    return _zipped({"collection.anki2": packed, "media": b"{}"})


def _address(address: str) -> str:
    if not re.fullmatch(r"https?://[^\s\"'<>]+", address):
        raise ValueError(f"an address begins with http:// or https://; got {address!r}. Copy it from the browser.")
    return address.rstrip("/")


def _zipped(files: dict[str, bytes]) -> bytes:
    """A zip without the time and the system it was made on."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name)  # of 1980, the first moment a zip knows
            entry.create_system, entry.compress_type = 3, zipfile.ZIP_DEFLATED
            package.writestr(entry, data)
    return packed.getvalue()


def _model() -> "Model":
    from genanki import Model

    templates = [{"name": "Question", "qfmt": FRONT, "afmt": BACK}]
    return Model(MODEL_ID, "lossviz question", [{"name": name} for name in FIELDS], templates, css=CSS)


def _note(question: Question, model: "Model", address: str) -> "Note":
    from genanki import Note, guid_for

    fields = {
        "Question": _line(question.question),
        "Short answer": _text(question.short_answer),
        "Long answer": _text(question.long_answer),
        "Checklist": _list(_line(point) for point in question.checklist),
        "Formulas": "".join(rf"<p>\[{escape(formula)}\]</p>" for formula in question.formulas),
        "Proof": _proof(question, address),
        "Page": _page(question.page, address),
        "Sources": _list(_source(source) for source in question.sources),
    }
    return Note(
        model,
        [_inert(fields[name]) for name in FIELDS],
        tags=[f"lossviz::{question.section.replace(' ', '-')}"],
        guid=guid_for("lossviz", question.id),
        due=question.id,
    )


# --- The fields, as HTML ----------------------------------------------------------------------------------------------


def _proof(question: Question, address: str) -> str:
    shown = _demonstration(question.proof, address)
    usual = question.proof.refutation
    return shown + (f"<h2>The usual answer, tested</h2>{_demonstration(usual, address)}" if usual else "")


def _demonstration(shown: Demonstration, address: str) -> str:
    """What bears a sentence out: the program and what it prints, the link to the live state, the table."""
    parts = [_text(shown.says)]
    if shown.listing:
        parts.append(f"<pre>{escape(shown.listing.transcript)}</pre>")
    if shown.live:
        parts.append(f"<p>{_link(f'{address}/{shown.live.state}', 'See it live')}</p>")
    if shown.literature:
        rows = "".join(_row("td", row) for row in shown.literature.rows)
        parts.append(f"<table>{_row('th', shown.literature.columns)}{rows}</table>{_text(shown.literature.source)}")
    return "".join(parts)


def _row(cell: str, values: Iterable[str | float]) -> str:
    return f"<tr>{''.join(f'<{cell}>{_line(str(value))}</{cell}>' for value in values)}</tr>"


def _page(slug: str, address: str) -> str:
    """The page that teaches it: its title, with a link once the page is there."""
    page = {page.slug: page for part in load_home().parts for page in part.pages}[slug]
    return _link(f"{address}/{slug}", page.title) if page.ready else escape(page.title)


def _source(source: Source) -> str:
    known = "" if source.evidence == "read" else f" [{source.evidence}]"
    return f"{_link(source.link, f'{source.name} ({source.year})')}, {_line(source.place)}{known}"


def _link(target: str, text: str) -> str:
    return f'<a href="{escape(target)}">{escape(text)}</a>'


def _list(items: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"


def _inert(html: str) -> str:
    """HTML in which Anki finds no field and no cloze: braces as the browser reads them, MathJax included."""
    return html.replace("{", "&#123;").replace("}", "&#125;")


# --- Markdown with formulas -------------------------------------------------------------------------------------------


def _text(prose: str) -> str:
    return _markdown().render(prose).strip()


def _line(prose: str) -> str:
    return _markdown().renderInline(prose)


@cache
def _markdown() -> "MarkdownIt":
    """The Markdown of the questions, `$…$` for MathJax; no HTML passes, and nothing is loaded from anywhere."""
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark", {"html": False}).disable("image")
    markdown.inline.ruler.push("math", _read_math)
    markdown.add_render_rule("math", _write_math)
    return markdown


def _read_math(state: Any, silent: bool) -> bool:
    found = MATH.match(state.src, state.pos)
    if found and not silent:
        state.push("math", "", 0).content = found[1]
    state.pos = found.end() if found else state.pos
    return bool(found)


def _write_math(_: Any, tokens: Any, index: int, *more: Any) -> str:
    return rf"\({escape(tokens[index].content)}\)"
