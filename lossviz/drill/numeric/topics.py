"""Modern topics: soft-cap, masked diffusion, label smoothing."""

from math import log, tanh

from lossviz.drill.numeric.template import Draft, Draws, template
from lossviz.drill.numeric.tensors import reals, surprises, wholes, yes_or_no
from lossviz.drill.numeric.writing import added, bracketed, equations, listed, powers, rounded, shown, surprising


@template("soft-cap", questions=(44,), section="Modern topics")
def capped_logit(draw: Draws) -> Draft:
    """cap · tanh(z / cap)."""
    from lossviz import softcap

    cap, z = draw.one_of((30, 50)), draw.whole(5, 120)
    answer = softcap(reals(z), cap).item()
    prompt = f"A logit of {z} passes through a soft-cap of {cap}, as in Gemma 2. What comes out?"
    steps = (
        f"Divided by the cap: {z} / {cap} = {shown(z / cap)}.",
        f"tanh bends it, and the cap scales it back: {cap} · tanh({shown(z / cap)}) = {shown(answer, 2)}.",
    )
    mistakes = {
        "cut off": min(z, cap),
        "not scaled back": tanh(z / cap),
        "slope for value": 1 - tanh(z / cap) ** 2,
    }
    return Draft(prompt, answer, "", 2, steps, mistakes)


@template("masked-diffusion-loss", questions=(47,), section="Modern topics")
def loss_of_a_masked_row(draw: Draws) -> Draft:
    """Σ ℓ / (rate · T)."""
    from lossviz import masked_diffusion_loss

    T, k, rate = draw.whole(4, 12), draw.whole(2, 4), draw.whole(10, 90) / 100
    p = [draw.whole(1, 19) / 20 for _ in range(k)]
    selected = wholes([1] * k + [0] * (T - k))
    logits = yes_or_no(p + [0.5] * (T - k))
    loss = masked_diffusion_loss(logits, wholes([0] * T), selected, reals(rate)).sum().item()
    total = surprises(p).sum().item()
    prompt = (
        f"A masked diffusion model drew the masking rate {shown(rate)} for a row of {T} tokens, and {k} of them were "
        f"masked. There it gives the true tokens the probabilities {listed(p)}. What is the weighted loss of the row, "
        "per token of its length?"
    )
    each = [rounded(x) for x in surprises(p).tolist()]
    steps = (
        f"Cross-entropy at the masked tokens: {surprising(p, each)}.",
        f"{added(each)} = {shown(sum(each))}.",
        f"Over rate and length: {shown(sum(each))} / ({shown(rate)} · {T}) = {shown(loss, 2)} nats.",
    )
    mistakes = {
        "rate forgotten": total / T,
        "mean over the masked": total / k,
        "length forgotten": total / rate,
        "rate on the wrong side": total * rate / T,
        "bits for nats": loss / log(2),
    }
    return Draft(prompt, loss, "nats", 2, steps, mistakes)


@template("label-smoothing", questions=(48,), section="Modern topics")
def smoothed_loss(draw: Draws) -> Draft:
    """(1 − ε) ℓ_y + ε · mean of all ℓ."""
    from lossviz import cross_entropy, log_sum_exp

    z, epsilon = draw.wholes(draw.whole(3, 4), -2, 4), draw.one_of((0.1, 0.2, 0.3))
    y = draw.whole(0, len(z) - 1)

    def smoothed(share: float, over: str) -> float:
        return cross_entropy(reals(z), wholes(y), label_smoothing=share, smoothing_over=over).item()

    loss, plain = smoothed(epsilon, "all"), smoothed(0.0, "all")
    prompt = (
        f"Logits {listed(z)} for tokens 0 to {len(z) - 1}; token {y} comes. What is the loss with label smoothing "
        f"{epsilon}, spread over all tokens, the right one included, as in PyTorch?"
    )
    log_z = rounded(log_sum_exp(reals(z)).item())
    of_each = [rounded(log_z - x) for x in z]
    mean = shown(sum(of_each) / len(z))
    steps = (
        f"ln Z = ln({powers(z)}) = {shown(log_z)}.",
        f"−ln p of each token: {equations((f'{shown(log_z)} − {bracketed(x)}' for x in z), of_each)}.",
        f"The mean of all: ({added(of_each)}) / {len(z)} = {mean}.",
        f"(1 − {epsilon}) · {shown(of_each[y])} + {epsilon} · {mean} = {shown(loss, 2)} nats.",
    )
    mistakes = {
        "smoothing forgotten": plain,
        "share for the others only": smoothed(epsilon, "others"),
        "share given to nobody": (1 - epsilon) * plain,
        "bits for nats": loss / log(2),
    }
    return Draft(prompt, loss, "nats", 2, steps, mistakes)
