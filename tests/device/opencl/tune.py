#!/usr/bin/env python3
"""Tunes the first OpenCL CPU device for one tiny product, and uses what was kept.

usage: tune.py BOUGH CASES [LIMITS]
  CASES   tests/cli, whose tiny config and data it takes
  LIMITS  limits.c, built
Exits with 77 where there is no such device.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

BOUGH, CASES, *LIMITS = (str(Path(path).resolve()) for path in sys.argv[1:])
CONFIG = ["tiny.yaml", "--set", "train.epochs=1"]


def bough(*arguments, code=0, **variables):
    done = subprocess.run([BOUGH, *arguments], env={**os.environ, **variables}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != code:
        sys.exit(f"bough {arguments}: {done.returncode}, wanted {code}\n{done.stdout}")
    return done.stdout


def wants(text, pattern):
    if not re.search(pattern, text, re.M):
        sys.exit(f"'{pattern}' is not in\n{text}")


def cpu_device():
    """Not a simulator: that takes minutes for it."""
    for device in json.loads(bough("devices", "--json"))["devices"]:
        if device["type"] == "CPU" and not device["refused"] and "Oclgrind" not in device["name"]:
            return device["device"]
    print("skipped: no OpenCL CPU device")
    return sys.exit(77)


def tuned_use(device, run, **variables):
    """How a training chose its products."""
    return bough("train", *CONFIG, "--device", device, "--run", run, "--verbose", **variables)


def check_tune(device, kept):
    """It ends, skips a candidate that crashes, and is seen by the next run."""
    text = bough("tune", *CONFIG, "--device", device, BOUGH_TUNE_CRASH="cpu parts=2")
    wants(text, r"^\d+ of \d+  cpu parts=2 +skipped: it died of signal 6")
    wants(text, r"^\d+ of \d+  default +(\d+) of \1 products$")
    wants(text, r"^\d+ of \d+ kinds of products are faster so; that is kept$")
    assert len(list(kept.glob("tuning-*.json"))) == 1
    wants(tuned_use(device, "first"), rf"^device {device}: tuned for \d+ kinds of products")


def check_place(device):
    """Where nothing can be kept, nothing is tried."""
    Path("file").write_text("")
    for place, told in ("off", "BOUGH_CACHE is off"), ("file", "BOUGH_CACHE is file: is a file"):
        text = bough("tune", *CONFIG, "--device", device, code=3, BOUGH_CACHE=place)
        wants(text, "its tuning wants a folder that can be written, .*" + told)
        assert "default" not in text, text


def check_use(device):
    """What a file says is done, and a candidate that is none does no harm."""
    bough("tune", "--device", device, "--export", "own.json")
    tuning = json.loads(Path("own.json").read_text())
    tuning["gemm"] = {"rows cols 16 8 16": {"use": "generic"}, "rows cols 16 2 8": {"use": "what"}}
    Path("hand.json").write_text(json.dumps(tuning))
    bough("tune", "--device", device, "--import", "hand.json")
    text = tuned_use(device, "second")
    wants(text, r"^gemm rows cols 16 8 16: by generic, as it is tuned$")
    wants(text, r"^gemm rows cols 16 2 8: not by what, as it is tuned$")
    bough("tune", "--device", device, "--export", "again.json")
    assert json.loads(Path("again.json").read_text()) == tuning
    again = tuned_use(device, "third")
    assert scores(text) == scores(again), "the same tuning, other numbers"
    assert "as it is tuned" not in tuned_use(device, "fourth", BOUGH_GEMM="default")


def scores(text):
    return re.findall(r"^epoch.*", text, re.M)


def check_damage(device, kept):
    file = next(kept.glob("tuning-*.json"))
    file.write_text(file.read_text()[:40])
    wants(tuned_use(device, "fifth"), r"its tuning is ignored: .*tuning-.*: line \d")
    tuning = json.loads(Path("hand.json").read_text())
    Path("other.json").write_text(json.dumps({**tuning, "driver": "another"}))
    wants(bough("tune", "--device", device, "--import", "other.json", code=3),
          "another device or driver")


def check_ctrl_c(kept):
    """Many candidates, none of them left out; ended in their midst, it keeps nothing."""
    variables = {"LD_PRELOAD": LIMITS[0], "LIMIT_WAYS": "70"}
    tuning = subprocess.Popen([BOUGH, "tune", *CONFIG, "-d", "c"], env={**os.environ, **variables},
                              text=True, stdout=subprocess.PIPE, start_new_session=True)
    wants(tuning.stdout.readline(), r"^1 of 72  default")
    os.killpg(tuning.pid, signal.SIGINT)
    assert tuning.wait() == -signal.SIGINT
    assert not list(kept.glob("tuning-*"))


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ["BOUGH_CACHE"] = folder + "/cache"
        os.environ.pop("BOUGH_GEMM", None)
        shutil.copy(CASES + "/tiny.yaml", folder)
        subprocess.run([sys.executable, CASES + "/make_data.py", "tiny.safetensors"], check=True)
        device = cpu_device()
        wants(bough("tune", "--device", "c"), r"^device c needs no tuning$")
        if LIMITS:
            check_ctrl_c(Path(folder, "cache"))
        check_place(device)
        check_tune(device, Path(folder, "cache"))
        check_use(device)
        check_damage(device, Path(folder, "cache"))
        os.chdir("/")


if __name__ == "__main__":
    main()
