"""wakeup.py COMMITS: time from COMMIT to the arrival of the page's request.

A web server in a process of its own notes the monotonic clock (one for the
whole machine) when a request's bytes arrive.  The client selects one page in
one transaction, notes the clock before it sends COMMIT and after COMMIT has
returned, pauses 5 to 40 ms, and goes on with the next page.  Connects by the
environment (PGHOST …), through libpq.
"""

import ctypes
import os
import pickle
import random
import re
import selectors
import socket
import sys
import time

HOSTS = ["127.0.20.%d" % n for n in range(1, 17)]
BODY = b"<p>Nothing to see</p>"
ANSWER = (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s"
          % (len(BODY), BODY))
MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
LIMIT_MS = 20.0


class Server:
    """Answers /p/N on every address of HOSTS; its process ends with the pipe."""

    def __init__(self):
        self.listeners, self.port = self._listen()
        self.arrivals = {}
        self.selector = selectors.DefaultSelector()

    @staticmethod
    def _listen():
        first = socket.create_server((HOSTS[0], 0), backlog=256)
        port = first.getsockname()[1]
        return [first] + [socket.create_server((h, port), backlog=256) for h in HOSTS[1:]], port

    def serve(self, stop):
        for listener in self.listeners:
            self.selector.register(listener, selectors.EVENT_READ, self._accept)
        self.selector.register(stop, selectors.EVENT_READ, None)
        while True:
            for key, _ in self.selector.select():
                if key.data is None:
                    return
                key.data(key.fileobj)

    def _accept(self, listener):
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.selector.register(connection, selectors.EVENT_READ, self._read)

    def _read(self, connection):
        try:
            data = connection.recv(65536)
        except OSError:
            data = b""
        now = time.monotonic_ns()
        if not data:
            self.selector.unregister(connection)
            connection.close()
            return
        # requests are small: one arrives whole
        for path in re.findall(rb"^[A-Z]+ (\S+) HTTP", data, re.M):
            page = re.fullmatch(rb"/p/(\d+)", path)
            if page:
                self.arrivals.setdefault(int(page.group(1)), now)
            connection.sendall(ANSWER if page else MISSING)


def start_server():
    """(port, function that stops the server and returns its arrivals)."""
    server = Server()
    stop_r, stop_w = os.pipe()
    result_r, result_w = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(stop_w)
        os.close(result_r)
        server.serve(stop_r)
        with os.fdopen(result_w, "wb") as out:
            pickle.dump(server.arrivals, out)
        os._exit(0)
    os.close(stop_r)
    os.close(result_w)
    for listener in server.listeners:
        listener.close()

    def finish():
        os.close(stop_w)
        with os.fdopen(result_r, "rb") as source:
            arrivals = pickle.load(source)
        os.waitpid(pid, 0)
        return arrivals
    return server.port, finish


class Database:
    """The three calls of libpq that this needs."""

    def __init__(self):
        self.pq = ctypes.CDLL("libpq.so.5")
        for name in ("PQconnectdb", "PQexec"):
            getattr(self.pq, name).restype = ctypes.c_void_p
        for name in ("PQerrorMessage", "PQgetvalue"):
            getattr(self.pq, name).restype = ctypes.c_char_p
        self.connection = ctypes.c_void_p(self.pq.PQconnectdb(b""))
        if self.pq.PQstatus(self.connection) != 0:
            sys.exit(self.pq.PQerrorMessage(self.connection).decode())

    def run(self, statement):
        """The first value of the result, or None."""
        result = ctypes.c_void_p(self.pq.PQexec(self.connection, statement.encode()))
        if self.pq.PQresultStatus(result) not in (1, 2):
            sys.exit(self.pq.PQerrorMessage(self.connection).decode())
        value = None
        if self.pq.PQntuples(result) > 0:
            value = self.pq.PQgetvalue(result, 0, 0).decode()
        self.pq.PQclear(result)
        return value


def add_pages(db, port, count):
    db.run("INSERT INTO domains (domain) SELECT h FROM unnest('{%s}'::text[]) h"
           % ",".join(HOSTS))
    db.run("""INSERT INTO pages (domain_id, url)
        SELECT d.id, format('http://%%s:%d/p/%%s', d.domain, n)
        FROM generate_series(0, %d) n
        JOIN domains d ON d.domain = '127.0.20.' || n %% %d + 1"""
           % (port, count - 1, len(HOSTS)))
    db.run("CREATE TEMP TABLE page_number AS SELECT id,"
           " substring(url FROM '/p/(.*)')::int AS n FROM pages")
    db.run("CREATE UNIQUE INDEX ON page_number (n)")
    db.run("ANALYZE pages")


def select_pages(db, count):
    """(sent, returned) times of each COMMIT."""
    ids = [db.run("SELECT id FROM page_number WHERE n = %d" % n) for n in range(count)]
    commits = []
    for page in ids:
        db.run("BEGIN")
        db.run("UPDATE pages SET page_curation_status = 'Selected' WHERE id = '%s'" % page)
        sent = time.monotonic_ns()
        db.run("COMMIT")
        commits.append((sent, time.monotonic_ns()))
        time.sleep(random.uniform(0.005, 0.040))
    return commits


def wait_for_end(db, seconds=120):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if db.run("SELECT count(*) FROM pages WHERE page_processing_status = 'Complete'"
                  " HAVING count(*) = (SELECT count(*) FROM pages)"):
            return True
        time.sleep(0.1)
    return False


def percentile(values, share):
    return values[min(len(values) - 1, int(len(values) * share))]


def main():
    count = int(sys.argv[1])
    random.seed(7)
    port, finish = start_server()
    db = Database()
    add_pages(db, port, count)
    time.sleep(2)
    commits = select_pages(db, count)
    complete = wait_for_end(db)
    arrivals = finish()
    print("%d commits, %d requests arrived, all pages Complete: %s"
          % (count, len(arrivals), complete))
    worst = None
    for what, which in (("COMMIT sent", 0), ("COMMIT returned", 1)):
        delays = sorted((arrivals[n] - commits[n][which]) / 1e6 for n in arrivals)
        worst = worst or percentile(delays, 0.99)
        print("from %-16s to request: p50 %.2f ms  p95 %.2f  p99 %.2f  max %.2f"
              % (what, percentile(delays, 0.5), percentile(delays, 0.95),
                 percentile(delays, 0.99), delays[-1]))
    if not complete or len(arrivals) < count or worst > LIMIT_MS:
        sys.exit("missed: all pages, and p99 within %.0f ms of sending COMMIT" % LIMIT_MS)


main()
