#!/usr/bin/env python3
"""Times training steps of PyTorch with the tagger of sequences that `sequences` gives to bough.

Reads and answers what torch_worker.py does; "net" is the width of the embedding. "lstm" is how the
sequences go through nn.LSTM: packed, or padded (whose way back then begins in the padding), and
either so or compiled.
"""
import json

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import torch_worker as base

VOCABULARY, UNITS, TAGS, INTENTS = 11441, 64, 72, 7
base.SETTINGS.update(lstm="padded", compiled=False, fused=False)


class Tagger(nn.Module):
    """Scores of the tag of each position, and of the intent by the mean over positions."""

    def __init__(self, width, packed):
        super().__init__()
        self.packed = packed
        self.embedding = nn.Embedding(VOCABULARY, width, padding_idx=0)
        self.lstm = nn.LSTM(width, UNITS, bidirectional=True, batch_first=True)
        self.tags, self.intent = nn.Linear(2 * UNITS, TAGS), nn.Linear(2 * UNITS, INTENTS)

    def forward(self, tokens, lengths):
        x = self.embedding(tokens)
        if self.packed:
            packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
            y, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True,
                                       total_length=tokens.shape[1])
        else:
            y, _ = self.lstm(x)
        inside = torch.arange(tokens.shape[1]) < lengths[:, None]
        mean = (y * inside[..., None]).sum(1) / lengths[:, None]
        return self.tags(y), self.intent(mean)


def stepper(order, settings):
    """A function that does one training step, of a batch padded to its longest."""
    torch.manual_seed(1)
    path = order["data"]
    tokens, lengths = (base.tensor(path, "train/" + name).long() for name in ("tokens", "length"))
    tags, intents = (base.tensor(path, "train/" + name).long() for name in ("slots", "intent"))
    model = Tagger(order["net"], settings["lstm"] == "packed")
    run = torch.compile(model, dynamic=True) if settings["compiled"] else model
    optimizer = torch.optim.Adam(model.parameters(), foreach=settings["foreach"],
                                 fused=settings["fused"])
    indices = base.batches(len(tokens), order["batch"])

    def step():
        index = next(indices)
        length = lengths[index]
        longest = int(length.max())
        slots, intent = run(tokens[index, :longest], length)
        loss = F.cross_entropy(slots.flatten(0, 1), tags[index, :longest].flatten(),
                               ignore_index=-1) + F.cross_entropy(intent, intents[index])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return step


if __name__ == "__main__":
    print(json.dumps({"version": torch.__version__}), flush=True)
    base.main(stepper)
