"""Section A, causal language modelling: one token, one text, and what a mean is taken over."""

from math import exp, log

from lossviz.drill.numeric.template import Draft, Draws, template
from lossviz.drill.numeric.tensors import reals, surprises, wholes
from lossviz.drill.numeric.writing import added, bracketed, listed, powers, rounded, shown, surprising


@template("loss-of-a-token", questions=(1, 27), section="A")
def loss_of_a_token(draw: Draws) -> Draft:
    """ℓ = log Z − z_y."""
    from lossviz import cross_entropy, log_sum_exp

    z = draw.wholes(draw.whole(3, 4), -2, 4)
    y = draw.whole(1, len(z) - 1)
    of_each = cross_entropy(reals([z] * len(z)), wholes(range(len(z)))).tolist()
    loss, Z = of_each[y], rounded(log_sum_exp(reals(z)).exp().item())
    prompt = (
        f"Tokens 0 to {len(z) - 1} of a tiny vocabulary have the logits {listed(z)}. Token {y} comes. What is its loss?"
    )
    steps = (
        f"Z = {powers(z)} = {shown(Z)}, and ln {shown(Z)} = {shown(log(Z))}.",
        f"The right token, counted from 0, has the logit {shown(z[y])}.",
        f"Loss = ln Z − z = {shown(log(Z))} − {bracketed(z[y])} = {shown(loss, 2)} nats.",
    )
    mistakes = {
        "bits for nats": loss / log(2),
        "minus forgotten": -loss,
        "probability for loss": exp(-loss),
        "wrong target": tuple(sorted({*of_each} - {loss})),
    }
    return Draft(prompt, loss, "nats", 2, steps, mistakes)


@template("mean-loss-of-a-text", questions=(1, 28), section="A")
def mean_loss_of_a_text(draw: Draws) -> Draft:
    """L = 1/N Σ −log p."""
    from lossviz import mean_over_targets

    p = [draw.one_of((0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.75, 0.8, 0.9)) for _ in range(draw.whole(3, 4))]
    losses = surprises(p)
    loss = mean_over_targets(losses, wholes([0] * len(p))).item()
    prompt = (
        f"A causal LM gives the right tokens of a sentence the probabilities {listed(p)}. What is its mean loss "
        "per token?"
    )
    each = [rounded(x) for x in losses.tolist()]
    steps = (
        f"Minus the logarithms: {surprising(p, each)}.",
        f"{added(each)} = {shown(sum(each))}, which is minus the log-probability of the sentence.",
        f"{shown(sum(each))} / {len(p)} = {shown(loss, 2)} nats.",
    )
    mistakes = {
        "sum for mean": losses.sum().item(),
        "mean before the logarithm": -log(sum(p) / len(p)),
        "bits for nats": loss / log(2),
        "minus forgotten": -loss,
    }
    return Draft(prompt, loss, "nats", 2, steps, mistakes)


@template("label-of-a-position", questions=(3,), section="A")
def label_of_a_position(draw: Draws) -> Draft:
    """labels[t] = ids[t + 1]."""
    from lossviz import next_token_labels

    text = draw.shuffled(draw.some_of(range(10, 100), draw.whole(6, 8)))
    t = draw.whole(1, len(text) - 3)
    label = next_token_labels(wholes(text))[t].item()
    prompt = (
        f"A causal LM reads the ids {listed(text)}. Positions count from 0. Against which id are its logits at "
        f"position {t} scored?"
    )
    steps = (
        f"Position {t} reads {text[t]} and all before it.",
        f"It must say what comes next, at position {t} + 1 = {t + 1}: {label}.",
    )
    mistakes = {"no shift": text[t], "shifted twice": text[t + 2], "shifted the wrong way": text[t - 1]}
    return Draft(prompt, label, "", 0, steps, mistakes)


@template("pairs-of-a-window", questions=(6,), section="A")
def pairs_of_a_window(draw: Draws) -> Draft:
    """Σ min(t, w)."""
    from lossviz import sliding_window_mask

    T = draw.whole(8, 40)
    w = draw.whole(2, T // 2)
    answer = int(sliding_window_mask(T, w).sum())
    prompt = (
        f"{T} tokens under a causal mask with a sliding window: each looks at {w} tokens at most, itself included. How "
        "many pairs of query and key does the mask leave open?"
    )
    steps = (
        f"The first {w} tokens see 1, 2, … {w} keys: {w} · {w + 1} / 2 = {w * (w + 1) // 2}.",
        f"The other {T - w} see {w} each: {T - w} · {w} = {(T - w) * w}.",
        f"{w * (w + 1) // 2} + {(T - w) * w} = {answer} pairs.",
    )
    mistakes = {
        "causal without the window": T * (T + 1) // 2,
        "itself on top of the window": int(sliding_window_mask(T, w + 1).sum()),
        "diagonal forgotten": answer - T,
        "rows all alike": T * w,
    }
    return Draft(prompt, answer, "pairs", 0, steps, mistakes)


@template("loss-of-a-repeat", questions=(7,), section="A")
def loss_of_a_repeat(draw: Draws) -> Draft:
    """What a perfect induction head still pays for a text that comes twice."""
    from lossviz import IGNORE_INDEX, cross_entropy, mean_over_targets

    n, V = draw.whole(5, 24), 25 * draw.whole(1, 40)
    uniform = cross_entropy(reals([0.0] * V), wholes(0)).item()
    losses, scored = reals([uniform] * (n + 1) + [0.0] * (n - 1)), wholes([IGNORE_INDEX] + [0] * (2 * n - 1))
    loss = mean_over_targets(losses, scored).item()
    prompt = (
        f"{n} tokens, each drawn evenly from a vocabulary of {V}, are followed by the same {n} once more. A perfect "
        "induction head is uniform until it has read the first repeated token, then certain. The very first token of "
        "the text is not scored. What is its mean loss per scored token?"
    )
    steps = (
        f"Uniform tokens cost ln {V} = {shown(uniform)} nats: {n - 1} of the first copy and the first of the second.",
        f"The other {n - 1} cost nothing; {2 * n} − 1 = {2 * n - 1} tokens are scored.",
        f"{n} · {shown(uniform)} / {2 * n - 1} = {shown(loss, 2)} nats.",
    )
    mistakes = {
        "first token scored": (n + 1) * uniform / (2 * n),
        "off by one": (n - 1) * uniform / (2 * n - 1),
        "only the costly ones counted": uniform,
        "bits for nats": loss / log(2),
    }
    return Draft(prompt, loss, "nats", 2, steps, mistakes)
