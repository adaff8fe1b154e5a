"""From a recipe to a checkpoint and its card, and the card of the shipped ones."""

from pathlib import Path

import pytest

from lossviz.models import KINDS, load
from lossviz.models.checkpoints import CHECKPOINTS, read_checkpoint
from lossviz.training import cloze
from lossviz.training.__main__ import make
from lossviz.training.card import card, read_results, write_card
from lossviz.training.evaluation import held_out_loss
from lossviz.training.recipes import RECIPES
from lossviz.training.trainer import Recipe


def test_a_recipe_becomes_a_checkpoint_and_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cloze, "accuracy", lambda model, kind: 0.25)
    result = make(Recipe("causal", cycles=(1,)), tmp_path)
    write_card({"causal": result}, tmp_path)
    assert result.n_bytes == (tmp_path / "causal" / "model.safetensors").stat().st_size
    assert read_results(tmp_path) == {"causal": result}
    assert "| causal | 1 |" in (tmp_path / "MODEL_CARD.md").read_text()
    assert read_checkpoint("causal", 2752, tmp_path).config.num_hidden_layers == 4


def test_results_that_are_not_there_are_none(tmp_path: Path):
    assert read_results(tmp_path) == {}


def test_the_shipped_card_is_written_from_the_shipped_results():
    results = read_results(CHECKPOINTS)
    assert tuple(results) == KINDS
    assert (CHECKPOINTS / "MODEL_CARD.md").read_text() == card(list(results.values()))


@pytest.mark.parametrize("kind", KINDS)
def test_the_shipped_numbers_are_those_of_the_shipped_models(kind: str):
    result, model = read_results(CHECKPOINTS)[kind], load(kind, device="cpu")
    assert result.steps == RECIPES[kind].steps
    assert result.n_parameters == model.n_parameters
    assert result.n_bytes == (CHECKPOINTS / kind / "model.safetensors").stat().st_size
    assert held_out_loss(model, batches=20) == pytest.approx(result.held_out_loss, abs=0.02)


def test_the_encoder_decoders_and_the_causal_model_are_better_than_chance_at_facts():
    for kind in ("causal", "masked", "t5", "bart"):
        assert read_results(CHECKPOINTS)[kind].cloze["facts"] > 2 * cloze.CHANCE["facts"]
