#!/usr/bin/env python3
"""Lists the devices where the OpenCL module's libraries, which are C++, find no memory.

Each allocation that fails there is an exception, std::bad_alloc, before a function of the module is
called: none may end the program.

usage: throws.py BOUGH FAIL_ALLOC [STRIDE]
  FAIL_ALLOC  tests/faults/fail_alloc.c, built
  STRIDE      every STRIDE-th allocation only; 499 without it
"""
import json
import os
import subprocess
import sys
import tempfile

BOUGH, FAIL_ALLOC = (os.path.abspath(path) for path in sys.argv[1:3])
STRIDE = int(sys.argv[3]) if len(sys.argv) > 3 else 499


def devices(folder, **variables):
    """Without drivers: those may crash by themselves."""
    env = dict(os.environ, LD_PRELOAD=FAIL_ALLOC, OCL_ICD_VENDORS=folder, **variables)
    return subprocess.run([BOUGH, "devices", "--json"], env=env, capture_output=True, timeout=60,
                          check=False)


def main(folder):
    count = folder + "/count"
    devices(folder, FAIL_ALLOC_COUNT=count)
    with open(count, encoding="ascii") as file:
        numbers = range(1, int(file.read()) + 1, STRIDE)
    thrown = 0
    for number in numbers:
        done = devices(folder, FAIL_ALLOC=str(number))
        if done.returncode not in (0, 1):
            sys.exit(f"allocation {number}: exit {done.returncode}: {done.stderr.decode()}")
        if done.returncode == 0:
            thrown += "C++ exception" in json.loads(done.stdout)["note"]
    print(f"{len(numbers)} allocations failed, {thrown} of them threw")
    if not thrown:
        sys.exit("none threw")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        main(scratch)
