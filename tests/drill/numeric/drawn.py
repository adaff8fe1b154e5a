"""The exercises that the tests look at, drawn once."""

import functools

from lossviz.drill.numeric import Exercise, Template, exercise

N = 1_000


@functools.cache
def exercises(made: Template) -> list[Exercise]:
    """One for each seed below N."""
    return [exercise(made.name, seed, made.version) for seed in range(N)]
