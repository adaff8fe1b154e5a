"""Section C, ELECTRA: which tokens were replaced."""

from math import log

from lossviz.drill.numeric.template import Draft, Draws, template
from lossviz.drill.numeric.tensors import reals, wholes
from lossviz.drill.numeric.writing import added, equations, listed, rounded, shown, surprising

SENTENCES = (  # five words, and what a generator might write for the third and the fifth
    ("the chef cooked the meal", ("ate", "soup")),
    ("she often read the book", ("wrote", "letter")),
    ("a dog chased our cat", ("saw", "ball")),
    ("they soon sold the house", ("bought", "car")),
    ("we slowly crossed the river", ("saw", "valley")),
)
REPLACEABLE = (2, 4)  # their places, from 0


@template("discriminator-loss", questions=(16, 17), section="C")
def discriminator_loss(draw: Draws) -> Draft:
    """All words are scored, and a right sample is original."""
    from lossviz import replaced_token_inputs, replaced_token_loss

    text, others = draw.one_of(SENTENCES)
    words, luck = text.split(), draw.whole(0, 1)  # which of the two samples comes out right
    samples = [words[place] if k == luck else others[k] for k, place in enumerate(REPLACEABLE)]
    z = draw.wholes(len(words), -4, 3)
    selected = wholes([place in REPLACEABLE for place in range(len(words))])
    ids = wholes(range(len(words)))
    sampled = ids + 9 * wholes([place == REPLACEABLE[1 - luck] for place in range(len(words))])
    _, replaced = replaced_token_inputs(ids, selected, sampled)
    losses = replaced_token_loss(reals(z), replaced)
    loss = losses.mean().item()
    first, second = (place + 1 for place in REPLACEABLE)
    prompt = (
        f"“{text.capitalize()}”: words {first} and {second} are masked, and the generator samples “{samples[0]}” and "
        f"“{samples[1]}”. ELECTRA's discriminator gives the five words the logits {listed(z)} for being replaced. "
        "What is its mean loss per word?"
    )
    each = [rounded(x) for x in losses.tolist()]
    towards = [x if y else -x for x, y in zip(z, replaced.tolist(), strict=True)]
    steps = (
        f"Replaced is only word {REPLACEABLE[1 - luck] + 1}: a sample that equals the original counts as original.",
        f"−ln σ(z) there, −ln σ(−z) elsewhere: {equations((f'−ln σ({shown(x)})' for x in towards), each)}.",
        f"({added(each)}) / {len(words)} = {shown(loss, 2)} nats.",
    )
    mistakes = {
        "logits read the wrong way": replaced_token_loss(-reals(z), replaced).mean().item(),
        "right sample as replaced": replaced_token_loss(reals(z), selected).mean().item(),
        "only masked ones scored": losses[list(REPLACEABLE)].mean().item(),
        "sum for mean": losses.sum().item(),
        "bits for nats": loss / log(2),
    }
    return Draft(prompt, loss, "nats", 2, steps, mistakes)


@template("electra-loss", questions=(16,), section="C")
def electra_sum(draw: Draws) -> Draft:
    """L = L_MLM + λ L_Disc."""
    from lossviz import electra_loss

    generator, discriminator, weight = draw.whole(100, 400) / 100, draw.whole(5, 40) / 100, draw.one_of((10, 25, 50))
    loss = electra_loss(generator, discriminator, discriminator_weight=weight)
    prompt = (
        f"ELECTRA with λ = {weight}: the generator loses {shown(generator)} nats per masked token, the discriminator "
        f"{shown(discriminator)} per token. What is the combined loss?"
    )
    steps = (
        f"λ weighs the discriminator: {weight} · {shown(discriminator)} = {shown(weight * discriminator)}.",
        f"{shown(generator)} + {shown(weight * discriminator)} = {shown(loss, 2)} nats.",
    )
    mistakes = {
        "weight on the generator": weight * generator + discriminator,
        "weight forgotten": generator + discriminator,
        "generator forgotten": weight * discriminator,
        "weights made to sum to 1": loss / (1 + weight),
    }
    return Draft(prompt, loss, "nats", 2, steps, mistakes)


@template("blind-discriminator", questions=(16, 17), section="C")
def blind_discriminator(draw: Draws) -> Draft:
    """The entropy of the labels: what is lost by who cannot tell words apart."""
    from lossviz import replaced_token_loss

    rate, right = draw.whole(10, 40), draw.whole(20, 80)
    q = rate * (100 - right) / 10_000
    odds = reals([log(q / (1 - q))] * 2)
    of_replaced, of_original = replaced_token_loss(odds, wholes([1, 0])).tolist()
    loss = q * of_replaced + (1 - q) * of_original
    all_masked = -(rate / 100) * log(rate / 100) - (1 - rate / 100) * log(1 - rate / 100)
    prompt = (
        f"ELECTRA masks {rate} % of the tokens, and its generator is right at {right} % of these. A discriminator "
        "gives every token the same probability of being replaced. What is the lowest mean loss per token it can reach?"
    )
    steps = (
        f"Replaced: {rate} % · (1 − {right} %) = {shown(q)} of all tokens, so it says {shown(q)}.",
        f"Original: 1 − {shown(q)} = {shown(1 - q)}.",
        f"The losses: {surprising((q, 1 - q), (of_replaced, of_original))}.",
        f"{shown(q)} · {shown(of_replaced)} + {shown(1 - q)} · {shown(of_original)} = {shown(loss, 3)} nats.",
    )
    mistakes = {
        "bits for nats": loss / log(2),
        "right sample as replaced": all_masked,
        "only replaced ones scored": q * of_replaced,
    }
    return Draft(prompt, loss, "nats", 3, steps, mistakes)
