"""Section H, advanced: z-loss and mixtures of experts."""

from lossviz.drill.numeric.template import Draft, Draws, template
from lossviz.drill.numeric.tensors import reals, wholes
from lossviz.drill.numeric.writing import added, bracketed, equations, listed, powers, rounded, shown


@template("z-loss-of-a-shift", questions=(34,), section="H")
def z_loss_of_a_shift(draw: Draws) -> Draft:
    """Cross-entropy does not see a shift of all logits; z-loss does."""
    from lossviz import cross_entropy, log_sum_exp

    z, c, alpha = draw.wholes(3, -2, 6), draw.whole(10, 60), draw.one_of((1e-4, 2e-4))
    before, after = (cross_entropy(reals(z) + shift, wholes(0), z_loss=alpha).item() for shift in (0, c))
    log_z, answer = rounded(log_sum_exp(reals(z)).item()), after - before
    prompt = (
        f"Logits {listed(z)}, trained with cross-entropy and a z-loss of weight {alpha:.4f}. All three rise by {c}. By "
        "how much does the whole loss rise?"
    )
    steps = (
        f"Cross-entropy does not change: ln Z and the right logit both rise by {c}.",
        f"Before, ln({powers(z)}) = {shown(log_z)}; afterwards {shown(log_z)} + {c} = {shown(log_z + c)}.",
        f"{alpha:.4f} · ({shown(log_z + c)}² − {bracketed(log_z)}²) = {shown(answer, 3)} nats.",
    )
    mistakes = {
        "z-loss not looked at": 0.0,
        "square forgotten": alpha * c,
        "square of the difference": alpha * c * c,
        "weight forgotten": answer / alpha,
    }
    return Draft(prompt, answer, "nats", 3, steps, mistakes)


@template("router-z-loss", questions=(34, 35), section="H")
def z_loss_of_a_router(draw: Draws) -> Draft:
    """The mean of squares."""
    from lossviz import log_sum_exp, router_z_loss

    rows = [draw.wholes(3, -2, 4) for _ in range(2)]
    answer = router_z_loss(reals(rows)).item()
    first, second = log_z = log_sum_exp(reals(rows)).tolist()
    prompt = (
        f"A router gives two tokens the logits {listed(rows[0])} and {listed(rows[1])} over three experts. What is "
        "ST-MoE's router z-loss, before its weight?"
    )
    steps = (
        f"ln Z of each token: {equations((f'ln({powers(row)})' for row in rows), log_z)}.",
        f"The mean of their squares: ({bracketed(first)}² + {bracketed(second)}²) / 2 = {shown(answer, 2)}.",
    )
    mistakes = {
        "square of the mean": ((first + second) / 2) ** 2,
        "square forgotten": (first + second) / 2,
        "sum for mean": 2 * answer,
    }
    return Draft(prompt, answer, "", 2, steps, mistakes)


@template("balance-of-experts", questions=(35,), section="H")
def balance_of_experts(draw: Draws) -> Draft | None:
    """E Σ f P."""
    from lossviz import load_balancing_loss

    rows, k = [draw.shares(3) for _ in range(draw.whole(3, 4))], draw.whole(1, 2)
    N, E = len(rows), 3
    if any(len(set(row)) < E for row in rows):  # of equals nobody can say which is chosen
        return None
    answer = load_balancing_loss(reals(rows).log(), k).item()
    P = [sum(column) / N for column in zip(*rows, strict=True)]
    chosen = [sorted(range(E), key=row.__getitem__)[-k:] for row in rows]
    routed = [sum(expert in experts for experts in chosen) for expert in range(E)]
    f = [count / (N * k) for count in routed]
    means = [f"({added(column)}) / {N}" for column in zip(*rows, strict=True)]
    terms = " + ".join(f"{count}/{N * k} · {shown(mean)}" for count, mean in zip(routed, P, strict=True))
    told = "; ".join(map(listed, rows))
    prompt = (
        f"A router of {E} experts gives {N} tokens the probabilities {told}. Each token goes to its best "
        f"{('expert', 'two experts')[k - 1]}. What is the load-balancing loss, scaled so that perfect balance is 1?"
    )
    steps = (
        f"Shares of the routings, f: {', '.join(f'{count}/{N * k}' for count in routed)}.",
        f"Mean probabilities, P: {equations(means, P)}.",
        f"{E} · Σ f P = {E} · ({terms}) = {shown(answer, 2)}.",
    )
    mistakes = {
        "number of experts forgotten": answer / E,
        "counts for shares": answer * N * k,
        "probabilities twice": E * sum(x * x for x in P),
        "choices twice": E * sum(x * x for x in f),
    }
    return Draft(prompt, answer, "", 2, steps, mistakes | ({"top-k not divided out": 2 * answer} if k == 2 else {}))


@template("gate-beside-a-bias", questions=(35,), section="H")
def gate_beside_a_bias(draw: Draws) -> Draft | None:
    """The bias chooses, the scores weigh."""
    from lossviz import route_topk

    z, bias = draw.wholes(4, -2, 3), [x / 10 for x in draw.wholes(4, -3, 3)]
    experts, gates = route_topk(reals(z), 2, bias=reals(bias), score="sigmoid")
    plain, _ = route_topk(reals(z), 2, score="sigmoid")
    s = reals(z).sigmoid().tolist()
    seen = [rounded(x) for x in s]
    sums = [x + b for x, b in zip(s, bias, strict=True)]
    chosen = experts.tolist()
    e = draw.one_of(sorted(chosen))
    others = sorted(sums)
    if others[2] - others[1] < 0.01 or set(chosen) == set(plain.tolist()):
        return None
    answer = gates[chosen.index(e)].item()
    prompt = (
        f"Routing as in DeepSeek-V3, without groups: experts 0 to 3 have the logits {listed(z)}, sigmoid scores, and "
        f"the biases {listed(bias)}. Two are chosen. What gate does expert {e} get, before any scaling factor?"
    )
    biased = [f"{shown(x)} + {bracketed(b)}" for x, b in zip(seen, bias, strict=True)]
    both = added(seen[i] for i in sorted(chosen))
    steps = (
        f"Scores: {equations((f'σ({shown(x)})' for x in z), seen)}.",
        f"With the biases: {equations(biased, sums)}; chosen are {' and '.join(map(str, sorted(chosen)))}.",
        f"Gates take the scores alone: {shown(seen[e])} / ({both}) = {shown(answer, 3)}.",
    )
    mistakes = {
        "bias in the gate": sums[e] / sum(sums[i] for i in chosen),
        "not normalised": s[e],
        "normalised over all": s[e] / sum(s),
        "softmax for sigmoid": reals(z).softmax(-1)[e].item(),
    }
    return Draft(prompt, answer, "", 3, steps, mistakes)


@template("step-of-a-bias", questions=(35,), section="H")
def step_of_a_bias(draw: Draws) -> Draft:
    """b + rate · sign(mean − count)."""
    from lossviz import update_expert_bias

    counts, bias = draw.wholes(4, 10, 90), draw.whole(-20, 20) / 100
    rate, e = draw.one_of((0.002, 0.003, 0.005)), draw.whole(0, 3)
    answer = update_expert_bias(reals([bias] * 4), wholes(counts), rate=rate)[e].item()
    mean = sum(counts) / 4
    prompt = (
        f"Balancing without a loss, as in DeepSeek-V3: experts 0 to 3 received {listed(counts)} tokens. Expert {e} "
        f"has the bias {shown(bias)}; the update rate is {rate}. What is its bias for the next step?"
    )
    too = "few" if counts[e] < mean else "many"
    steps = (
        f"The mean load is ({added(counts)}) / 4 = {shown(mean)}; expert {e} had too {too}, {counts[e]}.",
        f"One step, whatever the gap: {shown(bias)} {'+' if too == 'few' else '−'} {rate} = {shown(answer, 3)}.",
    )
    mistakes = {
        "moved the wrong way": 2 * bias - answer,
        "in proportion to the gap": bias + rate * (mean - counts[e]),
        "bias left alone": bias,
    }
    return Draft(prompt, answer, "", 3, steps, mistakes)
