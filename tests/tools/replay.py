#!/usr/bin/env python3
"""What the programs print, word for word.

usage: replay.py BIN_DIR FILE... [--update]

A FILE holds commands, each on a line of its own behind "$ ", and under each what it printed and,
if it failed, "[exit code]"; remarks stand behind "# ". The commands run one after another in a new empty folder, by bash,
with BIN_DIR first in PATH. --update rewrites the files with what the programs print now.
"""
import os
import pathlib
import subprocess
import sys
import tempfile


def run(command, folder, environment):
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    code = f"[{done.returncode}]\n" if done.returncode else ""
    return done.stdout + code


def replay(path, bin_dir):
    """The file as it would be if it were written now."""
    environment = dict(os.environ, PATH=f"{bin_dir}:{os.environ['PATH']}", LC_ALL="C")
    with tempfile.TemporaryDirectory() as folder:
        new, in_output = [], False
        for line in path.read_text().splitlines(keepends=True):
            if line.startswith("$ "):
                new += [line, run(line[2:], folder, environment)]
                in_output = True
            elif line.startswith("# ") or (not line.strip() and not in_output):
                new.append(("\n" if in_output else "") + line)
                in_output = False
    return "".join(new)


def main():
    arguments = [a for a in sys.argv[1:] if a != "--update"]
    update = "--update" in sys.argv[1:]
    wrong = 0
    for path in map(pathlib.Path, arguments[1:]):
        old, new = path.read_text(), replay(path, pathlib.Path(arguments[0]).resolve())
        if update:
            path.write_text(new)
        elif old != new:
            wrong += 1
            with tempfile.NamedTemporaryFile("w") as now:
                now.write(new)
                now.flush()
                subprocess.run(["diff", "-u", "--label", str(path), "--label", "now", str(path),
                                now.name], check=False)
    print(f"{wrong} of {len(arguments) - 1} files differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
