"""The scenes: what they show is what was measured, whatever the dials say."""

import dataclasses
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lossviz.figures.grid import Grid
from lossviz.labels import next_token_labels
from lossviz.lessons import causal_lm, dials, home, masked_lm, span_corruption
from lossviz.lessons.sentence import CannotShow
from lossviz.lessons.table import LESSONS
from lossviz.models import load

TEXTS = [
    "",
    "a",
    " ",
    "\x00",
    "👩\u200d👩\u200d👧",
    "שלום",
    "[MASK] <extra_id_0> </s>",
    "<script>",
    "$\\frac{",
    "x " * 400,
]


def bars(grid: Grid, role: str) -> list[float]:
    return [cell.value for row in grid.rows if row.role == role for slot in row.slots for cell in slot.cells]


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)
@pytest.mark.parametrize("text", TEXTS)
def test_any_text_gives_a_scene_or_a_sentence(lesson, text: str) -> None:
    state, _ = dials.change(lesson.Dials(), text=text)
    try:
        scene = lesson.scene(state)
    except CannotShow as sentence:
        assert text.strip() == "" and "Type at least one word" in str(sentence)
    else:
        assert math.isfinite(scene.numbers.get("loss", 0.0))
        for panel in lesson.PANELS.values():
            assert panel(state)


@settings(max_examples=25)
@given(st.text(max_size=60))
@pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)
def test_no_text_raises_anything_else(lesson, text: str) -> None:
    state, _ = dials.change(lesson.Dials(), text=text)
    try:
        lesson.scene(state)
    except CannotShow:
        pass


def test_a_long_text_is_cut_and_what_was_cut_is_shown() -> None:
    scene = causal_lm.scene(causal_lm.Dials(text="The cat sat on the mat. " * 30 + "The end is here."))
    assert scene.numbers["n_positions"] == 64
    assert "Left out" in scene.notices[0] and "The end is here." in scene.notices[0]


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)
def test_the_bars_are_the_losses_and_their_mean_is_the_loss(lesson) -> None:
    scene = lesson.scene(lesson.Dials())
    losses = bars(scene.grid, "loss")
    if lesson is span_corruption:
        t5 = int(scene.numbers["t5_target_length"])
        assert sum(losses[:t5]) / t5 == pytest.approx(scene.numbers["t5_loss"], rel=1e-5)
        assert sum(losses[t5:]) / len(losses[t5:]) == pytest.approx(scene.numbers["bart_loss"], rel=1e-5)
    else:
        assert sum(losses) / len(losses) == pytest.approx(scene.numbers["loss"], rel=1e-5)
        assert [math.exp(-loss) for loss in losses] == pytest.approx(bars(scene.grid, "right"), rel=1e-5)


def test_the_home_page_shows_what_the_lessons_show() -> None:
    numbers = home.scene(home.Dials()).numbers
    assert numbers["causal_loss"] == causal_lm.scene(causal_lm.Dials()).numbers["loss"]
    assert numbers["masked_loss"] == masked_lm.scene(masked_lm.Dials()).numbers["loss"]
    assert numbers["t5_loss"] == span_corruption.scene(span_corruption.Dials()).numbers["t5_loss"]


# --- Causal LM --------------------------------------------------------------------------------------------------------


def test_causal_loss_is_the_loss_of_the_model_itself() -> None:
    """Transformers' own next-token loss, which shifts inside, over the same ids."""
    state = causal_lm.Dials()
    model = load("causal")
    ids = torch.tensor(model.tokenizer(state.text)["input_ids"])[None]
    with torch.no_grad():
        theirs = model.model(input_ids=ids, labels=ids).loss.item()
    assert causal_lm.scene(state).numbers["loss"] == pytest.approx(theirs, rel=1e-5)


def test_gradient_norm_is_what_backward_leaves() -> None:
    model = load("causal")
    ids = torch.tensor(model.tokenizer(causal_lm.Dials().text)["input_ids"])[None]
    model.model(input_ids=ids, labels=ids).loss.backward()
    theirs = math.sqrt(sum(weight.grad.square().sum().item() for weight in model.model.parameters()))
    model.model.zero_grad(set_to_none=True)
    assert causal_lm.scene(causal_lm.Dials()).numbers["gradient_norm"] == pytest.approx(theirs, rel=1e-4)


def test_padding_changes_neither_loss_nor_scored_count() -> None:
    bare, padded = (causal_lm.scene(causal_lm.Dials(padding=n)).numbers for n in (0, 5))
    assert padded["loss"] == pytest.approx(bare["loss"], rel=1e-5)
    assert (padded["n_scored"], padded["n_positions"]) == (bare["n_scored"], bare["n_positions"] + 5)


def test_the_longest_text_keeps_its_end_token_among_the_denominators() -> None:
    long = causal_lm.Dials(text="The cat sat on the mat. " * 30)
    numbers = causal_lm.numbers(long)
    assert numbers["n_positions"] == numbers["loss_count_all"] == 64
    assert numbers["loss_count"] - numbers["loss_count_pad_is_eos"] == 1
    assert numbers["loss_of_the_end"] > 0


@pytest.mark.parametrize("mask, ahead", [("causal", 0), ("hole", 1), ("full", 12)])
def test_a_mask_lets_each_position_look_so_far_ahead(mask: str, ahead: int) -> None:
    numbers = causal_lm.scene(causal_lm.Dials(mask=mask)).numbers
    assert numbers["future_pairs_open"] == sum(min(ahead, 11 - i) for i in range(12))
    assert numbers["allowed_pairs"] == numbers["future_pairs_open"] + 12 * 13 / 2


def test_the_shift_of_the_page_is_the_shift_of_the_package() -> None:
    ids, real = torch.tensor([5, 6, 7, 8, 0, 0]), torch.tensor([True, True, True, True, False, False])
    assert causal_lm.labels_at_shift(1, ids, real).equal(next_token_labels(ids, attention_mask=real))
    assert causal_lm.labels_at_shift(0, ids, real).tolist() == [5, 6, 7, 8, -100, -100]
    assert causal_lm.labels_at_shift(2, ids, real).tolist() == [7, 8, -100, -100, -100, -100]


def test_an_opened_cell_reaches_the_model_and_the_row_of_the_cell() -> None:
    closed, open_ = (causal_lm.scene(causal_lm.Dials(open=cells)) for cells in ((), ((4, 5),)))
    before, after = bars(closed.grid, "loss"), bars(open_.grid, "loss")
    assert before[:4] == pytest.approx(after[:4], rel=1e-6)  # the rows above see nothing of it
    assert before[4] != after[4]
    assert open_.numbers["future_pairs_open"] == 1


def test_a_row_that_would_see_nothing_keeps_itself_and_says_so() -> None:
    scene = causal_lm.scene(causal_lm.Dials(open=((0, 0),)))
    assert scene.numbers["loss"] == causal_lm.scene(causal_lm.Dials()).numbers["loss"]
    assert "softmax" in scene.notices[0]


def test_p_minus_y_of_the_position_sums_to_nothing() -> None:
    said, grid = causal_lm.position(causal_lm.Dials(at=4))
    pulls = [cell.value for slot in grid.rows[3].slots for cell in slot.cells]
    assert sum(pulls) == pytest.approx(0, abs=1e-5)
    assert "p − y sums to 0" in said


def test_greedy_continuation_is_what_transformers_generates() -> None:
    model = load("causal")
    ids = model.tokenizer("Anna had a small red")["input_ids"]
    ours = [token for token, _ in causal_lm.write_on(model, ids, "causal", 8, temperature=0.0, seed=0)]
    theirs = model.model.generate(torch.tensor([ids]), max_new_tokens=8, do_sample=False, pad_token_id=model.pad_id)
    assert ours == theirs[0, len(ids) :].tolist()


def test_sampling_follows_its_seed() -> None:
    model = load("causal")
    ids = model.tokenizer("The dog")["input_ids"]
    draws = [causal_lm.write_on(model, ids, "causal", 6, temperature=1.0, seed=seed) for seed in (3, 3, 4)]
    assert draws[0] == draws[1] != draws[2]


def test_a_cell_opened_in_the_padding_does_not_reach_the_training() -> None:
    (live,) = causal_lm.PANELS["train"](causal_lm.Dials(padding=3, open=((2, 13), (2, 3))))
    assert live.key == "causal ((2, 3),) 12"


# --- Masked LM --------------------------------------------------------------------------------------------------------


def test_the_opening_view_shows_every_kind_of_corruption() -> None:
    numbers = masked_lm.scene(masked_lm.Dials()).numbers
    assert min(numbers["n_mask"], numbers["n_random"], numbers["n_keep"]) >= 1


def test_marks_by_hand_are_followed() -> None:
    scene = masked_lm.scene(masked_lm.Dials(actions="100200000003"))
    assert scene.grid.edit is not None and scene.grid.edit.values == (1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3)
    assert scene.numbers["n_selected"] == 3


def test_nothing_selected_is_a_loss_of_nought() -> None:
    numbers = masked_lm.scene(masked_lm.Dials(rate=0)).numbers
    assert (numbers["loss"], numbers["n_selected"], numbers["gradient_norm"]) == (0, 0, 0)


def test_shares_of_more_than_a_whole_are_refused_with_a_sentence() -> None:
    with pytest.raises(CannotShow, match="at most 100 % together"):
        masked_lm.scene(masked_lm.Dials(mask=80, random=30))


def test_whole_words_are_selected_whole() -> None:
    state = masked_lm.Dials(text="The unbelievable xylophonists sang", rate=50, words=True)
    for seed in range(20):
        run = masked_lm.run_at(dataclasses.replace(state, seed=seed, at=0))
        chosen = dict[int, set[bool]]()
        for word, action in zip(run.reading.tokens.word_ids, run.actions.tolist(), strict=True):
            chosen.setdefault(word, set()).add(action > 0)
        assert all(len(picked) == 1 for picked in chosen.values())


def test_the_counts_of_a_long_draw_come_near_the_promise() -> None:
    """Each share of 100,000 independent tokens lies within five standard errors: one false alarm in 1.7 million."""
    numbers = masked_lm.numbers(masked_lm.Dials())
    for kind in ("mask", "random", "keep"):
        p = numbers[f"expected_{kind}"] / 100
        error = 100 * math.sqrt(p * (1 - p) / masked_lm.MANY)
        assert abs(numbers[f"observed_{kind}_percent"] - 100 * p) < 5 * error


def test_one_mask_has_one_score_in_every_order() -> None:
    run = masked_lm.run_at(masked_lm.Dials(actions="000001000000", at=0))
    scores = masked_lm.joint_scores(run)
    assert max(scores.values()) - min(scores.values()) < 1e-5


# --- Span corruption --------------------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(st.text("01", min_size=12, max_size=12), st.booleans())
def test_spans_rebuild_the_text_whatever_they_are(spans: str, final: bool) -> None:
    numbers = span_corruption.scene(span_corruption.Dials(spans=spans, final=final)).numbers
    assert numbers["rebuilt"] == 1
    assert numbers["n_noise"] == spans.count("1")
    assert numbers["t5_target_length"] == numbers["n_noise"] + numbers["n_spans"] + final + 1
    assert numbers["bart_target_length"] == numbers["n_positions"] + 1
    assert numbers["t5_input_length"] == numbers["bart_input_length"]


def test_encoder_decoder_loss_is_the_loss_of_the_model_itself() -> None:
    """Transformers' own loss over the same pair, without our masks."""
    for kind, pair in (("t5", span_corruption.t5_pair), ("bart", span_corruption.bart_pair)):
        model = load(kind)
        ids = torch.tensor(model.tokenizer(span_corruption.Dials().text)["input_ids"])
        noise = span_corruption.draw_spans(len(ids), 33, 2, 5)
        inputs, targets = pair(model, ids, noise, False) if kind == "t5" else pair(model, ids, noise)
        with torch.no_grad():
            start = torch.tensor([model.start_id])
            logits = model.model(
                input_ids=inputs[None], decoder_input_ids=torch.cat([start, targets[:-1]])[None], use_cache=False
            ).logits[0]
        theirs = torch.nn.functional.cross_entropy(logits, targets).item()
        assert span_corruption.scene(span_corruption.Dials()).numbers[f"{kind}_loss"] == pytest.approx(theirs, rel=1e-4)


def test_one_token_has_no_spans_but_a_picture() -> None:
    numbers = span_corruption.scene(span_corruption.Dials(text="cat")).numbers
    assert (numbers["n_spans"], numbers["t5_target_length"]) == (0, 1)
