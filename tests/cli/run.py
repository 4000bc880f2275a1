#!/usr/bin/env python3
"""Runs a script and compares all that it prints with the golden file beside it.

The script runs under bash in an empty folder, after prelude.sh, with stderr in stdout's order.
The program's folder is first in PATH; what differs from run to run, the prelude's filters replace.

usage: run.py BIN_DIR CASE.sh [--update]      --update rewrites the golden file
"""
import difflib
import os
import pathlib
import subprocess
import sys
import tempfile


def main():
    binaries, case = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    golden = case.with_suffix(".out")
    environment = dict(os.environ, PATH=f"{binaries}:{os.environ['PATH']}", LC_ALL="C.UTF-8",
                       CASES=str(case.parent), PYTHON=sys.executable)
    environment.pop("BOUGH_DEVICE", None)
    environment["BOUGH_CACHE"] = str(binaries.parent / "cache")
    with tempfile.TemporaryDirectory() as folder:
        script = f"set -u; . {case.parent}/prelude.sh; . {case}"
        done = subprocess.run(["bash", "-c", script], cwd=folder, env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=120)
        got = done.stdout.decode(errors="replace").replace(os.path.realpath(folder), "FOLDER")
    if done.returncode != 0:
        sys.exit(f"{case.name} itself failed:\n{got}")
    if "--update" in sys.argv:
        golden.write_text(got)
        return
    want = golden.read_text() if golden.exists() else ""
    sys.stdout.writelines(difflib.unified_diff(want.splitlines(True), got.splitlines(True),
                                               golden.name, "printed"))
    sys.exit(got != want)


if __name__ == "__main__":
    main()
