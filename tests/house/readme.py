#!/usr/bin/env python3
"""Runs every command of README.md as one script, in a copy of the tree, and fails with the first.

usage: readme.py SOURCE_DIR
`tools/check` is what runs this, so it is left out."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

source = Path(sys.argv[1])
text = (source / "README.md").read_text()
script = "set -eux\n" + "".join(re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S))
script = script.replace("\ntools/check\n", "\n")
if script.count("\n") < 10:
    sys.exit("README.md: where are its commands?")

with tempfile.TemporaryDirectory(prefix="readme-") as scratch:
    copy = Path(scratch) / "copy"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("build*", "runs", ".git",
                                                               "*.safetensors"))
    environment = dict(os.environ, HOME=scratch, XDG_CACHE_HOME=scratch + "/cache")
    environment.pop("BOUGH_DEVICE", None)
    sys.exit(subprocess.run(["sh", "-c", script], cwd=copy, env=environment,
                            stdin=subprocess.DEVNULL).returncode)
