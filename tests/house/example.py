#!/usr/bin/env python3
"""Runs an example that trains two tasks: it ends well, and has learned both.

usage: example.py PROGRAM [ARGUMENTS...]
"""
import re
import subprocess
import sys


def main():
    done = subprocess.run(sys.argv[1:], check=False, text=True, stdout=subprocess.PIPE)
    print(done.stdout, end="")
    if done.returncode != 0:
        sys.exit(f"exit {done.returncode}")
    found = re.fullmatch(r"inside: accuracy (\S+)\ndistance: mean squared error (\S+)\n", done.stdout)
    if not found or not 0.9 <= float(found[1]) <= 1 or not 0 <= float(found[2]) < 0.1:
        sys.exit("wanted an accuracy of 0.9 to 1 and a mean squared error below 0.1")


if __name__ == "__main__":
    main()
