"""Section D, span corruption: what is read, and what is written."""

from fractions import Fraction

from lossviz.drill.numeric.template import Draft, Draws, template
from lossviz.drill.numeric.tensors import wholes
from lossviz.drill.numeric.writing import added, listed, shown


def ties(tokens: int, per_cent: int) -> bool:
    """Whether this share of the tokens ends in ½: there T5's float32 decides, which no prompt should ask for."""
    return Fraction(tokens * per_cent, 100) % 1 == Fraction(1, 2)


def nearest(quotient: float, count: int) -> str:
    """A quotient, and the whole number that it was rounded to if it is none."""
    return shown(quotient) + ("" if quotient == count else f", rounded {count}")


@template("sentinels-at-a-tie", questions=(19,), section="D")
def sentinels_at_a_tie(draw: Draws) -> Draft:
    """round(n / mean) where n / mean ends in ½, to the even side."""
    from lossviz.corruption.spans import noise_counts

    mean, even, rate = 2 * draw.whole(1, 6), 2 * draw.whole(1, 9), draw.one_of((10, 20, 25, 50))
    n = even * mean + mean // 2
    T = n * 100 // rate
    _, answer = noise_counts(T, rate / 100, mean)
    prompt = (
        f"T5's noise function hides {rate} % of {T} tokens in spans of mean length {mean}. It rounds half to even, as "
        "TensorFlow and Python do. How many sentinels does the input get?"
    )
    steps = (
        f"Hidden: {rate} % of {T} = {n} tokens.",
        f"Spans: {n} / {mean} = {n / mean}, half-way between {even} and {even + 1}.",
        f"Half to even: {answer}, one sentinel each.",
    )
    mistakes = {"half rounded up": even + 1, "rounding forgotten": n / mean, "a sentinel per token": n}
    return Draft(prompt, answer, "sentinels", 0, steps, mistakes)


@template("t5-target-length", questions=(19, 21), section="D")
def t5_target_length(draw: Draws) -> Draft | None:
    """Hidden tokens, a sentinel for each span, and the end."""
    from torch import Generator

    from lossviz import corrupt_spans, sample_span_mask

    T, rate, mean = draw.whole(40, 400), draw.one_of((10, 15, 20, 30)), draw.one_of((3, 5))
    noise = sample_span_mask(
        T, noise_density=rate / 100, mean_span_length=mean, generator=Generator("cpu").manual_seed(0)
    )
    n = int(noise.sum())
    inputs, targets = corrupt_spans(wholes([2] * T), noise, sentinel_ids=range(10, 10 + T), eos_id=1)
    spans = len(targets) - n - 1
    prompt = (
        f"T5 hides {rate} % of {T} tokens in spans of mean length {mean}, both counts rounded to the nearest whole "
        "number; the text ends in a hidden span. How many tokens has the target, its end-of-sequence token included?"
    )
    steps = (
        f"Hidden: {rate} % of {T} = {nearest(T * rate / 100, n)}.",
        f"Spans, each named by a sentinel: {n} / {mean} = {nearest(n / mean, spans)}.",
        f"{n} + {spans} + 1 = {len(targets)} tokens.",
    )
    mistakes = {
        "end forgotten": len(targets) - 1,
        "closing sentinel counted": len(targets) + 1,
        "sentinels forgotten": n + 1,
        "input for target": len(inputs),
    }
    return None if ties(T, rate) else Draft(prompt, len(targets), "tokens", 0, steps, mistakes)


@template("raw-text-of-an-encoder", questions=(38, 20), section="Quick fire")
def raw_text_of_an_encoder(draw: Draws) -> Draft | None:
    """More text fits than the encoder has places, because each hidden span shrinks to one sentinel."""
    from lossviz import span_corruption_lengths

    places, rate, mean = draw.whole(4, 64) * 8, draw.one_of((10, 15, 20, 25, 30)), draw.one_of((3, 5))
    raw, _ = span_corruption_lengths(places, noise_density=rate / 100, mean_span_length=mean)
    n = round(raw * rate / 100)
    spans = max(1, round(n / mean))
    prompt = (
        f"T5 hides {rate} % of a text in spans of mean length {mean}, both counts rounded to the nearest whole number, "
        f"one span at least. An encoder has {places} places, one of which the end-of-sequence token takes. How many "
        "tokens has the longest text whose corrupted form fits?"
    )
    steps = (
        "Each hidden span shrinks to one sentinel; the encoder reads the rest, the sentinels and the end.",
        f"Hidden in a text of {raw} tokens: {rate} % of {raw} = {nearest(raw * rate / 100, n)}.",
        f"Spans: {n} / {mean} = {nearest(n / mean, spans)}.",
        f"{raw} − {n} + {spans} + 1 = {raw - n + spans + 1} fits, one token more does not: {raw} tokens.",
    )
    mistakes = {
        "only what fits as it is": places - 1,
        "sentinels forgotten": round((places - 1) / (1 - rate / 100)),
        "rate of the input": round((places - 1) * (1 + rate / 100)),
    }
    return None if ties(raw, rate) or ties(raw + 1, rate) else Draft(prompt, raw, "tokens", 0, steps, mistakes)


@template("bart-input-length", questions=(19,), section="D")
def bart_input_length(draw: Draws) -> Draft:
    """One mask per span, a span of nothing included."""
    from lossviz import infill_spans

    lengths = draw.shuffled([0, *draw.wholes(draw.whole(2, 4), 1, 5)])
    T = sum(lengths) + len(lengths) + draw.whole(1, 20)
    starts = [sum(lengths[:k]) + k for k in range(len(lengths))]
    answer = len(infill_spans(wholes([5] * T), starts, lengths, mask_id=0))
    prompt = (
        f"BART's text infilling hides spans of {listed(lengths)} tokens, none touching another, in a text of {T}. How "
        "many tokens does the encoder read, begin and end of sequence not counted?"
    )
    steps = (
        f"Left of the text: {T} − ({added(lengths)}) = {T - sum(lengths)}.",
        f"Each of the {len(lengths)} spans becomes one mask, also the one of length 0, which inserts it.",
        f"{T - sum(lengths)} + {len(lengths)} = {answer} tokens.",
    )
    mistakes = {
        "empty span without a mask": answer - 1,
        "masks forgotten": T - sum(lengths),
        "a mask per token": T,
    }
    return Draft(prompt, answer, "tokens", 0, steps, mistakes)
