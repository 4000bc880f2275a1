#!/usr/bin/env python3
"""Writes a tiny data set of two tasks: 1 x 4 x 4 images whose halves' brightness are the labels.

usage: make_data.py OUT [ROWS [lacking]]
  lacking  with a `table` of both numbers, NaN in every third row, and `seen`, which is 0 in every
           fourth, of rows that lack the image; those that lack both have no labels
"""
import json
import struct
import sys


def tensors(split, rows):
    image, left, right = bytearray(), bytearray(), bytearray()
    for row in range(rows):
        a, b = row % 2, row // 2 % 2
        for pixel in range(16):
            bright = a if pixel % 4 < 2 else b
            image.append(200 * bright + (row * 7 + pixel * 3) % 50)
        left += struct.pack("<q", a)
        right += struct.pack("<q", b)
    return [(f"{split}/image", "U8", [rows, 1, 4, 4], image),
            (f"{split}/left", "I64", [rows], left), (f"{split}/right", "I64", [rows], right)]


def lacking(split, rows):
    table, seen = bytearray(), bytearray()
    image, left, right = tensors(split, rows)
    for row in range(rows):
        table += struct.pack("<2f", *([float("nan")] * 2 if row % 3 == 0 else
                                      [row % 2, row // 2 % 2]))
        seen.append(row % 4 != 0)
        for label in (left, right):
            if row % 12 == 0:
                label[3][8 * row:8 * row + 8] = struct.pack("<q", -1)
    return [image, (f"{split}/table", "F32", [rows, 2], table),
            (f"{split}/seen", "U8", [rows], seen), left, right]


def main():
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 64
    make = lacking if len(sys.argv) > 3 else tensors
    header, data = {"__metadata__": {"classes/left": "dark\nbright"}}, b""
    for name, dtype, shape, content in make("train", rows) + make("test", 16):
        header[name] = {"dtype": dtype, "shape": shape,
                        "data_offsets": [len(data), len(data) + len(content)]}
        data += bytes(content)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(sys.argv[1], "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + data)


if __name__ == "__main__":
    main()
