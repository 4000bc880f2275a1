#!/usr/bin/env python3
"""Trains and predicts where no file may grow beyond some size, as on a disk that is full.

Each run must end with exit code 3 and say which file cannot be written, or do all of its work, and
leave no file that is not whole.

usage: full_disk.py BOUGH CLI_FOLDER
"""
import os
import resource
import shutil
import subprocess
import sys
import tempfile

from whole import damaged, files, make_start

PROGRAM, CLI = sys.argv[1:3]
TRAIN = ["train", "tiny.yaml", "--run", "run", "--device", "c", "--quiet"]
PREDICT = ["predict", "run", "--data", "tiny.safetensors", "-o", "p.csv", "--device", "c"]


def bough(folder, args, most=None):
    def limit():
        if most is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    return subprocess.run([PROGRAM] + args, cwd=folder, capture_output=True, check=False,
                          preexec_fn=limit, env=dict(os.environ, BOUGH_CACHE="off"))


def wrong(start, folder, args, most, expected):
    """What is wrong with this run; None if nothing is."""
    shutil.copytree(start, folder)
    done, found = bough(folder, args, most), files(folder)
    shutil.rmtree(folder)
    said, bad = done.stderr.decode().strip(), damaged(found, expected)
    if bad:
        return f"exit {done.returncode}, {bad} is damaged"
    if done.returncode not in (0, 3) or (done.returncode == 3 and "cannot write" not in said):
        return f"exit {done.returncode}: {said}"
    if done.returncode == 0 and set(found) != set(expected):
        return f"exit 0, with {sorted(found)}"
    return None


def check(scratch, start, args):
    """Every size up to that of the largest file, in steps. Returns what was wrong, and the folder."""
    trained = f"{scratch}/{args[0]}-done"
    shutil.copytree(start, trained)
    done = bough(trained, args)
    if done.returncode:
        sys.exit(f"cannot {args[0]}: {done.stderr.decode()}")
    whole = files(trained)
    expected = {name: (data,) for name, data in whole.items()}
    new = [len(data) for name, data in whole.items() if name not in os.listdir(start)]
    findings = []
    for most in range(0, max(new) + 100, 53):
        finding = wrong(start, f"{scratch}/full", args, most, expected)
        findings += [f"{args[0]}, at most {most} bytes: {finding}"] if finding else []
    return findings, trained


def main():
    with tempfile.TemporaryDirectory() as scratch:
        start = scratch + "/start"
        make_start(start, CLI)
        findings, trained = check(scratch, start, TRAIN)
        findings += check(scratch, trained, PREDICT)[0]
    print("\n".join(findings))
    sys.exit(len(findings) > 0)


if __name__ == "__main__":
    main()
