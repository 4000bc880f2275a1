#!/usr/bin/env python3
"""Runs a command on a terminal of its own and prints what a person would see when it is done, with
how the line that is redrawn behaved.

usage: on_terminal.py COLUMNS COMMAND...
"""
import fcntl
import os
import pty
import re
import struct
import sys
import termios


def read_all(terminal):
    seen = b""
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # the other side is closed
            part = b""
        if not part:
            return seen.decode()
        seen += part


def main():
    columns = int(sys.argv[1])
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        os.execvp(sys.argv[2], sys.argv[2:])
    seen = read_all(terminal)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    drawn = re.findall(r"\r([^\r\n]*)\033\[K", seen)
    lines = [line for line in drawn if line]
    print(f"exit {code}, drawn: {len(lines) > 0}, cut: {max(map(len, lines), default=0) < columns},"
          f" cleared at the end: {drawn[-1:] == ['']}")
    known = re.compile(r"epoch \d+/\d+  step \d+/\d+  \d+ samples/s  \d+:\d\d to go  ")
    print("a line of progress" if lines and known.match(lines[-1]) else "no line of progress")
    print(re.sub(r"\r[^\r\n]*\033\[K", "", seen).replace("\r\n", "\n"), end="")


if __name__ == "__main__":
    main()
