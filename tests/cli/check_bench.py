#!/usr/bin/env python3
"""Checks what `bough bench ... --json` prints (read from stdin): its keys, their types and what must
hold between them, and prints what is the same on every machine.

usage: check_bench.py gemm|ops|step|warm
  warm  a step without the time to the first one
"""
import json
import math
import sys

HEAD = {"device": str, "name": str, "compute_units": int, "ceiling": {"gflops": float, "gbs": float}}
OP = {"name": str, "flops": float, "bytes": float, "seconds": float, "gflops": float, "gbs": float,
      "share": float, "gbs_share": float}
PRODUCT = dict(OP, m=int, n=int, k=int, batch=int, implementation=str)
STEP = {"config": str, "batch": int, "seconds": float, "samples_per_second": float, "flops": float,
        "gflops": float, "share": float, "launches": float, "writes": float, "reads": float,
        "feeding": float, "memory": {"planned": int, "values": int, "share": float},
        "first_step": {"cold": float, "warm": float}}
WARM = {key: of for key, of in STEP.items() if key != "first_step"}
SCHEMA = {"gemm": dict(HEAD, gemm=[PRODUCT]), "ops": dict(HEAD, ops=[OP]),
          "step": dict(HEAD, step=STEP), "warm": dict(HEAD, step=WARM)}


def hold(value, schema, path):
    if isinstance(schema, dict):
        assert set(value) == set(schema), (path, set(value) ^ set(schema))
        for key in schema:
            hold(value[key], schema[key], f"{path}.{key}")
    elif isinstance(schema, list):
        assert value, path
        for i, element in enumerate(value):
            hold(element, schema[0], f"{path}[{i}]")
    else:
        assert type(value) is schema, (path, value)
        assert schema is str or (math.isfinite(value) and value >= 0), (path, value)


def near(a, b):
    return abs(a - b) <= 1e-6 * abs(b)


def speed(row, ceiling):
    assert row["seconds"] > 0, row
    assert near(row["gflops"], 1e-9 * row["flops"] / row["seconds"]), row
    assert near(row["share"], row["gflops"] / ceiling["gflops"]), row


def main():
    kind = sys.argv[1]
    answer = json.load(sys.stdin)
    hold(answer, SCHEMA[kind], kind)
    steps = kind in ("step", "warm")
    ceiling, rows = answer["ceiling"], answer["step" if steps else kind]
    assert ceiling["gflops"] > 0 and ceiling["gbs"] > 0
    for row in [rows] if steps else rows:
        speed(row, ceiling)
    if steps:
        assert near(rows["samples_per_second"], rows["batch"] / rows["seconds"])
        assert kind == "warm" or min(rows["first_step"].values()) > 0
        assert rows["memory"]["planned"] > 0
        print({key: rows[key] for key in ("config", "batch", "flops", "writes", "reads")})
        return
    if kind == "gemm":
        assert all(row["flops"] == 2 * row["m"] * row["n"] * row["k"] * row["batch"] for row in rows)
    for row in rows:
        print(row["name"], *(row[key] for key in ("m", "n", "k") if kind == "gemm"))


if __name__ == "__main__":
    main()
