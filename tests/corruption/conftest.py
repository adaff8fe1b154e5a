"""Samplers are held to their exact law, under one fixed seed."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from statistics import NormalDist

import pytest
import torch

FALSE_ALARM = 1e-6  # how often a right sampler would fail one call of follows(), over all seeds


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture
def follows() -> Callable[[Iterable[Hashable], Mapping[Hashable, float]], None]:
    """follows(draws, law): every outcome's count lies within its binomial band, and no other outcome occurs."""

    def follows(draws: Iterable[Hashable], law: Mapping[Hashable, float]) -> None:
        counts = Counter(draws)
        n, width = counts.total(), NormalDist().inv_cdf(1 - FALSE_ALARM / 2 / len(law))
        assert set(counts) <= {outcome for outcome, p in law.items() if p > 0}
        assert sum(law.values()) == pytest.approx(1)
        for outcome, p in law.items():
            band = width * (n * p * (1 - p)) ** 0.5 + 0.5
            assert abs(counts[outcome] - n * p) <= band, f"{outcome}: {counts[outcome]} of {n}, expected {n * p:.1f}"

    return follows
