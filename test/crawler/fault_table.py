#!/usr/bin/env python3
"""The table of behaviours in doc/fetching.md, from the cases of run.py.

"fault_table.py" prints it; run.py checks that the document has every line.
"""
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.join(HERE, "..", "..")
DOCUMENT = os.path.join(TREE, "doc", "fetching.md")


def retried():
    """{outcome: is it tried again}, as core/wf_outcome.c has it."""
    with open(os.path.join(TREE, "core", "wf_outcome.c")) as source:
        return {name: again == "true"
                for name, again in re.findall(r"\{\"(\w+)\", (true|false)\}", source.read())}


def plain(pattern):
    """A regular expression of an error text as people read it."""
    return re.sub(r"\\(.)", r"\1", pattern).rstrip("$").replace("|", " or ").replace(".*", "…") or "any"


def state(outcome, again):
    if outcome == "ok":
        return "Complete"
    return "Queued again, then Error" if again else "Error"


def lines(cases):
    table = retried()
    for path, outcome, error, seconds in cases:
        states = " or ".join(dict.fromkeys(state(o, table[o]) for o in outcome.split("|")))
        text = "" if outcome == "ok" else plain(error)
        yield "| `%s` | %s | %s | %s | %g s |" % (path.replace("|", "\\|"), outcome.replace("|", ", "),
                                                states, text.replace("|", "\\|"), seconds)


def missing_lines(cases):
    with open(DOCUMENT) as document:
        present = set(document.read().split("\n"))
    return [line for line in lines(cases) if line not in present]
