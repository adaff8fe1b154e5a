"""Section E, contrastive losses: nearer to its own than to the others."""

from math import dist, exp, log

from lossviz.drill.numeric.template import Draft, Draws, template
from lossviz.drill.numeric.tensors import reals
from lossviz.drill.numeric.writing import equations, listed, powers, rounded, shown


def contrasted(similarities: list[float], temperature: float) -> float:
    """InfoNCE of a query that has these similarities, the first with its positive: the classes are unit vectors."""
    from torch import eye, float64

    from lossviz import info_nce

    classes = eye(len(similarities), dtype=float64, device="cpu")
    query = reals([similarities])
    return info_nce(query, classes[:1], negatives=classes[1:], temperature=temperature, similarity="dot").item()


@template("info-nce", questions=(26,), section="E")
def loss_of_a_query(draw: Draws) -> Draft:
    """Cross-entropy whose classes are the batch."""
    from lossviz import log_sum_exp

    own, others = draw.whole(50, 95) / 100, [draw.whole(10, 90) / 100 for _ in range(draw.whole(2, 3))]
    s, temperature = [own, *others], draw.one_of((0.05, 0.1, 0.2, 0.5))
    loss = contrasted(s, temperature)
    scaled = [rounded(x / temperature) for x in s]
    log_z = log_sum_exp(reals(scaled)).item()
    prompt = (
        f"A query has cosine {shown(own)} with its positive and {listed(others)} with the negatives of its batch. What "
        f"is its InfoNCE loss at temperature {temperature}?"
    )
    steps = (
        f"Logits are similarities over the temperature: "
        f"{equations((f'{shown(x)} / {temperature}' for x in s), scaled)}.",
        f"The positive is among them: ln({powers(scaled)}) = {shown(log_z)}.",
        f"Minus its own: {shown(log_z)} − {shown(scaled[0])} = {shown(loss, 2)} nats.",
    )
    mistakes = {
        "temperature on the wrong side": contrasted(s, 1 / temperature),
        "temperature forgotten": contrasted(s, 1.0),
        "positive left out below": log_sum_exp(reals(scaled[1:])).item() - scaled[0],
        "bits for nats": loss / log(2),
        "minus forgotten": -loss,
        "probability for loss": exp(-loss),
    }
    return Draft(prompt, loss, "nats", 2, steps, mistakes)


@template("triplet-loss", questions=(26,), section="E")
def loss_of_a_triplet(draw: Draws) -> Draft | None:
    """relu(‖a − p‖ − ‖a − n‖ + margin)."""
    from lossviz import triplet_loss

    a, p, n = (draw.wholes(2, -4, 4) for _ in range(3))
    margin = draw.whole(1, 5)
    loss = triplet_loss(reals(a), reals(p), reals(n), margin=margin).item()
    if not loss and draw.whole(1, 4) > 1:
        return None  # or else one answer in three would be 0
    near, far = dist(a, p), dist(a, n)
    prompt = (
        f"In a plane lie an anchor at ({listed(a)}), its positive at ({listed(p)}) and a negative at ({listed(n)}). "
        f"What is the triplet loss with Euclidean distances and margin {margin}?"
    )
    steps = (
        f"To the positive it is √{near**2:.0f} = {shown(near)}, to the negative √{far**2:.0f} = {shown(far)}.",
        f"Never below 0: max(0, {shown(near)} − {shown(far)} + {margin}) = {shown(loss, 2)}.",
    )
    exchanged = {"distances exchanged": max(0.0, far - near + margin)}
    active = {"margin forgotten": max(0.0, near - far), "distances squared": max(0.0, near**2 - far**2 + margin)}
    mistakes = exchanged | (active if loss else {"never below 0": near - far + margin})
    return Draft(prompt, loss, "", 2, steps, mistakes)
