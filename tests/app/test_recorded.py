"""The recorded opening views: what a cold process shows at first is what it computes a few seconds later."""

import json
from typing import Any

import pytest

from lossviz.content import ASSETS
from lossviz.lessons.__main__ import record
from lossviz.lessons.table import OPENINGS


def shown(recorded: str) -> Any:
    """A view without its floats, the heights of bars: their last digits are the machine's. Every number that is read
    is there as text."""
    return json.loads(recorded, parse_float=lambda _: None)


@pytest.mark.parametrize("slug", OPENINGS)
def test_a_recorded_view_is_the_live_one(slug: str) -> None:
    stored = (ASSETS / "recorded" / f"{slug}.json").read_text(encoding="utf-8")
    assert shown(stored) == shown(record(slug)), "`make record` records it anew"
