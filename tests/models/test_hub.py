"""Models by name: what loads, and the sentence for each that does not."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import HfApi, ModelInfo, constants
from huggingface_hub.errors import RepositoryNotFoundError
from safetensors.torch import load_file
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    BertConfig,
    BertForMaskedLM,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    T5Config,
    T5ForConditionalGeneration,
)

from lossviz.attention import bidirectional_mask, causal_mask, padding_mask
from lossviz.models import LanguageModel, ModelUnavailable, hub, load
from lossviz.models.language_model import SEQ2SEQ_KINDS
from lossviz.text.tokenizer import load_tokenizer

V = len(load_tokenizer())
SPECIAL: dict[str, Any] = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
T5_SPECIAL: dict[str, Any] = {"pad_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 0}


def gpt2() -> PreTrainedModel:
    return GPT2LMHeadModel(GPT2Config(vocab_size=V, n_embd=16, n_layer=2, n_head=2, n_positions=40, **SPECIAL))


def llama() -> PreTrainedModel:
    shape = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    return LlamaForCausalLM(LlamaConfig(vocab_size=V, **shape, **SPECIAL))


def bert() -> PreTrainedModel:
    shape = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    return BertForMaskedLM(BertConfig(vocab_size=V, max_position_embeddings=50, pad_token_id=0, **shape))


def t5() -> PreTrainedModel:
    return T5ForConditionalGeneration(
        T5Config(vocab_size=V, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2, **T5_SPECIAL)
    )


def bart() -> PreTrainedModel:
    halves: dict[str, Any] = {
        f"{half}_{name}": size
        for half in ("encoder", "decoder")
        for name, size in {"layers": 2, "attention_heads": 2, "ffn_dim": 32}.items()
    }
    config = BartConfig(
        vocab_size=V, d_model=16, max_position_embeddings=60, decoder_start_token_id=2, **halves, **SPECIAL
    )
    return BartForConditionalGeneration(config)


BUILDERS = {"causal": [gpt2, llama], "masked": [bert], "t5": [t5], "bart": [bart]}
CASES = [(kind, build) for kind, builders in BUILDERS.items() for build in builders]


@pytest.fixture
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A tiny model of the wanted class, with the built-in tokenizer."""
    return saved(request.param(), tmp_path)


def saved(model: PreTrainedModel, folder: Path) -> Path:
    model.save_pretrained(folder)
    load_tokenizer().save_pretrained(folder)
    return folder


@pytest.mark.parametrize(("kind", "build"), CASES, ids=[build.__name__ for _, build in CASES])
def test_a_local_folder_loads_and_gives_the_numbers_of_transformers(kind: str, build: Any, tmp_path: Path):
    torch.manual_seed(0)
    original = build().eval()
    model = load(kind, str(saved(original, tmp_path)), "cpu")
    ids = torch.arange(300, 310)
    with torch.no_grad():
        if kind in SEQ2SEQ_KINDS:
            start = torch.tensor([model.start_id, 400, 401])
            got = model.seq2seq_logits(ids, start)
            expected = original(input_ids=ids[None], decoder_input_ids=start[None]).logits[0]
        else:
            natural = bidirectional_mask(10) if kind == "masked" else causal_mask(10)
            got, expected = model.logits(ids, natural), original(input_ids=ids[None]).logits[0]
    torch.testing.assert_close(got, expected)
    assert got.dtype == torch.float32 and model.model.config._attn_implementation == "eager"


@pytest.mark.parametrize(("kind", "build"), [("causal", gpt2), ("causal", llama), ("masked", bert)])
def test_what_a_mask_hides_is_hidden(kind: str, build: Any, tmp_path: Path):
    model = load(kind, str(saved(build().eval(), tmp_path)), "cpu")
    assert model.respects_attention
    ids, changed = torch.arange(300, 306), torch.tensor([300, 301, 302, 303, 304, 999])
    with torch.no_grad():
        rows = model.logits(ids, causal_mask(6)) == model.logits(changed, causal_mask(6))
    assert rows[:5].all() and not rows[5].all()


@pytest.mark.parametrize("folder", [gpt2], indirect=True)
def test_a_pickle_is_never_opened(folder: Path):
    weights = load_file(folder / "model.safetensors")
    torch.save(weights, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelUnavailable, match="has no safetensors file"):
        load("causal", str(folder))


@pytest.mark.parametrize(
    ("kind", "build", "needs"),
    [
        ("masked", gpt2, "needs a masked model"),
        ("causal", bert, "needs a causal model"),
        ("causal", t5, "needs a causal model"),
        ("causal", bart, "needs a causal model"),
        ("t5", llama, "needs an encoder–decoder"),
        ("masked", bart, "needs a masked model"),
    ],
)
def test_the_wrong_kind_is_named(kind: str, build: Any, needs: str, tmp_path: Path):
    with pytest.raises(ModelUnavailable, match=needs):
        load(kind, str(saved(build(), tmp_path)))


@pytest.mark.parametrize("folder", [gpt2], indirect=True)
def test_code_of_its_own_is_not_run(folder: Path):
    rewrite(folder / "config.json", model_type="never_heard_of", auto_map={"AutoConfig": "evil.Evil"})
    (folder / "evil.py").write_text("raise SystemExit('it ran')")
    with pytest.raises(ModelUnavailable, match="remote code is never run"):
        load("causal", str(folder))


@pytest.mark.parametrize("folder", [gpt2], indirect=True)
def test_an_unknown_architecture_and_a_broken_config(folder: Path):
    rewrite(folder / "config.json", model_type="never_heard_of")
    with pytest.raises(ModelUnavailable, match="does not know"):
        load("causal", str(folder))
    (folder / "config.json").write_text("{")
    with pytest.raises(ModelUnavailable, match="does not know"):
        load("causal", str(folder))


@pytest.mark.parametrize("folder", [gpt2], indirect=True)
def test_missing_files_are_named(folder: Path):
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").unlink()
    with pytest.raises(ModelUnavailable, match="no tokenizer that can be read|slow tokenizer"):
        load("causal", str(folder))
    (folder / "config.json").unlink()
    with pytest.raises(ModelUnavailable, match="has no config.json"):
        load("causal", str(folder))


@pytest.mark.parametrize("folder", [gpt2], indirect=True)
def test_a_model_that_is_too_big_is_refused_before_it_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hub, "MAX_BYTES", 10)
    with pytest.raises(ModelUnavailable, match="GB of weights"):
        load("causal", str(folder))


@pytest.mark.parametrize("folder", [gpt2], indirect=True)
def test_damaged_weights_are_a_sentence(folder: Path):
    (folder / "model.safetensors").write_bytes(b"\0" * 100)
    with pytest.raises(ModelUnavailable, match="could not be loaded"):
        load("causal", str(folder))


@pytest.mark.parametrize("folder", [gpt2], indirect=True)
def test_only_allowed_names_on_a_hosted_app(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LOSSVIZ_ALLOWED_MODELS", "openai-community/gpt2, owner/other")
    with pytest.raises(ModelUnavailable, match="loads only openai-community/gpt2, owner/other"):
        load("causal", str(folder))
    assert load("causal").name == "built-in"


def test_a_folder_is_never_read_where_there_is_an_allow_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    saved(gpt2(), tmp_path)
    monkeypatch.setenv("LOSSVIZ_ALLOWED_MODELS", str(tmp_path))
    with pytest.raises(ModelUnavailable, match="neither a folder nor a name"):
        load("causal", str(tmp_path))


@pytest.mark.parametrize(
    "name", ["/no/such/folder", "../up", "a b", "x" * 300, "", "ünicode/name", "a/b/c", "\0", "~nobody/x/y", "\ud800"]
)
def test_a_name_that_can_be_no_model(name: str):
    with pytest.raises(ModelUnavailable, match="neither a folder nor a name"):
        load("causal", name)


def test_offline_is_said(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(ModelUnavailable, match="the hub cannot be reached"):
        load("causal", "owner/not-here")


def test_a_silent_network_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(hub, "PATIENCE", 0.01)
    answer = threading.Event()
    monkeypatch.setattr(HfApi, "model_info", lambda *args, **kwargs: answer.wait())
    try:
        with pytest.raises(ModelUnavailable, match="the hub cannot be reached"):
            load("causal", "owner/not-here")
    finally:
        answer.set()


def answers(monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
    def model_info(*args: Any, **kwargs: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(HfApi, "model_info", model_info)


def test_a_name_that_the_hub_does_not_know(monkeypatch: pytest.MonkeyPatch):
    answers(monkeypatch, RepositoryNotFoundError.__new__(RepositoryNotFoundError))
    with pytest.raises(ModelUnavailable, match="no public model"):
        load("causal", "owner/misspelled")


def test_a_hub_model_is_weighed_before_it_is_downloaded(monkeypatch: pytest.MonkeyPatch):
    files = [{"rfilename": "model.safetensors", "size": 9 * 2**30}, {"rfilename": "config.json", "size": 9}]
    answers(monkeypatch, ModelInfo(id="owner/big", siblings=files))
    with pytest.raises(ModelUnavailable, match="9.0 GB of weights"):
        load("causal", "owner/big")
    answers(monkeypatch, ModelInfo(id="owner/pickle", siblings=[{"rfilename": "pytorch_model.bin", "size": 9}]))
    with pytest.raises(ModelUnavailable, match="has no safetensors file"):
        load("causal", "owner/pickle")


@pytest.mark.parametrize("folder", [bert], indirect=True)
def test_special_tokens_around_a_text_are_put_there_and_have_no_rows(folder: Path):
    framed = framing_tokenizer()
    framed.save_pretrained(folder)
    model = load("masked", str(folder), "cpu")
    assert (model.prefix_ids, model.suffix_ids) == ((1,), (2,))
    assert model.max_tokens == 48
    ids = torch.arange(300, 305)
    with torch.no_grad():
        expected = model.model(input_ids=torch.tensor([[1, *range(300, 305), 2]])).logits[0, 1:-1]
        torch.testing.assert_close(model.logits(ids, bidirectional_mask(5)), expected)


def framing_tokenizer() -> Any:
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    backend = load_tokenizer().backend_tokenizer.from_str(load_tokenizer().backend_tokenizer.to_str())
    backend.post_processor = TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)])
    return PreTrainedTokenizerFast(tokenizer_object=backend, pad_token="<pad>", mask_token="[MASK]")


@pytest.mark.parametrize("folder", [gpt2], indirect=True)
def test_a_model_that_takes_no_mask_per_cell(folder: Path, monkeypatch: pytest.MonkeyPatch):
    plain = hub.open_model("causal", str(folder), torch.device("cpu"))
    model = LanguageModel(**{**vars(plain), "name": "stubborn"})
    model.__dict__["respects_attention"] = False
    ids, real = torch.arange(300, 305), torch.tensor([1, 1, 1, 1, 0])
    with torch.no_grad():
        for mask in (causal_mask(5), causal_mask(5) & padding_mask(real)):
            torch.testing.assert_close(model.logits(ids, mask)[:4], plain.logits(ids, mask)[:4])
        with pytest.raises(ValueError, match="takes a mask per token only"):
            model.logits(ids, bidirectional_mask(5))


def rewrite(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
