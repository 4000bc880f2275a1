#!/usr/bin/env python3
"""Runs a command on a terminal of its own, presses Ctrl-C as soon as a line of progress is drawn,
and prints what a person sees in the end, and whether the line was cut to the terminal's width.

usage: on_terminal.py COLUMNS COMMAND...
"""
import fcntl
import os
import pty
import re
import struct
import sys
import termios

PROGRESS = re.compile(rb"\repoch \d+/\d+  step \d+/\d+  \d+ samples/s[^\r\n]*\033\[K")


def watch(terminal):
    seen, pressed = b"", False
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # the other side is closed
            part = b""
        if not part:
            return seen.decode()
        seen += part
        if not pressed and PROGRESS.search(seen):
            os.write(terminal, b"\x03")
            pressed = True


def main():
    columns = int(sys.argv[1])
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        os.execvp(sys.argv[2], sys.argv[2:])
    seen = watch(terminal)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    drawn = re.findall(r"\r([^\r\n]*)\033\[K", seen)
    print("drawn" if drawn else "not drawn", "and cleared" if drawn[-1:] == [""] else "",
          f"longest line {max(map(len, drawn), default=0)} of {columns}")
    print(re.sub(r"\r[^\r\n]*\033\[K", "", seen).replace("\r\n", "\n"), end="")
    print(f"exit {code}")


if __name__ == "__main__":
    main()
