#!/usr/bin/python3
"""check_sitemaps.py PROGRAM: compare core/wf_sitemap*.c with public test data.

PROGRAM is the built test/unit/sitemap_lines.c.  The data are not part of this
repository; they are looked for beside it, or where WF_VECTORS says:

* files.jsonl: real files with the pages another parser (ultimate-sitemap-
  parser, "USP") finds in them;
* ultimate_sitemap_parser.jsonl: whole sites as the tests of USP mock them, with
  the pages of their trees.  Here robots.txt and indexes are followed by this
  script, one file at a time is read by ours.

The cases in KNOWN differ, each for the reason given; any other difference
fails.
"""
import base64
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
VECTORS = os.environ.get("WF_VECTORS", os.path.join(HERE, "../../../shared/vectors"))
DIRECTORY = os.path.join(VECTORS, "sitemaps")
MAX_DEPTH = 10

KNOWN = {
    "trafilatura__feed1.atom":
        "a link with rel=self is the entry's own document, not a page (RFC 4287 section 4.2.7.2)",
}


def parse(program, path, url, content_type=""):
    """(pages, sitemaps, report line) of a file."""
    out = subprocess.run([program, path, url, content_type], capture_output=True, check=True)
    pages, sitemaps, report = [], [], ""
    for line in out.stdout.decode().splitlines():
        kind, rest = line.split(" ", 1)
        if kind == "report":
            report = rest
        else:
            (pages if kind == "page" else sitemaps).append(rest.split(" ")[0])
    return pages, sitemaps, report


def normal(urls):
    """As wf_url writes them: lower-case host, a path, no fragment, once."""
    def one(url):
        url = url.split("#")[0]
        match = re.match(r"(?i)(https?://[^/?]*)(.*)", url)
        return match.group(1).lower() + (match.group(2) or "/") if match else url
    return sorted({one(u) for u in urls})


def check_files(program):
    """(name, expected, got) of each file."""
    for line in open(os.path.join(DIRECTORY, "files.jsonl")):
        case = json.loads(line)
        path = os.path.join(DIRECTORY, "files", case["file"])
        pages, sitemaps, _ = parse(program, path, "http://www.example.com/sitemap.xml")
        want = case["usp_pages"]
        if case["usp_type"].startswith("Index"):
            want, pages = case["locs"], sitemaps
        yield case["file"], normal(want), normal(pages)


def tree_pages(node):
    found = list(node.get("pages") or [])
    for child in node.get("sub") or []:
        found += tree_pages(child)
    return [p if isinstance(p, str) else p["url"] for p in found]


class Site:
    """The mocked site of one test of USP."""

    def __init__(self, program, urls):
        self.program, self.urls = program, urls

    def body(self, url):
        answer = self.urls.get(url)
        if not answer or answer.get("status") != 200:
            return None
        if "base64" in answer:
            return base64.b64decode(answer["base64"])
        return answer["text"].encode()

    def pages(self, url, trail=()):
        body = self.body(url)
        if body is None or url in trail or len(trail) > MAX_DEPTH:
            return []
        with tempfile.NamedTemporaryFile() as file:
            file.write(body)
            file.flush()
            found, children, _ = parse(self.program, file.name, url)
        for child in children:
            found += self.pages(child, trail + (url,))
        return found


def check_sites(program):
    for line in open(os.path.join(DIRECTORY, "ultimate_sitemap_parser.jsonl")):
        case = json.loads(line)
        for number, result in enumerate(case["results"]):
            name = "%s %d" % (case["test"].split("::")[-1], number)
            kwargs = result["kwargs"]
            if not result.get("tree") or any("recurse" in key for key in kwargs):
                continue		# callbacks of Python
            urls = case["urls"]
            if result["call"] == "sitemap_from_str":
                urls = {"http://x.test/s": {"status": 200, "text": kwargs["content"]}}
                starts = ["http://x.test/s"]
            else:
                home = (result["arg"] or kwargs["homepage_url"]).rstrip("/")
                site = Site(program, urls)
                robots = (site.body(home + "/robots.txt") or b"").decode("utf-8", "replace")
                starts = [urllib.parse.urljoin(home + "/", u) for u in
                          re.findall(r"(?im)^[ \t]*site-?map[ \t]*:[ \t]*(\S+)", robots)]
                # the places USP tries without being told
                starts += [u for u in urls if u not in starts and
                           re.search(r"/sitemap[_-]?(index)?\.xml(\.gz)?$", u)]
            site = Site(program, urls)
            got = [page for start in starts for page in site.pages(start)]
            yield name, normal(tree_pages(result["tree"])), normal(got)


def main():
    if not os.path.exists(os.path.join(DIRECTORY, "files.jsonl")):
        print("1..0 # SKIP no sitemap test data at", os.path.relpath(DIRECTORY))
        return 0
    failed = known = 0
    total = 0
    for check in (check_files, check_sites):
        for name, want, got in check(sys.argv[1]):
            total += 1
            if want == got:
                continue
            if name in KNOWN:
                known += 1
                continue
            failed += 1
            print("# %s: missing %r, too many %r" %
                  (name, [u for u in want if u not in got][:5],
                   [u for u in got if u not in want][:5]))
    print("%s 1 - %d of %d sitemap cases as expected, %d known differences" %
          ("not ok" if failed else "ok", total - failed - known, total, known))
    print("1..1")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
