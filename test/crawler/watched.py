"""Tests of the crawler in worker mode, with all of its messages kept."""
import concurrent.futures
import time

import worker
from common import CRAWLER, RESULTS, SANITIZED, SETTINGS, wanted


class Watched(worker.Crawler):
    """A crawler in worker mode of which all messages are kept."""

    def __init__(self, **settings):
        super().__init__(CRAWLER, dict(SETTINGS, **settings))
        self.read()               # READY
        self.found = {}
        self.asked = []
        self.sites = []
        self.files = []
        self.entries = []         # (seq, number of entries) of each ENTRIES

    def collect(self, until, timeout=8):
        """Read until "until()" holds; what came is in found, asked, sites, files."""
        limit = time.monotonic() + timeout * (3 if SANITIZED else 1)
        while not until() and time.monotonic() < limit:
            message = self.read(0.1)
            if message is None:
                continue
            kind, payload = message
            if kind == "E":
                result = worker.Result(payload)
                self.found[result.seq] = result
            elif kind == "A":
                self.asked.append(worker.ask_of(payload))
            elif kind == "S":
                self.sites.append(worker.site_of(payload))
            elif kind == "B":
                self.files.append(worker.robots_of(payload))
            elif kind == "N":
                self.entries.append(worker.entries_of(payload))
            elif kind == "EOF":
                break
        return until()

    def ended(self, count):
        return self.collect(lambda: len(self.found) >= count)

    def outcomes(self):
        return [self.found[seq].outcome for seq in sorted(self.found)]


def url(server, path, address="127.0.0.1"):
    return "http://%s:%d%s" % (address, server.port, path)


class Cases:
    """Tests of one subject: a decorator that registers them, and run()."""

    def __init__(self, subject):
        self.subject = subject
        self.cases = []

    def __call__(self, name):
        """Register a test under its name; it returns (good, detail)."""
        def register(function):
            self.cases.append(("%s: %s" % (self.subject, name), function))
            return function
        return register

    def run(self):
        chosen = [(name, test) for name, test in self.cases if wanted(name)]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            futures = [(name, pool.submit(test)) for name, test in chosen]
            for name, future in futures:
                good, detail = future.result()
                RESULTS.report(name, good is True, detail)
