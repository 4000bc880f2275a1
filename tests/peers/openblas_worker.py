#!/usr/bin/env python3
"""Times matrix products of OpenBLAS. OPENBLAS_CORETYPE and OPENBLAS_NUM_THREADS are the caller's.

Reads one JSON object a line: {"m": M, "n": N, "k": K, "a": "n" or "t", "b": alike, "seconds": S}.
Answers each with {"us": the median over groups of about a millisecond, a call}. The calls are made
from C, by a loop that the machine's compiler builds: from Python one costs more than a small product.
"""
import ctypes
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy

ROW_MAJOR, PLAIN, TRANSPOSED = 101, 111, 112
GROUP = 1e-3  # seconds
FLOAT = ctypes.POINTER(ctypes.c_float)
LOOP = """
void cblas_sgemm(int, int, int, int, int, int, float, const float *, int, const float *, int, float,
                 float *, int);
void repeat(int calls, int order, int ta, int tb, int m, int n, int k, float alpha, const float *a,
            int lda, const float *b, int ldb, float beta, float *c, int ldc)
{
    while (calls-- > 0)
        cblas_sgemm(order, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}
"""


def libraries():
    blas = ctypes.CDLL("libopenblas.so.0", mode=ctypes.RTLD_GLOBAL)
    blas.openblas_get_config.restype = ctypes.c_char_p
    blas.openblas_get_corename.restype = ctypes.c_char_p
    with tempfile.TemporaryDirectory() as folder:
        built = Path(folder, "loop.so")
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-x", "c", "-", "-o", built], check=True,
                       input=LOOP, text=True)
        loop = ctypes.CDLL(str(built))
    integer, real = ctypes.c_int, ctypes.c_float
    loop.repeat.argtypes = [integer] * 7 + [real, FLOAT, integer, FLOAT, integer, real, FLOAT,
                                            integer]
    return blas, loop


def product(loop, m, n, k, a, b):
    """A function that computes C = A B so many times."""
    random = numpy.random.default_rng(1)
    x, y = (random.standard_normal(size, numpy.float32) for size in (m * k, k * n))
    z = numpy.zeros(m * n, numpy.float32)
    rows = [m if a == "t" else k, k if b == "t" else n, n]
    x_at, y_at, z_at = (array.ctypes.data_as(FLOAT) for array in (x, y, z))
    arguments = (ROW_MAJOR, TRANSPOSED if a == "t" else PLAIN, TRANSPOSED if b == "t" else PLAIN,
                 m, n, k, 1.0, x_at, rows[0], y_at, rows[1], 0.0, z_at, rows[2])
    return lambda calls, keep=(x, y, z): loop.repeat(calls, *arguments)


def seconds_of(call, calls):
    start = time.perf_counter()
    call(calls)
    return (time.perf_counter() - start) / calls


def median_us(call, seconds):
    """After a warm-up of a quarter of the time."""
    end = time.perf_counter() + seconds / 4
    once = seconds_of(call, 1)
    while time.perf_counter() < end:
        once = seconds_of(call, 1)
    calls = int(GROUP / once) + 1
    times = []
    end = time.perf_counter() + seconds
    while len(times) < 5 or time.perf_counter() < end:
        times.append(seconds_of(call, calls))
    return median(times) * 1e6


def main():
    blas, loop = libraries()
    print(json.dumps({"version": blas.openblas_get_config().decode().split()[1],
                      "core": blas.openblas_get_corename().decode()}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        call = product(loop, order["m"], order["n"], order["k"], order.get("a"), order.get("b"))
        print(json.dumps({"us": median_us(call, order["seconds"])}), flush=True)


if __name__ == "__main__":
    main()
