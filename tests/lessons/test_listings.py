"""The code panel's promise: run in a fresh interpreter, each listing prints the numbers that the page shows."""

import subprocess
import sys

import pytest

from lossviz.content import ASSETS
from lossviz.drill.proofs import parse_state
from lossviz.lessons import dials
from lossviz.lessons.table import LESSONS

STATES = [
    "causal-lm",
    "causal-lm?shift=2&padding=3&open=4-5.2-7&text=The+opposite+of+hot+is+cold.",
    "causal-lm?model=leaky&mask=hole",
    "masked-lm",
    "masked-lm?text=Unbelievable+xylophones&words=1&rate=60&seed=4",
    "masked-lm?actions=100200000003&open=1-2",
    "span-corruption",
    "span-corruption?spans=100110000001&final=1",
]


@pytest.mark.parametrize("state", STATES)
def test_a_listing_prints_the_numbers_of_its_page(state: str) -> None:
    slug, link = parse_state(state)
    scene = LESSONS[slug].scene(dials.read(LESSONS[slug].Dials, link)[0])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-"], input=scene.listing, capture_output=True, text=True, cwd=ASSETS.parent
    )
    assert done.returncode == 0, done.stderr
    printed = done.stdout.splitlines()
    assert printed and printed == [f"{metric.label}: {metric.value}" for metric in scene.metrics][: len(printed)]
