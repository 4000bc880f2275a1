#!/usr/bin/env python3
"""Runs a script and compares all that it prints with the golden file beside it.

The script runs under bash in an empty folder, after prelude.sh, with stderr in stdout's order.
The program's folder is first in PATH; what differs from run to run, the prelude's filters replace or
mark, and compare.py knows how far marked numbers may differ.

usage: run.py BIN_DIR CASE.sh [--update | --cpu-name LIBRARY]
  --update    rewrites the golden file
  --cpu-name  cpu_name.c, built: the processor gets a name of all that a name may hold
"""
import difflib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from compare import settled, without_name

MADE_UP = "Intel(R) \"Xeon\" [x]{2} 'y' $HOME `id` \\1 \\n 100%s & ^.*|? /é µ漢\udcae CPU @ 2.1GHz"


def name_of(environment):
    """The processor's, as plain C tells it."""
    alone = dict(environment, OCL_ICD_VENDORS="/nonexistent", OCL_ICD_FILENAMES="")
    done = subprocess.run(["bough", "devices", "--json"], env=alone, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)["devices"][0]["name"]


def environment_of(binaries, case):
    environment = dict(os.environ, PATH=f"{binaries}:{os.environ['PATH']}", LC_ALL="C.UTF-8",
                       CASES=str(case.parent), PYTHON=sys.executable)
    environment.pop("BOUGH_DEVICE", None)
    environment["BOUGH_CACHE"] = str(binaries.parent / "cache")
    return environment


def main():
    binaries, case = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    golden = case.with_suffix(".out")
    environment = environment_of(binaries, case)
    os.environ["PATH"] = environment["PATH"]
    if "--cpu-name" in sys.argv:
        environment.update(LD_PRELOAD=str(pathlib.Path(sys.argv[4]).resolve()), CPU_NAME=MADE_UP)
    name = name_of(environment)
    if "--cpu-name" in sys.argv and name != MADE_UP.replace("\udcae", "?"):
        sys.exit(f"the made-up name became {name!r}")
    with tempfile.TemporaryDirectory() as folder:
        script = f"set -u; . {case.parent}/prelude.sh; . {case}"
        done = subprocess.run(["bash", "-c", script], cwd=folder, env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=600)
        got = done.stdout.decode(errors="replace").replace(os.path.realpath(folder), "FOLDER")
        got = without_name(got, name)
    if done.returncode != 0:
        sys.exit(f"{case.name} itself failed:\n{got}")
    want = golden.read_text() if golden.exists() else ""
    got = settled(got, want)
    if "--update" in sys.argv:
        golden.write_text(got)
        return
    sys.stdout.writelines(difflib.unified_diff(want.splitlines(True), got.splitlines(True),
                                               golden.name, "printed"))
    sys.exit(got != want)


if __name__ == "__main__":
    main()
