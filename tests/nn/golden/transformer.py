#!/usr/bin/env python3
"""Writes transformer.json: layers of transformers as PyTorch has them, with all gradients.

usage: transformer.py     (needs PyTorch)

Run by hand, never by the build. A case is a layer of a config; x [N, L, D], zeros behind the lengths;
the target, null there; y, the loss (the mean square over what is labelled) and its gradients, of x
and of every parameter by its name.
"""
import json
import os

import torch
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))
LENGTHS = [6, 0, 1, 4]
SHAPE = (4, 6, 8)


def numbers(tensor):
    return [None if v != v else float(f"{v:.9g}") for v in tensor.detach().reshape(-1).tolist()]


def rand(*shape):
    return torch.randn(*shape).float().double()


def case(layer, module, call):
    lengths = torch.tensor(LENGTHS)
    padding = torch.arange(SHAPE[1])[None] >= lengths[:, None]
    for parameter in module.parameters():
        parameter.data = (0.5 * rand(*parameter.shape) + (parameter.dim() == 1)).float().double()
    x = rand(*SHAPE).masked_fill(padding[..., None], 0).requires_grad_()
    target = rand(*SHAPE).masked_fill(padding[..., None], float("nan"))
    full = padding.clone()
    full[lengths == 0] = False  # of none PyTorch makes NaN; the row has no target
    y = call(module, x, full)
    loss = ((y - target)[~padding] ** 2).mean()
    loss.backward()
    assert all(torch.isfinite(p.grad).all() for p in module.parameters())
    return {"layer": layer, "shape": SHAPE, "lengths": LENGTHS, "x": numbers(x),
            "target": numbers(target), "y": numbers(y), "loss": loss.item(), "dx": numbers(x.grad),
            "parameters": {name: {"value": numbers(p), "gradient": numbers(p.grad)}
                           for name, p in module.named_parameters()}}


def block():
    return nn.TransformerEncoderLayer(8, 2, 12, 0.0, "gelu", batch_first=True, norm_first=True)


torch.manual_seed(1)
torch.set_default_dtype(torch.float64)
cases = [
    case("attention: {heads: 4}", nn.MultiheadAttention(8, 4, batch_first=True),
         lambda m, x, padding: m(x, x, x, key_padding_mask=padding)[0]),
    case("transformer: {heads: 2, units: 12, dropout: 0}", nn.TransformerEncoder(block(), 1),
         lambda m, x, padding: m(x, src_key_padding_mask=padding)),
    case("transformer: {heads: 2, units: 12, layers: 3, dropout: 0}",
         nn.TransformerEncoder(block(), 3), lambda m, x, padding: m(x, src_key_padding_mask=padding)),
]
with open(os.path.join(HERE, "transformer.json"), "w") as out:
    lines = ",\n".join("  " + json.dumps(row) for row in cases)
    out.write('{\n "source": "PyTorch %s, transformer.py",\n "cases": [\n%s\n ]\n}\n'
              % (torch.__version__, lines))
