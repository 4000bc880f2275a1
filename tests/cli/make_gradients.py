#!/usr/bin/env python3
"""Writes a safetensors file of float tensors.

usage: make_gradients.py OUT NAME=JSON...   NaN and Infinity are numbers; NAME:F64 is of another type
"""
import json
import struct
import sys

CODES = {"F32": "f", "F64": "d", "I32": "i"}


def shape_of(value):
    return [len(value)] + shape_of(value[0]) if isinstance(value, list) and value else \
        [0] if isinstance(value, list) else []


def flat(value):
    return [x for item in value for x in flat(item)] if isinstance(value, list) else [value]


def main():
    header, data = {}, b""
    for word in sys.argv[2:]:
        name, text = word.split("=", 1)
        name, _, dtype = name.partition(":")
        value, dtype = json.loads(text), dtype or "F32"
        content = struct.pack(f"<{len(flat(value))}{CODES[dtype]}", *flat(value))
        header[name] = {"dtype": dtype, "shape": shape_of(value),
                        "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(sys.argv[1], "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + data)


if __name__ == "__main__":
    main()
