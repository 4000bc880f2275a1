#!/usr/bin/env python3
"""Writes spans.json: what conlleval counts in sequences of BIO tags.

usage: spans.py conlleval.pl     (the script of CoNLL 2000 to 2003, 2004-01-26, by Erik Tjong Kim
                                  Sang; needs perl, and seqeval)

Run by hand, never by the build. seqeval, which ports it, must give the same F1. A case has the
names of its tags, and labels and predictions of some sequences each.
"""
import json
import os
import random
import re
import subprocess
import sys
import warnings

from seqeval.metrics import f1_score

warnings.simplefilter("ignore")
HERE = os.path.dirname(os.path.abspath(__file__))
TAGS = ["O", "B-a", "I-a", "B-b", "I-b", "I-c"]


def conlleval(labels, predicted):
    text = "\n".join("".join(f"w {TAGS[l]} {TAGS[p]}\n" for l, p in zip(*row))
                     for row in zip(labels, predicted))
    told = subprocess.run(["perl", sys.argv[1]], input=text, capture_output=True, text=True,
                          check=True).stdout
    found = re.search(r"with (\d+) phrases; found: (\d+) phrases; correct: (\d+)", told)
    return [int(number) for number in found.groups()]


def case(name, labels, predicted):
    whole, found, right = conlleval(labels, predicted)
    f1 = 2 * right / (whole + found) if whole + found else 0
    named = [[[TAGS[tag] for tag in row] for row in rows] for rows in (labels, predicted)]
    assert abs(f1 - f1_score(*named)) < 1e-12, name
    return {"name": name, "labels": labels, "predicted": predicted, "labelled": whole,
            "found": found, "right": right, "f1": f1}


def well_formed(draw, length):
    tags = []
    while len(tags) < length:
        kind = draw.choice([0, 0, 1, 3])
        tags += [kind] + [kind + 1] * (draw.randrange(3) if kind else 0)
    return tags[:length]


def cases():
    draw = random.Random(1)
    at_random = lambda length: [draw.randrange(len(TAGS)) for _ in range(length)]
    lengths = lambda count: [draw.randrange(1, 12) for _ in range(count)]
    for round_ in range(20):
        labels = [well_formed(draw, n) for n in lengths(8)]
        guess = [[tag if draw.random() < 0.8 else draw.randrange(5) for tag in row]
                 for row in labels]
        yield case(f"well formed, mostly right {round_}", labels, guess)
    for round_ in range(40):
        size = lengths(6)
        labels = [at_random(n) for n in size]
        guess = [[tag if draw.random() < 0.6 else draw.randrange(len(TAGS)) for tag in row]
                 for row in labels]
        yield case(f"any tags {round_}", labels, guess)
    yield case("I without B", [[2, 2, 4, 0, 5]], [[1, 2, 3, 0, 5]])
    yield case("a span cut in two", [[1, 2, 2]], [[1, 2, 1]])
    yield case("a span goes on", [[1, 2, 0]], [[1, 2, 2]])
    yield case("of another type", [[1, 2, 0]], [[3, 4, 0]])
    yield case("across sentences", [[1], [2]], [[1], [2]])
    yield case("no spans", [[0, 0]], [[0, 0]])
    yield case("none predicted", [[1, 2]], [[0, 0]])


with open(os.path.join(HERE, "spans.json"), "w") as out:
    out.write('{"source": "conlleval.pl 2004-01-26 and seqeval 1.2.2, spans.py", "tags": %s,'
              ' "cases": [\n' % json.dumps(TAGS))
    out.write(",\n".join(json.dumps(row) for row in cases()) + "\n]}\n")
