"""A folder to run bough in, and whether the files that a run left there are whole."""
import json
import os
import struct
import subprocess
import sys


def make_start(folder, cli):
    """Copies of it train on one data set, so that they write the same wherever they lie."""
    os.mkdir(folder)
    data = folder + "/tiny.safetensors"
    subprocess.run([sys.executable, cli + "/make_data.py", data], check=True)
    subprocess.run([sys.executable, cli + "/make_gradients.py", folder + "/gradients.safetensors",
                    "gradients=[[-4, 1, 1], [6, 1, 1]]", "losses=[1, 2]"], check=True)
    with open(cli + "/tiny.yaml", encoding="utf-8") as file:
        text = file.read().replace("tiny.safetensors", data)
    with open(folder + "/tiny.yaml", "w", encoding="utf-8") as file:
        file.write(text)


def is_tensors(data):
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
    return len(data) == 8 + length + max(ends)


def is_whole(name, data, expected):
    """`expected`: by name, the contents that a file of one right content may have."""
    try:
        if name in ("config.yaml", "p.csv", "s.csv", "s.png"):
            return data in expected[name]
        if name.endswith(".safetensors"):
            return is_tensors(data)
        if name.endswith(".jsonl"):
            return all(json.loads(line) for line in data.splitlines()) and data[-1:] in (b"", b"\n")
        if name.endswith(".json"):
            return isinstance(json.loads(data), dict)
    except (ValueError, struct.error, KeyError, TypeError):
        return False
    return not name.endswith(".part")  # which only a killed run leaves


def damaged(found, expected):
    """The name of a damaged file; None if there is none."""
    return next((name for name in found if not is_whole(name, found[name], expected)), None)


def files(folder):
    """Their contents by name."""
    found = {}
    for where, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(where, name), "rb") as file:
                found[name] = file.read()
    return found
