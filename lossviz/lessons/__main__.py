"""`python -m lossviz.lessons` records the opening view of every page anew, for the first seconds of a cold process."""

import json

import torch
from pydantic import TypeAdapter

from lossviz.content import ASSETS
from lossviz.lessons import causal_lm, home, masked_lm, span_corruption
from lossviz.lessons.scene import Scene

LESSONS = {"home": home, "causal-lm": causal_lm, "masked-lm": masked_lm, "span-corruption": span_corruption}


def record(slug: str) -> str:
    """The opening view of a page as JSON."""
    scene = LESSONS[slug].scene(LESSONS[slug].Dials())
    return json.dumps(TypeAdapter(Scene).dump_python(scene, mode="json"), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name in LESSONS:
        (ASSETS / "recorded" / f"{name}.json").write_text(record(name), encoding="utf-8")
        print(f"assets/recorded/{name}.json")
