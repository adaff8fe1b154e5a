"""What contrastive losses let in: embeddings of one width, and who is no negative."""

from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lossviz.guards import mask, refuse, scores, shaped


def embeddings(queries: Any, positives: Any, negatives: Any) -> tuple[Float[Tensor, "B D"], Float[Tensor, "C D"]]:
    """Queries [B, D], and the classes: positives [B, D] and then negatives [M, D], in one dtype."""
    queries, positives = scores("queries", queries), scores("positives", positives)
    if queries.ndim != 2:
        came = f"the shape {list(queries.shape)}"
        refuse("queries are [B, D], one vector per row", came, "Pool each text to one vector.")
    shaped("positives", positives, queries, ())
    others = [] if negatives is None else [scores("negatives", negatives)]
    for value in others:
        if value.ndim != 2 or value.shape[1] != queries.shape[1]:
            rule = f"negatives are [M, D], as wide as the queries, D = {queries.shape[1]}"
            came = f"the shape {list(value.shape)}"
            refuse(rule, came, "They belong to the whole batch: flatten those of each query.")
    every = torch.cat([queries, positives, *others])
    return every[: len(queries)], every[len(queries) :]


def left_out(value: Any, queries: Tensor, classes: Tensor) -> Bool[Tensor, "B C"]:
    """Which class each query leaves out; its own positive never."""
    own = torch.eye(len(queries), len(classes), dtype=torch.bool, device=queries.device)
    return torch.zeros_like(own) if value is None else mask("false_negatives", value, like=own) & ~own


def triplets(anchor: Any, positive: Any, negative: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Three embeddings [..., D] of one shape."""
    anchor, positive, negative = scores("anchor", anchor), scores("positive", positive), scores("negative", negative)
    if not anchor.ndim:
        refuse("anchor is [..., D], the embedding last", "a single number", "Give it a last axis.")
    shaped("positive", positive, anchor, ())
    shaped("negative", negative, anchor, ())
    return anchor, positive, negative
