"""Numeric questions: a template and a seed make an exercise, and what is typed is judged, its mistake named.

`templates()` lists them, `exercise(name, seed)` makes one, `judge(exercise, text)` says what an answer is worth.

Listing, reading an answer and judging it need no torch, nor do scheduling and storage. Making an exercise does, and the
first one loads it: the answer comes from the very loss code that the lessons show.
"""

from lossviz.drill.numeric import (
    advanced,
    causal_lm,
    contrastive,
    cross_entropy,
    denominators,
    implementation,
    masked_lm,
    modern,
    packing,
    prefix_lm,
    replaced_tokens,
    sentence_pairs,
    spans,
    topics,
    vocabularies,
)
from lossviz.drill.numeric.grading import Mistaken, Right, Unreadable, Verdict, Wrong, judge
from lossviz.drill.numeric.reading import read_number
from lossviz.drill.numeric.template import Draws, Exercise, Template, exercise, templates

SECTIONS = (  # each registers its templates as it is imported
    causal_lm,
    denominators,
    masked_lm,
    sentence_pairs,
    replaced_tokens,
    spans,
    prefix_lm,
    modern,
    contrastive,
    cross_entropy,
    implementation,
    vocabularies,
    advanced,
    packing,
    topics,
)

__all__ = [
    "Draws",
    "Exercise",
    "Mistaken",
    "Right",
    "Template",
    "Unreadable",
    "Verdict",
    "Wrong",
    "exercise",
    "judge",
    "read_number",
    "templates",
]
