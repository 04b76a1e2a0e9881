"""kill.py CRAWLER-KILLS WORKER-KILLS LOG: what kill -9 costs; see kill.sh.

Every page has two addresses of its own and shares one with the other pages of
its site, so that a contact that is lost, doubled or never was shows up in a
comparison with what the pages say.
"""

import os
import random
import signal
import sys
import time

from harness import Database, DatabaseError, WebServer, crawlers, process, summary, wait_for

SITES = 40
IN_FLIGHT = 64          # at least, at each kill
STOCK = 600             # pages that wait, at least
PATIENCE = 180


def page(path):
    n = int(path.rsplit("/", 1)[1])
    body = ("<!doctype html><title>Shop {0}</title><h1>Contact</h1>"
            "<p>Owner: <a href='mailto:owner{0}@shop{0}.com'>write</a>,"
            " sales{0}@shop{0}.com, office@site{1}.com</p>").format(n, n % SITES)
    return random.uniform(0.3, 1.0), body.encode()


class Run:
    def __init__(self, log):
        self.server = WebServer(page)
        self.log = log
        self.pages = 0
        self.least = IN_FLIGHT * 100    # in flight at a kill
        self.db = Database()
        self.db.run("INSERT INTO domains (domain) SELECT '127.30.0.' || n + 1"
                    " FROM generate_series(0, %d) n" % (SITES - 1))

    def connect(self):
        """The database again, after its processes were restarted."""
        try:
            self.db = Database()
            return True
        except DatabaseError:
            return False

    def value(self, statement):
        """As Database.run, across a restart."""
        while True:
            try:
                return self.db.run(statement)
            except DatabaseError:
                self.db.close()
                wait_for(self.connect, "the server takes connections", PATIENCE, 0.02)

    def number(self, statement):
        return int(self.value(statement))

    def feed(self):
        """Keep pages waiting, so that no kill finds slots empty."""
        waiting = self.number("SELECT count(*) FROM pages WHERE page_processing_status = 'Queued'")
        if waiting >= STOCK:
            return
        self.value("""INSERT INTO pages (domain_id, url, page_curation_status)
            SELECT d.id, format('http://%%s:%d/p/%%s', d.domain, n), 'Selected'
            FROM generate_series(%d, %d) n
            JOIN domains d ON d.domain = '127.30.0.' || n %% %d + 1
            ON CONFLICT DO NOTHING"""
                   % (self.server.port, self.pages, self.pages + STOCK - 1, SITES))
        self.pages += STOCK

    def worker(self):
        return self.number("SELECT coalesce(min(pid), 0) FROM pg_stat_activity"
                           " WHERE backend_type = 'wf_curation worker'")

    def full(self, since=0.0):
        return self.server.in_flight(since) >= IN_FLIGHT

    def kill(self, pid):
        """(first request again, all in flight again), in seconds from the kill."""
        wait_for(self.full, "64 pages in flight", PATIENCE)
        self.least = min(self.least, self.server.in_flight())
        killed = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        _, first = wait_for(lambda: self.server.in_flight(killed) > 0, "the first request again",
                            PATIENCE)
        _, full = wait_for(lambda: self.full(killed), "64 in flight again", PATIENCE)
        return first - killed, full - killed

    def kill_crawlers(self, count):
        first, full = [], []
        worker = self.worker()
        for _ in range(count):
            self.feed()
            time.sleep(random.uniform(0, 1.2))
            wait_for(self.full, "64 pages in flight", PATIENCE)
            (pid,) = crawlers(worker)
            times = self.kill(pid)
            first.append(times[0])
            full.append(times[1])
        print("crawler killed %3d times: first request %s; 64 in flight %s"
              % (count, summary(first), summary(full)))
        if self.worker() != worker:
            sys.exit("the worker is another one")

    def kill_workers(self, count):
        first, full = [], []
        for _ in range(count):
            self.feed()
            # a page that two workers died with is fetched alone: not our question
            wait_for(lambda: self.number("SELECT count(*) FROM wf_claim WHERE deaths > 0") == 0,
                     "the rescued pages end", PATIENCE, 0.1)
            self.feed()
            time.sleep(random.uniform(0, 1.0))
            worker = self.worker()
            (crawler,) = crawlers(worker)
            times = self.kill(worker)
            wait_for(lambda: process(crawler) is None, "its crawler is gone")
            first.append(times[0])
            full.append(times[1])
        print("worker  killed %3d times: first request %s; 64 in flight %s"
              % (count, summary(first), summary(full)))

    def restarts(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return sum("all server processes terminated; reinitializing" in line for line in f)

    def drain(self):
        wait_for(lambda: self.number("""SELECT count(*) FROM pages
            WHERE page_processing_status IN ('Queued', 'Processing')""") == 0,
                 "no page is Queued or Processing", PATIENCE, 0.2)

    def check(self):
        """Compare with what the pages say; true if nothing is amiss."""
        self.value("""CREATE TEMP TABLE expected AS
            SELECT DISTINCT p.domain_id, e.email
            FROM pages p, substring(p.url FROM '/p/(.*)') s(n),
                LATERAL (VALUES (format('owner%s@shop%s.com', n, n)),
                    (format('sales%s@shop%s.com', n, n)),
                    (format('office@site%s.com', n::int % {0}))) e(email)""".format(SITES))
        bad = [(what, self.number(statement)) for what, statement in (
            ("pages not Complete", """SELECT count(*) FROM pages
                WHERE page_processing_status IS DISTINCT FROM 'Complete'"""),
            ("contacts lost", """SELECT count(*) FROM (SELECT domain_id, email FROM expected
                EXCEPT SELECT domain_id, email FROM contacts) x"""),
            ("contacts nobody wrote", """SELECT count(*) FROM (SELECT domain_id, email FROM contacts
                EXCEPT SELECT domain_id, email FROM expected) x"""),
            ("contacts doubled", """SELECT count(*) - count(DISTINCT (domain_id, lower(email)))
                FROM contacts"""),
            ("claims left", "SELECT count(*) FROM wf_claim"))]
        print("%d pages, %d contacts expected; %s" % (
            self.number("SELECT count(*) FROM pages"),
            self.number("SELECT count(*) FROM expected"),
            ", ".join("%s %d" % x for x in bad)))
        print("attempts: " + (self.value("""SELECT string_agg(format('%s pages took %s', c, n), ', ' ORDER BY n)
            FROM (SELECT n, count(*) AS c FROM (SELECT item, max(attempt) AS n FROM wf_attempt GROUP BY 1) x
            GROUP BY 1) y""") or "none"))
        print("requests: %d for %d pages; in flight at a kill: %d or more"
              % (len(self.server.arrivals), self.pages, self.least))
        return not any(n for _, n in bad)


def main():
    crawler_kills, worker_kills, log = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    random.seed(7)
    run = Run(log)
    run.feed()
    wait_for(run.full, "64 pages in flight", PATIENCE)
    run.kill_crawlers(crawler_kills)
    restarts = run.restarts()
    print("the cluster restarted %d times" % restarts)
    run.kill_workers(worker_kills)
    run.drain()
    print("the cluster restarted %d times for the workers" % (run.restarts() - restarts))
    if not run.check() or restarts > 0:
        sys.exit("missed: every page Complete, no contact lost or doubled,"
                 " no restart for a crawler")


main()
