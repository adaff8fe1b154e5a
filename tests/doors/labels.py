"""What the labels refuse."""

import torch

import lossviz as lv
from tests.doors import Doors

IDS = torch.arange(6)
BATCH = IDS.view(2, 3)
NOTHING = torch.zeros(0, dtype=torch.long)

DOORS: Doors = {
    "next_token_labels": [
        (lambda: lv.next_token_labels(NOTHING), "input_ids has at least one element; got the shape [0]"),
        (lambda: lv.next_token_labels(IDS.view(1, 2, 3)), "input_ids is [T] or [B, T]; got the shape [1, 2, 3]"),
        (lambda: lv.next_token_labels(torch.tensor(3)), "input_ids is [T] or [B, T]; got the shape []"),
        (lambda: lv.next_token_labels(IDS.float()), "input_ids is a tensor of integers; got a tensor of torch.float32"),
        (
            lambda: lv.next_token_labels(IDS, attention_mask=IDS.to(torch.uint16)),
            "attention_mask holds only 0 and 1; got values up to 5",
        ),
        (lambda: lv.next_token_labels(IDS > 0), "input_ids is a tensor of integers; got a tensor of torch.bool"),
        (lambda: lv.next_token_labels([1, 2]), "input_ids is a tensor of integers; got list [1, 2]"),
        (lambda: lv.next_token_labels(IDS - 1), "input_ids holds token ids ≥ 0; got -1"),
        (
            lambda: lv.next_token_labels(IDS, attention_mask=IDS[:3]),
            "attention_mask has the shape of what it belongs to, [6]; got [3]",
        ),
        (lambda: lv.next_token_labels(BATCH, loss_mask=BATCH[0]), "[2, 3]; got [3]. Nothing is broadcast"),
        (lambda: lv.next_token_labels(IDS, loss_mask=IDS), "loss_mask holds only 0 and 1; got values up to 5"),
        (lambda: lv.next_token_labels(IDS, attention_mask=IDS - 5), "attention_mask holds only 0 and 1"),
        (lambda: lv.next_token_labels(IDS, attention_mask=(IDS > 0).float()), "attention_mask is a boolean tensor"),
        (lambda: lv.next_token_labels(IDS, document_ids=IDS - 2), "document_ids holds numbers ≥ 0, or -1 for none"),
        (lambda: lv.next_token_labels(IDS, document_ids=BATCH), "document_ids has the shape of what it belongs to"),
    ],
    "future_labels": [
        (lambda: lv.future_labels(IDS, 0), "n_future is a whole number ≥ 1; got 0"),
        (lambda: lv.future_labels(IDS, 1.0), "n_future is a whole number ≥ 1; got 1.0"),
        (lambda: lv.future_labels(IDS, 2, document_ids=BATCH), "document_ids has the shape"),
        (lambda: lv.future_labels(NOTHING, 2), "input_ids has at least one element"),
    ],
    "pack_documents": [
        (lambda: lv.pack_documents([], 4), "documents holds at least one document; got none"),
        (lambda: lv.pack_documents([[1], []], 4), "each document has at least one token; got none"),
        (lambda: lv.pack_documents([1, 2], 4), "each document is a sequence of token ids; got 1. Put it in a list."),
        (lambda: lv.pack_documents([[1.5]], 4), "a token of each document is a whole number ≥ 0; got 1.5"),
        (lambda: lv.pack_documents([[True, 2]], 4), "a token of each document is a whole number ≥ 0; got True"),
        (lambda: lv.pack_documents([[-1]], 4), "a token of each document is a whole number ≥ 0; got -1"),
        (lambda: lv.pack_documents([[1]], 0), "max_length is a whole number ≥ 1; got 0"),
        (lambda: lv.pack_documents([[1]], 4, pad_id=-1), "pad_id is a whole number ≥ 0; got -1"),
    ],
}
