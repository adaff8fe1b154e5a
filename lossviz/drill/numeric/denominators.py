"""Sections A and beyond: what a mean is taken over. Padding, micro-batches, chats, and answers of different length."""

from lossviz.drill.numeric.template import Draft, Draws, template
from lossviz.drill.numeric.tensors import reals, wholes
from lossviz.drill.numeric.writing import added, listed, rounded, shown


@template("mean-beside-padding", questions=(4,), section="A")
def mean_beside_padding(draw: Draws) -> Draft:
    """The denominator counts targets."""
    from lossviz import IGNORE_INDEX, mean_over_targets

    real, pads = draw.tenths(draw.whole(3, 5), 10, 40), draw.tenths(draw.whole(2, 5), 1, 4)
    both = reals(real + pads)
    loss = mean_over_targets(both, wholes([0] * len(real) + [IGNORE_INDEX] * len(pads))).item()
    prompt = (
        f"A row has the losses {listed(real)} nats at its real targets, and the padding behind them would have the "
        f"losses {listed(pads)}. What is the loss of the row per target?"
    )
    steps = (
        f"Padding is no target: its {len(pads)} losses count neither above nor below the line.",
        f"({added(real)}) / {len(real)} = {shown(sum(real))} / {len(real)} = {shown(loss, 2)} nats.",
    )
    mistakes = {
        "padding counted": both.mean().item(),
        "padding in the denominator": sum(real) / len(both),
        "sum for mean": sum(real),
    }
    return Draft(prompt, loss, "nats", 2, steps, mistakes)


@template("two-micro-batches", questions=(4, 5), section="A")
def two_micro_batches(draw: Draws) -> Draft:
    """One denominator for the whole step."""
    from lossviz import mean_over_targets

    (few, many), (high, low) = (draw.whole(5, 30), draw.whole(40, 120)), (draw.whole(25, 45), draw.whole(10, 24))
    losses = reals([high / 10] * few + [low / 10] * many)
    loss = mean_over_targets(losses, wholes([0] * (few + many))).item()
    prompt = (
        f"A step accumulates two micro-batches: {few} targets with a mean loss of {high / 10} nats, then {many} "
        f"targets with {low / 10}. Which mean loss per target would one batch of them all have?"
    )
    steps = (
        f"{few} · {high / 10} = {shown(few * high / 10)} nats and {many} · {low / 10} = {shown(many * low / 10)} nats.",
        f"One denominator: {few} + {many} = {few + many} targets.",
        f"({shown(few * high / 10)} + {shown(many * low / 10)}) / {few + many} = {shown(loss, 2)} nats.",
    )
    mistakes = {
        "mean of means": (high + low) / 20,
        "sum for mean": (high + low) / 10,
        "weights exchanged": (many * high + few * low) / (few + many) / 10,
    }
    return Draft(prompt, loss, "nats", 2, steps, mistakes)


@template("targets-of-a-chat", questions=(5,), section="A")
def targets_of_a_chat(draw: Draws) -> Draft:
    """Loss on what the assistant says, and on where it stops."""
    from lossviz import IGNORE_INDEX, next_token_labels

    turns = [draw.whole(4, 15) for _ in range(4)]
    said = wholes([turn % 2 for turn, n in enumerate(turns) for _ in range(n)])
    labels = next_token_labels(said, loss_mask=said)
    answer = int((labels != IGNORE_INDEX).sum())
    prompt = (
        f"A chat in one row: user {turns[0]} tokens, assistant {turns[1]}, user {turns[2]}, assistant {turns[3]}, the "
        "end-of-turn token of each turn counted in. Fine-tuning scores all tokens of the assistant. How many positions "
        "have a label?"
    )
    steps = (
        "The assistant's tokens are the targets, the one that ends a turn too.",
        "Each has one position, just before it; for the first of a turn this is the last token of the user.",
        f"{turns[1]} + {turns[3]} = {answer} positions.",
    )
    mistakes = {
        "end of turn forgotten": answer - 2,
        "end of turn counted twice": answer + 2,
        "prompt scored": sum(turns) - 1,
        "only the last turn": turns[3],
    }
    return Draft(prompt, answer, "positions", 0, steps, mistakes)


@template("mean-over-answers", questions=(51,), section="Modern topics")
def mean_over_answers(draw: Draws) -> Draft:
    """Every answer alike, as in GRPO: a token of a short one weighs more."""
    from lossviz import IGNORE_INDEX, mean_over_sequences

    short, long = draw.tenths(2, 10, 40), draw.tenths(draw.whole(4, 6), 1, 20)
    rows = reals([short + [0.0] * (len(long) - 2), long])
    targets = wholes([[0, 0] + [IGNORE_INDEX] * (len(long) - 2), [0] * len(long)])
    loss = mean_over_sequences(rows, targets).item()
    prompt = (
        f"Two sampled answers have the token losses {listed(short)} and {listed(long)} nats. Every answer counts "
        "alike, as in GRPO when it was published. What is their mean loss?"
    )
    means = rounded(sum(short) / 2), rounded(sum(long) / len(long))
    steps = (
        f"The first answer's own mean: ({added(short)}) / 2 = {shown(means[0])}.",
        f"The second's: ({added(long)}) / {len(long)} = {shown(means[1])}.",
        f"The mean of these: ({added(means)}) / 2 = {shown(loss, 2)} nats.",
    )
    mistakes = {
        "tokens alike": sum(short + long) / len(short + long),
        "sum for mean": 2 * loss,
        "longest length as denominator": sum(short + long) / (2 * len(long)),
    }
    return Draft(prompt, loss, "nats", 2, steps, mistakes)
