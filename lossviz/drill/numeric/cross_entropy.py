"""Section F, cross-entropy: what it consists of, its exponential, its units and its gradient."""

from math import exp, log

from lossviz.drill.numeric.template import Draft, Draws, template
from lossviz.drill.numeric.tensors import reals, surprises, wholes
from lossviz.drill.numeric.writing import bracketed, listed, powers, rounded, shown


def expected(p: list[float], q: list[float]) -> float:
    """The mean loss, in nats, of a model that says q of tokens drawn from p."""
    return (reals(p) * surprises(q)).sum().item()


def expecting(p: list[float], q: list[float]) -> str:
    """How that is calculated."""
    return "−(" + " + ".join(f"{shown(a)} · ln {shown(b)}" for a, b in zip(p, q, strict=True)) + ")"


@template("divergence-of-two", questions=(27,), section="F")
def divergence_of_two(draw: Draws) -> Draft:
    """KL(p‖q) = CE(p, q) − H(p)."""
    p, q = draw.shares(3, 10), draw.shares(3, 10)
    entropy, loss = expected(p, p), expected(p, q)
    answer = loss - entropy
    prompt = (
        f"Three tokens come with probabilities {listed(p)}; a model gives them {listed(q)}. How much of its mean loss "
        "could training still remove?"
    )
    steps = (
        f"Mean loss: {expecting(p, q)} = {shown(loss)} nats.",
        f"Entropy, the floor: {expecting(p, p)} = {shown(entropy)}.",
        f"The rest is KL from the data to the model: {shown(loss)} − {shown(entropy)} = {shown(answer, 2)} nats.",
    )
    mistakes = {
        "divergence the other way": expected(q, p) - expected(q, q),
        "cross-entropy for divergence": loss,
        "entropy for divergence": entropy,
        "bits for nats": answer / log(2),
    }
    return Draft(prompt, answer, "nats", 2, steps, mistakes)


@template("perplexity-of-a-text", questions=(28,), section="F")
def perplexity_of_a_text(draw: Draws) -> Draft:
    """The reciprocal of the geometric mean."""
    from lossviz import perplexity

    p = [draw.one_of((0.05, 0.1, 0.2, 0.25, 0.4, 0.5, 0.8)) for _ in range(draw.whole(3, 4))]
    total = surprises(p).sum().item()
    answer = perplexity(total, len(p))
    prompt = f"The tokens of a text have the probabilities {listed(p)}. What is the perplexity of the model on it?"
    logs = " + ".join(f"ln {shown(x)}" for x in p)
    steps = (
        f"Mean loss: −({logs}) / {len(p)} = {shown(total / len(p))} nats.",
        f"e^{shown(total / len(p))} = {shown(answer, 2)}.",
    )
    mistakes = {
        "base 2 for base e": 2 ** (total / len(p)),
        "mean of perplexities": sum(1 / x for x in p) / len(p),
        "mean before the logarithm": len(p) / sum(p),
        "loss for perplexity": total / len(p),
    }
    return Draft(prompt, answer, "", 2, steps, mistakes)


@template("worse-than-uniform", questions=(28,), section="F")
def worse_than_uniform(draw: Draws) -> Draft:
    """One wrong logit above all others: perplexity has no upper bound."""
    from lossviz import cross_entropy

    V = 100 * draw.whole(1, 100)
    wrong = draw.whole(2, int(log(V)) + 4)
    logits = reals([0.0] * V)
    logits[1] = wrong
    loss = cross_entropy(logits, wholes(0)).item()
    prompt = (
        f"Of {V} logits all are 0 but one, which is {wrong} and belongs to a wrong token. What is the loss of the "
        "right one?"
    )
    Z = shown(V - 1 + exp(wrong))
    steps = (
        f"Z = {V - 1} · e^0 + e^{wrong} = {Z}.",
        f"A uniform guess would pay ln {V} = {shown(log(V))} nats.",
        f"The right token has logit 0, so it pays ln {Z} = {shown(loss, 2)} nats.",
    )
    mistakes = {
        "capped at the uniform loss": log(V),
        "only the largest logit": wrong,
        "wrong target": loss - wrong,
        "bits for nats": loss / log(2),
    }
    return Draft(prompt, loss, "nats", 2, steps, mistakes)


@template("bits-of-a-byte", questions=(29, 50), section="F")
def bits_of_a_byte(draw: Draws) -> Draft:
    """Loss per token over bytes per token, in bits."""
    from lossviz import bits_per_byte

    tokens, loss = draw.whole(10, 99) * 10, draw.whole(150, 350) / 100
    characters = tokens * draw.whole(32, 45) // 10
    n_bytes = characters + characters * draw.whole(5, 40) // 100
    answer = bits_per_byte(tokens * loss, n_bytes)
    prompt = (
        f"A text of {characters} characters, {n_bytes} bytes in UTF-8, is {tokens} tokens to a model, which loses "
        f"{shown(loss)} nats per token on it. What is its loss per byte?"
    )
    bits = shown(tokens * loss / log(2))
    steps = (
        f"In all {tokens} · {shown(loss)} = {shown(tokens * loss)} nats.",
        f"{shown(tokens * loss)} / ln 2 = {bits} bits.",
        f"{bits} / {n_bytes} = {shown(answer, 2)} bits per byte.",
    )
    mistakes = {
        "per token for per byte": loss / log(2),
        "nats for bits": answer * log(2),
        "characters for bytes": answer * n_bytes / characters,
    }
    return Draft(prompt, answer, "bits per byte", 2, steps, mistakes)


@template("gradient-of-a-logit", questions=(30,), section="F")
def gradient_of_a_logit(draw: Draws) -> Draft:
    """(p − y) / N."""
    from lossviz import cross_entropy_grad

    z, N = draw.wholes(3, -2, 3), draw.whole(2, 8)
    y, j = draw.whole(0, 2), draw.whole(0, 2)
    full = cross_entropy_grad(reals(z), wholes(y))[j].item()
    answer, p = full / N, rounded(full + (j == y))
    prompt = (
        f"At one of {N} scored positions the logits are {listed(z)}, tokens counted from 0, and token {y} comes. The "
        f"loss is the mean over the positions. What is its derivative by the logit that this position gives token {j}?"
    )
    steps = (
        f"Softmax: p = e^{bracketed(z[j])} / ({powers(z)}) = {shown(p)}.",
        f"p − y = {shown(p)} − {int(j == y)} = {shown(full)}.",
        f"The mean divides by the count: {shown(full)} / {N} = {shown(answer, 3)}.",
    )
    mistakes = {
        "count forgotten": full,
        "y minus p": -answer,
        "one hot in the wrong place": (full + (j == y) - (j != y)) / N,
    }
    return Draft(prompt, answer, "", 3, steps, mistakes)
