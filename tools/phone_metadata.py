#!/usr/bin/python3
"""phone_metadata.py METADATA.json VERSION [-o DIR] [-p PROBES]

Writes core/wf_phone_plans_data.c from the numbering plans that the libphonenumber
project publishes (Apache-2.0), in the JSON form of the npm package
libphonenumber-js: metadata.max.json of VERSION.  The metadata itself is not
kept in this repository:

    npm pack libphonenumber-js && tar xzf libphonenumber-js-*.tgz
    tools/phone_metadata.py package/metadata.max.json 1.13.16

All patterns of valid national numbers are finite languages over the digits.
They become one acyclic automaton, minimal over all regions, whose final states
say whether the number is valid, whether it needs its national prefix when
written in national form, and whether it has at least a plausible shape.

With -p it writes numbers with the verdict of the patterns themselves, by
Python's own regular expressions, one "region digits valid" a line, to compare
the table with.
"""
import argparse
import json
import random
import re
try:
    from re import _parser as sre
except ImportError:
    import sre_parse as sre

VALID, NEEDS_PREFIX, PLAUSIBLE = 1, 2, 4
(CODE, IDD, PATTERN, LENGTHS, FORMATS, PREFIX, PREFIX_RULE, PREFIX_PARSE, TRANSFORM,
 PREFIX_OPTIONAL, LEADING, TYPES) = range(12)
MAX_DIGITS = 17

# Prefixes that were given up, and are no longer in the metadata, but stand on
# pages still: Mexico's (01, 02, 044, 045; 1 behind +52) ended in August 2019.
FORMER_PREFIXES = {"MX": r"0(?:[12]|4[45])|1", "PL": "0"}


def field(country, index):
    return country[index] if len(country) > index and country[index] else None


class Nfa:
    """Thompson's construction; state 0 is the start, tags are on states."""

    def __init__(self):
        self.empty, self.step, self.tags = [], [], {}
        self.state()

    def state(self):
        self.empty.append([])
        self.step.append({})
        return len(self.step) - 1

    def add(self, pattern, tag, prefix=False):
        end = self.build(sre.parse(pattern), 0)
        last = self.state()
        self.empty[end].append(last)
        if prefix:
            for digit in range(10):
                self.step[last].setdefault(digit, []).append(last)
        self.tags[last] = tag

    def digits(self, node):
        kind, value = node
        kind = str(kind)
        if kind == "LITERAL":
            return [value - 48]
        if kind == "RANGE":
            return range(value[0] - 48, value[1] - 47)
        if kind == "CATEGORY" and str(value) == "CATEGORY_DIGIT":
            return range(10)
        if kind == "IN":
            return sorted({d for part in value for d in self.digits(part)})
        raise ValueError("unexpected in a pattern: %s" % (node,))

    def build(self, parsed, at):
        for node in parsed:
            kind, value = str(node[0]), node[1]
            if kind == "SUBPATTERN":
                at = self.build(value[-1], at)
            elif kind == "BRANCH":
                end = self.state()
                for branch in value[1]:
                    start = self.state()
                    self.empty[at].append(start)
                    self.empty[self.build(branch, start)].append(end)
                at = end
            elif kind == "MAX_REPEAT":
                low, high, body = value
                end = self.state()
                for i in range(min(int(high), MAX_DIGITS)):
                    if i >= low:
                        self.empty[at].append(end)
                    start = self.state()
                    self.empty[at].append(start)
                    at = self.build(body, start)
                self.empty[at].append(end)
                at = end
            else:
                next_state = self.state()
                for digit in self.digits(node):
                    self.step[at].setdefault(digit, []).append(next_state)
                at = next_state
        return at

    def closure(self, states):
        seen, todo = set(states), list(states)
        while todo:
            for other in self.empty[todo.pop()]:
                if other not in seen:
                    seen.add(other)
                    todo.append(other)
        return frozenset(s for s in seen if self.step[s] or s in self.tags)


class Automaton:
    """Hash-consed: equal languages are one state.  State 0 accepts nothing."""

    def __init__(self):
        self.rows = [(0, (0,) * 10)]
        self.index = {self.rows[0]: 0}

    def add(self, nfa, verdict):
        memo = {}

        def visit(states, depth):
            key = (states, depth)
            if key not in memo:
                children = [0] * 10
                for digit in range(10):
                    after = {t for s in states for t in nfa.step[s].get(digit, ())}
                    if after and depth < MAX_DIGITS:
                        children[digit] = visit(nfa.closure(after), depth + 1)
                tags = {nfa.tags[s] for s in states if s in nfa.tags}
                row = (verdict(tags, depth), tuple(children))
                if row not in self.index:
                    self.index[row] = len(self.rows)
                    self.rows.append(row)
                memo[key] = self.index[row]
            return memo[key]

        return visit(nfa.closure([0]), 0)


def type_patterns(country):
    """(pattern, lengths) of each type of number; of all when none is given."""
    out = []
    types = field(country, TYPES)
    if not types:
        return [(country[PATTERN], country[LENGTHS])]
    for kind in types:
        if kind and kind[0]:
            out.append((kind[0], kind[1] if len(kind) > 1 and kind[1] else country[LENGTHS]))
    return out


def format_rules(country, main):
    """(pattern, leading digits, needs the national prefix) of each format."""
    out = []
    for item in field(main, FORMATS) or []:
        leading = item[2][-1] if len(item) > 2 and item[2] else ""
        rule = item[3] if len(item) > 3 and item[3] else field(main, PREFIX_RULE)
        optional = item[4] if len(item) > 4 and item[4] else field(main, PREFIX_OPTIONAL)
        needs = bool(rule) and not optional and not re.fullmatch(r"\(?\$1\)?", rule)
        out.append((item[0], leading, needs))
    return out


def plan_of(automaton, country, main):
    nfa = Nfa()
    types = type_patterns(country)
    formats = format_rules(country, main)
    nfa.add(country[PATTERN], ("all",))
    for i, (pattern, _) in enumerate(types):
        nfa.add(pattern, ("type", i))
    for i, (pattern, leading, _) in enumerate(formats):
        nfa.add(pattern, ("format", i))
        nfa.add(leading, ("leading", i), prefix=True)

    def verdict(tags, depth):
        if ("all",) not in tags:
            return 0
        if not any(("type", i) in tags and depth in t[1] for i, t in enumerate(types)):
            return PLAUSIBLE
        for i, (_, _, needs) in enumerate(formats):
            if ("format", i) in tags and ("leading", i) in tags:
                return PLAUSIBLE | VALID | (NEEDS_PREFIX if needs else 0)
        return PLAUSIBLE | VALID

    return automaton.add(nfa, verdict)


def string(text):
    """A C string, in pieces on lines of their own when it is long."""
    if not text:
        return "NULL"
    text = text.replace("\\", "\\\\")
    pieces = re.findall(r"(?:\\\\.|[^\\]){1,72}", text)
    return "\n\t\t".join('"%s"' % piece for piece in pieces)


def initializer(fields):
    """{a, b, ...}, on several lines when it is long."""
    line = "\t{%s}," % ", ".join(fields)
    if len(line) < 90 and "\n" not in line:
        return line
    return "\t{%s,\n\t\t%s}," % (", ".join(fields[:4]), ",\n\t\t".join(fields[4:]))


def rules_of(metadata):
    """(region, code, country, main country of the code) in the table's order."""
    out = []
    for code, regions in sorted(metadata["country_calling_codes"].items(),
                                key=lambda item: int(item[0])):
        for region in regions:
            out.append((region, code, metadata["countries"][region],
                        metadata["countries"][regions[0]]))
    for code, country in metadata["nonGeographic"].items():
        out.append(("01", code, country, country))
    return sorted(out, key=lambda item: int(item[1]))


HEAD = """/*-------------------------------------------------------------------------
 *
 * wf_phone_plans_data.c
 *	  Numbering plans of all countries.
 *
 * GENERATED by tools/phone_metadata.py; do not edit.
 *
 * Derived from the metadata of the libphonenumber project, Copyright (C) The
 * Libphonenumber Authors, licensed under the Apache License, Version 2.0
 * (www.apache.org/licenses/LICENSE-2.0), as packaged in libphonenumber-js
 * %s.  Changed: the patterns have become an automaton.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_phone_plans.h"

#include <stddef.h>

"""


def write_plans(metadata, version, directory):
    automaton = Automaton()
    lines = []
    for region, code, country, main in rules_of(metadata):
        mask = sum(1 << n for n in country[LENGTHS])
        parse = field(country, PREFIX_PARSE) or field(country, PREFIX) \
            or FORMER_PREFIXES.get(region)
        lines.append(initializer([
            '"%s"' % region, code, str(plan_of(automaton, country, main)), "0x%05x" % mask,
            string(field(country, IDD)), string(parse), string(field(country, TRANSFORM)),
            string(field(country, LEADING))]))
    rows = automaton.rows
    with open(directory + "/wf_phone_plans_data.c", "w") as out:
        out.write(HEAD % version)
        out.write("const WfPhonePlan wf_phone_plans[] = {\n%s\n};\n\n"
                  % "\n".join(lines))
        out.write("const int\twf_phone_plan_count = %d;\n\n" % len(lines))
        out.write("const uint8_t wf_phone_verdicts[] = {\n")
        labels = [str(row[0]) for row in rows]
        for i in range(0, len(labels), 40):
            out.write("\t%s,\n" % ",".join(labels[i:i + 40]))
        out.write("};\n\nconst uint16_t wf_phone_states[][10] = {\n")
        for row in rows:
            out.write("\t{%s},\n" % ",".join(str(child) for child in row[1]))
        out.write("};\n")
    print("%d plans, %d states, %d bytes" % (len(lines), len(rows), len(rows) * 21))


def probe(pattern, rng):
    """A string of the language of the pattern."""
    out = []
    for node in sre.parse(pattern) if isinstance(pattern, str) else pattern:
        kind, value = str(node[0]), node[1]
        if kind == "SUBPATTERN":
            out.append(probe(value[-1], rng))
        elif kind == "BRANCH":
            out.append(probe(rng.choice(value[1]), rng))
        elif kind == "MAX_REPEAT":
            low, high, body = value
            for _ in range(rng.randint(low, min(int(high), MAX_DIGITS))):
                out.append(probe(body, rng))
        else:
            out.append(str(rng.choice(list(Nfa().digits(node)))))
    return "".join(out)


def write_probes(metadata, path):
    rng = random.Random(1)
    with open(path, "w") as out:
        for region, _, country, _ in rules_of(metadata):
            types = type_patterns(country)
            for pattern, _ in types * 40:
                digits = list(probe(pattern, rng))
                if rng.random() < .5:
                    digits[rng.randrange(len(digits))] = str(rng.randrange(10))
                if rng.random() < .1:
                    digits.append("5")
                text = "".join(digits)
                valid = re.fullmatch(country[PATTERN], text) and any(
                    re.fullmatch(p, text) and len(text) in lengths for p, lengths in types)
                out.write("%s %s %s %d\n" % (region, country[CODE], text, bool(valid)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("metadata")
    parser.add_argument("version")
    parser.add_argument("-o", dest="directory", default="core")
    parser.add_argument("-p", dest="probes")
    args = parser.parse_args()
    with open(args.metadata) as file:
        metadata = json.load(file)
    write_plans(metadata, args.version, args.directory)
    if args.probes:
        write_probes(metadata, args.probes)


if __name__ == "__main__":
    main()
