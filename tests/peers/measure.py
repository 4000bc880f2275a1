"""What `run` measures with: workers of the peers, and bough itself."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
THREADS = "2"

# glibc gives large blocks back to the system, and page faults follow, unless told otherwise.
KEEP = {"MALLOC_MMAP_THRESHOLD_": "1073741824", "MALLOC_TRIM_THRESHOLD_": "4294967296",
        "MALLOC_TOP_PAD_": "268435456"}


def fail(text):
    sys.exit(f"tests/peers/run: {text}")


def environment(extra=None):
    """This process's, less what was set for OpenBLAS, OpenMP, MKL, malloc and bough; two
    threads."""
    kept = {key: value for key, value in os.environ.items()
            if not key.startswith(("OPENBLAS_", "OMP_", "GOMP_", "MKL_", "MALLOC_", "BOUGH_"))}
    threads = dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "BOUGH_THREADS",
                             "POCL_MAX_PTHREAD_COUNT"], THREADS)
    return {**kept, **threads, **(extra or {})}


def find_python():
    """The first interpreter that has PyTorch: $PEERS_PYTHON, python3, Debian's."""
    for name in (os.environ.get("PEERS_PYTHON"), "python3", "/usr/bin/python3"):
        found = name and shutil.which(name)
        if found and subprocess.run([found, "-c", "import torch, numpy"], check=False,
                                    stderr=subprocess.DEVNULL).returncode == 0:
            return found
    return fail("no python3 has torch and numpy; on Debian: apt install python3-torch")


class Worker:
    """A child that answers a line of JSON with another, and introduces itself at the start."""

    def __init__(self, python, script, extra=None):
        self.process = subprocess.Popen([python, HERE / script], env=environment(extra), text=True,
                                        bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.about = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"error": "it died"}

    def ask(self, **order):
        """The median time in us."""
        self.process.stdin.write(json.dumps(order, default=str) + "\n")
        answer = self.answer()
        return answer["us"] if "us" in answer else fail(f"{order}: {answer['error']}")

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Bough:
    """The program, each call in a process of its own."""

    def __init__(self, binary):
        self.binary = binary

    def call(self, *arguments):
        done = subprocess.run([self.binary, *map(str, arguments)], env=environment(), check=False,
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode != 0:
            fail(f"bough {' '.join(map(str, arguments))}: {done.stderr.strip()}")
        return done.stdout

    def bench(self, what, *arguments):
        return json.loads(self.call("bench", what, *arguments, "--json"))
