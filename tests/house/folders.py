#!/usr/bin/env python3
"""Every folder is explained: by a README.md of its own, or by its name in a README.md above it.
No README is longer than forty lines, but the first one and the record of measurements.
A file of code has its name alone; a header has it alone below cl/, include/, src/ or tests/, which
its include tells.

usage: folders.py SOURCE_DIR
"""
import pathlib
import subprocess
import sys

LONGEST = 40
LONG = {"README.md", "tests/peers/README.md"}


def tracked(source):
    listing = subprocess.run(["git", "-C", source, "ls-files"], check=True, text=True,
                             stdout=subprocess.PIPE).stdout
    return [pathlib.PurePosixPath(line) for line in listing.splitlines()]


def explained(source, folder):
    if (source / folder / "README.md").exists():
        return True
    above = [source / parent / "README.md" for parent in folder.parents]
    return any(file.exists() and f"{folder.name}/" in file.read_text() for file in above)


def doubles(files):
    """Files of code that share a name."""
    seen = {}
    for file in files:
        if file.suffix in (".c", ".cl", ".h", ".py", ".sh"):
            top = file.parts[0] if file.suffix == ".h" else ""
            seen.setdefault((top, file.name), []).append(str(file))
    return [f"{' and '.join(same)}: one name, wanted two"
            for same in seen.values() if len(same) > 1]


def main():
    source = pathlib.Path(sys.argv[1])
    if not (source / ".git").exists():
        print("skipped: not a git checkout")
        return 77
    files = tracked(sys.argv[1])
    folders = {parent for file in files for parent in file.parents}
    wrong = [f"{folder}: no README.md, and none above names {folder.name}/"
             for folder in sorted(folders)
             if not folder.name.startswith(".") and folder.name and not explained(source, folder)]
    wrong += doubles(files)
    for file in files:
        lines = (source / file).read_text().count("\n") if file.name == "README.md" else 0
        if lines > LONGEST and str(file) not in LONG:
            wrong.append(f"{file}: {lines} lines, wanted at most {LONGEST}")
    print("\n".join(wrong) or f"{len(folders)} folders, every one explained, {len(files)} files")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
