#!/usr/bin/env python3
"""Times matrix products of OpenBLAS. OPENBLAS_CORETYPE and OPENBLAS_NUM_THREADS are the caller's.

Reads one JSON object a line: {"m": M, "n": N, "k": K, "a": "n" or "t", "b": alike, "seconds": S}.
Answers each with {"us": the median of a call, less what a call from Python costs}.
"""
import ctypes
import json
import sys
import time

import numpy

ROW_MAJOR, PLAIN, TRANSPOSED = 101, 111, 112
FLOAT = ctypes.POINTER(ctypes.c_float)


def library():
    blas = ctypes.CDLL("libopenblas.so.0")
    blas.openblas_get_config.restype = ctypes.c_char_p
    blas.openblas_get_corename.restype = ctypes.c_char_p
    integer, real = ctypes.c_int, ctypes.c_float
    blas.cblas_sgemm.argtypes = [integer] * 6 + [real, FLOAT, integer, FLOAT, integer, real, FLOAT,
                                                 integer]
    return blas


def product(blas, m, n, k, a, b):
    """A function that computes C = A B once."""
    random = numpy.random.default_rng(1)
    x, y = (random.standard_normal(size, numpy.float32) for size in (m * k, k * n))
    z = numpy.zeros(m * n, numpy.float32)
    rows = [max(length, 1) for length in (m if a == "t" else k, k if b == "t" else n, n)]
    x_at, y_at, z_at = (array.ctypes.data_as(FLOAT) for array in (x, y, z))
    arguments = (ROW_MAJOR, TRANSPOSED if a == "t" else PLAIN, TRANSPOSED if b == "t" else PLAIN,
                 m, n, k, 1.0, x_at, rows[0], y_at, rows[1], 0.0, z_at, rows[2])
    return lambda keep=(x, y, z): blas.cblas_sgemm(*arguments)


def median_us(call, seconds):
    """Of many calls, after a warm-up of a quarter of the time."""
    start = time.perf_counter()
    while time.perf_counter() - start < seconds / 4:
        call()
    times = [time.perf_counter()]
    while times[-1] - start < seconds * 1.25 or len(times) < 4:
        call()
        times.append(time.perf_counter())
    return float(numpy.median(numpy.diff(times))) * 1e6


def main():
    blas = library()
    print(json.dumps({"version": blas.openblas_get_config().decode().split()[1],
                      "core": blas.openblas_get_corename().decode()}), flush=True)
    empty = median_us(product(blas, 0, 0, 0, "n", "n"), 0.05)
    for line in sys.stdin:
        order = json.loads(line)
        call = product(blas, order["m"], order["n"], order["k"], order.get("a"), order.get("b"))
        print(json.dumps({"us": median_us(call, order["seconds"]) - empty}), flush=True)


if __name__ == "__main__":
    main()
