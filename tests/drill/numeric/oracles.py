"""The answers once more, from nothing but the prompt: its numbers as fractions, the formula with 40 digits.

That an oracle can do this shows that a prompt says all that its answer needs. No formula of lossviz is used here.
"""

import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from heapq import heapify, heappop, heappush
from itertools import count
from math import ceil, floor
from typing import Any

from mpmath import MPContext

mp = MPContext()
mp.dps = 40

NUMBER = re.compile(r"−?\d+(?:\.\d+)?")
GIB = 2**30


def numbers(text: str) -> list[Fraction]:
    """All numbers of a text, exactly as they are printed."""
    return [Fraction(found.replace("−", "-")) for found in NUMBER.findall(text)]


def words(shape: str, prompt: str) -> list[str]:
    """What stands in a prompt at each {} of its shape; … leaves words out."""
    found = re.search(re.escape(shape).replace(r"\{\}", "(.+?)").replace("…", ".*?"), prompt)
    assert found, (shape, prompt)
    return list(found.groups())


def lists(shape: str, prompt: str) -> list[list[Fraction]]:
    """The numbers at each {} of a shape."""
    return [numbers(text) for text in words(shape, prompt)]


def singles(shape: str, prompt: str) -> list[Fraction]:
    """The one number at each {} of a shape."""
    return [number for (number,) in lists(shape, prompt)]


def real(x: Any) -> Any:
    return mp.mpf(x.numerator) / x.denominator if isinstance(x, Fraction) else mp.mpf(x)


def ln(x: Any) -> Any:
    return mp.log(real(x))


def exp(x: Any) -> Any:
    return mp.exp(real(x))


def log_z(z: Sequence[Any]) -> Any:
    return mp.log(mp.fsum(map(exp, z)))


def loss(z: Sequence[Any], y: Any) -> Any:
    return log_z(z) - real(z[int(y)])


def sigmoid(x: Any) -> Any:
    return 1 / (1 + exp(-x))


def mean(values: Sequence[Any]) -> Any:
    return sum(values[1:], values[0]) / len(values)


Oracle = Callable[[str], Any]
ORACLES: dict[tuple[str, int], Oracle] = {}


def oracle(name: str, version: int = 1) -> Callable[[Oracle], Oracle]:
    return lambda answer: ORACLES.setdefault((name, version), answer)


# --- A ----------------------------------------------------------------------------------------------------------------


@oracle("loss-of-a-token")
def _(prompt: str) -> Any:
    z, (y,) = lists("logits {}. Token {} comes", prompt)
    return loss(z, y)


@oracle("mean-loss-of-a-text")
def _(prompt: str) -> Any:
    (p,) = lists("probabilities {}. What is its mean", prompt)
    return mean([-ln(x) for x in p])


@oracle("label-of-a-position")
def _(prompt: str) -> Any:
    text, (t,) = lists("ids {}. Positions … logits at position {} scored", prompt)
    return text[int(t) + 1]


@oracle("mean-beside-padding")
def _(prompt: str) -> Any:
    (real_losses,) = lists("the losses {} nats at its real targets", prompt)
    return mean(real_losses)


@oracle("two-micro-batches")
def _(prompt: str) -> Any:
    n, high, m, low = singles(
        "micro-batches: {} targets with a mean loss of {} nats, then {} targets with {}. W", prompt
    )
    return (n * high + m * low) / (n + m)


@oracle("targets-of-a-chat")
def _(prompt: str) -> Any:
    _, first, _, second = singles("user {} tokens, assistant {}, user {}, assistant {}, the end-of-turn", prompt)
    return first + second


@oracle("pairs-of-a-window")
def _(prompt: str) -> Any:
    T, w = numbers(prompt)
    return sum(min(t + 1, w) for t in range(int(T)))


@oracle("loss-of-a-repeat")
def _(prompt: str) -> Any:
    n, V, again = singles(
        "{} tokens, each drawn evenly from a vocabulary of {}, are followed by the same {} once", prompt
    )
    assert n == again
    return n * ln(V) / (2 * n - 1)


@oracle("mean-over-answers")
def _(prompt: str) -> Any:
    short, long = lists("losses {} and {} nats", prompt)
    return (mean(short) + mean(long)) / 2


# --- B ----------------------------------------------------------------------------------------------------------------


@oracle("masked-lm-loss")
def _(prompt: str) -> Any:
    (told,) = words("in nats: {}. What", prompt)
    return mean([numbers(token)[0] for token in told.split("; ") if not token.startswith("not selected")])


@oracle("fate-of-a-token")
def _(prompt: str) -> Any:
    rate, T, masked, random = singles("selects {} % of the {} tokens … selected, {} % become [MASK], {} %", prompt)
    return T * rate * (masked if "tokens become [MASK], on average" in prompt else random) / 10_000


@oracle("predictions-per-pass")
def _(prompt: str) -> Any:
    T, rate = singles("A row of {} tokens, … selects {} %", prompt)
    return (T - 1) / (T * rate / 100)


@oracle("scored-among-visible")
def _(prompt: str) -> Any:
    r, f = (x / 100 for x in singles("selects {} % of all tokens and replaces {} % of", prompt))
    return r * (1 - f) / (1 - r * f)


@oracle("filling-one-by-one")
def _(prompt: str) -> Any:
    (first, _), (after,) = lists("right words the probabilities {}; … right second word {}. You", prompt)
    return -ln(first) - ln(after)


# --- C ----------------------------------------------------------------------------------------------------------------


@oracle("bert-loss")
def _(prompt: str) -> Any:
    (follows,), (random,), masked = lists("“it follows” the logit {} and “it is random” {}. … lose {} nats", prompt)
    return real(mean(masked)) + loss([follows, random], "In truth it is random" in prompt)


@oracle("pair-truncation")
def _(prompt: str) -> Any:
    room, first, second = singles("room for {} tokens, … Segments of {} and {} tokens", prompt)
    while first + second > room - 3:
        first, second = (first - 1, second) if first > second else (first, second - 1)
    return first


@oracle("discriminator-loss")
def _(prompt: str) -> Any:
    text, *samples, logits = words("“{}”: words 3 and 5 are … samples “{}” and “{}”. … the logits {} for", prompt)
    seen = text.lower().split()
    replaced = [False] * 5
    for place, sample in zip((2, 4), samples, strict=True):
        replaced[place] = seen[place] != sample
    return -mean(
        [mp.log(sigmoid(z if is_replaced else -z)) for z, is_replaced in zip(numbers(logits), replaced, strict=True)]
    )


@oracle("electra-loss")
def _(prompt: str) -> Any:
    weight, generator, discriminator = numbers(prompt)
    return generator + weight * discriminator


@oracle("blind-discriminator")
def _(prompt: str) -> Any:
    rate, right = numbers(prompt)
    q = rate / 100 * (1 - right / 100)
    return -real(q) * ln(q) - real(1 - q) * ln(1 - q)


# --- D ----------------------------------------------------------------------------------------------------------------


def half_up(x: Fraction) -> int:
    return floor(x + Fraction(1, 2))


def noise(T: Fraction, rate: Fraction, span: Fraction, nearest: Callable[[Fraction], int]) -> tuple[int, int]:
    """How many tokens are hidden, in how many spans."""
    n = nearest(T * rate / 100)
    return n, max(1, nearest(Fraction(n) / span))


def either_way(answer: Callable[[Callable[[Fraction], int]], Any]) -> Any:
    """The answer of a prompt that only says "to the nearest": it must not matter where a half goes."""
    assert answer(round) == answer(half_up)
    return answer(round)


@oracle("sentinels-at-a-tie")
def _(prompt: str) -> Any:
    rate, T, span = singles("hides {} % of {} tokens in spans of mean length {}. It", prompt)
    return noise(T, rate, span, round)[1]  # round() of a fraction is half to even


@oracle("t5-target-length")
def _(prompt: str) -> Any:
    rate, T, span = singles("hides {} % of {} tokens in spans of mean length {}, both", prompt)
    return either_way(lambda nearest: sum(noise(T, rate, span, nearest)) + 1)


@oracle("raw-text-of-an-encoder")
def _(prompt: str) -> Any:
    rate, span, places = singles("hides {} % of a text in spans of mean length {}, … An encoder has {} places", prompt)

    def longest(nearest: Callable[[Fraction], int]) -> int:
        def read(T: int) -> int:
            n, spans = noise(Fraction(T), rate, span, nearest)
            return T - n + spans + 1

        return next(T for T in count(int(places) - 2) if read(T + 1) > places)

    return either_way(longest)


@oracle("bart-input-length")
def _(prompt: str) -> Any:
    lengths, (T,) = lists("spans of {} tokens, … in a text of {}. How", prompt)
    return T - sum(lengths) + len(lengths)


@oracle("pairs-of-a-prefix")
def _(prompt: str) -> Any:
    T, p = map(int, numbers(prompt))
    return sum(j <= i or j < p for i in range(T) for j in range(T))


@oracle("loss-behind-a-prefix")
def _(prompt: str) -> Any:
    (p,), losses = lists("the first {} of them … a target, are {} nats", prompt)
    return mean(losses[int(p) :])


# --- E ----------------------------------------------------------------------------------------------------------------


@oracle("ul2-input-length")
def _(prompt: str) -> Any:
    if "as one span at the end" in prompt:
        rate, T = singles("denoiser hides {} % of {} tokens", prompt)
        return either_way(lambda nearest: 1 + T - nearest(T * rate / 100) + 1)
    rate, T, span = singles("denoiser hides {} % of {} tokens in spans of mean length {}, both", prompt)

    def read(nearest: Callable[[Fraction], int]) -> Any:
        n, spans = noise(T, rate, span, nearest)
        return 1 + T - n + spans

    return either_way(read)


@oracle("targets-of-several-heads")
def _(prompt: str) -> Any:
    n, B, T = singles("with {} heads, … on {} rows of {} tokens", prompt.replace("one row of", "1 rows of"))
    return B * sum(T - k for k in range(1, int(n) + 1))


@oracle("multi-token-loss")
def _(prompt: str) -> Any:
    (main,), near, far, (weight,) = lists(
        "loses {} nats. … right tokens the probabilities {}, the second {}. Added is λ = {} times", prompt
    )
    depths = [mean([-ln(p) for p in depth]) for depth in (near, far)]
    return real(main) + real(weight) * mean(depths)


@oracle("tokens-per-round")
def _(prompt: str) -> Any:
    k, a = numbers(prompt)
    return sum(a**j for j in range(int(k) + 1))


@oracle("after-a-rejection")
def _(prompt: str) -> Any:
    p, q, (token,) = lists("gives them the probabilities {}, the draft model {}. … does token {} come", prompt)
    left = [max(a - b, Fraction(0)) for a, b in zip(p, q, strict=True)]
    return left[int(token)] / sum(left)


@oracle("info-nce")
def _(prompt: str) -> Any:
    (own,), others, (temperature,) = lists("cosine {} with its positive and {} with … temperature {}?", prompt)
    return loss([s / temperature for s in (own, *others)], 0)


@oracle("triplet-loss")
def _(prompt: str) -> Any:
    a, p, n, (margin,) = lists("an anchor at ({}), its positive at ({}) and a negative at ({}). … margin {}?", prompt)

    def far(x: list[Fraction]) -> Any:
        return mp.sqrt(real(sum((i - j) ** 2 for i, j in zip(a, x, strict=True))))

    return max(far(p) - far(n) + real(margin), 0)


# --- F ----------------------------------------------------------------------------------------------------------------


@oracle("divergence-of-two")
def _(prompt: str) -> Any:
    p, q = lists("probabilities {}; a model gives them {}. How", prompt)
    return mp.fsum(real(a) * ln(a / b) for a, b in zip(p, q, strict=True))


@oracle("perplexity-of-a-text")
def _(prompt: str) -> Any:
    (p,) = lists("probabilities {}. What", prompt)
    return 1 / mp.root(mp.fprod(map(real, p)), len(p))


@oracle("worse-than-uniform")
def _(prompt: str) -> Any:
    V, wrong = singles("Of {} logits all are 0 but one, which is {} and", prompt)
    return mp.log(real(V - 1) + exp(wrong))


@oracle("bits-of-a-byte")
def _(prompt: str) -> Any:
    n_bytes, tokens, nats = singles("characters, {} bytes in … is {} tokens … loses {} nats", prompt)
    return real(tokens * nats / n_bytes) / mp.log(2)


@oracle("gradient-of-a-logit")
def _(prompt: str) -> Any:
    (N,), z, (y,), (j,) = lists(
        "At one of {} scored positions the logits are {}, tokens … and token {} comes. … gives token {}?", prompt
    )
    return (exp(z[int(j)] - 0) / mp.fsum(map(exp, z)) - int(j == y)) / int(N)


# --- G ----------------------------------------------------------------------------------------------------------------


@oracle("log-sum-exp")
def _(prompt: str) -> Any:
    (z,) = lists("logits {}, which", prompt)
    return log_z(z)


@oracle("running-sum")
def _(prompt: str) -> Any:
    (old,), (total,), new = lists("largest is {}, the sum of exp(z − largest) is {}. Now the logits {} come", prompt)
    return (real(total) * exp(old) + mp.fsum(map(exp, new))) / exp(max(old, *new))


@oracle("memory-of-logits")
def _(prompt: str) -> Any:
    B, T, V = (int(x) for x in numbers(prompt)[:3])
    return Fraction(B * T * V * (4 if "float32" in prompt else 2), GIB)


@oracle("probabilities-for-logits")
def _(prompt: str) -> Any:
    (p,) = lists("probabilities {} to a", prompt)
    return loss(p, 0)


@oracle("sampled-softmax")
def _(prompt: str) -> Any:
    z, E, more_z, more_E = lists(
        "target has the logit {} and is expected {} times … the logits {} and are expected {} times", prompt
    )
    return loss([real(x) - ln(e) for x, e in zip(z + more_z, E + more_E, strict=True)], 0)


@oracle("huffman-bits")
def _(prompt: str) -> Any:
    (counts,) = lists("occur {} times", prompt)
    heap, bits = list(counts), Fraction(0)
    heapify(heap)
    while len(heap) > 1:
        merged = heappop(heap) + heappop(heap)  # every word below pays one more decision
        bits += merged
        heappush(heap, merged)
    return bits / sum(counts)


@oracle("way-down-a-tree")
def _(prompt: str) -> Any:
    scores, bits = lists("inner nodes score {}, and its code is {}; σ", prompt)
    p = [sigmoid(x) if bit else 1 - sigmoid(x) for x, bit in zip(scores, bits, strict=True)]
    return -mp.log(mp.fprod(p))


# --- H ----------------------------------------------------------------------------------------------------------------


@oracle("z-loss-of-a-shift")
def _(prompt: str) -> Any:
    z, (alpha,), (c,) = lists("Logits {}, trained … weight {}. All three rise by {}. By", prompt)
    before, after = log_z(z), log_z([x + c for x in z])
    return real(alpha) * (after**2 - before**2)


@oracle("router-z-loss")
def _(prompt: str) -> Any:
    rows = lists("the logits {} and {} over three experts", prompt)
    return mean([log_z(row) ** 2 for row in rows])


@oracle("balance-of-experts")
def _(prompt: str) -> Any:
    (told,) = words("the probabilities {}. Each", prompt)
    rows, k = [numbers(row) for row in told.split(";")], 2 if "best two" in prompt else 1
    E, shares = len(rows[0]), [Fraction(0)] * len(rows[0])
    for row in rows:
        assert sorted(row)[-k] > sorted(row)[-k - 1]  # or else nobody could say which is chosen
        for expert in sorted(range(E), key=lambda e, row=row: -row[e])[:k]:
            shares[expert] += Fraction(1, k * len(rows))
    return E * sum(f * mean([row[e] for row in rows]) for e, f in enumerate(shares))


@oracle("gate-beside-a-bias")
def _(prompt: str) -> Any:
    z, bias, (e,) = lists("have the logits {}, sigmoid … biases {}. … does expert {} get", prompt)
    s = list(map(sigmoid, z))
    chosen = sorted(range(4), key=lambda i: s[i] + real(bias[i]))[2:]
    assert int(e) in chosen
    return s[int(e)] / sum(s[i] for i in chosen)


@oracle("step-of-a-bias")
def _(prompt: str) -> Any:
    counts, (e,), (bias,), (rate,) = lists("received {} tokens. Expert {} has the bias {}; … rate is {}. What", prompt)
    gap = mean(counts) - counts[int(e)]
    return bias + (rate if gap > 0 else -rate if gap < 0 else 0)


# --- Modern topics ----------------------------------------------------------------------------------------------------


@oracle("pairs-of-a-packed-row")
def _(prompt: str) -> Any:
    return sum(n * (n + 1) / 2 for n in numbers(prompt))


@oracle("targets-of-packed-rows")
def _(prompt: str) -> Any:
    (lengths,) = lists("Documents of {} tokens are packed", prompt)
    return sum(n - 1 for n in lengths)


@oracle("soft-cap")
def _(prompt: str) -> Any:
    z, cap = singles("A logit of {} passes through a soft-cap of {}, as in Gemma", prompt)
    return cap * mp.tanh(real(z / cap))


@oracle("masked-diffusion-loss")
def _(prompt: str) -> Any:
    (rate,), (T,), (masked,), p = lists(
        "rate {} for a row of {} tokens, and {} of them … true tokens the probabilities {}. What", prompt
    )
    assert len(p) == masked
    return -mp.fsum(map(ln, p)) / real(rate * T)


@oracle("label-smoothing")
def _(prompt: str) -> Any:
    z, (y,), (epsilon,) = lists("Logits {} for … token {} comes. … smoothing {} spread", prompt)
    q = [epsilon / len(z) + (1 - epsilon) * (j == y) for j in range(len(z))]
    return mp.fsum(real(share) * loss(z, j) for j, share in enumerate(q))


@oracle("windows-of-a-text")
def _(prompt: str) -> Any:
    T, window, stride = singles("A text of {} tokens … windows of {} that move on by {}, until", prompt)
    return 1 + ceil((T - window) / stride)
