#!/usr/bin/env python3
"""Converts a large CSV that it makes: how fast, and in how much memory, which must stay below 200 MB.

usage: big_csv.py BIN_DIR MEGABYTES [FOLDER]
"""
import json
import os
import pathlib
import random
import resource
import struct
import subprocess
import sys
import tempfile
import time

ROWS = 20000  # of a block; the file is one block again and again
SCHEMA = """split: {parts: {train: 0.8, validation: 0.1, test: rest}}
columns: {label: target, value: target}
"""


def row(rng):
    """Decimals, some missing, whole numbers, names few and many, texts in quotes, a date."""
    cells = [f"{rng.gauss(0, 100):.3f}" if rng.random() < 0.95 else "" for _ in range(8)]
    cells += [str(rng.randrange(100000)) for _ in range(4)]
    cells += [rng.choice(["AA", "UA", "DL", "B6"]), f"city {rng.randrange(1000)}",
              f'"{rng.choice(["one", "two"])}, ""{rng.randrange(50)}"""']
    cells += [f"2013-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02} {rng.randrange(24):02}:30"]
    return cells + [f"{rng.random():.4g}", rng.choice(["yes", "no", ""])]


def make(path, size):
    """Returns the rows."""
    rng, rows = random.Random(1), 0
    block = "".join(",".join(row(rng)) + "\n" for _ in range(ROWS)).encode()
    names = [f"x{i}" for i in range(12)] + ["carrier", "city", "remark", "time", "value", "label"]
    with open(path, "wb") as file:
        file.write((",".join(names) + "\n").encode())
        while file.tell() < size or not rows:
            file.write(block)
            rows += ROWS
    return rows


def rows_of(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    return sum(header[split + "/table"]["shape"][0] for split in ("train", "validation", "test"))


def main():
    program = pathlib.Path(sys.argv[1]).resolve() / "bough-data"
    with tempfile.TemporaryDirectory(dir=sys.argv[3] if len(sys.argv) > 3 else None) as folder:
        rows = make(folder + "/big.csv", float(sys.argv[2]) * 1e6)
        size = os.path.getsize(folder + "/big.csv") / 1e6
        pathlib.Path(folder, "big.yaml").write_text(SCHEMA, encoding="utf-8")
        before = time.monotonic()
        subprocess.run([program, "csv", "big.csv", "--schema", "big.yaml", "-o", "big.safetensors"],
                       cwd=folder, check=True, stdout=subprocess.DEVNULL)
        seconds = time.monotonic() - before
        found = rows_of(folder + "/big.safetensors")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu, memory = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    print(f"{size:.0f} MB, {rows} rows: {size / seconds:.0f} MB/s, {size / cpu:.0f} MB/s of processor "
          f"time, {memory:.0f} MiB")
    sys.exit(found != rows or memory > 190)


if __name__ == "__main__":
    main()
