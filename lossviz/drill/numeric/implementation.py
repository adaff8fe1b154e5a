"""Section G, implementation: log-sum-exp, memory, and what goes into the loss."""

from math import exp, log

from lossviz.drill.numeric.template import Draft, Draws, template
from lossviz.drill.numeric.tensors import reals, surprises, wholes
from lossviz.drill.numeric.writing import listed, powers, rounded, shown

GIB = 2**30


@template("log-sum-exp", questions=(31,), section="G")
def stable_log_sum_exp(draw: Draws) -> Draft:
    """m + log Σ exp(z − m)."""
    from lossviz import log_sum_exp

    base = draw.one_of((-1000, -500, 200, 500, 1000, 2000))
    z = [base + offset for offset in draw.wholes(draw.whole(3, 4), 0, 4)]
    m, answer = max(z), log_sum_exp(reals(z)).item()
    prompt = (
        f"Z is the sum of the exponentials of the logits {listed(z)}, which {'over' if base > 0 else 'under'}flow in "
        "float32. What is ln Z?"
    )
    Z = rounded(exp(answer - m))
    steps = (
        f"Take out the largest, {shown(m)}: {powers(x - m for x in z)} = {shown(Z)}.",
        f"ln {shown(Z)} = {shown(log(Z))}.",
        f"Add the largest again: {shown(m)} + {shown(log(Z))} = {shown(answer, 2)}.",
    )
    mistakes = {
        "largest not added again": answer - m,
        "only the largest logit": m,
        "bits and nats mixed": m + (answer - m) / log(2),
        "mean for sum": answer - log(len(z)),
    }
    return Draft(prompt, answer, "", 2, steps, mistakes)


@template("running-sum", questions=(31, 55), section="G")
def running_sum(draw: Draws) -> Draft:
    """The online softmax: a new largest logit makes the old sum smaller."""
    from lossviz import log_sum_exp

    old, s = draw.whole(-3, 3), draw.whole(11, 40) / 10
    new = [old + draw.whole(1, 3), old + draw.whole(-2, 0)]
    m = max(new)
    answer = (log_sum_exp(reals([old + log(s), *new])) - m).exp().item()
    prompt = (
        f"An online softmax has read some logits z: the largest is {shown(old)}, the sum of exp(z − largest) is {s}. "
        f"Now the logits {listed(new)} come. What is the sum of exp(z − largest) over all, with the new largest?"
    )
    before, added = shown(s * exp(old - m)), shown(sum(exp(x - m) for x in new))
    steps = (
        f"The new largest is {shown(m)}: the old sum shrinks to {s} · e^{shown(old - m)} = {before}.",
        f"The new terms: {powers(x - m for x in new)} = {added}.",
        f"{before} + {added} = {shown(answer, 2)}.",
    )
    mistakes = {
        "old sum not rescaled": s + sum(exp(x - m) for x in new),
        "old largest kept": s + sum(exp(x - old) for x in new),
        "rescaled the wrong way": s * exp(m - old) + sum(exp(x - m) for x in new),
    }
    return Draft(prompt, answer, "", 2, steps, mistakes)


@template("memory-of-logits", questions=(32, 43), section="G")
def memory_of_logits(draw: Draws) -> Draft:
    """Positions times vocabulary times bytes."""
    from torch import bfloat16, empty, float32

    B, T = draw.whole(1, 16), draw.one_of((512, 1024, 2048, 4096))
    V = draw.one_of((32000, 50257, 128256, 151936, 256000))
    name, dtype = draw.one_of((("float32", float32), ("bfloat16", bfloat16)))
    size = empty(B, T, V, dtype=dtype, device="meta").nbytes
    each = dtype.itemsize
    prompt = (
        f"{B} {'row' if B == 1 else 'rows'} of {T} tokens, a vocabulary of {V}, logits in {name}. How much memory do "
        "the logits take, with 1 GiB = 1024³ bytes?"
    )
    steps = (
        f"{B} · {T} · {V} = {B * T * V} logits of {each} bytes.",
        f"{B * T * V} · {each} / 1024³ = {shown(size / GIB, 2)} GiB.",
    )
    mistakes = {
        "GB for GiB": size / 1e9,
        "bytes of the other type": size / GIB * (2 if each == 2 else 0.5),
        "bits for bytes": 8 * size / GIB,
    }
    return Draft(prompt, size / GIB, "GiB", 2, steps, mistakes)


@template("probabilities-for-logits", questions=(32,), section="G")
def probabilities_for_logits(draw: Draws) -> Draft:
    """A softmax of a softmax: this loss cannot come near 0."""
    from lossviz import cross_entropy, log_sum_exp

    p, y = draw.shares(draw.whole(3, 4)), 0
    loss, log_z = cross_entropy(reals(p), wholes(y)).item(), log_sum_exp(reals(p)).item()
    right = surprises(p[y]).item()
    prompt = (
        f"Someone hands the probabilities {listed(p)} to a cross-entropy that expects logits. The first token is "
        "right. What loss does it return?"
    )
    steps = (
        f"What was meant: −ln {shown(p[y])} = {shown(right)} nats.",
        f"A second softmax instead: ln({powers(p)}) = {shown(log_z)}.",
        f"{shown(log_z)} − {shown(p[y])} = {shown(loss, 2)} nats.",
    )
    mistakes = {
        "what was meant": right,
        "probability for loss": exp(-loss),
        "bits for nats": loss / log(2),
        "normaliser for loss": log_z,
    }
    return Draft(prompt, loss, "nats", 2, steps, mistakes)
