"""Section B, masked language modelling: what is selected, what is hidden, what is scored."""

from math import exp, log

from lossviz.drill.numeric.template import Draft, Draws, template
from lossviz.drill.numeric.tensors import reals, surprises, wholes
from lossviz.drill.numeric.writing import added, shown, surprising


@template("masked-lm-loss", questions=(8, 9), section="B")
def masked_lm_loss(draw: Draws) -> Draft:
    """The mean over everything selected, kept tokens included."""
    from lossviz import MaskAction, apply_mlm_actions, mean_over_targets

    words = {
        MaskAction.NONE: "not selected",
        MaskAction.MASK: "[MASK]",
        MaskAction.RANDOM: "random token",
        MaskAction.KEEP: "selected, kept",
    }
    certain = [MaskAction.NONE, MaskAction.NONE, MaskAction.MASK, MaskAction.MASK, MaskAction.RANDOM, MaskAction.KEEP]
    actions = draw.shuffled([*certain, draw.one_of(list(words))])
    losses = [draw.whole(1, 9 if action is MaskAction.NONE else 40) / 10 for action in actions]
    ids = wholes([5] * len(actions))
    _, labels = apply_mlm_actions(ids, wholes(actions), mask_token_id=0, random_ids=ids)
    loss = mean_over_targets(reals(losses), labels).item()
    told = "; ".join(f"{words[action]}: {shown(x)}" for action, x in zip(actions, losses, strict=True))
    prompt = (
        f"What became of the tokens of a row, and the loss of each in nats: {told}. What is the masked LM loss of the "
        "row per scored token?"
    )
    selected = [x for action, x in zip(actions, losses, strict=True) if action is not MaskAction.NONE]
    masked = [x for action, x in zip(actions, losses, strict=True) if action is MaskAction.MASK]
    steps = (
        f"All selected tokens are scored, random and kept ones too: {len(selected)} of {len(actions)}.",
        f"({added(selected)}) / {len(selected)} = {shown(loss, 2)} nats.",
    )
    mistakes = {
        "only hidden ones scored": sum(masked) / len(masked),
        "every position scored": sum(losses) / len(losses),
        "sum for mean": sum(selected),
    }
    return Draft(prompt, loss, "nats", 2, steps, mistakes)


@template("fate-of-a-token", questions=(36, 9), section="Quick fire")
def fate_of_a_token(draw: Draws) -> Draft:
    """Two shares, one of the other: 15 % selected, 80 % of these hidden."""
    T, rate = draw.whole(10, 100) * 10, draw.one_of((10, 15, 20, 30, 40))
    masked, random = draw.one_of(((80, 10), (70, 20), (60, 20), (90, 5), (50, 20)))
    fate, share = draw.one_of((("become [MASK]", masked), ("become a random token", random)))
    answer = T * rate * share / 10_000
    prompt = (
        f"A masked LM selects {rate} % of the {T} tokens of a text. Of the selected, {masked} % become [MASK], "
        f"{random} % become a random token, and the rest stay. How many tokens {fate}, on average?"
    )
    steps = (
        f"Selected: {rate} % of {T} = {shown(T * rate / 100)}.",
        f"{share} % of {shown(T * rate / 100)} = {shown(answer, 1)} tokens.",
    )
    mistakes = {
        "selected for its fate": T * rate / 100,
        "share of all tokens": T * share / 100,
        "the other fate": T * rate * (masked + random - share) / 10_000,
    }
    return Draft(prompt, answer, "tokens", 1, steps, mistakes)


@template("predictions-per-pass", questions=(10,), section="B")
def predictions_per_pass(draw: Draws) -> Draft:
    """How much denser the signal of a causal LM is, in scored tokens."""
    from lossviz import IGNORE_INDEX, next_token_labels

    T, rate = draw.whole(20, 99), draw.one_of((10, 15, 20, 25, 30, 40))
    causal = int((next_token_labels(wholes([0] * T)) != IGNORE_INDEX).sum())
    masked = T * rate / 100
    answer = causal / masked
    prompt = (
        f"A row of {T} tokens, none of them special. A causal LM scores every token that has context; a masked LM "
        f"selects {rate} % and hides 80 % of these. How many times as many tokens does the causal LM "
        "score as the masked LM does on average?"
    )
    steps = (
        f"Causal: all but the first, {causal}.",
        f"Masked: all selected, hidden or not, {rate} % of {T} = {shown(masked)}.",
        f"{causal} / {shown(masked)} = {shown(answer, 2)}.",
    )
    mistakes = {
        "first token scored": T / masked,
        "only hidden ones scored": causal / (0.8 * masked),
        "upside down": masked / causal,
    }
    return Draft(prompt, answer, "", 2, steps, mistakes)


@template("scored-among-visible", questions=(9, 13), section="B")
def scored_among_visible(draw: Draws) -> Draft:
    """Why the encoder cannot trust what it sees: P(scored | not [MASK])."""
    r, f = draw.whole(5, 50), draw.one_of(range(50, 100, 5))
    scored, visible = r * (100 - f) / 10_000, 1 - r * f / 10_000
    answer = scored / visible
    prompt = (
        f"A masked LM selects {r} % of all tokens and replaces {f} % of the selected by [MASK]; all selected ones are "
        "scored. Among the tokens that do not show [MASK], what share is scored?"
    )
    steps = (
        f"Selected but not [MASK]: {r} % · (1 − {f} %) = {shown(scored)} of all tokens.",
        f"Not [MASK]: 1 − {r} % · {f} % = {shown(visible)} of all.",
        f"{shown(scored)} / {shown(visible)} = {shown(answer, 3)}.",
    )
    mistakes = {
        "share of all tokens": scored,
        "selected for its fate": r / 100,
        "share of the selected": 1 - f / 100,
    }
    return Draft(prompt, answer, "share", 3, steps, mistakes)


@template("filling-one-by-one", questions=(11,), section="B")
def filling_one_by_one(draw: Draws) -> Draft:
    """The second word depends on the first, once it stands there."""
    first, alone, after = (draw.whole(1, 19) / 20 for _ in range(3))
    each = surprises([first, after]).tolist()
    loss = sum(each)
    prompt = (
        f"Two words are [MASK]. With both hidden, a model gives the right words the probabilities {shown(first)} and "
        f"{shown(alone)}; with the first one filled in, it gives the right second word {shown(after)}. You fill from "
        "left to right. What is the loss of both words together?"
    )
    steps = (
        f"The first, with both hidden: {surprising([first], each[:1])}.",
        f"The second, with the first in place: {surprising([after], each[1:])}.",
        f"{added(each)} = {shown(loss, 2)} nats.",
    )
    mistakes = {
        "filled at once": -log(first * alone),
        "mean for sum": loss / 2,
        "bits for nats": loss / log(2),
        "minus forgotten": -loss,
        "probability for loss": exp(-loss),
    }
    return Draft(prompt, loss, "nats", 2, steps, mistakes)
