"""shutdown.py DATA-DIRECTORY ROUNDS: how soon does everything end while 64
fetches hang?  See shutdown.sh."""

import re
import subprocess
import sys
import time

from harness import Database, DatabaseError, WebServer, process, summary, wait_for

HANGING = 64
LIMIT = 2.0


class Trouble(Exception):
    """Something was lost."""


class Run:
    def __init__(self, data):
        self.data = data
        self.server = WebServer(lambda path: (None, None))
        self.pages = 0
        self.answers = []       # of the case: when the caller had its error

    # ---- the server

    def postmaster(self):
        with open(self.data + "/postmaster.pid", encoding="utf-8") as f:
            return int(f.readline())

    def pg_ctl(self, *args):
        subprocess.run(["pg_ctl", "-D", self.data, "-l", self.data + "/../server.log", "-w", *args],
                       check=True, stdout=subprocess.DEVNULL)

    def stop(self):
        """Seconds until the last process of the server is gone."""
        postmaster = self.postmaster()
        start = time.monotonic()
        self.pg_ctl("stop", "-m", "fast", "--no-wait")
        _, end = wait_for(lambda: process(postmaster) is None, "the server ends")
        return end - start

    # ---- pages that hang

    def add(self, db):
        """Pages selected; nobody may be at work on any before."""
        wait_for(lambda: self.server.in_flight() == 0, "no fetch hangs")
        db.run("INSERT INTO domains (domain) SELECT '127.31.0.' || n FROM generate_series(1, 8) n"
               " ON CONFLICT DO NOTHING")
        db.run("""INSERT INTO pages (domain_id, url, page_curation_status)
            SELECT d.id, format('http://%%s:%d/%%s', d.domain, n), 'Selected'
            FROM generate_series(%d, %d) n JOIN domains d ON d.domain = '127.31.0.' || n %% 8 + 1"""
               % (self.server.port, self.pages, self.pages + HANGING - 1))
        self.pages += HANGING

    def hang(self):
        wait_for(lambda: self.server.in_flight() == HANGING, "64 fetches hang")

    @staticmethod
    def statuses(db):
        return db.run("""SELECT string_agg(s || '=' || n, ' ') FROM (
            SELECT page_processing_status AS s, count(*) AS n FROM pages GROUP BY 1) x""")

    def expect_back(self, db):
        """All pages wait again and nobody works on them; when that was seen."""
        _, end = wait_for(lambda: self.statuses(db) == "Queued=%d" % HANGING and db.number(
            """SELECT (SELECT count(*) FROM wf_claim) + (SELECT count(*) FROM pg_stat_activity
                WHERE backend_type ~ '^wf_curation' AND backend_type !~ 'launcher'
                    AND datname = current_database())""") == 0,
                          "all pages are back in the queue", pause=0.005)
        return end

    # ---- the cases: each returns seconds

    def fast_shutdown(self):
        """Fast shutdown, standing worker"""
        db = Database("dbname=postgres")
        self.add(db)
        self.hang()
        seconds = self.stop()
        self.pg_ctl("start")
        # the same pages again, with no attempt lost
        self.hang()
        db = Database("dbname=postgres")
        if db.run("SELECT max(attempt) || ' ' || count(*) FROM wf_claim") != "1 %d" % HANGING:
            raise Trouble("attempts after a fast shutdown")
        db.run("DELETE FROM pages")
        return seconds

    def fast_shutdown_batch(self):
        """Fast shutdown, wf_process_batch()"""
        self.start_batch()
        seconds = self.stop()
        self.pg_ctl("start")
        self.expect_back(Database("dbname=ondemand"))
        return seconds

    def drop_database(self):
        """DROP DATABASE (FORCE)"""
        main = Database("dbname=postgres")
        main.run("CREATE DATABASE victim")
        db = Database("dbname=victim")
        db.run("CREATE EXTENSION wf_curation")
        self.add(db)
        self.hang()
        start = time.monotonic()
        main.run("DROP DATABASE victim WITH (FORCE)")
        return time.monotonic() - start

    def start_batch(self):
        db = Database("dbname=ondemand")
        db.run("DELETE FROM pages")
        self.add(db)
        db.send("SELECT * FROM wf_process_batch(%d)" % HANGING)
        self.hang()
        return db

    def batch_ended_by(self, end, error):
        """Until the caller has its error, and until all pages are back."""
        batch = self.start_batch()
        db = Database("dbname=ondemand")
        start = time.monotonic()
        end(batch)
        try:
            batch.wait()
            raise Trouble("the batch was not ended")
        except DatabaseError as e:
            if not re.search(error, str(e)):
                raise
        answered = time.monotonic()
        self.answers.append(answered - start)
        return self.expect_back(db) - start

    def cancel(self):
        """Cancel of wf_process_batch()"""
        return self.batch_ended_by(lambda batch: batch.cancel(), "canceling statement due to user")

    def terminate(self):
        """Terminate of wf_process_batch()"""
        other = Database("dbname=postgres")
        return self.batch_ended_by(
            lambda batch: other.run("SELECT pg_terminate_backend(%d)" % batch.backend()),
            "terminating connection due to administrator command|server closed the connection")

    def measure(self, case, rounds):
        """True if the worst is within the limit."""
        self.answers = []
        seconds = [case() for _ in range(rounds)]
        print("%-38s %s  (%s)" % (case.__doc__, summary(seconds),
                                  " ".join("%.0f" % (s * 1000) for s in seconds)))
        if self.answers:
            print("%-38s %s" % ("  until its caller was told", summary(self.answers)))
        sys.stdout.flush()
        return max(seconds) < LIMIT


def main():
    data, rounds = sys.argv[1], int(sys.argv[2])
    run = Run(data)
    Database("dbname=postgres").run("CREATE DATABASE ondemand")
    Database("dbname=ondemand").run("CREATE EXTENSION wf_curation")
    good = [run.measure(case, rounds) for case in (
        run.fast_shutdown, run.fast_shutdown_batch, run.drop_database, run.cancel, run.terminate)]
    if not all(good):
        sys.exit("missed: all within %.0f s" % LIMIT)


main()
