#!/usr/bin/python3
"""check_structured.py EXTRACT_CORPUS

Compare what is found in pages with structured data with what public test data in
../shared/vectors/structured and hcard say is in them (or where WF_VECTORS says):
each address, number and postal address, and the name and number of the address of
a card.  Differences are counted by the reason that a rule here gives for them, see
doc/extraction.md; one without a reason is a failure.
"""
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
VECTORS = os.environ.get("WF_VECTORS", os.path.join(HERE, "../../../shared/vectors"))
VERBOSE = os.environ.get("VERBOSE")
FIELDS = {"streetAddress": "street", "street-address": "street", "telephone": "phone",
          "tel": "phone", "email": "email"}


def real(html):
    """Hosts that are nobody's are exchanged, and every page gets a number."""
    return "<p>1234567</p>" + re.sub(r"@example\.(com|org|net)", r"@hosthaus.\1", html)


def extract(program, pages):
    """What is found in each page."""
    with tempfile.TemporaryDirectory() as directory:
        paths = []
        for number, html in enumerate(pages):
            paths.append(os.path.join(directory, "%d.html" % number))
            with open(paths[-1], "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(real(html))
        run = subprocess.run([program] + paths, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             check=True)
    return [json.loads(line) for line in run.stdout.decode().split("\n")[:-1]]


def values(node, found):
    """All (field, value, the node it is of), wherever they are."""
    if isinstance(node, list):
        for item in node:
            values(item, found)
    elif isinstance(node, dict):
        for key, value in node.items():
            field = FIELDS.get(re.split("[/:]", key)[-1])
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict) and isinstance(item.get("@value"), str):
                    item = item["@value"]
                if field and isinstance(item, str):
                    found.append((field, item, node))
            values(value, found)
    return found


def digits(text):
    return re.sub(r"\D", "", text)


def squash(text):
    return re.sub(r"[\s,]+", " ", text).strip().lower()


def is_found(field, value, got):
    if field == "street":
        return any(squash(value) in squash(a) for a in got["addresses"])
    if field == "phone":
        return any(digits(value)[-7:] in digits(p) for p in got["phones"] + got["faxes"])
    address = re.sub(r"^mailto:|\?.*", "", real(value)[len("<p>1234567</p>"):]).lower()
    return address.split("/")[-1] in got["emails"]


def reason(field, value, node):
    keys = {re.split("[/:]", k)[-1] for k in node}
    if field == "street" and not keys & {"postalCode", "addressLocality", "postal-code",
                                         "locality"}:
        return "street alone"
    if field == "email" and re.search("john.?doe@", value):
        return "address that is nobody's"
    return None


def report(name, results):
    """results: (found?, reason or None, what)."""
    reasons = collections.Counter(r[1] or "unexplained" for r in results if not r[0])
    print("%sok - %s: %d of %d%s" % (
        "not " if reasons["unexplained"] else "", name, sum(1 for r in results if r[0]),
        len(results), "".join("; %d %s" % (n, why) for why, n in sorted(reasons.items()) if n)))
    for found, why, what in results:
        if not found and (VERBOSE or why is None):
            print("#", what, why)
    return not reasons["unexplained"]


def check_structured(program):
    directory = os.path.join(VECTORS, "structured")
    cases = []
    for folder, _, names in sorted(os.walk(directory)):
        for name in sorted(names):
            base, kind = os.path.splitext(name)
            page = os.path.join(folder, base + ".html")
            if kind in (".json", ".jsonld") and os.path.exists(page):
                with open(page, encoding="utf-8", errors="surrogateescape") as file:
                    html = file.read()
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    cases.append((name, html, json.load(file)))
    results = []
    for (name, html, expected), got in zip(cases, extract(program, [c[1] for c in cases])):
        for field, value, node in values(expected, []):
            results.append((is_found(field, value, got), reason(field, value, node),
                            (name, field, value)))
    return report("structured", results)


def check_hcard(program):
    with open(os.path.join(VECTORS, "hcard/microformats_tests.jsonl"), encoding="utf-8") as file:
        cases = [json.loads(line) for line in file]
    results = []
    for case, got in zip(cases, extract(program, [c["html"] for c in cases])):
        for field, value, node in values(case["expected"], []):
            results.append((is_found(field, value, got), reason(field, value, node),
                            (case["test"], field, value)))
            name = (node.get("name") or [""])[0]
            if field == "email" and results[-1][0] and re.fullmatch(r"\w+ \S+", name):
                results.append((name in got["names"].values(), None, (case["test"], name)))
                if "tel" in node:
                    results.append((digits(node["tel"][0]) in map(digits, got["own_phones"].values()),
                                    None, (case["test"], node["tel"])))
    return report("hcard", results)


def main():
    program = sys.argv[1]
    if not os.path.isdir(os.path.join(VECTORS, "structured")):
        print("1..0 # SKIP no structured test data at", os.path.relpath(VECTORS))
        return 0
    good = [check_structured(program), check_hcard(program)]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
