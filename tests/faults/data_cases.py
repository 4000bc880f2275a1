"""Small runs of bough-data, and a folder to run them in."""
import gzip
import os
import struct
import subprocess
import zlib

TABLE = ["png", "pictures", "--csv", "labels.csv", "--class", "age", "--resize", "3x3"]

CONLL = ["text", "--conll", "sentences", "--columns", "token,slot", "--lower-case"]

CASES = {
    "info": ["info", "table.safetensors"],
    "info-json": ["info", "table.safetensors", "--json"],
    "png": ["png", "pictures", "-o", "out.safetensors"],
    "png-csv": TABLE + ["-o", "out.safetensors"],
    "csv": ["csv", "table.csv.gz", "--schema", "table.yaml", "-o", "out.safetensors"],
    "idx": ["idx", "--images", "images.gz", "--labels", "labels", "--classes", "cat,dog",
            "-o", "out.safetensors"],
    "split": ["split", "table.safetensors", "--to", "test", "--count", "1",
              "-o", "out.safetensors"],
    "merge": ["merge", "table.safetensors", "items.safetensors", "-o", "out.safetensors"],
    "compose": ["compose", "--recipe", "mgda", "-i", "table.safetensors", "--field", "label=who",
                "-o", "out.safetensors"],
    "generate": ["generate", "mmoe", "--count", "4", "--test", "2", "-o", "out.safetensors"],
    "text": ["text", "texts.gz", "--columns", "text,mood,stars,id", "--number", "stars",
             "--vocabulary", "sentences.safetensors", "-o", "out.safetensors"],
    "text-conll": CONLL + ["-o", "out.safetensors"],
    "show-text": ["show", "sentences.safetensors"],
    "show": ["show", "table.safetensors", "-o", "sheet.png"],
}


def png(width, height, bits, colour, rows, *chunks):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">2I5B", width, height, bits, colour, 0, 0, 0)
    parts = [chunk(b"IHDR", header), *(chunk(*c) for c in chunks),
             chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


# By name: of 16 bits, and of colours that are looked up, one of them transparent.
FILES = {
    "pictures/1/a.png": png(2, 2, 16, 0, bytes([0, 1, 2, 3, 4, 0, 250, 6, 7, 8])),
    "pictures/2/b.png": png(2, 2, 8, 3, bytes([0, 0, 1, 0, 1, 2]),
                            (b"PLTE", bytes([9, 80, 70, 60, 50, 40, 30, 20, 10])),
                            (b"tRNS", bytes([255, 100]))),
    "labels.csv": b'path,id,age,who,size\n1/a.png,first,4,"eve, b",1.5\n2/b.png,second,7,,NA\n',
    "table.csv.gz": gzip.compress(b'n,who,day,kind,id,text\n1,ann,2013-01-02,a,p,"x\ny"\n'
                                  b'2,"b, o",2013-01-03,b,q,z\nNA,,,a,r,\n', mtime=0),
    "table.yaml": (b"split: {column: n, parts: {train: [1, 2], test: rest}}\n"
                   b"columns: {kind: target, id: id}\n"),
    "images.gz": gzip.compress(struct.pack(">4B3I", 0, 0, 8, 3, 2, 2, 2) + b"abcdefgh", mtime=0),
    "sentences": b"# kind: a\nOne O\ntwo B-x\n\n# kind: b\nthree B-y\nfour I-y\n",
    "texts.gz": gzip.compress(b"One, two!\tgood\t2.5\tx\nThree\tNA\t\ty\n", mtime=0),
    "labels": struct.pack(">4BI2B", 0, 0, 8, 1, 2, 0, 1),
}


def make_start(folder, program):
    """The data sets there are made by the program itself."""
    for name, data in FILES.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
    for args in (TABLE + ["-o", "table.safetensors"], CONLL + ["-o", "sentences.safetensors"],
                 ["idx", "--images", "images.gz", "--labels", "labels", "--field", "label=who",
                  "--classes", "fox,ox", "--split", "more", "-o", "items.safetensors"]):
        subprocess.run([program] + args, cwd=folder, check=True, stdout=subprocess.DEVNULL)
