"""`python -m lossviz.training`: the tokenizer and all built-in models anew, and their card."""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import torch

from lossviz.models.backbones import MAX_TOKENS
from lossviz.models.checkpoints import CHECKPOINTS, read_checkpoint, write_checkpoint
from lossviz.models.language_model import LanguageModel
from lossviz.text.tokenizer import TOKENIZER_FOLDER, load_tokenizer, train_tokenizer
from lossviz.training.card import read_results, write_card
from lossviz.training.evaluation import Result, evaluate
from lossviz.training.recipes import RECIPES
from lossviz.training.trainer import Progress, Recipe, train


def main() -> None:
    options = arguments()
    torch.set_num_threads(1)  # sums in another order are other sums: one thread, one result
    if "tokenizer" in options.only:
        train_tokenizer().save_pretrained(TOKENIZER_FOLDER)
        print(f"tokenizer: {TOKENIZER_FOLDER}", flush=True)
    for kind in RECIPES:
        if kind in options.only:
            recipe = replace(RECIPES[kind], cycles=(options.steps,)) if options.steps else RECIPES[kind]
            results = read_results(options.folder) | {kind: make(recipe, options.folder)}
            write_card(results, options.folder)


def arguments() -> argparse.Namespace:
    everything = ["tokenizer", *RECIPES]
    parser = argparse.ArgumentParser(prog="python -m lossviz.training", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=everything, default=everything, help="what to train")
    parser.add_argument("--steps", type=int, help="train so many steps instead of what the recipe says")
    parser.add_argument("--folder", type=Path, default=CHECKPOINTS, help="where checkpoints and card are written")
    return parser.parse_args()


def make(recipe: Recipe, folder: Path) -> Result:
    """Train one model, write it, and measure what was written."""
    start = time.process_time()
    tokenizer = load_tokenizer()

    def say(progress: Progress) -> None:
        minutes = (time.process_time() - start) / 60
        print(f"{recipe.kind}: step {progress.step} of {recipe.steps}, {progress.loss:.3f} nats, {minutes:.1f} CPU min")

    model = train(recipe, tokenizer, on_progress=say)
    minutes = (time.process_time() - start) / 60
    file = write_checkpoint(recipe.kind, model, folder) / "model.safetensors"
    written = read_checkpoint(recipe.kind, len(tokenizer), folder)
    language_model = LanguageModel(recipe.kind, "new", written, tokenizer, torch.device("cpu"), MAX_TOKENS)
    return evaluate(recipe, language_model, cpu_minutes=minutes, file=file)


if __name__ == "__main__":
    main()
