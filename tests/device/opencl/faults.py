#!/usr/bin/env python3
"""Trains a tiny net on the first usable OpenCL device, and lets one call of OpenCL fail each time, or
throw a C++ exception, or a function fail from some call on.

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
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "faults"))
from whole import damaged, files  # noqa: E402

BOUGH, FAULTS, CASES = (str(Path(path).resolve()) for path in sys.argv[1:4])
ALL = "--all" in sys.argv
SECONDS = 60  # a run takes less than one
# Another way of computing was taken: nothing else may make another model.
TOLD = ("runs in plain C", "is not used", "no OpenCL")


def run(call, *, cache, device, **variables):
    """A training whose call number `call` fails; 0: none."""
    env = dict(os.environ, LD_PRELOAD=FAULTS, FAULT_CALL=str(call), BOUGH_CACHE=cache, **variables)
    shutil.rmtree("run", ignore_errors=True)
    try:
        done = subprocess.run([BOUGH, "train", "tiny.yaml", "--run", "run", "--device", device],
                              env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return None, "hangs"
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace")


def complaint(code, output, whole):
    """Why that end is not as it should be; None if it is. `whole`: the files of a run without."""
    if code is None or code < 0 or code > 128:
        return "crashes" if code is not None else output
    found = files("run")
    broken = damaged(found, {"config.yaml": (whole["config.yaml"],)})
    if broken:
        return f"{broken} is damaged"
    if code == 0:
        if found["model.safetensors"] == whole["model.safetensors"] or any(text in output for text in TOLD):
            return None
        return "another model, without a word"
    if code != 4:
        return f"exit {code}"
    return None if "bough: " in output.splitlines()[-1] else "no message"


def sweep(cache, device, *, onward="", everything=ALL, **variables):
    """`onward`: "+" where all calls after of the same function fail too."""
    code, output = run(0, cache=cache, device=device)  # what is to be built is built
    code, output = run(0, cache=cache, device=device, FAULT_LIST="calls")
    if code != 0:
        sys.exit(f"without a fault: exit {code}\n{output}")
    whole = files("run")
    names = Path("calls").read_text().splitlines()
    last = {name: i for i, name in enumerate(names, 1)}
    first = {name: i for i, name in reversed(list(enumerate(names, 1)))}
    some = first.values() if onward else {*first.values(), *last.values()}
    bad, ends = 0, {}
    for call in range(1, len(names) + 1) if everything else sorted(some):
        code, output = run(f"{call}{onward}", cache=cache, device=device, **variables)
        ends[code] = ends.get(code, 0) + 1
        what = complaint(code, output, whole)
        if not what and "pthread-" in output and "does not build" in output and \
                "POCL_CACHE_DIR" not in output:
            what = "PoCL's cache folder is not asked for"
        if not what and variables and code and "C++ exception" not in output:
            what = "the exception is not told"
        if what:
            bad += 1
            print(f"call {call}{onward} ({names[call - 1]}), cache {cache} {variables}: {what}\n"
                  f"{output}", flush=True)
    print(f"cache {cache} {variables}: of {len(names)} calls of {len(last)} functions "
          f"{sum(ends.values())} failed, one a run{' with those after' if onward else ''}; "
          f"{bad} did not end as they should; runs by exit code: {ends}")
    return bad


def listing_throws():
    """It needs no device: the loader's first call throws."""
    env = dict(os.environ, LD_PRELOAD=FAULTS, FAULT_CALL="1", FAULT_THROW="1")
    done = subprocess.run([BOUGH, "devices", "--json"], env=env, check=True, stdout=subprocess.PIPE,
                          timeout=SECONDS)
    if "C++ exception" not in json.loads(done.stdout)["note"]:
        sys.exit("no exception is told where the devices are listed")


def main():
    listing_throws()
    devices = json.loads(subprocess.run([BOUGH, "devices", "--json"], check=True,
                                        stdout=subprocess.PIPE).stdout)["devices"]
    usable = [d for d in devices[1:] if not d["refused"]]
    if not usable:
        print("skipped: no OpenCL device")
        sys.exit(77)
    print(f"device {usable[0]['device']}: {usable[0]['name']}")
    # From binaries that were kept, and from source.
    kept, device = os.getcwd() + "/cache", usable[0]["device"]
    bad = [sweep(cache, device) for cache in (kept, "off")]
    bad += [sweep(kept, device, onward="+", everything=False), sweep("off", device, FAULT_THROW="1")]
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
