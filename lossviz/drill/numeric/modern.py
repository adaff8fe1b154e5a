"""Section E, modern variants: denoisers, several tokens ahead, and drafts that are checked."""

from math import log

from lossviz.drill.numeric.spans import nearest, ties
from lossviz.drill.numeric.template import Draft, Draws, template
from lossviz.drill.numeric.tensors import reals, surprises, wholes, yes_or_no
from lossviz.drill.numeric.writing import added, equations, listed, rounded, shown, surprising


@template("ul2-input-length", questions=(24,), section="E")
def ul2_input_length(draw: Draws) -> Draft | None:
    """The mode token, what is left, and a sentinel for each span."""
    from torch import Generator

    from lossviz import UL2_DENOISERS, denoise

    T, kind = draw.whole(30, 300), draw.one_of(UL2_DENOISERS)
    rate = round(100 * kind.noise_density)
    inputs, targets = denoise(
        wholes([2] * T),
        kind,
        sentinel_ids=range(10, 10 + T),
        mode_ids={kind.mode: 1},
        generator=Generator("cpu").manual_seed(0),
    )
    spans = (len(inputs) + len(targets) - T - 1) // 2  # each stands in both
    n = len(targets) - spans
    spread, told = "as one span at the end, rounded to the nearest whole number", "1"
    if kind.mean_span_length:
        told = f"{n} / {kind.mean_span_length:g} = {nearest(n / kind.mean_span_length, spans)}"
        spread = (
            f"in spans of mean length {kind.mean_span_length:g}, both counts rounded to the nearest whole number, one "
            "span at least"
        )
    prompt = (
        f"UL2's {kind.mode}-denoiser hides {rate} % of {T} tokens {spread}. How many tokens does the encoder read, the "
        "mode token included, the end-of-sequence token not?"
    )
    steps = (
        f"Hidden: {rate} % of {T} = {nearest(T * rate / 100, n)}.",
        f"Spans, each with a sentinel: {told}.",
        f"The mode token, what is left, the sentinels: 1 + ({T} − {n}) + {spans} = {len(inputs)} tokens.",
    )
    mistakes = {
        "mode token forgotten": len(inputs) - 1,
        "a sentinel per token": T + 1,
        "target for input": len(targets),
    }
    several = {"sentinels forgotten": T - n + 1} if spans > 1 else {}
    halves = ties(T, rate) or (kind.mean_span_length and n / kind.mean_span_length % 1 == 0.5)
    return None if halves else Draft(prompt, len(inputs), "tokens", 0, steps, mistakes | several)


@template("targets-of-several-heads", questions=(25,), section="E")
def targets_of_several_heads(draw: Draws) -> Draft:
    """The deeper the head, the fewer its targets."""
    from lossviz import IGNORE_INDEX, future_labels

    B, T, n = draw.whole(1, 4), draw.whole(8, 40), draw.whole(2, 5)
    answer = int((future_labels(wholes([[1] * T] * B), n) != IGNORE_INDEX).sum())
    rows = f"{B} rows" if B > 1 else "one row"
    prompt = (
        f"Multi-token prediction with {n} heads, the next-token head included, on {rows} of {T} tokens. How many "
        "targets have all heads together?"
    )
    per_head = [T - k for k in range(1, n + 1)]
    steps = (
        f"The head for k tokens ahead loses the last k positions of a row: {listed(per_head)} are left.",
        f"{added(per_head) if B == 1 else f'{B} · ({added(per_head)})'} = {answer} targets.",
    )
    mistakes = {
        "no head loses targets": B * n * T,
        "one lost per head": B * n * (T - 1),
        "next-token head forgotten": answer - B * (T - 1),
    }
    return Draft(prompt, answer, "targets", 0, steps, mistakes)


@template("multi-token-loss", questions=(25,), section="E")
def loss_of_extra_depths(draw: Draws) -> Draft:
    """The main loss, and λ times the mean of the depths' own means."""
    from lossviz import IGNORE_INDEX, multi_token_loss

    main, weight = draw.whole(150, 300) / 100, draw.one_of((0.1, 0.3, 0.4))
    near, far = ([draw.whole(1, 19) / 20 for _ in range(k)] for k in (3, 2))
    logits = yes_or_no([[a, b] for a, b in zip(near, [*far, 0.5], strict=True)])
    labels = wholes([[0, 0], [0, 0], [0, IGNORE_INDEX]])
    loss = main + multi_token_loss(logits, labels, weight=weight).item()
    extra = (loss - main) / weight  # the mean of the depths' means
    prompt = (
        f"The main head loses {shown(main)} nats. The first extra depth gives its right tokens the probabilities "
        f"{listed(near)}, the second {listed(far)}. Added is λ = {weight} times the mean over the depths of their mean "
        "losses. What is the whole loss?"
    )
    of_each = [[rounded(x) for x in surprises(depth).tolist()] for depth in (near, far)]
    means = [rounded(sum(losses) / len(losses)) for losses in of_each]
    steps = (
        f"First depth: {surprising(near, of_each[0])}; their mean is ({added(of_each[0])}) / 3 = {shown(means[0])}.",
        f"Second depth: {surprising(far, of_each[1])}; their mean is ({added(of_each[1])}) / 2 = {shown(means[1])}.",
        f"Each depth alike: ({added(means)}) / 2 = {shown(sum(means) / 2)}.",
        f"{shown(main)} + {weight} · {shown(sum(means) / 2)} = {shown(loss, 2)} nats.",
    )
    mistakes = {
        "weight forgotten": main + extra,
        "depths summed": main + weight * 2 * extra,
        "tokens alike": main + weight * surprises(near + far).mean().item(),
        "bits and nats mixed": main + weight * extra / log(2),
        "bits for nats": loss / log(2),
    }
    return Draft(prompt, loss, "nats", 2, steps, mistakes)


@template("tokens-per-round", questions=(25,), section="E")
def tokens_per_round(draw: Draws) -> Draft:
    """1 + a + a² + … + aᵏ."""
    k, a = draw.whole(2, 5), draw.whole(50, 95) / 100
    answer = (1 - a ** (k + 1)) / (1 - a)
    prompt = (
        f"A draft model proposes {k} tokens. Each is accepted with probability {shown(a)}, if all before it were; "
        "behind the accepted ones the large model adds one token of its own. How many tokens does a round give on "
        "average?"
    )
    stays = [rounded(a**j) for j in range(1, k + 1)]
    products = (f"{shown(a)}{power}" for power in "²³⁴⁵"[: k - 1])
    steps = (
        f"The first token stays with probability {shown(a)}, the next ones with {equations(products, stays[1:])}.",
        f"With the one that is always added: 1 + {added(stays)} = {shown(answer, 2)} tokens.",
    )
    mistakes = {
        "last token forgotten": answer - 1,
        "first refusal ignored": 1 + k * a,
        "all or nothing": 1 + k * a**k,
    }
    return Draft(prompt, answer, "tokens", 2, steps, mistakes)


@template("after-a-rejection", questions=(25,), section="E")
def after_a_rejection(draw: Draws) -> Draft | None:
    """norm(max(p − q, 0))."""
    from lossviz import speculative_accept

    p, q = draw.shares(4), draw.shares(4)
    above = [token for token in range(4) if p[token] > q[token]]
    below = [token for token in range(4) if p[token] < q[token]]
    if len(above) < 2 or not below:
        return None
    drafted, drawn = draw.one_of(below), draw.one_of(above)
    _, rest = speculative_accept(wholes([drafted]), reals([q]), reals([p, p]), reals([1 - 2**-53]))
    answer, missing = rest[drawn].item(), {token: rounded(p[token] - q[token]) for token in above}
    total = rounded(sum(missing.values()))
    prompt = (
        f"Speculative decoding over tokens 0 to 3: the target model gives them the probabilities {listed(p)}, the "
        f"draft model {listed(q)}. Token {drafted} was drafted and is rejected. With what probability does token "
        f"{drawn} come instead?"
    )
    differences = (f"token {token} by {shown(p[token])} − {shown(q[token])}" for token in above)
    steps = (
        f"What the draft model says too rarely: {equations(differences, missing.values())}.",
        f"Together {added(missing.values())} = {shown(total)}.",
        f"{shown(missing[drawn])} / {shown(total)} = {shown(answer, 3)}.",
    )
    mistakes = {
        "drawn from the target": p[drawn],
        "only the drafted token left out": p[drawn] / (1 - p[drafted]),
        "not normalised": missing[drawn],
    }
    return Draft(prompt, answer, "share", 3, steps, mistakes)
