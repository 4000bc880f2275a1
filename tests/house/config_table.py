#!/usr/bin/env python3
"""README.md holds the table of config keys as `bough help config` prints it.

usage: config_table.py BOUGH README
"""
import pathlib
import subprocess
import sys

table = subprocess.run([sys.argv[1], "help", "config"], check=True, text=True,
                       stdout=subprocess.PIPE).stdout
if len(table.splitlines()) < 10 or table not in pathlib.Path(sys.argv[2]).read_text():
    sys.exit("README.md: its table of keys is not what `bough help config` prints; put that there")
