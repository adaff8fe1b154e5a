"""The model card: what the built-in models are, written from what was measured."""

import json
from pathlib import Path

from lossviz.training.cloze import CHANCE
from lossviz.training.evaluation import Result

WHAT = {
    "causal": "predicts the next token from the past",
    "leaky": "the same body, trained with the cell of the next token open: it copies, and has learned nothing else",
    "masked": "fills in hidden tokens (80/10/10, 10 to 40 % selected); everyone sees everyone",
    "t5": "encoder–decoder; says what stood behind each sentinel (15 to 35 % hidden, spans of 1.5 to 3 tokens)",
    "bart": "encoder–decoder of the same shape; writes the whole text, spans of unknown length being one mask each",
}


def read_results(folder: Path) -> dict[str, Result]:
    """The results that were kept beside the checkpoints, by kind."""
    path = folder / "results.json"
    if not path.exists():
        return {}
    return {kind: Result(**row) for kind, row in json.loads(path.read_text(encoding="utf-8")).items()}


def write_card(results: dict[str, Result], folder: Path) -> None:
    """`results.json` for programs, `MODEL_CARD.md` for people."""
    rows = {kind: results[kind].to_dict() for kind in WHAT if kind in results}
    (folder / "results.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    (folder / "MODEL_CARD.md").write_text(card([results[kind] for kind in rows]), encoding="utf-8")


def card(results: list[Result]) -> str:
    """The card as Markdown."""
    bodies = "\n".join(f"- **{result.kind}**: {WHAT[result.kind]}." for result in results)
    budgets = "\n".join(map(_budget, results))
    knowledge = "\n".join(_knowledge(result) for result in results if result.cloze)
    chance = " | ".join(f"{value:.2f}" for value in CHANCE.values())
    total = sum(result.n_bytes for result in results) / 1e6
    return f"""# The built-in models

Small models for looking at losses, trained by `make models` on text that `lossviz.text.english` generates. They know a
world of some two thousand words and nothing beyond it; they are not for use on anything else.

{bodies}

The first three are Llama bodies (4 layers, width 128, 4 heads, rotary positions, tied embeddings), the last two T5Gemma
bodies (3 layers that read, 2 that write, the same width, one embedding). All read the same byte-level BPE vocabulary of
2,752 tokens, and were trained on at most 64 tokens at a time. Licence: MIT, as the rest of the project.

## Data
Generated sentences: stories with names, objects and pronouns, facts, sums, agreement, questions, everyday English.
Every step reads new text from a seeded stream; the held-out text comes from another seed. Its sentences are new
combinations of the same words and patterns, and short ones may have occurred in training.

## Budget
One step is a batch of 1,024 tokens of text; one thread of a server CPU. Muon for the matrices, AdamW for the rest,
warm-up, cosine, seed 0. The loss is each model's own, in nats per target: the rows cannot be compared.

| model | steps | tokens read | CPU minutes | parameters | bytes | held-out loss |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
{budgets}

{total:.1f} MB together, float16 on disk, float32 in use.

## What they know
Share of 200 fill-in probes answered rightly, per kind; each model is asked in its own way (the causal one sees only
what comes before the gap). One standard error is at most 0.035.

| model | {" | ".join(CHANCE)} |
| --- | {" | ".join("---:" for _ in CHANCE)} |
{knowledge}
| chance | {chance} |
"""


def _budget(result: Result) -> str:
    return (
        f"| {result.kind} | {result.steps:,} | {result.tokens_read / 1e6:.1f} M | {result.cpu_minutes:g} "
        f"| {result.n_parameters:,} | {result.n_bytes:,} | {result.held_out_loss:.3f} |"
    )


def _knowledge(result: Result) -> str:
    return f"| {result.kind} | {' | '.join(f'{result.cloze[kind]:.2f}' for kind in CHANCE)} |"
