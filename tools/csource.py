"""What the tools that read C share: text without comments and strings,
balanced parentheses, functions.  A reader for our own style, no C parser."""

import pathlib
import re

TOKEN = re.compile(r"""
      /\*.*?\*/                          # comment
    | //[^\n]*
    | "(?:[^"\\\n]|\\.)*"                # string
    | '(?:[^'\\\n]|\\.)+'                # character
""", re.S | re.X)


def blank(text, strings=True):
    """text with comments (and strings) replaced by blanks, lines kept."""
    def hide(m):
        s = m.group(0)
        if s[0] in "\"'" and not strings:
            return s
        if s[0] in "\"'":
            return s[0] + re.sub(r"[^\n]", " ", s[1:-1]) + s[-1]
        return re.sub(r"[^\n]", " ", s)
    return TOKEN.sub(hide, text)


def sources(tree, pattern="*.[ch]"):
    """C files of the product (not of the tests)."""
    tree = pathlib.Path(tree)
    return sorted(p for d in (".", "core") for p in (tree / d).glob(pattern))


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def closing(text, start):
    """Index just behind the parenthesis that closes the one at start."""
    depth = 0
    for i in range(start, len(text)):
        if text[i] == "(":
            depth += 1
        elif text[i] == ")":
            depth -= 1
            if depth == 0:
                return i + 1
    return len(text)


FUNCTION = re.compile(r"^(\w+)\((?:[^;{}]*?)\)[^;{}()]*\n\{", re.M)


def functions(text):
    """(name, first line, lines of the body) of each function definition: the
    name starts a line and the braces stand in the first column."""
    bare = blank(text)
    for m in FUNCTION.finditer(bare):
        end = bare.find("\n}", m.end() - 1)
        if end < 0:
            continue
        first = line_of(bare, m.start())
        opened = line_of(bare, m.end() - 1)
        yield m.group(1), first, line_of(bare, end + 1) - opened + 1
