#!/usr/bin/env python3
"""Times training steps of TorchJD's `mtl_backward` and an aggregator, as `weightings` asks it.

Reads what torch_weightings_worker.py reads, and "chunk", the `parallel_chunk_size`, and "gramian",
whether the Gram matrix is computed without J in one piece, by the aggregators that can. It says at
the start which methods are here: some want a solver of their own, none is without TorchJD.
"""
import importlib.metadata
import json
import warnings

import torch_weightings_worker as by_hand
import torch_worker as base

try:
    from torchjd import aggregation, autojac
    VERSION = importlib.metadata.version("torchjd")
except ImportError:
    VERSION = None

AGGREGATORS = {
    "mgda": lambda tasks: aggregation.MGDA(),
    "cagrad": lambda tasks: aggregation.CAGrad(c=0.5),
    "nash": lambda tasks: aggregation.NashMTL(n_tasks=tasks),
    "pcgrad": lambda tasks: aggregation.PCGrad(),
    "upgrad": lambda tasks: aggregation.UPGrad(),
    "graddrop": lambda tasks: aggregation.GradDrop(),
}


def is_here(make):
    try:
        make(2)
    except ImportError:
        return False
    return True


def backward_by_torchjd(model, order):
    trunk = list(model.trunk.parameters())
    heads = [list(head.parameters()) for head in model.heads]
    aggregator = AGGREGATORS[order["method"]](order["tasks"])
    chunk = order.get("chunk")
    can = isinstance(aggregator, aggregation.GramianWeightedAggregator)
    how = {"optimize_gramian_computation": True} if can and order.get("gramian") else {}

    def backward(shared, losses):
        autojac.mtl_backward(losses, features=shared, tasks_params=heads, shared_params=trunk,
                             parallel_chunk_size=chunk)
        autojac.jac_to_grad(trunk, aggregator, **how)
    return backward


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # cvxpy tells of its solvers' future
    methods = [name for name, make in AGGREGATORS.items() if VERSION and is_here(make)]
    print(json.dumps({"version": VERSION, "methods": methods}), flush=True)
    base.main(by_hand.stepper_by(backward_by_torchjd))
