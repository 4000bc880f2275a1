#!/usr/bin/env python3
"""Holds every #include against the floors of the house: a room includes only rooms below it.

usage: includes.py SOURCE_DIR
"""
import pathlib
import re
import sys

# A room and what it may include beside itself.
GROUND = ["base", "tensor", "device"]
ROOMS = {
    "base": [],
    "tensor": ["base"],
    "device": ["base", "tensor"],
    "op": GROUND,
    "data": GROUND,
    "graph": GROUND + ["op"],
    "nn": GROUND + ["op", "graph"],
    "mtl": GROUND + ["op", "graph", "nn"],
    "config": GROUND + ["op", "graph", "nn", "mtl"],
    "run": GROUND,
    "weigh": GROUND + ["op", "graph", "nn", "mtl", "config"],
    "train": GROUND + ["op", "graph", "nn", "mtl", "data", "config", "run"],
    "bench": GROUND + ["op", "graph", "nn", "mtl", "data", "config", "run", "train"],
}
# The room that a public header speaks for: rooms below that one do not include it.
PUBLIC = {"status": "base", "name": "base", "tensor": "tensor", "device": "device", "dataset": "data",
          "config": "config", "weighting": "weigh", "train": "run", "model": "train", "similarity": "train", "bench": "bench", "tune": "bench"}
BACKENDS = ["src/device/c/", "src/device/opencl/"]
SHARED_HEADERS = ["base", "tensor"]  # rooms that may not see cl/

# (file, include, allowed): what this script must answer.
EXAMPLES = [
    ("src/op/linear.c", '"device/sequence.h"', True),
    ("src/op/linear.c", '"graph/graph.h"', False),
    ("src/op/linear.c", '"op.h"', False),
    ("src/op/linear.c", '"data/split.h"', False),
    ("src/op/linear.c", '"device/opencl/queue.h"', False),
    ("src/device/device_list.c", '"device/opencl/queue.h"', False),
    ("src/device/opencl/queue.c", '"device/opencl/queue.h"', True),
    ("src/device/c/gemm/gemm.c", '"device/opencl/queue.h"', False),
    ("src/graph/plan.c", "<bough/tensor.h>", True),
    ("src/graph/plan.c", "<bough/config.h>", False),
    ("src/graph/plan.c", "<CL/cl.h>", False),
    ("src/device/opencl/queue.c", "<CL/cl.h>", True),
    ("src/base/error.c", '"cl/step.h"', False),
    ("src/op/random.c", '"cl/random.h"', True),
    ("src/train/loop.c", '"tools/bough/command.h"', False),
    ("src/train/loop.c", '"bench/timer.h"', False),
    ("src/train/loop.c", "<bough/bench.h>", False),
    ("src/bench/step.c", '"train/trainer.h"', True),
    ("tools/bough/train.c", "<bough/train.h>", True),
    ("tools/bough/train.c", '"command.h"', True),
    ("tools/bough/train.c", '"base/error.h"', False),
    ("tools/data/compose.c", '"cl/random.h"', True),
    ("cl/activation.cl", '"bough.h"', True),
    ("cl/gemm/tile.cl", '"gemm/gemm.h"', True),
    ("cl/activation.cl", '"op/op.h"', False),
]


def objection(path, include):
    """Why `path` may not have this include; None if it may."""
    name, system = include[1:-1], include[0] == "<"
    if re.match(r"(CL/|clblast)", name):
        return None if path.startswith("src/device/opencl/") else "OpenCL outside its backend"
    if path.startswith("cl/"):
        own = "/" not in name or name.startswith("gemm/")
        return None if own else "cl/ includes only its own headers"
    if path.startswith(("tools/", "examples/")):
        fine = system or "/" not in name or name == "cl/random.h"
        return None if fine else "programs include <bough/...> only"
    room = path.split("/")[1]
    if system:
        return public_objection(room, name)
    if name.startswith("cl/"):
        return "a room below the devices" if room in SHARED_HEADERS else None
    if "/" not in name or name.split("/")[0] not in ROOMS:
        return "not spelled from src/"
    for backend in BACKENDS:
        if name.startswith(backend[len("src/"):]) and not path.startswith(backend):
            return "a backend's insides"
    wanted = name.split("/")[0]
    if wanted != room and wanted not in ROOMS[room]:
        return f"{room} may include only {', '.join(ROOMS[room]) or 'libc'}"
    return None


def public_objection(room, name):
    if not name.startswith("bough/"):
        return None
    home = PUBLIC.get(name[len("bough/"):-len(".h")])
    if home is None:
        return "not a header for the library's inside"
    return None if home == room or home in ROOMS[room] else f"speaks for {home}, above {room}"


def includes(source):
    folders = (source / top for top in ("src", "cl", "tools", "examples"))
    for path in sorted(file for folder in folders for file in folder.rglob("*")):
        name = path.relative_to(source).as_posix()
        if path.suffix in (".c", ".h", ".cl"):
            for row, line in enumerate(path.read_text().splitlines(), 1):
                found = re.match(r'\s*#\s*include\s*(<[^>]+>|"[^"]+")', line)
                if found:
                    yield name, row, found.group(1)


def main():
    for path, include, allowed in EXAMPLES:
        assert (objection(path, include) is None) == allowed, (path, include)
    wrong, seen, clblast = [], 0, set()
    for path, row, include in includes(pathlib.Path(sys.argv[1])):
        seen += 1
        why = objection(path, include)
        if why:
            wrong.append(f"{path}:{row}: {include}: {why}")
        if "clblast" in include:
            clblast.add(path)
    if len(clblast) > 1:
        wrong.append(f"CLBlast is included by {', '.join(sorted(clblast))}; wanted: one file")
    print("\n".join(wrong) or f"{seen} includes, every one downwards")
    return 1 if wrong or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
