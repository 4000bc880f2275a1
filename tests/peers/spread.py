#!/usr/bin/env python3
"""How far the times of one product spread on plain C: twenty times in one process, and in twenty.

A load that reaches into memory which nobody touched costs a small product many times its time, by
chance of where its buffers lie.
usage: spread.py BOUGH [M,N,K]      default 100,20,10; the slowest is to be under 1.5 times the median
"""
import json
import statistics
import subprocess
import sys

bough, product = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "100,20,10"


def seconds(count):
    command = [bough, "bench", "gemm", *[product] * count, "--device", "c", "--time", "0.05", "--json"]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return [row["seconds"] for row in json.loads(printed.stdout)["gemm"]]


for where, times in (("one process", seconds(20)),
                     ("twenty", [seconds(1)[0] for _ in range(20)])):
    median = statistics.median(times)
    print(f"{product} in {where}: median {median * 1e6:.2f} us, slowest {max(times) * 1e6:.2f} us, "
          f"{max(times) / median:.2f} times")
