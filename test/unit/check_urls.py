#!/usr/bin/python3
"""check_urls.py PROGRAM: compare core/wf_url.c with the URL tests of the Web
Platform Tests, as far as they are about http and https.

PROGRAM is the built test/unit/url_lines.c.  The tests are not part of this
repository; they are looked for beside it, or where WF_VECTORS says.  The cases
in KNOWN differ, each for the reason given; any other difference fails.
"""
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
VECTORS = os.environ.get("WF_VECTORS", os.path.join(HERE, "../../../shared/vectors"))
FILE = os.path.join(VECTORS, "urls/wpt-urltestdata.json")

SYMBOL = "libidn2 has no symbols (IDNA 2008), browsers have them"

KNOWN = {
    "https://%e2%98%83": SYMBOL,
}


def web(url):
    return re.match(r"(?i)[\x00-\x20]*https?:", re.sub(r"[\t\n\r]", "", url or ""))


def scheme(text):
    return re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", re.sub(r"[\t\n\r]", "", text.strip("".join(map(chr, range(33))))))


def in_scope(case):
    if scheme(case["input"]):
        return bool(web(case["input"]))
    return bool(web(case.get("base")))


def expected(case):
    """Without fragment and credentials, which wf_url drops."""
    if case.get("failure"):
        return None
    href = case["href"].split("#")[0]
    return re.sub(r"^(https?://)[^/?]*@", r"\1", href)


def encode(text):
    return re.sub("[\ud800-\udfff]", "\ufffd", text).encode()


def main():
    if not os.path.exists(FILE):
        print("1..0 # SKIP no URL test data at", os.path.relpath(FILE))
        return 0
    cases = [c for c in json.load(open(FILE)) if isinstance(c, dict)]
    cases = [c for c in cases if in_scope(c)]
    lines = "".join("%s %s\n" % (encode(c["input"]).hex(),
                                 encode(c["base"]).hex() if web(c.get("base")) else "-")
                    for c in cases)
    out = subprocess.run([sys.argv[1]], input=lines, capture_output=True, text=True, check=True)
    got = out.stdout.splitlines()
    assert len(got) == len(cases), (len(got), len(cases))
    failed = known = 0
    for case, line in zip(cases, got):
        result = None if line.startswith("!") else line
        if result == expected(case):
            continue
        if case["input"] in KNOWN:
            known += 1
            continue
        failed += 1
        print("# input %r base %r: expected %r, got %r" %
              (case["input"], case.get("base"), expected(case), line))
    print("%s 1 - %d of %d URL cases as expected, %d known differences" %
          ("not ok" if failed else "ok", len(cases) - failed - known, len(cases), known))
    print("1..1")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
