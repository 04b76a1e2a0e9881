"""chaos.py: kill -9 of everything at random moments, under load; see test/chaos.

Pages of many sites are fetched by standing and on-demand workers while users
update, delete, de-select and re-queue them, while the web server resets, cuts
and stalls, and while crawlers, workers and backends are killed and the cluster
is restarted.  An observer looks throughout for what must never be visible.  In
the end each page is selected, and what is stored is compared with what the
pages say, which is what a run without faults stores.

The server is that of PGHOST, PGPORT and PGUSER, its directory --data.  The
choices come from --seed, which is printed; when processes run is the kernel's
choice, so a seed repeats a run only roughly.  Exit code 1: a rule was broken, and the output says which.
"""

import argparse
import collections
import os
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))

# pylint: disable=wrong-import-position
from harness import Database, DatabaseError, WebServer, crawlers, process, summary, wait_for

PATIENCE = 180
RECOVERY = 2.0          # seconds from a kill until no claim is a dead worker's
FILLER = "<p>" + "All about shops, and what is in them. " * 2000 + "</p>"

# What nobody may ever see, as (what, statement); numbers of rows.
NEVER = (
    ("orphans", """SELECT count(*) FROM pages
        WHERE page_curation_status = 'Selected' AND page_processing_status IS NULL"""),
    ("Processing without a claim", """SELECT count(*) FROM pages p
        WHERE page_processing_status = 'Processing' AND NOT EXISTS
            (SELECT FROM wf_claim c WHERE c.item = p.id AND c.stage = 'page' AND c.worker_pid IS NOT NULL)"""),
    ("Error without a reason", """SELECT count(*) FROM pages
        WHERE page_processing_status = 'Error' AND coalesce(page_processing_error, '') = ''"""),
    ("Complete without its contacts", """SELECT count(*) FROM pages p, substring(p.url FROM '/p/([0-9]+)') n
        WHERE page_processing_status = 'Complete' AND NOT EXISTS
            (SELECT FROM contacts c WHERE c.domain_id = p.domain_id
                AND lower(c.email) = 'owner' || n || '@shop' || n || '.com')"""),
    ("contacts doubled", "SELECT count(*) - count(DISTINCT (domain_id, lower(email))) FROM contacts"),
)


def reset(transport):
    """RST instead of an answer."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                                  struct.pack("ii", 1, 0))
    transport.abort()


def cut(transport):
    """An answer that ends too early."""
    transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9999\r\n\r\n<p>so")
    transport.close()


class Site:
    """What the web server says; a fault is met at the first request of a page only."""

    def __init__(self, seed, sites):
        self.random = random.Random("site %d" % seed)
        self.sites = sites
        self.seen = set()
        self.faults = collections.Counter()
        self.calm = False

    def page(self, path):
        n = int(re.match(r"/p/(\d+)", path).group(1))
        body = ("<!doctype html><title>Shop {0}</title><h1>Contact</h1>{2}"
                "<p>Owner: <a href='mailto:owner{0}@shop{0}.com'>write</a>,"
                " sales{0}@shop{0}.com, office@site{1}.com</p>").format(
                    n, n % self.sites, FILLER if n % 3 == 0 else "").encode()
        delay = self.random.uniform(0.0, 0.3)
        luck = self.random.random()
        if self.calm or n in self.seen:
            return delay, body
        self.seen.add(n)
        for share, name, fault in ((0.04, "reset", reset), (0.08, "cut", cut), (0.10, "stall", None)):
            if luck < share:
                self.faults[name] += 1
                return (None if name == "stall" else delay), fault
        return delay, body


class Session:
    """A connection that comes back after the server's processes were restarted."""

    def __init__(self):
        self.db = None

    def rows(self, statement, again=True):
        """None if the connection broke and it is not to be tried again."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                if self.db is None:
                    self.db = Database()
                return self.db.rows(statement)
            except DatabaseError as e:
                # what libpq says of the connection may be late
                lost = (self.db is None or self.db.pq.PQstatus(self.db.connection) != 0 or
                        re.search("[Cc]onnection|reading data", str(e)))
                if not lost and not re.search("deadlock|lock timeout|could not serialize", str(e)):
                    raise
                if lost and self.db is not None:
                    self.db.close()
                    self.db = None
                if time.monotonic() > deadline:
                    raise
                if not again:
                    return None
                time.sleep(0.01)

    def number(self, statement):
        return int(self.rows(statement)[0][0])

    def pid(self):
        return self.db.backend() if self.db else None


class Helper(threading.Thread):
    """Does step() with a session of its own until stop()."""

    def __init__(self, name, pause):
        super().__init__(daemon=True, name=name)
        self.session = Session()
        self.pause = pause
        self.ending = threading.Event()
        self.error = None
        self.steps = 0

    def run(self):
        try:
            while not self.ending.wait(self.pause):
                self.step()
                self.steps += 1
        except Exception as e:  # pylint: disable=broad-except  # the main thread reports it
            self.error = "%s: %s" % (self.name, e)

    def step(self):
        raise NotImplementedError

    def stop(self):
        self.ending.set()
        self.join(PATIENCE)
        if self.is_alive():
            self.error = self.name + " does not end"
        return self.error


class Observer(Helper):
    """Looks for what must never be visible."""

    def __init__(self):
        super().__init__("observer", 0.02)
        self.found = collections.Counter()

    def step(self):
        # orphans at each look, the others in turn
        for what, statement in (NEVER[0], NEVER[1 + self.steps % (len(NEVER) - 1)]):
            rows = self.session.rows(statement, again=False)
            if rows and int(rows[0][0]):
                self.found[what] += 1


class User(Helper):
    """Changes some pages, at random, as users and their programs do."""

    CHANGES = (
        "UPDATE pages SET page_processing_status = 'Queued' WHERE id IN (%s)",
        "UPDATE pages SET page_curation_status = 'Selected' WHERE id IN (%s)",
        "UPDATE pages SET page_curation_status = 'Archived' WHERE id IN (%s)",
        """UPDATE pages SET page_curation_status = 'New' WHERE id IN (%s);
            UPDATE pages SET page_curation_status = 'Selected' WHERE page_curation_status = 'New'""",
        """WITH gone AS (DELETE FROM pages WHERE id IN (%s) RETURNING domain_id, url)
            INSERT INTO pages (domain_id, url, page_curation_status)
            SELECT domain_id, url || '?again', 'Selected' FROM gone""",
        "UPDATE pages SET url = substring(url FROM '[^?]*') || '?changed=' || floor(random() * 1e6)"
        " WHERE id IN (%s)",
        "DELETE FROM pages WHERE id IN (%s)",
    )

    def __init__(self, number, seed, pages):
        super().__init__("user %d" % number, 0.05)
        self.random = random.Random("user %d %d" % (number, seed))
        self.some = max(2, pages // 100)

    def step(self):
        change = self.random.choice(self.CHANGES)
        some = "SELECT id FROM pages ORDER BY random() LIMIT %d" % self.random.randint(1, self.some)
        self.session.rows(change % some, again=False)


class Batches(Helper):
    """On-demand workers, one after the other."""

    def __init__(self):
        super().__init__("batches", 0.2)

    def step(self):
        try:
            self.session.rows("SELECT * FROM wf_process_batch(40)", again=False)
        except DatabaseError as e:
            if not re.search("worker|canceling", str(e)):
                raise


class Run:
    def __init__(self, options):
        self.options = options
        self.random = random.Random("kills %d" % options.seed)
        self.site = Site(options.seed, options.sites)
        self.server = WebServer(self.site.page)
        self.session = Session()
        self.kills = collections.Counter()
        self.recovery = []
        self.crawler_back = []
        self.observer = Observer()
        self.users = [User(n, options.seed, options.pages) for n in range(2)]
        self.batches = Batches()
        self.helpers = [self.observer, self.batches] + self.users

    # ------------------------------------------------------------ the pages

    def insert_missing(self):
        """Each page is there, once, and selected."""
        self.session.rows("""INSERT INTO domains (domain)
            SELECT format('127.%%s.%%s.1', 50 + n / 250, 1 + n %% 250) FROM generate_series(0, %d) n
            ON CONFLICT DO NOTHING""" % (self.options.sites - 1))
        self.session.rows("""INSERT INTO pages (domain_id, url, page_curation_status)
            SELECT d.id, format('http://%%s:%d/p/%%s', d.domain, n), 'Selected'
            FROM generate_series(0, %d) n
            JOIN domains d ON d.domain = format('127.%%s.%%s.1', 50 + n %% %d / 250, 1 + n %% %d %% 250)
            WHERE n NOT IN (SELECT substring(url FROM '/p/([0-9]+)')::int FROM pages)"""
                          % (self.server.port, self.options.pages - 1,
                             self.options.sites, self.options.sites))
        self.session.rows("""UPDATE pages SET page_curation_status = 'Selected'
            WHERE page_curation_status <> 'Selected'""")

    def keep_busy(self):
        """Pages that were deleted come back, and some are always ready."""
        pages, busy = map(int, self.session.rows("""SELECT count(*), count(*) FILTER
            (WHERE page_processing_status IN ('Queued', 'Processing')) FROM pages""")[0])
        if pages < self.options.pages * 0.95:
            self.insert_missing()
        if busy < min(200, self.options.pages / 2):
            self.session.rows("""UPDATE pages SET page_curation_status = 'Selected',
                page_processing_status = 'Queued' WHERE id IN
                (SELECT id FROM pages ORDER BY random() LIMIT %d)""" % (self.options.pages // 4 + 100))

    # ------------------------------------------------------------ the kills

    def workers(self):
        """(pid, what it does) of all workers, on-demand ones too."""
        return [(int(pid), query) for pid, query in self.session.rows(
            """SELECT pid, CASE WHEN state = 'active' THEN query ELSE '' END FROM pg_stat_activity
            WHERE backend_type ~ '^wf_curation' AND backend_type !~ 'launcher'""")]

    def in_claims(self):
        """Workers that have pages in flight."""
        return [int(pid) for (pid,) in self.session.rows(
            "SELECT DISTINCT worker_pid FROM wf_claim WHERE worker_pid > 0")]

    def kill_crawler(self, phase):
        """While it waits for the network, or while it works on what it was given."""
        pids = [c for worker, _ in self.workers() for c in crawlers(worker)]
        if not pids:
            return False
        pid = self.random.choice(pids)
        deadline = time.monotonic() + 1
        while self.running(pid) != (phase == "parse"):
            if time.monotonic() > deadline:
                return False
        parent = process(pid)
        os.kill(pid, signal.SIGKILL)
        killed = time.monotonic()
        self.kills["crawler, " + phase] += 1
        _, seen = wait_for(lambda: process(parent[1]) is None or
                           any(c != pid for c in crawlers(parent[1])),
                           "another crawler is started", PATIENCE, 0.005)
        self.crawler_back.append(seen - killed)
        return True

    @staticmethod
    def running(pid):
        try:
            with open("/proc/%d/stat" % pid, encoding="utf-8") as f:
                return ") R" in f.read()
        except OSError:
            return False

    def kill_worker(self, phase):
        """In the claim, the store, right behind the claim (hand-over), or while it waits."""
        deadline = time.monotonic() + 2
        last = {}
        while time.monotonic() < deadline:
            for pid, what in self.workers():
                before, last[pid] = last.get(pid, ""), what
                now = ("claim" if "claim" in what else "store" if "stor" in what else
                       "hand-over" if not what and "claim" in before else
                       "wait" if not what else "other")
                if now == phase:
                    return self.kill_process(pid, "worker, " + phase)
        return False

    def kill_backend(self):
        """A user's, or that of a caller of wf_process_batch."""
        pid = self.random.choice(self.users + [self.batches]).session.pid()
        return pid is not None and self.kill_process(pid, "backend")

    def kill_process(self, pid, what):
        old = self.in_claims()
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        self.kills[what] += 1
        self.recovered(old, time.monotonic())
        return True

    def restart(self):
        old = self.in_claims()
        killed = time.monotonic()
        subprocess.run(["pg_ctl", "-D", self.options.data, "-m", "immediate", "-w", "restart",
                        "-l", self.options.log], check=True, stdout=subprocess.DEVNULL)
        self.kills["immediate restart"] += 1
        self.recovered(old, killed)
        return True

    def recovered(self, old, killed):
        """Wait until no claim is one of a worker that died."""
        statement = ("SELECT count(*) FROM wf_claim WHERE worker_pid IN (%s)"
                     " AND claimed_at < now() - interval '%%f s'" % ", ".join(map(str, old or [0])))
        _, seen = wait_for(lambda: self.session.number(statement % (time.monotonic() - killed)) == 0,
                           "the claims of dead workers are given back", PATIENCE, 0.01)
        if old:
            self.recovery.append(seen - killed)

    def kill_something(self):
        kind = self.random.random()
        if kind < 0.35:
            return self.kill_crawler(self.random.choice(("fetch", "parse")))
        if kind < 0.80:
            return self.kill_worker(self.random.choice(("claim", "store", "hand-over", "wait")))
        if kind < 0.95 or not self.options.data:
            return self.kill_backend()
        return self.restart()

    # ------------------------------------------------------------- the end

    def settle(self):
        """No faults any more: every page comes to its end."""
        self.site.calm = True
        problems = [e for e in (h.stop() for h in self.helpers if h is not self.observer) if e]
        self.insert_missing()
        started = time.monotonic()
        self.drain()
        print("at rest %.1f s after the last kill" % (time.monotonic() - started))
        for reason, count in self.session.rows("""SELECT page_processing_error, count(*) FROM pages
                WHERE page_processing_status = 'Error' GROUP BY 1"""):
            print("ended Error: %s pages, %s" % (count, reason))
        return problems

    def drain(self):
        wait_for(lambda: self.session.number("""SELECT count(*) FROM pages
            WHERE page_processing_status IN ('Queued', 'Processing')""") == 0,
                 "no page is Queued or Processing", PATIENCE, 0.2)

    def violations(self):
        """The rules of the end, and how often each is broken."""
        expected = """SELECT p.domain_id, e.email
            FROM pages p, substring(p.url FROM '/p/([0-9]+)') s(n),
                LATERAL (VALUES (format('owner%%s@shop%%s.com', n, n)),
                    (format('sales%%s@shop%%s.com', n, n)),
                    (format('office@site%%s.com', n::int %% %d))) e(email)""" % self.options.sites
        contacts = "SELECT domain_id, lower(email) FROM contacts"
        # a page that three workers died with may be given up, with that reason
        given_up = "SELECT count(*) FROM pages WHERE page_processing_error LIKE 'worker crashed%'"
        rules = [("Error for another reason than its worker's death", """SELECT count(*) FROM pages
                WHERE page_processing_status = 'Error' AND page_processing_error NOT LIKE 'worker crashed%'"""),
                 ("claims in flight left", "SELECT count(*) FROM wf_claim WHERE worker_pid IS NOT NULL")]
        found = [(what, self.session.number(s)) for what, s in rules]
        print("given up after three deaths: %d" % self.session.number(given_up))
        self.session.rows("SELECT wf_retry()")
        self.drain()
        # that of a page which was deleted while it waited goes when it is due
        wait_for(lambda: self.session.number("SELECT count(*) FROM wf_claim") == 0,
                 "no claim is left", PATIENCE, 0.1)
        rules = [(what, statement) for what, statement in NEVER]
        rules += [
            ("pages not Complete", """SELECT count(*) FROM pages
                WHERE page_processing_status IS DISTINCT FROM 'Complete'"""),
            ("pages lost or doubled", """SELECT abs(%d - count(*)) + %d -
                count(DISTINCT substring(url FROM '/p/([0-9]+)')) FROM pages"""
             % (self.options.pages, self.options.pages)),
            ("contacts lost", "SELECT count(*) FROM (%s EXCEPT %s) x" % (expected, contacts)),
            ("contacts nobody wrote", "SELECT count(*) FROM (%s EXCEPT %s) x" % (contacts, expected))]
        return found + [(what, self.session.number(s)) for what, s in rules]

    def run(self):
        self.session.rows("""ALTER TABLE contacts DROP CONSTRAINT contacts_page_id_fkey,
            ADD FOREIGN KEY (page_id) REFERENCES pages ON DELETE SET NULL""")
        self.insert_missing()
        for helper in self.helpers:
            helper.start()
        started = time.monotonic()
        while sum(self.kills.values()) < self.options.kills:
            self.keep_busy()
            time.sleep(self.random.uniform(0.0, self.options.pause))
            self.kill_something()
            if any(h.error for h in self.helpers) or time.monotonic() - started > self.options.seconds:
                break
        print("killed %d times in %.0f s: %s" % (
            sum(self.kills.values()), time.monotonic() - started,
            ", ".join("%s %d" % x for x in sorted(self.kills.items()))))
        sys.stdout.flush()
        problems = self.settle()
        found = self.violations()
        problems += [e for e in [self.observer.stop()] if e]
        return self.report(found, problems)

    def interrupted(self):
        """What the server says the killed processes were doing."""
        try:
            with open(self.options.log, encoding="utf-8", errors="replace") as f:
                told = re.findall(r"Failed process was running: (wf_curation: [a-z ]+|\w+)", f.read())
        except OSError:
            return {}
        return collections.Counter(told)

    def report(self, found, problems):
        found += [("seen meanwhile: " + what, n) for what, n in self.observer.found.items()]
        print("%d pages on %d sites, %d requests; web server: %s; %d changes by users; %d looks"
              % (self.options.pages, self.options.sites, len(self.server.arrivals),
                 ", ".join("%s %d" % x for x in sorted(self.site.faults.items())),
                 sum(u.steps for u in self.users), self.observer.steps))
        print("interrupted: " + ", ".join("%s %d" % x for x in sorted(self.interrupted().items())))
        slow = sum(t > RECOVERY for t in self.recovery)
        print("claims of the dead are back: %s; %d of %d after more than %.0f s"
              % (summary(self.recovery), slow, len(self.recovery), RECOVERY))
        print("another crawler: %s" % summary(self.crawler_back))
        print("rules: " + ", ".join("%s %d" % x for x in found))
        if sum(self.kills.values()) < self.options.kills:
            problems.append("only %d kills" % sum(self.kills.values()))
        for problem in problems:
            print("problem: " + problem)
        violations = sum(n for _, n in found)
        print("violations: %d" % violations)
        return 1 if violations or problems else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pages", type=int, default=5000)
    parser.add_argument("--sites", type=int, default=300)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--pause", type=float, default=0.5, help="seconds between kills, at most")
    parser.add_argument("--seconds", type=float, default=3000, help="no kill after these")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--data", default=None, help="the cluster's directory, for restarts")
    parser.add_argument("--log", default=os.devnull, help="the server's log")
    options = parser.parse_args()
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1 << 32)
    print("seed: %d" % options.seed)
    sys.stdout.flush()
    sys.exit(Run(options).run())


main()
