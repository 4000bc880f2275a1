#!/usr/bin/python3
"""Writes recurrent.json: what PyTorch's nn.LSTM and nn.GRU give for the op cases that name a row of
it, of packed sequences. Run by hand.

Its input products are those of an identity, so that gx is its input. A row of length 0, which it
takes none of, is zeros.
"""
import json
import os

import torch
from torch import nn
from torch.func import functional_call
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from golden import HERE, rand, row


def parameters(kind, gates, w, bias):
    """Of nn.LSTM or nn.GRU, by name; the gates of direction d are a part of its input."""
    dirs, wide = w.shape[0], w.shape[1]
    own = {}
    for d in range(dirs):
        end = "_l0" + "_reverse" * d
        product = torch.zeros(wide, dirs * wide, dtype=torch.float64)
        product[:, d * wide:(d + 1) * wide] = torch.eye(wide)
        own["weight_ih" + end], own["weight_hh" + end] = product, w[d]
        own["bias_ih" + end] = torch.zeros(wide, dtype=torch.float64)
        own["bias_hh" + end] = torch.zeros(wide, dtype=torch.float64)
        if bias is not None:
            own["bias_hh" + end] = torch.cat([own["bias_hh" + end][:2 * wide // 3], bias[d]])
    return own


def case(kind, n, length, units, dirs, lengths=None):
    gates = 4 if kind is nn.LSTM else 3
    net = kind(dirs * gates * units, units, batch_first=True, bidirectional=dirs == 2).double()

    def f(gx, w, *more):
        more = [x for x in more if x is not None]
        bias = more[0] if kind is nn.GRU else None
        own = parameters(kind, gates, w, bias)
        if lengths is None:
            return functional_call(net, own, (gx,))[0]
        some = [i for i in range(n) if lengths[i]]
        packed = pack_padded_sequence(gx[some], torch.tensor(lengths)[some], batch_first=True,
                                      enforce_sorted=False)
        y = pad_packed_sequence(functional_call(net, own, (packed,))[0], batch_first=True,
                                total_length=length)[0]
        return torch.zeros(n, length, dirs * units, dtype=torch.float64).index_copy(
            0, torch.tensor(some), y)
    inputs = [rand(n, length, dirs * gates * units), rand(dirs, gates * units, units)]
    inputs += [rand(dirs, units)] if kind is nn.GRU else []
    inputs += [torch.tensor(lengths, dtype=torch.int32)] if lengths is not None else []
    return row(inputs, f)


torch.manual_seed(1)
rows = {}
for name, kind in (("lstm", nn.LSTM), ("gru", nn.GRU)):
    rows[name] = case(kind, 2, 4, 3, 1)
    rows[name + "_both"] = case(kind, 2, 3, 5, 2)
    rows[name + "_lengths"] = case(kind, 6, 5, 3, 2, [5, 0, 1, 3, 5, 2])
    rows[name + "_wide"] = case(kind, 3, 4, 17, 1, [2, 4, 3])
with open(os.path.join(HERE, "recurrent.json"), "w") as out:
    out.write('{\n "source": "PyTorch %s, recurrent.py",\n' % torch.__version__)
    out.write(",\n".join(f' "{name}": {json.dumps(value)}' for name, value in rows.items()))
    out.write("\n}\n")
