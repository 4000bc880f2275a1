"""Whether the files that a run of bough left are whole."""
import json
import os
import struct


def is_tensors(data):
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
    return len(data) == 8 + length + max(ends)


def is_whole(name, data, expected):
    """`expected`: by name, the contents that a file of one right content may have."""
    try:
        if name in ("config.yaml", "p.csv"):
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


def files(folder, start):
    """By name; where they say in which of these two folders something lies, that is left out."""
    found = {}
    for where, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(where, name), "rb") as file:
                found[name] = file.read().replace(folder.encode(), b"")
                found[name] = found[name].replace(start.encode(), b"")
    return found
