"""Section G, large vocabularies: a few sampled classes, or a tree."""

from math import exp, log, log2

from lossviz.drill.numeric.template import Draft, Draws, template
from lossviz.drill.numeric.tensors import reals, wholes
from lossviz.drill.numeric.writing import added, bracketed, equations, listed, powers, rounded, shown


@template("sampled-softmax", questions=(33,), section="G")
def corrected_sample(draw: Draws) -> Draft:
    """zⱼ − log Eⱼ, for the target too."""
    from torch import eye, float64

    from lossviz import sampled_softmax_loss

    z = draw.wholes(draw.whole(3, 4), -2, 4)
    E = [draw.one_of((0.01, 0.02, 0.05, 0.1, 0.2, 0.5)) for _ in z]

    def loss_with(counts: list[float]) -> float:
        return sampled_softmax_loss(
            reals(z),
            eye(len(z), dtype=float64, device="cpu"),
            wholes(0),
            wholes(range(1, len(z))),
            target_expected_count=reals(counts[0]),
            sampled_expected_count=reals(counts[1:]),
        ).item()

    loss, corrected = loss_with(E), [rounded(x - log(e)) for x, e in zip(z, E, strict=True)]
    log_z = shown(log(sum(map(exp, corrected))))
    prompt = (
        f"Sampled softmax: the target has the logit {shown(z[0])} and is expected {E[0]} times in the sample; the "
        f"sampled tokens have the logits {listed(z[1:])} and are expected {listed(E[1:])} times. None of them is the "
        "target. What is the loss, corrected for the sampling?"
    )
    steps = (
        f"Logits minus ln E: "
        f"{equations((f'{shown(x)} − ln {shown(e)}' for x, e in zip(z, E, strict=True)), corrected)}.",
        f"ln({powers(corrected)}) = {log_z}.",
        f"Minus the target's: {log_z} − {bracketed(corrected[0])} = {shown(loss, 2)} nats.",
    )
    mistakes = {
        "correction forgotten": loss_with([1.0] * len(z)),
        "correction on the wrong side": loss_with([1 / e for e in E]),
        "target not corrected": loss_with([1.0, *E[1:]]),
        "minus forgotten": -loss,
        "bits for nats": loss / log(2),
    }
    return Draft(prompt, loss, "nats", 2, steps, mistakes)


@template("huffman-bits", questions=(33,), section="G")
def huffman_bits(draw: Draws) -> Draft:
    """How many decisions a word costs on average."""
    from lossviz import huffman_codes

    counts = draw.wholes(draw.whole(4, 6), 1, 30)
    lengths, total = [len(code.bits) for code in huffman_codes(counts)], sum(counts)
    answer = sum(c * n for c, n in zip(counts, lengths, strict=True)) / total
    prompt = (
        f"Hierarchical softmax over a Huffman tree of words that occur {listed(counts)} times in a text. How many "
        "decisions does a word of the text take on average?"
    )
    weighted = " + ".join(f"{c} · {n}" for c, n in zip(counts, lengths, strict=True))
    steps = (
        f"Merge the two rarest again and again: the codes have {listed(lengths)} bits.",
        f"Weighted with the counts: ({weighted}) / {total} = {shown(answer, 2)} decisions.",
    )
    mistakes = {
        "words not weighted": sum(lengths) / len(lengths),
        "entropy for code length": -sum(c / total * log2(c / total) for c in counts),
        "every word alike": log2(len(counts)),
    }
    return Draft(prompt, answer, "decisions", 2, steps, mistakes)


@template("way-down-a-tree", questions=(33,), section="G")
def way_down_a_tree(draw: Draws) -> Draft:
    """−Σ log σ(±h · v)."""
    from torch import eye, float64

    from lossviz import HuffmanCode, hierarchical_softmax_log_probs

    scores, bits = draw.tenths(3, -30, 30), draw.wholes(3, 0, 1)
    ways = [bits, [1 - bits[0]], [bits[0], 1 - bits[1]], [*bits[:2], 1 - bits[2]]]
    codes = [HuffmanCode(tuple(way), tuple(range(len(way)))) for way in ways]
    log_probs = hierarchical_softmax_log_probs(reals(scores), eye(3, dtype=float64, device="cpu"), codes)
    loss = -log_probs[0].item()
    turned = hierarchical_softmax_log_probs(-reals(scores), eye(3, dtype=float64, device="cpu"), codes)
    prompt = (
        f"Hierarchical softmax: on the way to a word the inner nodes score {listed(scores)}, and its code is "
        f"{listed(bits)}; σ(score) is the probability of bit 1. What is the loss of "
        "the word?"
    )
    signed = [x if bit else -x for x, bit in zip(scores, bits, strict=True)]
    each = [rounded(log(1 + exp(-x))) for x in signed]
    steps = (
        f"Bit 1 has probability σ(score), bit 0 σ(−score): the signed scores are {listed(signed)}.",
        f"Each node: {equations((f'−ln σ({shown(x)})' for x in signed), each)}.",
        f"{added(each)} = {shown(loss, 2)} nats.",
    )
    mistakes = {
        "bits read the wrong way": -turned[0].item(),
        "bits not looked at": sum(log(1 + exp(-x)) for x in scores),
        "mean for sum": loss / 3,
        "probability for loss": exp(-loss),
        "bits for nats": loss / log(2),
    }
    return Draft(prompt, loss, "nats", 2, steps, mistakes)
