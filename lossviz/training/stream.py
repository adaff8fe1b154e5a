"""Generated text as endless batches of token ids, every row full: no padding, nothing wasted."""

from collections.abc import Iterator

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from lossviz.text.english import paragraphs

BATCH_TOKENS = 1024
CHUNK = 512


def token_paragraphs(tokenizer: PreTrainedTokenizerFast, seed: int) -> Iterator[list[int]]:
    """Paragraphs as ids without special tokens, tokenized many at a time."""
    texts = paragraphs(seed)
    while True:
        chunk = [next(texts) for _ in range(CHUNK)]
        yield from tokenizer(chunk, add_special_tokens=False, split_special_tokens=True)["input_ids"]


def packed_windows(
    tokenizer: PreTrainedTokenizerFast, *, length: int, seed: int, batch_tokens: int = BATCH_TOKENS
) -> Iterator[Tensor]:
    """Batches `[batch_tokens // length, length]` cut anywhere from `<s> text </s> <s> text </s> …`."""
    rows = batch_tokens // length
    stream: list[int] = []
    for document in documents(tokenizer, seed):
        stream += [tokenizer.bos_token_id, *document, tokenizer.eos_token_id]
        while len(stream) >= rows * length:
            yield torch.tensor(stream[: rows * length]).view(rows, length)
            del stream[: rows * length]


def documents(tokenizer: PreTrainedTokenizerFast, seed: int) -> Iterator[list[int]]:
    """One to four paragraphs each."""
    generator = torch.Generator().manual_seed(seed)
    source = token_paragraphs(tokenizer, seed)
    while True:
        count = int(torch.randint(1, 5, (), generator=generator))
        yield [token for _ in range(count) for token in next(source)]


def openings(tokenizer: PreTrainedTokenizerFast, *, shortest: int, longest: int, seed: int) -> Iterator[Tensor]:
    """Batches of texts that begin where a paragraph begins and break off anywhere, as a learner's text does.

    The length is uniform from `shortest` to `longest` and the same in one batch; a batch has about `BATCH_TOKENS`.
    """
    generator = torch.Generator().manual_seed(seed)
    source = token_paragraphs(tokenizer, seed)
    while True:
        length = int(torch.randint(shortest, longest + 1, (), generator=generator))
        yield torch.tensor([_opening(source, length) for _ in range(BATCH_TOKENS // length)])


def _opening(source: Iterator[list[int]], length: int) -> list[int]:
    text: list[int] = []
    while len(text) < length:
        text += next(source)
    return text[:length]
