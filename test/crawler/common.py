"""What the tests of the crawler program share: run it, judge it, count.

    run.py [PATH OF wf_crawler] [NAME...]
"""
import os
import re
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CRAWLER = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else os.path.join(
    HERE, "..", "..", "wf_crawler")
ONLY = sys.argv[2:]
SANITIZED = "asan" in CRAWLER
LOOPBACK = "--allowed-networks=127.0.0.0/8,::1/128"
SHORT = ["--request-timeout=3000", "--connect-timeout=1000", "--max-body-size=1048576"]
SETTINGS = {"allowed_networks": "127.0.0.0/8", "respect_robots": "off"}


class Block:
    """What wf_crawler printed about one URL."""

    def __init__(self, text):
        self.fields = {}
        for line in text.split("\n")[1:]:
            name, _, value = line.strip().partition(" ")
            self.fields.setdefault(name, value.strip())
        self.outcome, _, self.error = self.fields.get("outcome", "").partition(": ")
        self.url = text.split("\n")[0]


def crawl(urls, args=(), env=None, prefix=(), timeout=60):
    """Run the program; returns (blocks, exit code, seconds, stderr)."""
    started = time.monotonic()
    done = subprocess.run(list(prefix) + [CRAWLER] + list(args) + list(urls), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout,
                          env=env)
    text = done.stdout.decode("utf-8", "replace")
    blocks = [Block(b) for b in text.split("\n\n") if b.strip()]
    return blocks, done.returncode, time.monotonic() - started, done.stderr.decode("utf-8", "replace")


class Results:
    def __init__(self):
        self.count = 0
        self.failed = 0
        self.lock = threading.Lock()

    def report(self, name, good, detail=""):
        with self.lock:
            self.count += 1
            self.failed += not good
            print("%sok %d - %s" % ("" if good else "not ", self.count, name))
            if not good and detail:
                print("# " + str(detail).replace("\n", "\n# "))
            sys.stdout.flush()

    def skip(self, name, why):
        with self.lock:
            self.count += 1
            print("ok %d - %s # SKIP %s" % (self.count, name, why))


RESULTS = Results()


def wanted(name):
    return not ONLY or any(o in name for o in ONLY)


def check(name, url, outcome, error, seconds, args=(), env=None, prefix=()):
    if not wanted(name):
        return
    try:
        blocks, code, took, stderr = crawl([url], [LOOPBACK] + SHORT + list(args), env, prefix)
    except subprocess.TimeoutExpired:
        RESULTS.report(name, False, "did not end")
        return
    slack = 3 if SANITIZED else 0.3
    b = blocks[0] if blocks else Block("")
    good = (len(blocks) == 1 and re.fullmatch(outcome, b.outcome) is not None and
            re.search(error, b.error) is not None and took <= seconds + slack and stderr == "" and
            code == (0 if b.outcome == "ok" else 1) and (b.outcome == "ok") == (b.error == ""))
    RESULTS.report("%s: %s in %.2f s%s" % (name, b.outcome, took, ": " + b.error if b.error else ""),
                   good, "expected %s: %s within %s s; exit %d\n%s" % (outcome, error, seconds, code, stderr))


def distinct_hosts(server, hosts, pages, path="/ok"):
    return ["http://127.0.%d.%d:%d%s?%d" % (3 + h // 200, 1 + h % 200, server.port, path, p)
            for p in range(pages) for h in range(hosts)]
