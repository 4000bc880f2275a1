"""What a golden file must equal, whatever machine printed the other."""
import json
import re

NUMBER = re.compile(r"([~±])(\d+(?:\.\d+)?(?:e[+-]?\d+)?)")


def without_name(text, name):
    """The processor's name, as tables, logs and JSON hold it, becomes NAME: literally, and only where
    a name is wanted, for it may be any text."""
    for before, after in (("c: {}", "c: NAME"), ("c ({})", "c (NAME)"), ('"name": {}', '"name": "NAME"')):
        shown = json.dumps(name, ensure_ascii=False) if before.startswith('"') else name
        text = text.replace(before.format(shown), after)
    return text


def close(mark, got, want):
    """A loss, ~, differs in its last digits between processors: 0.1 %, and half of the last of four
    digits. A share of rows, ±, may have one of sixteen rows more or less."""
    return abs(got - want) <= (1e-3 * want + 5e-5 if mark == "~" else 1 / 16 + 1e-9)


def settle_line(got, want):
    if NUMBER.sub(r"\1", got) != NUMBER.sub(r"\1", want):
        return got
    pairs = zip(NUMBER.findall(got), NUMBER.findall(want))
    return want if all(close(g[0], float(g[1]), float(w[1])) for g, w in pairs) else got


def settled(got, want):
    """`got`, where a line whose marked numbers are close to the golden ones is the golden line."""
    lines = want.splitlines(True)
    return "".join(settle_line(line, lines[i] if i < len(lines) else "")
                   for i, line in enumerate(got.splitlines(True)))
