"""Models by name: a folder of this machine, or a repository of the Hugging Face hub. Safetensors only, no remote code.

Everything is looked at before it is loaded, so that whatever is wrong becomes one sentence, and nothing waits for a
network that is not there: the hub is asked once, for two seconds at most, and only for what is not in the local cache.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NoAnswer
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from huggingface_hub import HfApi, ModelInfo, constants, snapshot_download
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError, RepositoryNotFoundError
from huggingface_hub.utils import validate_repo_id
from transformers import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    MODEL_FOR_MASKED_LM_MAPPING,
    MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING,
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
)

from lossviz.models.language_model import SEQ2SEQ_KINDS, LanguageModel

ALLOWED_VARIABLE = "LOSSVIZ_ALLOWED_MODELS"
MAX_BYTES = 4 * 2**30
MAX_HUB_TOKENS = 128
PATIENCE = 2.0
FILES = ["*.json", "*.safetensors", "*.txt", "*.model"]

T = TypeVar("T")


class ModelUnavailable(ValueError):
    """The model cannot be had; the message is a sentence for the learner that says why, and what to do."""


def open_model(kind: str, name: str, device: torch.device) -> LanguageModel:
    """The model `name` as a model of `kind`. Raises ModelUnavailable."""
    folder = find_folder(name)
    check_files(name, folder)
    config = read_config(name, folder)
    check_kind(kind, name, config)
    tokenizer = read_tokenizer(name, folder)
    model = read_model(kind, name, folder, tokenizer).to(device)
    prefix, suffix = ((), ()) if kind in SEQ2SEQ_KINDS else frame(tokenizer)
    room = longest_input(config, tokenizer) - len(prefix) - len(suffix)
    return LanguageModel(kind, name, model, tokenizer, device, min(room, MAX_HUB_TOKENS), prefix, suffix)


# Where it lies -----------------------------------------------------------------------------------------------------


def find_folder(name: str) -> Path:
    """The folder with the model's files: the one named, or the hub's, downloaded where it is not in the cache."""
    check_allowed(name)
    if not allow_list() and name and os.path.isdir(folder := os.path.expanduser(name)):  # never raises, unlike Path
        return Path(folder)
    try:
        validate_repo_id(name)
    except HFValidationError:
        raise ModelUnavailable(f"“{name}” is neither a folder nor a name of the hub, such as “owner/model”.") from None
    return cached_folder(name) or downloaded_folder(name)


def allow_list() -> list[str]:
    """The only models that a hosted app loads; empty where everything is allowed."""
    return [name.strip() for name in os.environ.get(ALLOWED_VARIABLE, "").split(",") if name.strip()]


def check_allowed(name: str) -> None:
    allowed = allow_list()
    if allowed and name not in allowed:
        raise ModelUnavailable(f"This app loads only {', '.join(allowed)}, not “{name}”. Run it yourself for others.")


def cached_folder(name: str) -> Path | None:
    """The folder of the local cache, if it holds the weights too and not only what someone else has asked for."""
    try:
        folder = Path(snapshot_download(name, allow_patterns=FILES, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    return folder if any(folder.glob("*.safetensors")) else None


def downloaded_folder(name: str) -> Path:
    info = ask_hub(name)
    files = {sibling.rfilename: sibling.size or 0 for sibling in info.siblings or []}
    weights = {file: size for file, size in files.items() if file.endswith(".safetensors") and "/" not in file}
    check_weights(name, weights)
    try:
        return Path(snapshot_download(name, revision=info.sha, allow_patterns=FILES, ignore_patterns=["*/*"]))
    except Exception as error:
        raise ModelUnavailable(f"“{name}” could not be downloaded: {type(error).__name__}. Try again later.") from error


def ask_hub(name: str) -> ModelInfo:
    """What the hub knows of a model, or a reason within `PATIENCE` seconds."""
    offline = f"“{name}” is not on this machine, and the hub cannot be reached. The built-in models need no network."
    if constants.HF_HUB_OFFLINE:
        raise ModelUnavailable(offline)
    try:
        return within(PATIENCE, lambda: HfApi().model_info(name, files_metadata=True, timeout=PATIENCE))
    except RepositoryNotFoundError:
        raise ModelUnavailable(f"The hub has no public model “{name}”. Check the spelling: “owner/model”.") from None
    except Exception as error:  # whatever the transport calls it: no route, no name, no answer
        raise ModelUnavailable(offline) from error


def within(seconds: float, work: Callable[[], T]) -> T:
    """The result of `work`, or NoAnswer after so many seconds: a name server may keep a socket waiting for longer."""
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(work).result(seconds)
    except NoAnswer:
        raise NoAnswer(f"no answer within {seconds:g} s") from None
    finally:
        pool.shutdown(wait=False)


# What it is --------------------------------------------------------------------------------------------------------


def check_files(name: str, folder: Path) -> None:
    if not (folder / "config.json").exists():
        raise ModelUnavailable(f"“{name}” has no config.json, so it is not a Transformers model.")
    check_weights(name, {path.name: path.stat().st_size for path in folder.glob("*.safetensors")})


def check_weights(name: str, sizes: dict[str, int]) -> None:
    """`sizes`: bytes of each safetensors file."""
    if not sizes:
        raise ModelUnavailable(f"“{name}” has no safetensors file. Other formats can run code and are not opened.")
    if (total := sum(sizes.values())) > MAX_BYTES:
        limit = f"{MAX_BYTES / 2**30:.0f} GB"
        raise ModelUnavailable(f"“{name}” has {total / 2**30:.1f} GB of weights; at most {limit} are loaded here.")


def read_config(name: str, folder: Path) -> PreTrainedConfig:
    try:
        return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:
        if "auto_map" in (folder / "config.json").read_text(encoding="utf-8", errors="replace"):
            raise ModelUnavailable(f"“{name}” needs code of its own, and remote code is never run here.") from error
        raise ModelUnavailable(f"“{name}” has a configuration that Transformers does not know.") from error


@dataclass(frozen=True)
class Family:
    """How Transformers names one kind of model, and which heads were trained for another."""

    noun: str
    auto: Any
    mapping: Any
    foreign_heads: tuple[str, ...] = ()


CAUSAL = Family("a causal model", AutoModelForCausalLM, MODEL_FOR_CAUSAL_LM_MAPPING, ("MaskedLM", "PreTraining"))
MASKED = Family("a masked model", AutoModelForMaskedLM, MODEL_FOR_MASKED_LM_MAPPING, ("CausalLM", "LMHead"))
SEQ2SEQ = Family("an encoder–decoder", AutoModelForSeq2SeqLM, MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING)
FAMILIES = {"causal": CAUSAL, "leaky": CAUSAL, "masked": MASKED, "t5": SEQ2SEQ, "bart": SEQ2SEQ}


def check_kind(kind: str, name: str, config: PreTrainedConfig) -> None:
    """Refuse a model whose head was not trained for the kind: it would load, and predict nonsense."""
    family = FAMILIES[kind]
    heads = " ".join(config.architectures or [])
    fits = type(config) in family.mapping and bool(config.is_encoder_decoder) == (kind in SEQ2SEQ_KINDS)
    if not fits or any(head in heads for head in family.foreign_heads):
        raise ModelUnavailable(f"This page needs {family.noun}, but “{name}” is {heads or config.model_type}.")


def read_tokenizer(name: str, folder: Path) -> PreTrainedTokenizerFast:
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:
        raise ModelUnavailable(f"“{name}” has no tokenizer that can be read.") from error
    if not tokenizer.is_fast:
        raise ModelUnavailable(f"“{name}” has a slow tokenizer, which cannot say where its tokens lie in the text.")
    if not tokenizer("a", add_special_tokens=False)["input_ids"]:  # what Transformers makes up where it finds no file
        raise ModelUnavailable(f"“{name}” has no tokenizer that can be read.")
    return tokenizer


def read_model(kind: str, name: str, folder: Path, tokenizer: PreTrainedTokenizerFast) -> Any:
    try:
        model, loading = FAMILIES[kind].auto.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            attn_implementation="eager",
            dtype=torch.float32,
            output_loading_info=True,
        )
    except Exception as error:
        raise ModelUnavailable(f"“{name}” could not be loaded: {type(error).__name__}.") from error
    if len(tokenizer) > model.get_input_embeddings().num_embeddings:
        raise ModelUnavailable(f"“{name}” has a tokenizer with more tokens than its weights have rows.")
    if loading["missing_keys"]:
        raise ModelUnavailable(f"“{name}” lacks weights that this page needs, {min(loading['missing_keys'])} first.")
    return model.eval()


# How it reads ------------------------------------------------------------------------------------------------------


def frame(tokenizer: PreTrainedTokenizerFast) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The special tokens that this tokenizer puts before and after a text."""
    encoded: Any = tokenizer("a", return_special_tokens_mask=True)
    ids, special = encoded["input_ids"], encoded["special_tokens_mask"]
    ordinary = [index for index, is_special in enumerate(special) if not is_special]
    return tuple(ids[: ordinary[0]]), tuple(ids[ordinary[-1] + 1 :])


def longest_input(config: PreTrainedConfig, tokenizer: PreTrainedTokenizerFast) -> int:
    """Positions that the model has, as far as its files say."""
    said = [getattr(config, name, None) for name in ("max_position_embeddings", "n_positions")]
    return min(int(length) for length in (*said, tokenizer.model_max_length, 10**6) if length)
