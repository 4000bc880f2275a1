#!/usr/bin/env python3
"""Trains a tiny net on the first usable OpenCL device, and lets one call of OpenCL fail each time.

Each must end in a clear error of the device, or in the same model, or say what took over. None may
crash or hang, or leave a file that is not whole.

usage: faults.py BOUGH FAULTS CASES [--all]
  FAULTS  faults.c, built
  CASES   tests/cli, whose tiny config and data it takes
  --all   every call; without it the first and the last of each function
Exits with 77 where there is no OpenCL device.
"""
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

BOUGH, FAULTS, CASES = (str(Path(path).resolve()) for path in sys.argv[1:4])
ALL = "--all" in sys.argv
SECONDS = 60  # a run takes less than one
# Nothing else may say that another way was taken.
TOLD = ("runs in plain C", "is not used", "not kept", "are kept", "no OpenCL")


def run(call, *, cache, device, wanted=None):
    """A training whose call number `call` fails; 0: none."""
    env = dict(os.environ, LD_PRELOAD=FAULTS, FAULT_CALL=str(call), BOUGH_CACHE=cache)
    if wanted:
        env["FAULT_LIST"] = wanted
    shutil.rmtree("run", ignore_errors=True)
    try:
        done = subprocess.run([BOUGH, "train", "tiny.yaml", "--run", "run", "--device", device],
                              env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return None, "hangs"
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace")


def broken_file():
    """What is wrong with a file of the run folder; None if all are whole."""
    for path in Path("run").glob("*"):
        try:
            if path.suffix == ".safetensors":
                content = path.read_bytes()
                size, = struct.unpack("<Q", content[:8])
                header = json.loads(content[8:8 + size])
                ends = [tensor["data_offsets"][1] for name, tensor in header.items()
                        if name != "__metadata__"]
                assert len(content) == 8 + size + max(ends), "its size"
            elif path.suffix in (".json", ".jsonl"):
                for text in [path.read_text()] if path.suffix == ".json" else \
                        path.read_text().splitlines():
                    json.loads(text)
            elif path.name == "config.yaml":
                assert path.read_text().endswith("\n"), "it is cut"
            elif path.suffix not in (".lock", ".yaml") and path.name != "lock":
                return f"{path} is left"
        except (AssertionError, ValueError, struct.error) as error:
            return f"{path}: {error}"
    return None


def model():
    return Path("run/model.safetensors").read_bytes()


def complaint(code, output, whole):
    """Why that end is not as it should be; None if it is."""
    if code is None or code < 0 or code > 128:
        return "crashes" if code is not None else output
    broken = broken_file()
    if broken:
        return broken
    if code == 0:
        if model() == whole or any(text in output for text in TOLD):
            return None
        return "another model, without a word"
    if code != 4:
        return f"exit {code}"
    return None if "bough: " in output.splitlines()[-1] else "no message"


def sweep(cache, device):
    code, output = run(0, cache=cache, device=device)  # what is to be built is built
    code, output = run(0, cache=cache, device=device, wanted="calls")
    if code != 0:
        sys.exit(f"without a fault: exit {code}\n{output}")
    whole = model()
    names = Path("calls").read_text().splitlines()
    last = {name: i for i, name in enumerate(names, 1)}
    first = {name: i for i, name in reversed(list(enumerate(names, 1)))}
    calls = range(1, len(names) + 1) if ALL else sorted({*first.values(), *last.values()})
    bad, ends = 0, {}
    for call in calls:
        code, output = run(call, cache=cache, device=device)
        ends[code] = ends.get(code, 0) + 1
        what = complaint(code, output, whole)
        if not what and "pthread-" in output and "does not build" in output and \
                "POCL_CACHE_DIR" not in output:
            what = "PoCL's cache folder is not asked for"
        if what:
            bad += 1
            print(f"call {call} ({names[call - 1]}), cache {cache}: {what}\n{output}", flush=True)
    print(f"cache {cache}: {len(calls)} of {len(names)} calls of {len(last)} functions failed "
          f"once; {bad} did not end as they should; runs by exit code: {ends}")
    return bad


def main():
    devices = json.loads(subprocess.run([BOUGH, "devices", "--json"], check=True,
                                        stdout=subprocess.PIPE).stdout)["devices"]
    usable = [d for d in devices[1:] if not d["refused"]]
    if not usable:
        print("skipped: no OpenCL device")
        sys.exit(77)
    print(f"device {usable[0]['device']}: {usable[0]['name']}")
    # From binaries that were kept, and from source.
    bad = [sweep(cache, usable[0]["device"]) for cache in (os.getcwd() + "/cache", "off")]
    sys.exit(any(bad))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        shutil.copy(CASES + "/tiny.yaml", folder)
        subprocess.run([sys.executable, CASES + "/make_data.py", "tiny.safetensors"], check=True)
        try:
            main()
        finally:
            os.chdir("/")
