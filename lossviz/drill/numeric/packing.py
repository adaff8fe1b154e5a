"""Modern topics: documents that share a row, and windows over a long text."""

from math import ceil

from lossviz.drill.numeric.template import Draft, Draws, template
from lossviz.drill.numeric.writing import added, equations, listed, shown


@template("pairs-of-a-packed-row", questions=(42, 6), section="Modern topics")
def pairs_of_a_packed_row(draw: Draws) -> Draft:
    """Causal inside each document, closed between them."""
    from lossviz import pack_documents

    lengths = draw.wholes(draw.whole(2, 4), 2, 9)
    T = sum(lengths)
    answer = int(pack_documents([[5] * n for n in lengths], T).attention.sum())
    prompt = (
        f"Documents of {listed(lengths)} tokens fill one packed row. Attention is causal and closed between documents. "
        "How many pairs of query and key does the mask leave open?"
    )
    of_each = [n * (n + 1) // 2 for n in lengths]
    steps = (
        f"Causal, the diagonal included: {equations((f'{n} · {n + 1} / 2' for n in lengths), of_each)}.",
        f"{added(of_each)} = {answer} pairs.",
    )
    mistakes = {
        "open between documents": T * (T + 1) // 2,
        "everyone sees everyone": sum(n * n for n in lengths),
        "diagonal forgotten": answer - T,
    }
    return Draft(prompt, answer, "pairs", 0, steps, mistakes)


@template("targets-of-packed-rows", questions=(42, 3), section="Modern topics")
def targets_of_packed_rows(draw: Draws) -> Draft:
    """No target across documents, none on padding."""
    from lossviz import IGNORE_INDEX, pack_documents

    room, lengths = draw.whole(10, 16), draw.wholes(draw.whole(3, 5), 2, 8)
    rows = pack_documents([[5] * n for n in lengths], room)
    answer = int((rows.labels != IGNORE_INDEX).sum())
    prompt = (
        f"Documents of {listed(lengths)} tokens are packed into rows of {room}, none of them split, padding at the "
        "end. No document predicts the next. How many targets are there?"
    )
    steps = (
        "In any row a document of n tokens has n − 1 targets: its first token has no context.",
        f"{added(n - 1 for n in lengths)} = {answer} targets.",
    )
    mistakes = {
        "first tokens scored": sum(lengths),
        "every place a target": rows.labels.numel(),
        "one lost in all": sum(lengths) - 1,
    }
    return Draft(prompt, answer, "targets", 0, steps, mistakes)


@template("windows-of-a-text", questions=(56,), section="Modern topics")
def windows_of_a_text(draw: Draws) -> Draft:
    """1 + ⌈(T − window) / stride⌉."""
    from lossviz import strided_windows

    window = draw.one_of((128, 256, 512, 1024))
    stride, T = window // draw.one_of((2, 4, 8)), window + draw.whole(50, 2000)
    answer = len(strided_windows(T, max_length=window, stride=stride))
    prompt = (
        f"A text of {T} tokens is scored in windows of {window} that move on by {stride}, until one reaches the end of "
        "the text. How many windows are run?"
    )
    steps = (
        f"The first window covers {window}; {T} − {window} = {T - window} tokens are left.",
        f"Each further one adds {stride}: {T - window} / {stride} = {shown((T - window) / stride)}, rounded up.",
        f"1 + {answer - 1} = {answer} windows.",
    )
    mistakes = {
        "end left out": 1 + (T - window) // stride,
        "a window for every step": ceil(T / stride),
        "windows side by side": ceil(T / window),
    }
    return Draft(prompt, answer, "windows", 0, steps, mistakes)
