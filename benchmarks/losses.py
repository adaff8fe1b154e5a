"""`python -m benchmarks.losses`: a head's loss and its gradients, chunk by chunk, beside all logits at once.

Float32 on one thread. Time is the processor's, the median of a few rounds in which all ways take turns; memory is the
highest of a fresh process above what it held before, gradients included (Linux keeps that record). On a GPU: bfloat16.
"""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import LinearCrossEntropyOptions
from torch.nn import functional as F

from benchmarks.table import Figure, table
from benchmarks.turns import seconds
from lossviz import cross_entropy, linear_cross_entropy

N, D, V = 2048, 256, 50_000
ROUNDS = 3
TERMS: dict[str, Any] = {"label_smoothing": 0.1, "z_loss": 1e-4, "softcap": 30.0}

Way = Callable[[Tensor, Tensor, Tensor], Tensor]
Head = tuple[Tensor, Tensor, Tensor]


def plain(hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(F.linear(hidden, weight), targets)


def ours(hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    return linear_cross_entropy(hidden, weight, targets).mean()


def pytorchs_chunks(hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    return F.linear_cross_entropy(hidden, weight, targets, options=LinearCrossEntropyOptions())


def plain_with_all_terms(hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    return cross_entropy(F.linear(hidden, weight), targets, **TERMS).mean()


def ours_with_all_terms(hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    return linear_cross_entropy(hidden, weight, targets, **TERMS).mean()


WAYS: list[Way] = [plain, ours, pytorchs_chunks, plain_with_all_terms, ours_with_all_terms]


def head(n: int, d: int, v: int, device: str = "cpu", dtype: torch.dtype = torch.float32) -> Head:
    """Hidden states, a weight whose logits are about as large as a trained model's, and targets."""
    generator = torch.Generator().manual_seed(0)
    hidden, weight = torch.randn(n, d, generator=generator), torch.randn(v, d, generator=generator) / d**0.5
    targets = torch.randint(v, (n,), generator=generator)
    hidden, weight = (x.to(device, dtype).requires_grad_() for x in (hidden, weight))
    return hidden, weight, targets.to(device)


def step(way: Way, on: Head) -> None:
    """One forward and one backward pass, with new gradients."""
    on[0].grad = on[1].grad = None
    way(*on).backward()


def peak_bytes(way: Way) -> int:
    """How far one step lifts the resident memory of this process, to be asked of a fresh one."""
    torch.set_num_threads(1)
    step(way, head(8, 8, 8))
    on = head(N, D, V)
    before = resident("VmRSS")
    step(way, on)
    return resident("VmHWM") - before


def resident(what: str) -> int:
    """A line of this process's own record: memory held now (VmRSS) or at most (VmHWM), in bytes."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(what))


def in_a_fresh_process(way: Way) -> int:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(peak_bytes, way).result()


def figures() -> list[Figure]:
    """The table's lines: ours beside the plain path, beside PyTorch's chunks, and with every term of the loss."""
    torch.set_num_threads(1)
    on = head(N, D, V)
    times = dict(zip(WAYS, seconds(*(partial(step, way, on) for way in WAYS), rounds=ROUNDS), strict=True))
    peaks = {way: in_a_fresh_process(way) for way in WAYS}
    name, release = "linear_cross_entropy", torch.__version__.split("+")[0]
    pairs = [
        (f"{name} beside all logits at once", ours, plain, (1.4, 1 / 6)),
        (f"{name} with smoothing, z-loss and cap", ours_with_all_terms, plain_with_all_terms, (1.4, 1 / 6)),
        (f"{name} beside the chunks of PyTorch {release}", ours, pytorchs_chunks, (None, None)),
    ]
    rows = []
    for name, mine, theirs, (slowest, largest) in pairs:
        rows += [
            Figure(f"{name}: time", "ms", 1e3 * times[mine], 1e3 * times[theirs], target=slowest),
            Figure(f"{name}: peak memory", "MB", peaks[mine] / 1e6, peaks[theirs] / 1e6, target=largest),
        ]
    return rows + on_cuda()


def on_cuda() -> list[Figure]:
    """The same on a GPU, in bfloat16 and four times as wide; no lines where there is none."""
    if not torch.cuda.is_available():
        return []
    on = head(4 * N, 4 * D, V, "cuda", torch.bfloat16)
    (mine, my_peak), (theirs, their_peak) = (cuda_cost(way, on) for way in (ours, plain))
    return [
        Figure("linear_cross_entropy on CUDA beside all logits at once: time", "ms", mine, theirs),
        Figure("linear_cross_entropy on CUDA beside all logits at once: peak memory", "MB", my_peak, their_peak),
    ]


def cuda_cost(way: Way, on: Head) -> tuple[float, float]:
    """Milliseconds, the best of a few, and megabytes above what was there before, gradients included."""
    step(way, on)
    on[0].grad = on[1].grad = None
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    times = [clock_time(way, on) for _ in range(ROUNDS)]
    return 1e3 * min(times), (torch.cuda.max_memory_allocated() - before) / 1e6


def clock_time(way: Way, on: Head) -> float:
    torch.cuda.synchronize()
    start = time.perf_counter()
    step(way, on)
    torch.cuda.synchronize()
    return time.perf_counter() - start


def main() -> int:
    rows = figures()
    print(table(rows))
    if not torch.cuda.is_available():
        print("No figures on CUDA: PyTorch finds no device here.")
    return int(any(row.met is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
