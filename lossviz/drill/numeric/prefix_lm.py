"""Section D, prefix LM: who sees whom, and what is scored."""

from lossviz.drill.numeric.template import Draft, Draws, template
from lossviz.drill.numeric.tensors import reals, wholes
from lossviz.drill.numeric.writing import added, listed, shown


@template("pairs-of-a-prefix", questions=(22,), section="D")
def pairs_of_a_prefix(draw: Draws) -> Draft:
    """Causal, and above the diagonal what lies inside the prefix."""
    from lossviz import prefix_mask

    T = draw.whole(5, 30)
    p = draw.whole(2, T - 2)
    answer = int(prefix_mask(T, p).sum())
    prompt = (
        f"A prefix LM reads {T} tokens, the first {p} of them as its prefix. How many pairs of query and key does "
        "its mask leave open?"
    )
    causal = T * (T + 1) // 2
    steps = (
        f"Causal, the diagonal included: {T} · {T + 1} / 2 = {causal}.",
        f"Inside the prefix also above the diagonal: {p} · {p - 1} / 2 = {p * (p - 1) // 2}.",
        f"{causal} + {p * (p - 1) // 2} = {answer} pairs.",
    )
    mistakes = {
        "prefix left causal": causal,
        "overlap counted twice": causal + p * p,
        "diagonal counted twice": answer + p,
        "everyone sees everyone": T * T,
    }
    return Draft(prompt, answer, "pairs", 0, steps, mistakes)


@template("loss-behind-a-prefix", questions=(22, 23), section="D")
def loss_behind_a_prefix(draw: Draws) -> Draft:
    """Only what stands behind the prefix is scored, the first token of it too."""
    from lossviz import IGNORE_INDEX, mean_over_targets

    T = draw.whole(5, 7)
    p = draw.whole(2, T - 2)
    losses = draw.tenths(T, 1, 40)
    loss = mean_over_targets(reals(losses), wholes([IGNORE_INDEX] * p + [0] * (T - p))).item()
    prompt = (
        f"A prefix LM reads {T} tokens, the first {p} of them as its prefix. Their losses, as if each were a target, "
        f"are {listed(losses)} nats. What is its mean loss per scored token?"
    )
    scored = losses[p:]
    steps = (
        f"The prefix is read, not predicted: {T} − {p} = {T - p} tokens are scored.",
        f"({added(scored)}) / {T - p} = {shown(loss, 2)} nats.",
    )
    mistakes = {
        "prompt scored": sum(losses) / T,
        "whole length as denominator": sum(scored) / T,
        "first target forgotten": sum(scored[1:]) / (T - p - 1),
        "sum for mean": sum(scored),
    }
    return Draft(prompt, loss, "nats", 2, steps, mistakes)
