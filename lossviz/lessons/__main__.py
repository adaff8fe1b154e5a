"""`python -m lossviz.lessons` records the opening view of every page anew, for the first seconds of a cold process."""

import dataclasses
import json

import torch
from pydantic import TypeAdapter

from lossviz.content import ASSETS
from lossviz.lessons.scene import Scene
from lossviz.lessons.table import OPENINGS


def record(slug: str) -> str:
    """The opening view of a page as JSON: the pictures and the numbers under them, which are all that it draws."""
    scene = OPENINGS[slug].scene(OPENINGS[slug].Dials())
    drawn = dataclasses.replace(scene, listing="", today="", numbers={})
    return json.dumps(TypeAdapter(Scene).dump_python(drawn, mode="json"), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name in OPENINGS:
        (ASSETS / "recorded" / f"{name}.json").write_text(record(name), encoding="utf-8")
        print(f"assets/recorded/{name}.json")
