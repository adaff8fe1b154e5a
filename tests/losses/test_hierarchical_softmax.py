import math
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

from lossviz import HuffmanCode, hierarchical_softmax_log_probs, huffman_codes

CLASSIC = [5, 9, 12, 13, 16, 45]
counts_of_words = st.lists(st.integers(0, 50), min_size=1, max_size=40)


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def lengths(counts: Sequence[float]) -> list[int]:
    return [len(code.bits) for code in huffman_codes(counts)]


def cost(counts: Sequence[float]) -> float:
    """Bits for the whole text: Σ count · length."""
    return math.fsum(c * n for c, n in zip(counts, lengths(counts), strict=True))


def weights(counts: Sequence[float]) -> list[tuple[float, float]]:
    """For each inner node the counts below its bit 0 and its bit 1."""
    below = [[0, 0] for _ in counts[1:]]
    for count, (bits, nodes) in zip(counts, huffman_codes(counts), strict=True):
        for bit, node in zip(bits, nodes, strict=True):
            below[node][bit] += count
    return [(rarer, other) for rarer, other in below]


# --- Codes by hand ----------------------------------------------------------------------------------------------------


def test_six_words() -> None:
    """5 + 9 = 14 (node 0), 12 + 13 = 25 (1), 14 + 16 = 30 (2), 25 + 30 = 55 (3), 45 + 55 = 100 (4, the root).

    The rarer of two has bit 0: word 5 is 0, words 2 and 3 are 100 and 101, word 4 is 111, words 0 and 1 1100 and 1101.
    """
    assert huffman_codes(CLASSIC) == [
        HuffmanCode((1, 1, 0, 0), (4, 3, 2, 0)),
        HuffmanCode((1, 1, 0, 1), (4, 3, 2, 0)),
        HuffmanCode((1, 0, 0), (4, 3, 1)),
        HuffmanCode((1, 0, 1), (4, 3, 1)),
        HuffmanCode((1, 1, 1), (4, 3, 2)),
        HuffmanCode((0,), (4,)),
    ]
    assert cost(CLASSIC) == 14 + 25 + 30 + 55 + 100


def test_one_word_and_two() -> None:
    assert huffman_codes([7]) == [HuffmanCode((), ())]
    assert huffman_codes([7, 3]) == [HuffmanCode((1,), (0,)), HuffmanCode((0,), (0,))]


def test_equals_words_first_then_the_older_tree() -> None:
    """(1, 1, 1, 1): words 0 and 1, words 2 and 3, then both trees. (0, 0, 0): word 2 before the tree of two."""
    assert [code.bits for code in huffman_codes([1] * 4)] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [code.nodes for code in huffman_codes([1] * 4)] == [(2, 0), (2, 0), (2, 1), (2, 1)]
    assert [code.bits for code in huffman_codes([0] * 3)] == [(1, 0), (1, 1), (0,)]


@pytest.mark.parametrize("dtype", [torch.int32, torch.long, torch.float32, torch.float64])
def test_counts_may_come_in_any_form(dtype: torch.dtype) -> None:
    codes = huffman_codes(CLASSIC)
    assert huffman_codes(torch.tensor(CLASSIC, dtype=dtype)) == codes
    assert huffman_codes(torch.tensor(CLASSIC, dtype=dtype).numpy()) == codes
    assert huffman_codes(tuple(c / 100 for c in CLASSIC)) == codes


def test_whole_numbers_are_added_exactly() -> None:
    """2⁵³ + 1 and 2⁵³ are one float: (1, 2⁵³, 2⁵³ + 1, 2⁵³) joins 1 and the first 2⁵³, then the other two."""
    large = 2**53
    assert weights([1, large + 1, large, large]) == [(1, large), (large, large + 1), (large + 1, 2 * large + 1)]


def test_a_tree_deeper_than_word2vec_has_room_for() -> None:
    """Fibonacci's numbers make one long branch: of 60 words the two rarest have 59 bits."""
    counts = [1, 1]
    while len(counts) < 60:
        counts.append(counts[-1] + counts[-2])
    assert lengths(counts) == [59, *range(59, 0, -1)]


# --- Codes: laws ------------------------------------------------------------------------------------------------------


def trees(words: tuple[int, ...]) -> Iterator[dict[int, int]]:
    """Every full binary tree over these words, as the depth of each: (2V − 3)!! of them."""
    first, *others = words
    if not others:
        yield {first: 0}
    for size in range(len(others)):
        for with_first in combinations(others, size):
            rest = tuple(word for word in others if word not in with_first)
            for left in trees((first, *with_first)):
                for right in trees(rest):
                    yield {word: 1 + depth for word, depth in (left | right).items()}


DEPTHS = {V: [[tree[word] for word in range(V)] for tree in trees(tuple(range(V)))] for V in range(1, 7)}


def test_the_enumeration_is_complete() -> None:
    assert [len(DEPTHS[V]) for V in range(1, 7)] == [1, 1, 3, 15, 105, 945]


@given(st.lists(st.integers(0, 12), min_size=1, max_size=6))
def test_no_tree_is_shorter(counts: list[int]) -> None:
    """Against all full binary trees of up to six words, in whole numbers; zeros and equals included."""
    best = min(sum(c * n for c, n in zip(counts, depths, strict=True)) for depths in DEPTHS[len(counts)])
    assert cost(counts) == best


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=6))
def test_no_tree_is_shorter_for_fractions(counts: list[float]) -> None:
    best = min(math.fsum(c * n for c, n in zip(counts, depths, strict=True)) for depths in DEPTHS[len(counts)])
    assert cost(counts) == pytest.approx(best, rel=1e-12)


@given(counts_of_words)
def test_a_full_tree(counts: list[int]) -> None:
    """Σ 2^−length = 1, no code begins another, and the nodes name the beginnings: one number each, the root V − 2."""
    codes, V = huffman_codes(counts), len(counts)
    assert sum(2 ** -len(bits) for bits, _ in codes) == 1
    ordered = sorted(bits for bits, _ in codes)
    assert all(b[: len(a)] != a for a, b in pairwise(ordered))
    beginnings = {(node, bits[:i]) for bits, nodes in codes for i, node in enumerate(nodes)}
    assert len(beginnings) == V - 1 and {node for node, _ in beginnings} == set(range(V - 1))
    assert all(len(bits) == len(nodes) and nodes[:1] == (V - 2,) * (V > 1) for bits, nodes in codes)
    assert all(a > b for _, nodes in codes for a, b in pairwise(nodes))


@given(counts_of_words)
def test_siblings(counts: list[int]) -> None:
    """Gallager's property, which makes a tree Huffman's: in the order of making, the pairs' counts never fall."""
    in_order = [count for pair in weights(counts) for count in pair]
    assert in_order == sorted(in_order)


@given(st.lists(st.integers(1, 1000), min_size=2, max_size=60))
def test_within_one_bit_of_the_entropy(counts: list[int]) -> None:
    n = sum(counts)
    entropy = math.fsum(-c / n * math.log2(c / n) for c in counts)
    assert entropy - 1e-9 <= cost(counts) / n < entropy + 1


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_the_order_of_counts_means_nothing(counts: list[int], random: object) -> None:
    shuffled = counts.copy()
    random.shuffle(shuffled)
    assert sorted(lengths(shuffled)) == sorted(lengths(counts)) and cost(shuffled) == cost(counts)
    assert huffman_codes(counts) == huffman_codes(counts)


@given(counts_of_words)
def test_the_rarer_word_has_no_shorter_code(counts: list[int]) -> None:
    pairs = list(zip(counts, lengths(counts), strict=True))
    assert all(n <= m for a, n in pairs for b, m in pairs if a > b)


def word2vec_cost(counts: list[int]) -> int:
    """The tree of word2vec.c: words from the end of the list, trees in the order made, the smaller first; cost = Σ."""
    words, made, total = counts.copy(), [], 0
    for _ in counts[1:]:
        pair = [words.pop() if words and (not made or words[-1] < made[0]) else made.pop(0) for _ in range(2)]
        made.append(sum(pair))
        total += made[-1]
    return total


@given(counts_of_words)
def test_word2vec_is_as_short_where_counts_are_sorted(counts: list[int]) -> None:
    assert cost(counts) == word2vec_cost(sorted(counts, reverse=True))


def test_word2vec_needs_sorted_counts() -> None:
    """(1, 1, 1, 97) the wrong way round joins 97 first; ours does not care."""
    assert cost([1, 1, 1, 97]) == cost([97, 1, 1, 1]) == word2vec_cost([97, 1, 1, 1]) == 2 + 3 + 100
    assert word2vec_cost([1, 1, 1, 97]) == 98 + 2 + 100


def test_word2vec_takes_the_tree_before_its_equal() -> None:
    """(2, 2, 1, 1): with 1 + 1 = 2 before the words of 2 the code lengths are 1, 2, 3, 3; here all are 2, as short."""
    assert lengths([2, 2, 1, 1]) == [2, 2, 2, 2] and cost([2, 2, 1, 1]) == 2 * 1 + 2 * 2 + 3 + 3


# --- Probabilities by hand --------------------------------------------------------------------------------------------


def test_bit_one_is_the_positive_branch() -> None:
    """Counts (3, 1): word 0 has bit 1, so σ(ln 3) = 3/4, word 1 has bit 0: σ(−ln 3) = 1/4."""
    log_p = hierarchical_softmax_log_probs(torch.ones(1), torch.tensor([[math.log(3)]]), huffman_codes([3, 1]))
    assert log_p.exp().tolist() == pytest.approx([3 / 4, 1 / 4])


def test_three_words() -> None:
    """Counts (4, 1, 2): word 1 = 00, word 2 = 01, word 0 = 1. h · v = ln 3 at the root (node 1), ln 4 at node 0.

    p = σ(ln 3) = 3/4, then 1/4 · σ(−ln 4) = 1/4 · 1/5 and 1/4 · 4/5.
    """
    codes = huffman_codes([4, 1, 2])
    assert codes == [HuffmanCode((1,), (1,)), HuffmanCode((0, 0), (1, 0)), HuffmanCode((0, 1), (1, 0))]
    h, v = torch.tensor([1.0, 2.0]), torch.tensor([[math.log(4) / 2, math.log(4) / 4], [math.log(3), 0.0]])
    log_p = hierarchical_softmax_log_probs(h, v, codes)
    assert log_p.exp().tolist() == pytest.approx([0.75, 0.05, 0.20])


@pytest.mark.parametrize("shape", [(2,), (3, 2), (3, 4, 2)])
def test_one_word_is_certain(shape: tuple[int, ...]) -> None:
    h, v = numbers(*shape).requires_grad_(), torch.zeros(0, 2, dtype=torch.float64, requires_grad=True)
    log_p = hierarchical_softmax_log_probs(h, v, huffman_codes([5]))
    log_p.sum().backward()
    assert log_p.shape == (*shape[:-1], 1) and (log_p == 0).all()
    assert (h.grad == 0).all() and v.grad.shape == (0, 2)


def test_counts_can_be_learned_exactly() -> None:
    """h = 1 and v = ln (count below bit 1 / count below bit 0): the ways multiply to count / Σ counts."""
    v = torch.tensor([[math.log(other / rarer)] for rarer, other in weights(CLASSIC)])
    log_p = hierarchical_softmax_log_probs(torch.ones(1), v, huffman_codes(CLASSIC))
    assert log_p.exp().tolist() == pytest.approx([c / 100 for c in CLASSIC])


# --- Probabilities: parity --------------------------------------------------------------------------------------------


def test_a_second_form_number_by_number() -> None:
    """Python's floats, word by word along its code."""
    codes, h, v = huffman_codes(CLASSIC), numbers(3, 4), numbers(5, 4, seed=1)
    for log_p, row in zip(hierarchical_softmax_log_probs(h, v, codes).tolist(), h.tolist(), strict=True):
        for found, (bits, nodes) in zip(log_p, codes, strict=True):
            p = 1.0
            for bit, node in zip(bits, nodes, strict=True):
                dot = math.fsum(map(math.prod, zip(row, v[node].tolist(), strict=True)))
                p *= 1 / (1 + math.exp(-dot if bit else dot))
            assert found == pytest.approx(math.log(p), rel=1e-12)


def test_a_third_form_as_one_product_of_matrices() -> None:
    """For a small vocabulary: which node is on whose way and with which sign, as [V, V − 1], −1, 0 or 1."""
    codes, h, v = huffman_codes(list(range(30))), numbers(2, 5, 4), numbers(29, 4, seed=1)
    sign = torch.zeros(30, 29, dtype=torch.float64)
    for word, (bits, nodes) in enumerate(codes):
        sign[word, list(nodes)] = 2 * torch.tensor(bits, dtype=torch.float64) - 1
    dots = h @ v.T
    up, down = dots.sigmoid().log(), (1 - dots.sigmoid()).log()
    expected = up @ (sign > 0).double().T + down @ (sign < 0).double().T
    torch.testing.assert_close(hierarchical_softmax_log_probs(h, v, codes), expected)


def test_word2vec_has_the_other_sign() -> None:
    """Its step along v is label − σ(h · v) with label 1 − bit; here ∂ log p/∂(h · v) = bit − σ, its step at −v."""
    codes, v = huffman_codes(CLASSIC), numbers(5, 1).requires_grad_()
    for word, (bits, nodes) in enumerate(codes):
        log_p = hierarchical_softmax_log_probs(torch.ones(1, dtype=torch.float64), v, codes)[word]
        (found,) = torch.autograd.grad(log_p, v)
        expected = torch.zeros_like(v)
        for bit, node in zip(bits, nodes, strict=True):
            expected[node] = -((1 - bit) - (-v[node].detach()).sigmoid())
        torch.testing.assert_close(found, expected)


# --- Probabilities: laws and precision --------------------------------------------------------------------------------


@given(counts_of_words, st.integers(0, 99), st.sampled_from([0.1, 3.0, 100.0]))
def test_probabilities_sum_to_one_for_any_vectors(counts: list[int], seed: int, scale: float) -> None:
    h, v = numbers(3, 4, seed=seed), scale * numbers(len(counts) - 1, 4, seed=seed + 1)
    log_p = hierarchical_softmax_log_probs(h, v, huffman_codes(counts))
    assert log_p.shape == (3, len(counts)) and (log_p <= 0).all()
    assert log_p.exp().sum(-1).tolist() == pytest.approx([1, 1, 1])


def test_other_trees_than_huffmans() -> None:
    """A comb over four words with the nodes numbered from the root, as lists."""
    codes = [((1,), [0]), ((0, 1), [0, 1]), ((0, 0, 1), [0, 1, 2]), ((0, 0, 0), [0, 1, 2])]
    log_p = hierarchical_softmax_log_probs(numbers(4), numbers(3, 4, seed=1), codes)
    assert float(log_p.exp().sum()) == pytest.approx(1)


def test_large_products_in_float32() -> None:
    """h · v = ±1e4: log σ is 0 or −1e4 to the digit; sums along the way stay finite, as do gradients."""
    h, v = torch.ones(1, requires_grad=True), torch.tensor([[1e4], [-1e4]], requires_grad=True)
    log_p = hierarchical_softmax_log_probs(h, v, huffman_codes([4, 1, 2]))
    log_p.sum().backward()
    assert log_p.tolist() == [-1e4, -1e4, 0.0]
    assert v.grad.tolist() == [[-1.0], [1.0 - 0.0]] and h.grad.tolist() == [-2e4]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_comes_back_as_float32(dtype: torch.dtype) -> None:
    h, v, codes = numbers(3, 4).to(dtype), numbers(5, 4, seed=1).to(dtype), huffman_codes(CLASSIC)
    log_p = hierarchical_softmax_log_probs(h, v, codes)
    assert log_p.dtype == torch.float32
    assert torch.equal(log_p, hierarchical_softmax_log_probs(h.float(), v.float(), codes))
    assert torch.equal(log_p, hierarchical_softmax_log_probs(h, v.float(), codes))
    assert hierarchical_softmax_log_probs(h, v.double(), codes).dtype == torch.float64


def test_inside_autocast_only_the_products_are_rounded() -> None:
    h, v, codes = numbers(3, 4).float(), numbers(5, 4, seed=1).float(), huffman_codes(CLASSIC)
    with torch.autocast("cpu", torch.bfloat16):
        log_p = hierarchical_softmax_log_probs(h, v, codes)
    assert log_p.dtype == torch.float32
    torch.testing.assert_close(log_p.exp().sum(-1), torch.ones(3), atol=1e-6, rtol=0)
    torch.testing.assert_close(log_p, hierarchical_softmax_log_probs(h, v, codes), atol=0.1, rtol=0)


def test_ten_thousand_words() -> None:
    """Σ length = 150,000 decisions, not a matrix of 10⁸."""
    V = 10_000
    codes = huffman_codes([10**9 // (rank + 1) for rank in range(V)])
    h, v = numbers(2, 8).float(), numbers(V - 1, 8, seed=1).float().requires_grad_()
    log_p = hierarchical_softmax_log_probs(h, v, codes)
    log_p[0, 7].backward()
    assert log_p.exp().sum(-1).tolist() == pytest.approx([1, 1], rel=1e-4)
    assert sorted(codes[7].nodes) == v.grad.any(-1).nonzero()[:, 0].tolist()


def test_shapes_and_no_argument_is_changed() -> None:
    codes, h, v = huffman_codes(CLASSIC), numbers(2, 3, 4), numbers(4, 5, seed=1).T
    before = list(codes), h.clone(), v.clone()
    log_p = hierarchical_softmax_log_probs(h, v, codes)
    torch.testing.assert_close(hierarchical_softmax_log_probs(h.transpose(0, 1), v, codes), log_p.transpose(0, 1))
    torch.testing.assert_close(hierarchical_softmax_log_probs(h[1, 2], v.contiguous(), codes), log_p[1, 2])
    assert codes == before[0] and torch.equal(h, before[1]) and torch.equal(v, before[2])


def test_first_and_second_derivative() -> None:
    codes = huffman_codes([5, 1, 2, 2])
    inputs = numbers(2, 3).requires_grad_(), numbers(3, 3, seed=1).requires_grad_()

    def log_probs(h: Tensor, v: Tensor) -> Tensor:
        return hierarchical_softmax_log_probs(h, v, codes)

    assert gradcheck(log_probs, inputs) and gradgradcheck(log_probs, inputs)
