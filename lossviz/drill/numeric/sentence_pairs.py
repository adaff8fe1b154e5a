"""Section C, sentence pairs: what follows what."""

from math import log

from lossviz.drill.numeric.template import Draft, Draws, template
from lossviz.drill.numeric.tensors import reals, wholes
from lossviz.drill.numeric.writing import added, bracketed, listed, shown


@template("bert-loss", questions=(14,), section="C")
def bert_loss(draw: Draws) -> Draft:
    """L = L_MLM + L_NSP."""
    from lossviz import cross_entropy, mean_over_targets

    masked, z, target = draw.tenths(draw.whole(2, 4), 5, 40), draw.wholes(2, -2, 3), draw.whole(0, 1)
    mlm = mean_over_targets(reals(masked), wholes([0] * len(masked))).item()
    nsp, other = (cross_entropy(reals(z), wholes(y)).item() for y in (target, 1 - target))
    loss = mlm + nsp
    prompt = (
        f"BERT's pair head gives “it follows” the logit {shown(z[0])} and “it is random” {shown(z[1])}. In truth it "
        f"{('follows', 'is random')[target]}. The selected tokens lose {listed(masked)} nats. What is the whole loss "
        "of BERT's pre-training?"
    )
    steps = (
        f"Masked LM: ({added(masked)}) / {len(masked)} = {shown(mlm)}.",
        f"The pair: cross-entropy of two classes, ln(1 + e^{bracketed(z[1 - target] - z[target])}) = {shown(nsp)}.",
        f"Both have the weight 1: {shown(mlm)} + {shown(nsp)} = {shown(loss, 2)} nats.",
    )
    mistakes = {
        "wrong target": mlm + other,
        "pair forgotten": mlm,
        "sum for mean": sum(masked) + nsp,
        "mean for sum": loss / 2,
        "bits and nats mixed": mlm + nsp / log(2),
    }
    return Draft(prompt, loss, "nats", 2, steps, mistakes)


@template("pair-truncation", questions=(14,), section="C")
def pair_truncation(draw: Draws) -> Draft | None:
    """The longer segment gives way until both fit."""
    from torch import Generator

    from lossviz import sentence_order_pairs

    room = draw.one_of((64, 96, 128, 160, 256))
    free = room - 3
    m = draw.whole(5, free // 2 - 5)
    n = draw.whole(free - m + 1, free - 1)
    texts = [[[1] * n, [2] * m]]
    pair = sentence_order_pairs(texts, max_length=free, swap_rate=0.0, generator=Generator("cpu").manual_seed(0))[0]
    answer = len(pair.first)
    prompt = (
        f"BERT's input has room for {room} tokens, one [CLS] and two [SEP] among them. Segments of {n} and {m} tokens "
        "must fit; tokens fall one at a time, always from the longer. How many tokens of the first segment stay?"
    )
    steps = (
        f"Room for both: {room} − 3 = {free}.",
        f"The first stays the longer one throughout: it keeps {free} − {m} = {answer} tokens, more than {m}.",
    )
    mistakes = {
        "special tokens forgotten": room - m,
        "half for each": free // 2,
        "in proportion": round(n * free / (n + m)),
    }
    return Draft(prompt, answer, "tokens", 0, steps, mistakes)
