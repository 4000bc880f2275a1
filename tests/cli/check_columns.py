#!/usr/bin/env python3
"""Checks that what `bough devices` prints (read from stdin) stands in columns, of characters, not
bytes, and prints what is the same on every machine.
"""
import sys


def main():
    title, row, *rest = sys.stdin.read().splitlines()
    for column, value in (("device", "c"), ("type", "C"), ("driver", "bough "), ("usable", "yes")):
        assert row[title.index(column):].startswith(value), (column, title, row)
    assert row[:title.index("type")].endswith("  "), (title, row)
    print("columns of", row.split()[0], row.split()[-1], *rest, sep="\n")


if __name__ == "__main__":
    main()
