"""The listing: functions as they stand in the package, their names imported, a script that runs by itself."""

import subprocess
import sys

import pytest

from lossviz import cross_entropy, mean_over_targets
from lossviz.lessons import causal_lm, masked_lm
from lossviz.lessons.listing import listing

CALL = """\
losses = cross_entropy(torch.tensor(logits), torch.tensor(targets))
print(mean_over_targets(losses, torch.tensor(targets)).item())"""
INPUTS = {"logits": [[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]], "targets": [2, -100]}


def run(script: str) -> str:
    done = subprocess.run([sys.executable, "-W", "error", "-"], input=script, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_listing_runs_by_itself_and_gives_the_number() -> None:
    """ln(e^1 + e^2 + e^3) − 3 = ln(1 + e^−1 + e^−2) = 0.40760596…; the second position is ignored."""
    script = listing([cross_entropy, mean_over_targets], INPUTS, CALL)
    assert abs(float(run(script)) - 0.4076059) < 1e-6


def test_a_listing_shows_the_source_itself() -> None:
    import inspect

    script = listing([cross_entropy], INPUTS, CALL.splitlines()[0])
    assert inspect.getsource(cross_entropy) in script
    assert "def mean_over_targets" not in script


def test_what_runs_in_the_listing_is_the_listing() -> None:
    """A change in the printed source changes the printed number: nothing hides behind an import of the same name."""
    script = listing([cross_entropy, mean_over_targets], INPUTS, CALL)
    broken = script.replace("losses = -log_p.gather", "losses = log_p.gather")
    assert broken != script
    assert float(run(broken)) < 0


def test_a_name_with_two_meanings_is_refused() -> None:
    """Both lessons have a `measure` of their own."""
    with pytest.raises(ValueError, match="means one thing"):
        listing([causal_lm.measure, masked_lm.measure], {}, "measure()")
