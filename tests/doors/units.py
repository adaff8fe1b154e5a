"""What units and windows refuse."""

import torch

import lossviz as lv
from tests.doors import Doors

LOSSES = torch.zeros(2)

DOORS: Doors = {
    "perplexity": [
        (lambda: lv.perplexity(3.0, 0), "count is a finite number > 0; got 0"),
        (lambda: lv.perplexity(3.0, torch.tensor(0)), "count is a finite number > 0; got 0"),
        (lambda: lv.perplexity(3.0, -1), "count is a finite number > 0; got -1"),
        (lambda: lv.perplexity(3.0, None), "count is a number or a 0-d tensor; got None. Pass a plain number"),
        (lambda: lv.perplexity(True, 2), "nll_sum is a number or a 0-d tensor; got True"),
        (lambda: lv.perplexity(LOSSES, 2), "nll_sum is a number or a 0-d tensor; got the shape [2]. Sum it first"),
    ],
    "bits_per_byte": [(lambda: lv.bits_per_byte(3.0, 0), "n_bytes is a finite number > 0; got 0")],
    "word_perplexity": [(lambda: lv.word_perplexity(3.0, " \n"), "text has at least one word; got ' \\n'")],
    "rolling_windows": [
        (lambda: lv.rolling_windows([], prefix_token=0, max_length=4), "tokens has at least one token; got none"),
        (lambda: lv.rolling_windows([1], prefix_token=0, max_length=0), "max_length is a whole number ≥ 1; got 0"),
        (
            lambda: lv.rolling_windows([1], prefix_token=0, max_length=4, context_length=5),
            "context_length is a whole number ≥ 1 and ≤ 4; got 5",
        ),
        (
            lambda: lv.rolling_windows([1], prefix_token=0, max_length=4, context_length=0),
            "context_length is a whole number ≥ 1 and ≤ 4; got 0",
        ),
        (lambda: lv.rolling_windows([1], prefix_token=None, max_length=4), "prefix_token is a whole number; got None"),
        (lambda: lv.rolling_windows([1], prefix_token=True, max_length=4), "prefix_token is a whole number; got True"),
        (lambda: lv.rolling_windows(7, prefix_token=0, max_length=4), "tokens is a sequence of token ids; got 7"),
    ],
    "strided_windows": [
        (lambda: lv.strided_windows(0, max_length=4, stride=2), "length is a whole number ≥ 1; got 0"),
        (lambda: lv.strided_windows(9, max_length=4, stride=5), "stride is a whole number ≥ 1 and ≤ 4; got 5"),
        (lambda: lv.strided_windows(9, max_length=4, stride=0), "stride is a whole number ≥ 1 and ≤ 4; got 0"),
        (lambda: lv.strided_windows(9, max_length=0, stride=1), "max_length is a whole number ≥ 1; got 0"),
    ],
}
