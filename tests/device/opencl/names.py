#!/usr/bin/env python3
"""Runs `bough` on a device whose name is no UTF-8, and that tells of no compute unit: what is
written as JSON stays JSON, and the device answers rightly.

usage: names.py BOUGH LIMITS CASES
  LIMITS  limits.c, built
  CASES   tests/cli, whose tiny config and data it takes
Exits with 77 where there is no OpenCL device.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BOUGH, LIMITS, CASES = (str(Path(path).resolve()) for path in sys.argv[1:])
BAD, GOOD = b" Iris\xae", " Iris?"


def bough(*arguments):
    env = {**os.environb, b"LD_PRELOAD": LIMITS.encode(), b"LIMIT_NAME": BAD,
           b"LIMIT_UNITS": b"0"}
    done = subprocess.run([BOUGH, *arguments], env=env, check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    if done.returncode != 0:
        sys.exit(f"bough {arguments}: {done.returncode}: {done.stderr.decode()}")
    return done.stdout.decode()


def main():
    devices = json.loads(bough("devices", "--json"))["devices"][1:]
    usable = [device for device in devices if not device["refused"]]
    if not usable:
        print("skipped: no OpenCL device")
        sys.exit(77)
    name, on = usable[0]["name"], ("--device", usable[0]["device"])
    assert name.endswith(GOOD), name
    assert usable[0]["compute_units"] == 1, usable[0]
    bough("selftest", *on)
    assert json.loads(bough("bench", "gemm", "5,6,7", "-t", "0.001", "--json", *on))["name"] == name
    bough("kernels", "-o", "all.kernels", *on)
    bough("train", "tiny.yaml", "--run", "run", "--kernels", "all.kernels", "--profile", *on)
    start = json.loads(Path("run/log.jsonl").read_text().splitlines()[0])
    assert name in str(start), start
    assert name in json.dumps(json.loads(Path("run/trace.json").read_text()))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ["BOUGH_CACHE"] = folder + "/cache"
        shutil.copy(CASES + "/tiny.yaml", folder)
        subprocess.run([sys.executable, CASES + "/make_data.py", "tiny.safetensors"], check=True)
        main()
        os.chdir("/")
