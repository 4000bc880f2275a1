#!/usr/bin/env python3
"""Runs the toy of examples/weigh_toy.c and holds where its walks end against what is published.

Published are the end points of CAGrad (NeurIPS 2021) and Nash-MTL (ICML 2022) in double. mgda's are
those of its closed form (golden/toy_mgda.py tells why the published ones are others). A walk that
oscillates in a ravine on its way ends elsewhere for a start 1e-12 away: there it is held to what it
must reach.

usage: example_toy.py PROGRAM
"""
import json
import pathlib
import re
import subprocess
import sys

NEAR, STUCK = 0.02, 0.06
MIDDLE = (0, -8.355, NEAR)
FRONT = "the front"  # x1 from -7 to 7, and x2 between what it is in the middle and at the ends
FAR = "not the front"
GOLDEN = json.loads((pathlib.Path(__file__).parent / "golden/toy_mgda.json").read_text())
WANTED = [
    ("equal", [(-5.05, 2.15, STUCK), MIDDLE, (5.05, 2.32, STUCK)]),
    ("cagrad", [MIDDLE] * 3),
    ("mgda", [(x1, x2, NEAR) for x1, x2 in GOLDEN["exact"]]),
    ("{name: pcgrad, reduction: mean}", [FRONT, (-6.45, -8.42, NEAR), FRONT]),
    ("equal", [None, None, FAR, None, None]),
    ("cagrad", [None, None, FAR, None, None]),
    ("nash", [(-2.93, -8.37, NEAR), MIDDLE, (2.94, -8.37, NEAR), (-3.29, -8.374, NEAR),
              (4.90, -8.395, NEAR)]),
]


def is_on_front(x1, x2):
    return -7 - NEAR <= x1 <= 7 + NEAR and -8.435 - NEAR <= x2 <= -8.355 + NEAR


def is_as_wanted(x1, x2, wanted):
    if wanted is None:
        return True
    if wanted in (FRONT, FAR):
        return is_on_front(x1, x2) == (wanted == FRONT)
    return abs(x1 - wanted[0]) <= wanted[2] and abs(x2 - wanted[1]) <= wanted[2]


def main():
    for share in ("abc", "0.5x", "", "0", "2"):
        if subprocess.run([*sys.argv[1:], share], stderr=subprocess.DEVNULL).returncode != 2:
            sys.exit(f"{share} is no share of the steps, and it was taken")
    done = subprocess.run(sys.argv[1:], check=True, text=True, stdout=subprocess.PIPE)
    print(done.stdout, end="")
    walks = re.findall(r"^  (\S.*?) +\(.*\) +to \( *(\S+), *(\S+)\)$", done.stdout, re.M)
    wanted = [(name, end) for name, ends in WANTED for end in ends]
    if [name for name, _, _ in walks] != [name for name, _ in wanted]:
        sys.exit("these are not the walks wanted")
    wrong = [f"{name}: ({x1}, {x2}), wanted {end}" for (name, x1, x2), (_, end) in
             zip(walks, wanted) if not is_as_wanted(float(x1), float(x2), end)]
    sys.exit("\n".join(wrong) or None)


if __name__ == "__main__":
    main()
