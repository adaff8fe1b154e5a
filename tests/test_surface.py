"""One flat surface: the promised names, in reading order, loaded when they are first used."""

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import lossviz

ROOT = Path(__file__).parents[1]

PROMISED = """
next_token_labels(input_ids, *, attention_mask=None, loss_mask=None, document_ids=None)
future_labels(input_ids, n_future, *, document_ids=None)
pack_documents(documents, max_length, *, pad_id=0)
sample_mlm_actions(special_tokens_mask, *, mask_rate=0.15, mask_fraction=0.8, random_fraction=0.1, word_ids=None, at_least_one=False, generator)
apply_mlm_actions(input_ids, actions, *, mask_token_id, random_ids)
sample_random_ids(shape, *, vocab_size, exclude=(), generator)
next_sentence_pairs(documents, *, max_length, short_sequence_rate=0.1, random_next_rate=0.5, generator)
sentence_order_pairs(documents, *, max_length, swap_rate=0.5, generator)
replaced_token_inputs(input_ids, selected, sampled_ids)
sample_span_mask(length, *, noise_density=0.15, mean_span_length=3.0, random_roll=False, generator)
corrupt_spans(input_ids, noise_mask, *, sentinel_ids, eos_id=None, final_sentinel=False)
span_corruption_lengths(inputs_length, *, noise_density=0.15, mean_span_length=3.0)
sample_infilling_spans(num_words, *, mask_ratio=0.3, poisson_lambda=3.0, generator)
infill_spans(input_ids, starts, lengths, *, mask_id)
denoise(input_ids, denoiser, *, sentinel_ids, mode_ids, eos_id=None, generator)
fill_in_middle(input_ids, start, end, *, mode, prefix_id, suffix_id, middle_id, eot_id=None)
sample_diffusion_mask(shape, *, generator, rates=None, eps=0.001)
causal_mask(length)
bidirectional_mask(length)
prefix_mask(length, prefix_length)
sliding_window_mask(length, window)
document_mask(document_ids)
padding_mask(attention_mask)
cross_entropy(logits, targets, *, label_smoothing=0.0, smoothing_over='all', z_loss=0.0, softcap=None, ignore_index=-100)
cross_entropy_grad(logits, targets, *, ignore_index=-100)
log_sum_exp(logits)
softcap(x, cap)
linear_cross_entropy(hidden, weight, targets, *, bias=None, chunk_size=None, label_smoothing=0.0, z_loss=0.0, softcap=None, ignore_index=-100)
replaced_token_loss(logits, is_replaced, attention_mask=None)
electra_loss(generator_loss, discriminator_loss, *, discriminator_weight=50.0)
masked_diffusion_loss(logits, targets, selected, rates)
multi_token_loss(logits_per_depth, labels, *, weight=1.0)
speculative_accept(draft_ids, draft_probs, target_probs, uniforms)
info_nce(queries, positives, *, negatives=None, temperature=0.05, similarity='cosine', symmetric=False, false_negatives=None)
triplet_loss(anchor, positive, negative, *, margin=5.0)
log_uniform_probs(vocab_size)
sampled_softmax_loss(hidden, weight, targets, sampled_ids, *, target_expected_count, sampled_expected_count, bias=None, remove_accidental_hits=True)
huffman_codes(counts)
hierarchical_softmax_log_probs(hidden, inner_vectors, codes)
load_balancing_loss(router_logits, top_k, *, mask=None)
router_z_loss(router_logits, *, mask=None)
route_topk(router_logits, top_k, *, bias=None, score='softmax')
update_expert_bias(bias, tokens_per_expert, *, rate=0.001)
mean_over_targets(losses, targets, *, count=None, ignore_index=-100)
mean_over_sequences(losses, targets, *, ignore_index=-100)
perplexity(nll_sum, count)
bits_per_byte(nll_sum, n_bytes)
word_perplexity(nll_sum, text)
rolling_windows(tokens, *, prefix_token, max_length, context_length=1)
strided_windows(length, *, max_length, stride)
""".strip().splitlines()  # noqa: E501
VALUES = {"IGNORE_INDEX", "PackedBatch", "MaskAction", "SegmentPair", "Denoiser", "UL2_DENOISERS", "HuffmanCode"}


def bare_signature(name: str) -> str:
    signature = inspect.signature(getattr(lossviz, name))
    parameters = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
    return name + str(inspect.Signature(parameters))


@pytest.mark.parametrize("promised", PROMISED, ids=lambda line: line.split("(")[0])
def test_every_function_has_the_promised_arguments(promised: str) -> None:
    assert bare_signature(promised.split("(")[0]) == promised


def test_the_table_of_contents_is_in_reading_order() -> None:
    assert [name for name in lossviz.__all__ if name not in VALUES] == [line.split("(")[0] for line in PROMISED]
    assert set(lossviz.__all__) >= VALUES and set(dir(lossviz)) >= set(lossviz.__all__)


def test_the_values_have_the_promised_fields() -> None:
    assert lossviz.PackedBatch._fields == ("input_ids", "position_ids", "document_ids", "labels", "attention")
    assert lossviz.SegmentPair._fields == ("first", "second", "is_next")
    assert {action.name: action.value for action in lossviz.MaskAction} == {
        "NONE": 0,
        "MASK": 1,
        "RANDOM": 2,
        "KEEP": 3,
    }
    assert lossviz.Denoiser._fields == ("mode", "mean_span_length", "noise_density", "sequential")
    assert lossviz.HuffmanCode._fields == ("bits", "nodes")
    assert [denoiser.mode for denoiser in lossviz.UL2_DENOISERS] == list("RRSXXXX")
    assert lossviz.IGNORE_INDEX == -100


@pytest.mark.parametrize("name", lossviz.__all__)
def test_type_checkers_see_the_same_table(name: str) -> None:
    tree = ast.parse((ROOT / "lossviz" / "__init__.py").read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    homes = [node.module for node in imports for alias in node.names if alias.name == alias.asname == name]
    assert homes == [f"lossviz.{lossviz._CONTENTS[name]}"]
    assert getattr(importlib.import_module(homes[0] or ""), name) is getattr(lossviz, name)


def test_an_unknown_name_is_named() -> None:
    with pytest.raises(AttributeError, match="module 'lossviz' has no attribute 'crossentropy'"):
        lossviz.crossentropy  # noqa: B018


@pytest.mark.parametrize("name", [name for name in lossviz.__all__ if not name.isupper()])
def test_everything_says_what_it_is(name: str) -> None:
    lines = (inspect.getdoc(getattr(lossviz, name)) or "").splitlines()
    assert lines and lines[0].endswith((".", ":")) and len(lines) <= 8


def loaded_by(statement: str) -> set[str]:
    """The modules that a fresh interpreter loads for a statement."""
    code = f"import sys; before = set(sys.modules); {statement}; print(*set(sys.modules) - before)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_importing_the_package_loads_nothing_but_itself() -> None:
    loaded = loaded_by("import lossviz")
    assert {name for name in loaded if name.startswith("lossviz")} == {"lossviz"}
    assert {name.split(".")[0] for name in loaded} <= {"lossviz", *sys.stdlib_module_names}
    assert len(loaded) < 50


def test_listing_the_names_loads_nothing_more() -> None:
    assert "torch" not in loaded_by("import lossviz; dir(lossviz); lossviz.__all__")


def test_the_probe_can_tell() -> None:
    """The first use of a name loads its module and torch, but not the other families; Transformers never."""
    loaded = loaded_by("import lossviz; lossviz.causal_mask")
    assert {"torch", "lossviz.attention"} <= loaded
    assert not {"lossviz.losses", "lossviz.corruption", "transformers"} & loaded


def test_a_name_loads_no_sibling_that_it_does_not_need() -> None:
    loaded = loaded_by("import lossviz; lossviz.perplexity; lossviz.sample_random_ids")
    families = {name for name in loaded if name.startswith(("lossviz.losses.", "lossviz.corruption."))}
    homes = {f"lossviz.{lossviz._CONTENTS[name]}" for name in lossviz.__all__}
    assert families & homes == {"lossviz.corruption.masked_lm"}
