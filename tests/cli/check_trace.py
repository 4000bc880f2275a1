#!/usr/bin/env python3
"""Checks that a file is a trace as chrome://tracing and Perfetto take it: complete events whose slices
lie in one another, lists of launches on the outside, then ops by their stages, then kernels.

usage: check_trace.py trace.json
"""
import json
import sys

DEPTH = {"list": 0, "kernel": 2}  # of the stages of a step 1


def check(trace):
    assert set(trace) == {"displayTimeUnit", "traceEvents"}, set(trace)
    head, *slices = trace["traceEvents"]
    assert head["ph"] == "M" and head["name"] == "process_name" and head["args"]["name"]
    open_slices = []
    for event in slices:
        assert {"name", "cat", "ph", "pid", "tid", "ts", "dur"} <= set(event), event
        assert event["ph"] == "X" and event["name"] and event["ts"] >= 0 and event["dur"] >= 0, event
        depth = DEPTH.get(event["cat"], 1)
        assert depth <= len(open_slices), event
        before = open_slices[depth:depth + 1]
        assert not before or event["ts"] >= before[0]["ts"] + before[0]["dur"] - 0.01, event
        del open_slices[depth:]
        for outer in open_slices:
            assert outer["ts"] <= event["ts"] + 0.01, (outer, event)
            assert event["ts"] + event["dur"] <= outer["ts"] + outer["dur"] + 0.01, (outer, event)
        open_slices.append(event)
    return slices


def main():
    with open(sys.argv[1]) as file:
        slices = check(json.load(file))
    stages = list(dict.fromkeys(event["cat"] for event in slices if event["cat"] not in DEPTH))
    products = [event for event in slices if "k" in event.get("args", {})]
    assert products and all(event["args"]["m"] > 0 for event in products)
    print("trace of", ", ".join(stages))


if __name__ == "__main__":
    main()
