#!/usr/bin/env python3
"""Writes small valid files for the fuzzers to begin with, a folder for each reader.

usage: seeds.py OUT
"""
import gzip
import json
import pathlib
import struct
import subprocess
import sys
import zlib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def idx(kind, element, shape):
    count = 1
    for size in shape:
        count *= size
    data = b"".join(struct.pack(">" + element, i % 100) for i in range(count))
    return bytes([0, 0, kind, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + data


def every_dtype():
    """A safetensors file with a tensor of each type, of two elements."""
    sizes = {"F64": 8, "I64": 8, "F32": 4, "I32": 4, "F16": 2, "BF16": 2, "I16": 2, "U8": 1,
             "I8": 1, "BOOL": 1}
    header, at = {"__metadata__": {"classes/U8": "a\nb"}}, 0
    for name, size in sizes.items():
        header["train/" + name] = {"dtype": name, "shape": [2],
                                   "data_offsets": [at, at + 2 * size]}
        at += 2 * size
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(i % 2 for i in range(at))


def chunk(name, content):
    return (struct.pack(">I", len(content)) + name + content +
            struct.pack(">I", zlib.crc32(name + content)))


def png(depth, colour, row_bytes, *more, interlaced=0):
    """4 x 4 pixels. An interlaced image of that size has passes of 1, 1, 1, 2, 2, 4, 2 rows."""
    rows = bytes(i % 251 for i in range(4 * row_bytes))
    lines = b"".join(b"\0" + rows[i * row_bytes:(i + 1) * row_bytes] for i in range(4))
    if interlaced:
        lines = b"".join(b"\0" + bytes(width) for width in (1, 1, 2, 2, 2, 4, 4))
    header = struct.pack(">IIBBBBB", 4, 4, depth, colour, 0, 0, interlaced)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(more) +
            chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))


def seeds():
    yield "idx", "bytes", idx(8, "B", [3, 2, 2])
    yield "idx", "shorts", idx(11, "h", [3, 2])
    yield "idx", "floats", idx(13, "f", [4])
    yield "idx", "doubles", idx(14, "d", [2, 2])
    yield "idx", "gzipped", gzip.compress(idx(8, "B", [5]), mtime=0)
    yield "png", "grey", png(8, 0, 4)
    yield "png", "bits", png(1, 0, 1)
    yield "png", "deep", png(16, 2, 24)
    yield "png", "colour", png(8, 2, 12)
    yield "png", "clear", png(8, 6, 16)
    yield "png", "interlaced", png(8, 0, 4, interlaced=1)
    yield "png", "palette", png(2, 3, 1, chunk(b"PLTE", bytes(range(12))), chunk(b"tRNS", b"\1\2"))
    yield "safetensors", "dtypes", every_dtype()
    yield "csv", "plain", b"file,label\na.png,1\nb.png,2\n"
    yield "csv", "quoted", b'\xef\xbb\xbfa,"b ""c""\r\nd"\r\n"1",-2.5e3\r\n\r\n,\n'
    yield "csv", "wide", b",".join(b"%d" % i for i in range(40)) + b"\n"
    yield "table", "plain", b"\0n,who,day\n1,a,2013-01-02\n2,b,\n,a,2013-01-03 10:00\n1,NA,\n"
    yield "table", "split", (b"split: {column: n, parts: {train: ..2, test: rest}}\nmissing: [x]\n"
                             b"columns: {k: {role: target, names: [a, b]}, i: id}\0"
                             b"n;k;i\n1,5;a;p\n3;b;q\n2;x;r\n")
    yield "table", "shares", (b"split: {group: g, seed: 3, parts: {train: 0.5, test: rest}}\ncolumns:"
                              b" {n: {range: [0, 9], missing: ['5']}, c: {type: class, minimum: 2}}\0"
                              b"g,n,c\n1,5,a\n2,4,b\n3,1,a\n4,2,a\n5,2,\"b c\"\n6,2,a\n")
    yield "text", "conll", b"# intent: a\nb\tB-x\nc I-x\n\n# by hand\nd O\n"
    yield "text", "lines", "É b, c\t1\nd\tNA\n".encode()
    yield "text", "table", b'label,text\n1,"b, c"\nNA,d\n'
    yield "text", "gzipped", gzip.compress(b"a O\nb O\n", mtime=0)
    configs = sorted(ROOT.glob("datasets/*/config.yaml")) + [ROOT / "tests/cli/tiny.yaml"]
    for i, path in enumerate(configs):
        yield "yaml", f"config-{i}", path.read_bytes()
    yield "yaml", "inputs", (b"data: x\ninputs: {a: , b: {field: c, type: ids}, d: {normalize: auto}}\n"
                             b"tasks: {t: {target: t, loss: mse, head: [linear: 1]}}\n")


def main():
    out = pathlib.Path(sys.argv[1])
    for reader, name, content in seeds():
        (out / reader).mkdir(parents=True, exist_ok=True)
        (out / reader / name).write_bytes(content)
    subprocess.run([sys.executable, ROOT / "tests/cli/make_data.py", out / "safetensors/tiny", "4"],
                   check=True)


if __name__ == "__main__":
    main()
