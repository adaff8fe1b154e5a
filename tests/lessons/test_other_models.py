"""Any model by name: the lessons read it as they read the built-in ones, or say in a sentence what it lacks."""

from pathlib import Path

import pytest
import torch

from lossviz.lessons import causal_lm, masked_lm, span_corruption
from lossviz.lessons.sentence import CannotShow
from tests.models.test_hub import bart, bert, gpt2, llama, saved, t5


@pytest.mark.parametrize(
    ("lesson", "build"), [(causal_lm, gpt2), (causal_lm, llama), (masked_lm, bert), (span_corruption, t5)]
)
def test_a_local_model_gives_a_whole_page(lesson, build, tmp_path: Path) -> None:
    torch.manual_seed(0)
    state = lesson.Dials(model=str(saved(build(), tmp_path)))
    scene = lesson.scene(state)
    assert scene.metrics[0] != lesson.scene(lesson.Dials()).metrics[0]
    assert str(tmp_path) in scene.listing
    for name, panel in lesson.PANELS.items():
        assert panel(state), name


def test_a_model_with_a_mask_and_no_sentinels_serves_the_half_of_bart(tmp_path: Path) -> None:
    folder = saved(bart(), tmp_path)
    tokenizer = (folder / "tokenizer.json").read_text("utf-8").replace("<extra_id_", "<other_id_")
    (folder / "tokenizer.json").write_text(tokenizer, "utf-8")
    config = (folder / "tokenizer_config.json").read_text("utf-8").replace("<extra_id_", "<other_id_")
    (folder / "tokenizer_config.json").write_text(config, "utf-8")
    scene = span_corruption.scene(span_corruption.Dials(model=str(folder)))
    assert [row.strong for row in scene.grid.rows if row.strong] == ["BART"]


def test_a_model_of_another_kind_is_refused_with_a_sentence(tmp_path: Path) -> None:
    folder = str(saved(gpt2(), tmp_path))
    for lesson in (masked_lm, span_corruption):
        with pytest.raises(CannotShow, match="This page needs"):
            lesson.scene(lesson.Dials(model=folder))
