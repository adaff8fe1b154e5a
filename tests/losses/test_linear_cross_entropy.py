import math
from itertools import product
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.autograd import forward_ad, gradcheck
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from lossviz import cross_entropy, linear_cross_entropy, mean_over_targets

OPTIONS: list[dict[str, Any]] = [
    {},
    {"label_smoothing": 0.1},
    {"label_smoothing": 1.0},
    {"z_loss": 0.01},
    {"softcap": 3.0},
    {"label_smoothing": 0.2, "z_loss": 0.1, "softcap": 2.0},
]
V, D = 7, 4


def head_and_targets(*shape: int, V: int = V, D: int = D, seed: int = 0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Hidden states, weight, bias and targets, all of them scored."""
    generator = torch.Generator().manual_seed(seed)
    hidden, weight, bias = (
        torch.randn(size, dtype=torch.float64, generator=generator).requires_grad_()
        for size in ((*shape, D), (V, D), V)
    )
    return hidden, weight, bias, torch.randint(V, shape, generator=generator)


def plain(hidden: Tensor, weight: Tensor, targets: Tensor, *, bias: Tensor | None = None, **options: Any) -> Tensor:
    """What it must be equal to: all logits at once."""
    return cross_entropy(F.linear(hidden, weight, bias), targets, **options)


def assert_same(ours: Tensor, theirs: Tensor, inputs: list[Tensor], upstream: Tensor | None = None) -> None:
    """Losses and all gradients to 1e-12, each position's loss weighted from above."""
    upstream = torch.ones_like(theirs) if upstream is None else upstream
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
    found, expected = (torch.autograd.grad(losses, inputs, upstream) for losses in (ours, theirs))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


# --- By hand ----------------------------------------------------------------------------------------------------------


def test_two_classes() -> None:
    """h = (1, 2), W = ((ln 3, 0), (0, 0)): z = (ln 3, 0), p = (3/4, 1/4). Target 0: ℓ = −ln 3/4.

    ∂ℓ/∂z = p − y = (−1/4, 1/4), so ∂ℓ/∂h = Wᵀ(p − y) = (−ln 3/4, 0) and ∂ℓ/∂W = (p − y) hᵀ.
    """
    hidden = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    weight = torch.tensor([[math.log(3), 0.0], [0.0, 0.0]], dtype=torch.float64, requires_grad=True)
    loss = linear_cross_entropy(hidden, weight, torch.tensor(0))
    loss.backward()
    assert loss.shape == () and loss.item() == pytest.approx(math.log(4 / 3))
    assert hidden.grad is not None and hidden.grad.tolist() == pytest.approx([-math.log(3) / 4, 0.0])
    assert weight.grad is not None
    torch.testing.assert_close(weight.grad, torch.tensor([[-0.25, -0.5], [0.25, 0.5]], dtype=torch.float64))


def test_the_bias_is_added_before_the_cap() -> None:
    """h = 1, W = (1, 0), b = (1, 0), cap 2: z = 2 tanh 1 = 1.523188, ℓ₀ = ln(1 + e^−1.523188) = 0.197223.

    With z-loss 0.1 also 0.1 · log² Z, Z = 1 + e^1.523188; smoothed by 0.1, half of that share is taken from z₀.
    """
    hidden, weight = torch.ones(1, 1, dtype=torch.float64), torch.tensor([[1.0], [0.0]], dtype=torch.float64)
    head: dict[str, Any] = {"bias": weight[:, 0], "softcap": 2.0}
    z, log_z = 2 * math.tanh(1), math.log(1 + math.exp(2 * math.tanh(1)))
    target = torch.tensor([0])
    assert linear_cross_entropy(hidden, weight, target, **head).item() == pytest.approx(0.19722303924)
    found = linear_cross_entropy(hidden, weight, target, z_loss=0.1, **head)
    assert found.item() == pytest.approx(0.19722303924 + 0.1 * log_z**2)
    found = linear_cross_entropy(hidden, weight, target, label_smoothing=0.1, **head)
    assert found.item() == pytest.approx(log_z - 0.95 * z)


# --- Parity -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("chunk_size", [1, 3, 10, 1000, None])
@pytest.mark.parametrize("biased", [True, False])
def test_the_plain_path(chunk_size: int | None, biased: bool, options: dict[str, Any]) -> None:
    """Ten positions, two ignored, so that 1 and 3 cut what is scored, and one position comes alone at the end."""
    hidden, weight, bias, targets = head_and_targets(2, 5)
    targets[0, 1] = targets[1, 4] = targets[1, 0] = -100
    options = {**options, "bias": bias if biased else None}
    upstream = torch.linspace(-1, 2, 10, dtype=torch.float64).view(2, 5)
    ours = linear_cross_entropy(hidden, weight, targets, chunk_size=chunk_size, **options)
    theirs = plain(hidden, weight, targets, **options)
    assert_same(ours, theirs, [hidden, weight, *([bias] if biased else [])], upstream)


@pytest.mark.parametrize("epsilon", [0.0, 0.1, 1.0])
def test_pytorch(epsilon: float) -> None:
    hidden, weight, bias, targets = head_and_targets(9)
    targets[4] = -100
    ours = linear_cross_entropy(hidden, weight, targets, bias=bias, chunk_size=2, label_smoothing=epsilon)
    theirs = F.cross_entropy(F.linear(hidden, weight, bias), targets, label_smoothing=epsilon)
    assert_same(mean_over_targets(ours, targets), theirs, [hidden, weight, bias])


@pytest.mark.parametrize("shape", [(), (1,), (4,), (2, 3), (2, 1, 3)])
def test_any_number_of_axes(shape: tuple[int, ...]) -> None:
    hidden, weight, bias, targets = head_and_targets(*shape)
    ours = linear_cross_entropy(hidden, weight, targets, bias=bias, chunk_size=2)
    assert ours.shape == shape
    assert_same(ours, plain(hidden, weight, targets, bias=bias), [hidden, weight, bias])


@pytest.mark.parametrize("ignore_index", [0, -1, 255])
def test_another_ignore_index(ignore_index: int) -> None:
    hidden, weight, _, targets = head_and_targets(20)
    targets[3] = ignore_index
    ours = linear_cross_entropy(hidden, weight, targets, chunk_size=4, ignore_index=ignore_index)
    assert (ours[targets == ignore_index] == 0).all()
    assert_same(ours, plain(hidden, weight, targets, ignore_index=ignore_index), [hidden, weight])


@given(st.data())
def test_any_shape_in_any_chunks(data: st.DataObject) -> None:
    sizes = st.integers(1, 6)
    shape = data.draw(st.lists(sizes, max_size=2))
    hidden, weight, bias, targets = head_and_targets(
        *shape, V=data.draw(sizes), D=data.draw(sizes), seed=data.draw(st.integers(0, 99))
    )
    ignored = data.draw(st.lists(st.booleans(), min_size=targets.numel(), max_size=targets.numel()))
    targets = targets.where(~torch.tensor(ignored).view(shape), -100)
    options = {
        "label_smoothing": data.draw(st.floats(0, 1)),
        "z_loss": data.draw(st.floats(0, 1)),
        "softcap": data.draw(st.none() | st.floats(0.5, 50)),
        "bias": bias,
    }
    ours = linear_cross_entropy(hidden, weight, targets, chunk_size=data.draw(st.integers(1, 40)), **options)
    upstream = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    assert_same(ours, plain(hidden, weight, targets, **options), [hidden, weight, bias], upstream)


def test_views_of_other_tensors() -> None:
    """Turned, stepped and expanded arguments; the gradient comes back to what they are views of."""
    wide, tall, bias, ids = head_and_targets(D, 6, D=5, V=D)
    hidden, weight = wide[:, ::2].transpose(0, 2), torch.cat([tall, tall]).T[:, :D]
    targets, bias_of_five = ids[0, ::2].expand(5, 3), bias[:1].expand(5)
    ours = linear_cross_entropy(hidden, weight, targets, bias=bias_of_five, chunk_size=4)
    assert_same(ours, plain(hidden, weight, targets, bias=bias_of_five), [wide, tall, bias])
    row = wide[0, 0]
    ours = linear_cross_entropy(row.expand(3, 5), row.expand(6, 5), ids[0, ::2], chunk_size=2)
    assert_same(ours, plain(row.expand(3, 5), row.expand(6, 5), ids[0, ::2]), [wide])


def test_a_weight_that_is_also_the_embedding() -> None:
    _, weight, _, ids = head_and_targets(6)
    ours = linear_cross_entropy(weight[ids].tanh(), weight, ids.roll(-1), chunk_size=4)
    assert_same(ours, plain(weight[ids].tanh(), weight, ids.roll(-1)), [weight])


def test_other_integers_are_targets_too() -> None:
    hidden, weight, _, targets = head_and_targets(5)
    found = linear_cross_entropy(hidden, weight, targets.int())
    assert torch.equal(found, linear_cross_entropy(hidden, weight, targets))


# --- Precision --------------------------------------------------------------------------------------------------------


def test_logits_far_apart_in_float32() -> None:
    """z = (1e4, −1e4, 0): the losses are the distances to the top, exactly, and the gradients ±1 or 0."""
    hidden, weight = torch.full((3, 1), 1e4, requires_grad=True), torch.tensor([[1.0], [-1.0], [0.0]])
    losses = linear_cross_entropy(hidden, weight, torch.arange(3), chunk_size=2)
    losses.sum().backward()
    assert losses.tolist() == [0.0, 2e4, 1e4]
    assert hidden.grad is not None and hidden.grad[:, 0].tolist() == [0.0, 2.0, 1.0]


@pytest.mark.parametrize("options", OPTIONS[:4])
@pytest.mark.parametrize("offset", [-1e4, 0.0, 1e4])
def test_large_logits_in_float32(offset: float, options: dict[str, Any]) -> None:
    """Hidden states and weights in eighths: the logits are exact at an offset of 1e4, and so may the losses be."""
    hidden, weight, _, targets = head_and_targets(40)
    exact = [(8 * x.detach()).round() / 8 for x in (hidden, weight)]
    exact.append(torch.full((V,), offset, dtype=torch.float64))
    results = []
    for dtype in (torch.float32, torch.float64):
        h, w, b = (x.to(dtype).requires_grad_() for x in exact)
        losses = linear_cross_entropy(h, w, targets, bias=b, chunk_size=16, **options)
        results.append([losses, *torch.autograd.grad(losses.sum(), (h, w, b))])
    for found, expected in zip(*results, strict=True):
        assert found.dtype == torch.float32
        scale = expected.detach().abs().max().item()
        torch.testing.assert_close(found, expected.float(), rtol=1e-5, atol=1e-6 * scale)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("options", OPTIONS)
def test_half_precision(dtype: torch.dtype, options: dict[str, Any]) -> None:
    """The logits are rounded as the plain path rounds them; losses are float32, gradients of their argument's dtype."""
    hidden, weight, bias, targets = head_and_targets(40)
    h, w, b = (x.detach().to(dtype).requires_grad_() for x in (hidden, weight, bias))
    ours = linear_cross_entropy(h, w, targets, bias=b, chunk_size=7, **options)
    theirs = plain(h, w, targets, bias=b, **options)
    assert ours.dtype == torch.float32
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)
    found, expected = (torch.autograd.grad(losses.sum(), (h, w, b)) for losses in (ours, theirs))
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == dtype
        torch.testing.assert_close(one, other, rtol=2e-2, atol=5e-2)


def test_the_head_s_gradient_is_summed_in_float32() -> None:
    """4,096 times ±1/2: a sum in bfloat16, where 128 + 1/2 is 128, would stand still there."""
    hidden = torch.ones(4096, 1, dtype=torch.bfloat16)
    weight = torch.zeros(2, 1, dtype=torch.bfloat16, requires_grad=True)
    bias = torch.zeros(2, dtype=torch.bfloat16, requires_grad=True)
    linear_cross_entropy(hidden, weight, torch.zeros(4096).long(), bias=bias, chunk_size=1).sum().backward()
    assert weight.grad is not None and weight.grad[:, 0].tolist() == [-2048.0, 2048.0]
    assert bias.grad is not None and bias.grad.tolist() == [-2048.0, 2048.0]


@pytest.mark.parametrize("backward_inside", [True, False])
def test_inside_autocast(backward_inside: bool) -> None:
    """As a linear layer there: products in bfloat16; losses and the gradients of float32 parameters in float32."""
    hidden, weight, bias, targets = head_and_targets(40)
    inputs = [x.detach().float().requires_grad_() for x in (hidden, weight, bias)]
    results = []
    for function in (linear_cross_entropy, plain):
        with torch.autocast("cpu", torch.bfloat16):
            losses = function(inputs[0], inputs[1], targets, bias=inputs[2])
            grads = torch.autograd.grad(losses.sum(), inputs) if backward_inside else None
        results.append([losses, *(grads or torch.autograd.grad(losses.sum(), inputs))])
    h, w, b = (x.bfloat16() for x in inputs)
    rounded = linear_cross_entropy(h, w, targets, bias=b)
    assert torch.equal(results[0][0], rounded)
    for found, expected in zip(*results, strict=True):
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, expected, rtol=2e-2, atol=5e-2)


def test_autocast_mends_mixed_precision_and_leaves_float64() -> None:
    hidden, weight, _, targets = head_and_targets(5)
    with torch.autocast("cpu", torch.bfloat16):
        losses = linear_cross_entropy(hidden.bfloat16(), weight.float(), targets)
        exact = linear_cross_entropy(hidden, weight, targets)
    assert losses.dtype == torch.float32 and exact.dtype == torch.float64
    torch.testing.assert_close(losses, exact.float(), rtol=5e-2, atol=5e-2)
    assert torch.equal(exact, linear_cross_entropy(hidden, weight, targets))


# --- Infinities -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", OPTIONS)
def test_a_class_forbidden_by_the_bias(options: dict[str, Any]) -> None:
    """b₂ = −inf: nothing for the others, +inf for target 2 and wherever its share is not 0; gradients as before."""
    hidden, weight, bias, _ = head_and_targets(3)
    with torch.no_grad():
        bias[2] = -math.inf
    targets = torch.tensor([0, 2, 6])
    ours = linear_cross_entropy(hidden, weight, targets, bias=bias, chunk_size=2, **options)
    infinite = [bool(options.get("label_smoothing")) or y == 2 for y in range(3)]
    if "softcap" not in options:
        assert ours.isinf().tolist() == [infinite[0], True, infinite[0]]
    assert not ours.isnan().any()
    assert_same(ours, plain(hidden, weight, targets, bias=bias, **options), [hidden, weight, bias])


# --- Ignored positions ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("poison", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("chunk_size", [1, 2, None])
def test_ignored_positions_are_exactly_zero(poison: float, options: dict[str, Any], chunk_size: int | None) -> None:
    """Two neighbours, a chunk of their own in a loop over all positions: 0, and no trace in any gradient."""
    hidden, weight, bias, targets = head_and_targets(6)
    scored = [0, 1, 4, 5]
    clean = linear_cross_entropy(hidden[scored], weight, targets[scored], bias=bias, **options)
    expected = torch.autograd.grad(clean.sum(), (hidden, weight, bias))
    h = hidden.detach().clone()
    h[2], h[3, 0] = poison, poison
    targets[2:4] = -100
    h.requires_grad_()
    losses = linear_cross_entropy(h, weight, targets, bias=bias, chunk_size=chunk_size, **options)
    found = torch.autograd.grad(losses.sum(), (h, weight, bias))
    assert losses[2:4].tolist() == [0.0, 0.0] and (found[0][2:4] == 0).all()
    torch.testing.assert_close(losses[scored], clean)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_nothing_scored_at_all(options: dict[str, Any], dtype: torch.dtype) -> None:
    hidden = torch.full((2, 3, D), math.nan, dtype=dtype, requires_grad=True)
    weight, bias = (torch.ones(size, dtype=dtype, requires_grad=True) for size in ((V, D), (V,)))
    targets = torch.full((2, 3), -100)
    losses = linear_cross_entropy(hidden, weight, targets, bias=bias, chunk_size=1, **options)
    mean_over_targets(losses, targets).backward()
    assert (losses == 0).all()
    for x in (hidden, weight, bias):
        assert x.grad is not None and x.grad.dtype == dtype and (x.grad == 0).all()


# --- Memory -----------------------------------------------------------------------------------------------------------


class Recorder(TorchDispatchMode):
    """Keeps every tensor that any operation makes or fills while it watches."""

    def __init__(self) -> None:
        super().__init__()
        self.tensors: list[Tensor] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        self.tensors += [x for x in tree_leaves(made) if isinstance(x, Tensor)]
        return made

    @property
    def shapes(self) -> set[torch.Size]:
        return {x.shape for x in self.tensors}

    @property
    def largest(self) -> int:
        return max(shape.numel() for shape in self.shapes)


def watched(function: Any, *args: Any, **options: Any) -> Recorder:
    with Recorder() as recorder:
        function(*args, **options).sum().backward()
    return recorder


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_no_tensor_is_as_large_as_all_logits(options: dict[str, Any], dtype: torch.dtype) -> None:
    """N = 60, D = 2, V = 50, chunks of 3: nothing exceeds one chunk's logits, 150, forward or backward."""
    hidden, weight, bias, targets = head_and_targets(60, V=50, D=2)
    h, w, b = (x.detach().to(dtype).requires_grad_() for x in (hidden, weight, bias))
    assert watched(plain, h, w, targets, bias=b, **options).largest >= 60 * 50
    assert watched(linear_cross_entropy, h, w, targets, bias=b, chunk_size=3, **options).largest == 3 * 50


@pytest.mark.parametrize("options, places", [({"label_smoothing": 0.1, "z_loss": 0.1}, 2), ({"softcap": 3.0}, 22)])
def test_each_pass_has_one_place_for_its_chunks(options: dict[str, Any], places: int) -> None:
    """Twenty chunks of 3 × 50 logits: one place forward, one backward; a cap adds its slope, once per chunk."""
    hidden, weight, _, targets = head_and_targets(60, V=50, D=2)
    recorder = watched(linear_cross_entropy, hidden, weight, targets, chunk_size=3, **options)
    assert len({x.data_ptr() for x in recorder.tensors if x.shape == (3, 50)}) == places


def test_nothing_as_large_as_the_logits_is_kept_between_the_passes() -> None:
    """Also where one chunk is enough: what is saved are the arguments and a few numbers per position."""
    hidden, weight, bias, targets = head_and_targets(60, V=50, D=2)
    kept: list[Tensor] = []
    with torch.autograd.graph.saved_tensors_hooks(lambda x: kept.append(x) or x, lambda x: x):
        linear_cross_entropy(hidden, weight, targets, bias=bias, label_smoothing=0.1, z_loss=0.1, softcap=3.0)
    assert max(x.numel() for x in kept) == 60 * 2 and len(kept) < 10


@pytest.mark.parametrize("at_once, positions", [(149, 2), (150, 3), (49, 1), (10**6, 60)])
def test_a_chunk_has_a_bounded_number_of_logits(at_once: int, positions: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """V = 50: as many whole positions as fit the bound, one at least, and not more than there are."""
    monkeypatch.setattr("lossviz.losses.linear_cross_entropy.LOGITS_AT_ONCE", at_once)
    hidden, weight, _, targets = head_and_targets(60, V=50, D=1)
    recorder = watched(linear_cross_entropy, hidden, weight, targets)
    assert recorder.largest == max(60, positions * 50) and (positions, 50) in recorder.shapes


@pytest.mark.parametrize("asked", [flags for flags in product([True, False], repeat=3) if any(flags)])
def test_only_the_gradients_that_are_asked_for_are_computed(asked: tuple[bool, bool, bool]) -> None:
    hidden, weight, bias, targets = head_and_targets(6)
    inputs = [hidden, weight, bias]
    all_grads = torch.autograd.grad(linear_cross_entropy(hidden, weight, targets, bias=bias).sum(), inputs)
    for x, flag in zip(inputs, asked, strict=True):
        x.requires_grad_(flag)
    losses = linear_cross_entropy(hidden, weight, targets, bias=bias, chunk_size=4)
    with Recorder() as recorder:
        losses.sum().backward()
    for x, flag, grad in zip(inputs, asked, all_grads, strict=True):
        assert (x.grad is not None) == flag
        torch.testing.assert_close(x.grad, grad if flag else None)
    assert [shape in recorder.shapes for shape in ((6, D), (V, D), (V,))] == list(asked)


def test_without_gradients() -> None:
    hidden, weight, bias, targets = head_and_targets(6)
    expected = linear_cross_entropy(hidden, weight, targets, bias=bias)
    for context in (torch.no_grad(), torch.inference_mode()):
        with context:
            losses = linear_cross_entropy(hidden, weight, targets, bias=bias, chunk_size=4)
        assert not losses.requires_grad and torch.equal(losses, expected)


# --- Gradient ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", OPTIONS)
def test_the_derivative(options: dict[str, Any]) -> None:
    hidden, weight, bias, targets = head_and_targets(5)
    targets[1] = -100
    assert gradcheck(
        lambda h, w, b: linear_cross_entropy(h, w, targets, bias=b, chunk_size=3, **options), (hidden, weight, bias)
    )


def test_the_closed_form() -> None:
    """∂ℓ/∂z = ((1 + 2ζ log Z) p − q) · (1 − tanh²(x/c)), x = h Wᵀ; times W, times h, and summed."""
    hidden, weight, bias, targets = head_and_targets(5)
    losses = linear_cross_entropy(
        hidden, weight, targets, bias=bias, chunk_size=2, label_smoothing=0.3, z_loss=0.2, softcap=2.0
    )
    found = torch.autograd.grad(losses.sum(), (hidden, weight, bias))
    tanh = (F.linear(hidden, weight, bias) / 2).tanh()
    z = 2 * tanh
    q = 0.7 * F.one_hot(targets, V) + 0.3 / V
    dz = ((1 + 0.4 * z.logsumexp(-1))[:, None] * z.softmax(-1) - q) * (1 - tanh**2)
    for one, other in zip(found, (dz @ weight, dz.T @ hidden, dz.sum(0)), strict=True):
        torch.testing.assert_close(one, other)


def test_a_second_backward_pass_finds_the_same() -> None:
    hidden, weight, bias, targets = head_and_targets(6)
    losses = linear_cross_entropy(hidden, weight, targets, bias=bias, chunk_size=4, z_loss=0.1, softcap=3.0)
    loss = losses.sum()
    first = torch.autograd.grad(loss, (hidden, weight, bias), retain_graph=True)
    again = torch.autograd.grad(loss, (hidden, weight, bias), retain_graph=True)
    assert all(torch.equal(one, other) for one, other in zip(first, again, strict=True))
    double = torch.autograd.grad(losses, (hidden, weight, bias), torch.full_like(losses, 2.0))
    assert all(torch.equal(2 * one, other) for one, other in zip(first, double, strict=True))
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        loss.backward()


@pytest.mark.parametrize("weighted", [True, False])
def test_a_second_derivative_is_refused(weighted: bool) -> None:
    """Also where nothing above needs a gradient, which `once_differentiable` lets pass without a graph behind it."""
    hidden, weight, _, targets = head_and_targets(6)
    losses = linear_cross_entropy(hidden, weight, targets)
    loss = (losses**2).sum() if weighted else losses.sum()
    with pytest.raises(ValueError, match="differentiated once; got create_graph=True. Take cross_entropy"):
        torch.autograd.grad(loss, hidden, create_graph=True)


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")  # PyTorch's own, at import
def test_other_kinds_of_derivative_are_refused() -> None:
    hidden, weight, _, targets = head_and_targets(6)
    with pytest.raises(RuntimeError, match="functorch"):
        torch.func.grad(lambda h: linear_cross_entropy(h, weight, targets).sum())(hidden)
    with forward_ad.dual_level(), pytest.raises(RuntimeError, match="jvp"):
        linear_cross_entropy(forward_ad.make_dual(hidden, hidden.detach()), weight, targets)


def test_a_weight_that_changed_between_the_passes_is_noticed() -> None:
    hidden, weight, _, targets = head_and_targets(6)
    losses = linear_cross_entropy(hidden, weight, targets)
    with torch.no_grad():
        weight.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        losses.sum().backward()


def test_no_argument_is_changed() -> None:
    arguments = head_and_targets(3, 4)
    hidden, weight, bias, targets = arguments
    targets[0, 0] = -100
    before = [x.detach().clone() for x in arguments]
    losses = linear_cross_entropy(
        hidden, weight, targets, bias=bias, chunk_size=2, label_smoothing=0.1, z_loss=0.1, softcap=1.0
    )
    upstream = torch.full_like(losses, 3.0)
    losses.backward(upstream)
    assert all(torch.equal(x, old) for x, old in zip(arguments, before, strict=True)) and (upstream == 3).all()
