"""fairness.py: what slow and hanging hosts cost the pages of others; see bench/fairness.sh.

Connects by the environment (PGHOST ...).  Times are from the call of the UPDATE that
selects the pages until every one of them is seen Complete.
"""

import os
import statistics
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
from harness import Database, WebServer, wait_for

SLOW_PAGES = 10000
SLOW_SECONDS = 0.5
REPEATS = 5


def page(path):
    """/hang never ends, /slow... late, all others at once."""
    if path == "/hang":
        return None, None
    return (SLOW_SECONDS if path.startswith("/slow") else 0), b"<p>info@acme-widgets.com</p>"


class Bench:
    """A web server and a database whose worker fetches from it."""

    def __init__(self):
        self.web = WebServer(page)
        self.db = Database()

    def add(self, name, hosts, pages):
        """Pages /NAME0 ... of each host, a domain for each."""
        self.db.run("INSERT INTO domains (domain) SELECT unnest('{%s}'::text[])" % ",".join(hosts))
        self.db.run("INSERT INTO pages (domain_id, url) SELECT d.id, format('http://%%s:%d/%s%%s', d.domain, n)"
                    " FROM domains d, generate_series(1, %d) n WHERE d.domain = ANY ('{%s}')"
                    % (self.web.port, name, pages, ",".join(hosts)))
        self.db.run("VACUUM ANALYZE pages")

    def select(self, name):
        self.db.run("UPDATE pages SET page_curation_status = 'Selected' WHERE url LIKE '%%/%s%%'" % name)

    def complete(self, name):
        return self.db.number("SELECT count(*) FROM pages WHERE url LIKE '%%/%s%%'"
                              " AND page_processing_status = 'Complete'" % name)

    def time_for(self, name, pages):
        start = time.monotonic()
        self.select(name)
        _, end = wait_for(lambda: self.complete(name) == pages, "pages of %s" % name, pause=0.005)
        return end - start

    def ten_pages(self, label, third):
        """Ten pages of a host, REPEATS times."""
        taken = []
        for n in range(REPEATS):
            name = "%s%d_" % (label, n)
            self.add(name, ["127.1.%d.%d" % (third, n + 1)], 10)
            taken.append(self.time_for(name, 10))
        print("ten pages of a host, %s: median %.3f s, worst %.3f s"
              % (label, statistics.median(taken), max(taken)))
        return max(taken)


def main():
    bench = Bench()
    bench.ten_pages("warm", 0)
    alone = bench.ten_pages("alone", 1)
    bench.add("hang", ["127.1.2.1"], 1)
    bench.db.run("UPDATE pages SET url = replace(url, 'hang1', 'hang')")
    bench.select("hang")
    wait_for(lambda: bench.web.in_flight() == 1, "a request that hangs")
    taken = []
    for n in range(REPEATS):
        name = "fast%d_" % n
        bench.add(name, ["127.1.%d.%d" % (10 + n, h) for h in range(1, 101)], 6)
        taken.append(bench.time_for(name, 600))
    print("600 pages of 100 hosts beside one that hangs: median %.3f s, worst %.3f s"
          % (statistics.median(taken), max(taken)))
    bench.add("slow", ["127.1.3.1"], SLOW_PAGES)
    bench.select("slow")
    wait_for(lambda: bench.web.in_flight() > 1, "requests to the slow host")
    beside = bench.ten_pages("beside", 4)
    left = SLOW_PAGES - bench.complete("slow")
    print("beside %d pages of a slow host that wait, at worst %.3f s later" % (left, beside - alone))


main()
