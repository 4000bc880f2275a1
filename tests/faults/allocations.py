#!/usr/bin/env python3
"""Fails the allocations of small runs of a program, one a run, and then all from one on.

Each run must end with exit code 1 and `out of memory`, or do all of its work; no signal, no other
code, no hang, and no half-written file. A training is also interrupted at an allocation, as by
Ctrl-C, or killed there. Whatever stopped it, it must go on to the model that it had made without.

usage: allocations.py PROGRAM FAIL_ALLOC_LIBRARY CLI_FOLDER [STRIDE [CASE]...]
  PROGRAM  bough or bough-data
  STRIDE   every STRIDE-th allocation only; 1, all of them, without it
  CASE     one of CASES here, or of data_cases.py for bough-data; all without one
"""
import concurrent.futures
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile

import data_cases
from whole import damaged, files, is_whole, make_start

PROGRAM, LIBRARY, CLI = sys.argv[1:4]
STRIDE = int(sys.argv[4]) if len(sys.argv) > 4 else 1
SECONDS = 60
ON_DATA = os.path.basename(PROGRAM) == "bough-data"

# What two runs write alike; nothing of it holds a time.
SAME = ("config.yaml", "model.safetensors", "p.csv", "s.csv", "s.png")

CASES = {
    "train": ["train", "tiny.yaml", "--run", "run", "--device", "c", "--quiet"],
    "weighed": ["train", "tiny.yaml", "--run", "run", "--device", "c", "--quiet", "--set",
                "weighting=mgda", "--set", "architecture={name: mmoe, experts: 2}"],
    "resume": ["train", "--resume", "run", "--set", "train.epochs=3", "--device", "c", "--quiet"],
    "search": ["search", "tiny.yaml", "--grid", "train.seed=1", "--set", "train.epochs=1", "--run",
               "run", "--device", "c", "--quiet"],
    "eval": ["eval", "run", "--device", "c"],
    "predict": ["predict", "run", "--data", "tiny.safetensors", "-o", "p.csv", "--device", "c"],
    "cosine": ["similarity", "run", "--csv", "s.csv", "--png", "s.png", "--device", "c"],
    "cka": ["similarity", "run", "--by", "cka", "--groups", "2", "--csv", "s.csv", "--device", "c"],
    "weigh": ["weigh", "{name: dbmtl, losses: uncertainty}", "-g", "gradients.safetensors", "--json"],
    "info": ["info", "tiny.yaml"],
    "info-run": ["info", "run"],
    "devices": ["devices", "--json"],
}
if ON_DATA:
    CASES = data_cases.CASES
TRAININGS = ("train", "resume")
ON_A_RUN = ("resume", "eval", "predict", "cosine", "cka", "info-run")
INTERRUPTED = 130


def run_program(folder, args, **variables):
    """Plain C on one thread: so the allocations come in the same order every time."""
    env = dict(os.environ, BOUGH_THREADS="1", BOUGH_CACHE="off",
               BOUGH_OPENCL_MODULE=folder + "/none", MALLOC_PERTURB_="165", **variables)
    if variables:
        env["LD_PRELOAD"] = LIBRARY
    return subprocess.run([PROGRAM] + args, cwd=folder, env=env, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=SECONDS, check=False)


# ---- A run with a fault ----

class Case:
    def __init__(self, name, start, scratch):
        self.name, self.args, self.start = name, CASES[name], start
        folder = self.fresh(scratch)
        done = run_program(folder, self.args, FAIL_ALLOC_COUNT=folder + "/count")
        if done.returncode:
            sys.exit(f"{name}: exit {done.returncode} without a fault: {done.stderr.decode()}")
        with open(folder + "/count", encoding="ascii") as file:
            self.count = int(file.read())
        os.remove(folder + "/count")
        self.output, self.expected = done.stdout, files(folder)
        before = files(start)
        self.whole = {name: (data, before.get(name)) for name, data in self.expected.items()}

    def fresh(self, scratch):
        folder = os.path.join(scratch, "work")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.start, folder)
        return folder

    def wrong(self, scratch, fault):
        """What is wrong with a run in which `fault` came true; None if nothing is."""
        folder = self.fresh(scratch)
        number, signal = re.fullmatch(r"(\d+\+?)(?: signal (\d))?", fault).groups()
        variables = {"FAIL_ALLOC_SIGNAL": signal} if signal else {}
        try:
            done = run_program(folder, self.args, FAIL_ALLOC=number, **variables)
        except subprocess.TimeoutExpired:
            return f"no end within {SECONDS} s"
        said, found = done.stderr.decode(errors="replace").strip(), files(folder)
        said = said.splitlines()[-1] if said else "(nothing)"
        if signal and done.returncode in (-int(signal), INTERRUPTED):
            return self.after_signal(folder, found, done.returncode)
        if done.returncode not in (0, 1):
            return f"exit {done.returncode}: {said}"
        if done.returncode == 1 and not re.search("out of memory|no memory for", said):
            return f"exit 1 without `out of memory`: {said}"
        bad = self.other(found) if ON_DATA else damaged(found, self.whole)
        if bad:
            return f"exit {done.returncode}: {bad} is damaged"
        if done.returncode == 0:
            return self.lacking(done.stdout, found)
        return self.after(folder, found)

    def other(self, found):
        """The name of a file with other bytes than with no fault; None if there is none."""
        return next((name for name, data in found.items() if data not in self.whole.get(name, ())),
                    None)

    def after_signal(self, folder, found, code):
        if code != INTERRUPTED:  # killed, or stopped where there is nothing to save yet
            found = {name: data for name, data in found.items() if not name.endswith(".part")}
        elif "last.safetensors" not in found:
            return "interrupted without a checkpoint"
        bad = damaged(found, self.whole)
        return f"{bad} is damaged" if bad else self.after(folder, found)

    def lacking(self, output, found):
        telling = ("weigh", "info", "info-run", "eval", "cosine", "cka")
        if (ON_DATA or self.name in telling) and output != self.output:
            return "exit 0 with another output"
        if self.name == "devices" and not is_whole("devices.json", output, {}):
            return "exit 0 with no JSON"  # the device may lack its name
        for name, data in self.expected.items():
            if name not in found or ((ON_DATA or name in SAME) and found[name] != data):
                return f"exit 0 with another {name}, or none"
        return None

    def after(self, folder, found):
        if self.name == "predict" and "p.csv" in found:
            return "exit 1 with a p.csv"
        if self.name not in TRAININGS or "config.yaml" not in found:
            return None
        done = run_program(folder, ["train", "--resume", "run", "--device", "c", "--quiet"])
        if done.returncode:
            return f"cannot be resumed: {done.stderr.decode().strip()}"
        found = files(folder)
        if self.name == "resume" and b"epochs: 3" not in found["config.yaml"]:
            return None  # of the run as it was before
        same = found["model.safetensors"] == self.expected["model.safetensors"]
        return None if same else "resumed, it makes another model"


# ---- All of them ----

def prepare(scratch):
    """By case, the folder to start from: one to train in, or one that holds a run of an epoch."""
    fresh, trained = scratch + "/fresh", scratch + "/trained"
    if ON_DATA:
        data_cases.make_start(fresh, PROGRAM)
        return dict.fromkeys(CASES, fresh)
    make_start(fresh, CLI)
    shutil.copytree(fresh, trained)
    done = run_program(trained, CASES["train"] + ["--set", "train.epochs=1"])
    if done.returncode:
        sys.exit(f"cannot train: {done.stderr.decode()}")
    return {name: trained if name in ON_A_RUN else fresh for name in CASES}


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as scratch, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        start, numbers = prepare(scratch), itertools.count()
        for name in sys.argv[5:] or CASES:
            case = Case(name, start[name], scratch)

            def run(fault, case=case):
                own = f"{scratch}/{next(numbers)}"
                os.mkdir(own)
                wrong = case.wrong(own, fault)
                shutil.rmtree(own)
                return wrong and f"{case.name}, allocation {fault}: {wrong}"

            modes = ("", "+") + ((" signal 2", " signal 9") if case.name in TRAININGS else ())
            faults = [f"{n}{mode}" for n in range(1, case.count + 1, STRIDE) for mode in modes]
            findings = [finding for finding in pool.map(run, faults) if finding]
            print(f"{name}: {len(faults)} faults in {case.count} allocations, "
                  f"{len(findings)} findings")
            print("".join(f"  {finding}\n" for finding in findings), end="", flush=True)
            failed += len(findings)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
