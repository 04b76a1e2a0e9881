"""harness.py: what the measurements in Python share.

Database	libpq by ctypes: run, send, cancel, from one thread
WebServer	pages on all loopback addresses, answered late or never
process, crawlers	what the kernel says about processes
"""

import asyncio
import ctypes
import glob
import re
import statistics
import threading
import time


@ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p)
def ignore_notice(_, text):
    """Servers that are killed and connections that are ended say so."""


class DatabaseError(Exception):
    """What the server, or the lack of one, has to say."""


class Database:
    """One connection; names of the environment (PGHOST ...) are honoured."""

    def __init__(self, conninfo=""):
        self.pq = ctypes.CDLL("libpq.so.5")
        for name in ("PQconnectdb", "PQexec", "PQgetResult", "PQgetCancel"):
            getattr(self.pq, name).restype = ctypes.c_void_p
        for name in ("PQerrorMessage", "PQgetvalue", "PQresultErrorMessage"):
            getattr(self.pq, name).restype = ctypes.c_char_p
        self.connection = ctypes.c_void_p(self.pq.PQconnectdb(conninfo.encode()))
        if self.pq.PQstatus(self.connection) != 0:
            message = self._message()
            self.close()
            raise DatabaseError(message)
        self.pq.PQsetNoticeProcessor(self.connection, ignore_notice, None)

    def _message(self):
        return self.pq.PQerrorMessage(self.connection).decode(errors="replace").strip()

    def close(self):
        if self.connection:
            self.pq.PQfinish(self.connection)
        self.connection = None

    def _rows(self, result):
        """Rows of text; PGRES_COMMAND_OK is 1, PGRES_TUPLES_OK is 2."""
        result = ctypes.c_void_p(result)
        try:
            if self.pq.PQresultStatus(result) not in (1, 2):
                raise DatabaseError(self._message())
            return [[None if self.pq.PQgetisnull(result, r, c) else
                     self.pq.PQgetvalue(result, r, c).decode()
                     for c in range(self.pq.PQnfields(result))]
                    for r in range(self.pq.PQntuples(result))]
        finally:
            self.pq.PQclear(result)

    def rows(self, statement):
        return self._rows(self.pq.PQexec(self.connection, statement.encode()))

    def run(self, statement):
        """The first value of the result, or None."""
        rows = self.rows(statement)
        return rows[0][0] if rows and rows[0] else None

    def number(self, statement):
        return int(self.run(statement))

    def send(self, statement):
        """Start a statement; wait() has its end."""
        if self.pq.PQsendQuery(self.connection, statement.encode()) != 1:
            raise DatabaseError(self._message())

    def wait(self):
        """The rows of the statement sent; raises what ended it."""
        rows, error = [], None
        while True:
            result = self.pq.PQgetResult(self.connection)
            if not result:
                break
            try:
                rows = self._rows(result)
            except DatabaseError as e:
                error = e
        if error:
            raise error
        return rows

    def cancel(self):
        buffer = ctypes.create_string_buffer(256)
        order = ctypes.c_void_p(self.pq.PQgetCancel(self.connection))
        sent = self.pq.PQcancel(order, buffer, 256)
        self.pq.PQfreeCancel(order)
        if sent != 1:
            raise DatabaseError(buffer.value.decode(errors="replace"))

    def backend(self):
        return self.pq.PQbackendPID(self.connection)


class Connection(asyncio.Protocol):
    """One connection to the web server: one request after the other."""

    def __init__(self, server):
        self.server = server
        self.accepted = time.monotonic()
        self.timer = None
        self.busy = False
        self.input = b""
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport
        self.server.connections.add(self)

    def connection_lost(self, exc):
        self.server.connections.discard(self)
        if self.timer:
            self.timer.cancel()

    def data_received(self, data):
        self.input += data
        request = re.match(rb"[A-Z]+ (\S+) HTTP.*?\r\n\r\n", self.input, re.S)
        if not request:
            return
        self.input = self.input[request.end():]
        path = request.group(1).decode()
        if path == "/robots.txt":
            self.answer(None)
            return
        self.busy = True
        self.server.arrivals.append((time.monotonic(), path))
        delay, body = self.server.page(path)
        if delay is not None:
            self.timer = self.server.loop.call_later(delay, self.answer, body)

    def answer(self, body):
        self.busy = False
        self.timer = None
        if callable(body):
            body(self.transport)
            return
        head = ("HTTP/1.1 404 Not Found" if body is None else
                "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8")
        body = body or b""
        self.transport.write(b"%s\r\nContent-Length: %d\r\n\r\n%s"
                             % (head.encode(), len(body), body))


class WebServer(threading.Thread):
    """page(path) gives (seconds to wait or None for ever, body or None: 404).

    A body may be a function that is given the transport in place of an answer.

    arrivals has (monotonic time, path) of each request but robots.txt.
    """

    def __init__(self, page):
        super().__init__(daemon=True)
        self.page = page
        self.arrivals = []
        self.connections = set()
        self.loop = asyncio.new_event_loop()
        server = self.loop.run_until_complete(
            self.loop.create_server(lambda: Connection(self), "0.0.0.0", 0, backlog=4096))
        self.port = server.sockets[0].getsockname()[1]
        self.start()

    def run(self):
        self.loop.run_forever()

    def in_flight(self, since=0.0):
        """Requests that wait for their answer, of connections made since."""
        while True:
            try:
                return sum(c.busy and c.accepted >= since for c in self.connections)
            except RuntimeError:  # the set changed while we counted
                pass


def process(pid):
    """(name, parent), or None when it is gone, if not yet reaped."""
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as f:
            stat = re.match(r"\d+ \((.*)\) (\S) (\d+)", f.read(), re.S)
    except OSError:
        return None
    return (stat.group(1), int(stat.group(3))) if stat and stat.group(2) != "Z" else None


def crawlers(worker):
    """Crawlers that are children of this process."""
    pids = [int(name.split("/")[2]) for name in glob.glob("/proc/[0-9]*")]
    return [pid for pid in pids if process(pid) == ("wf_crawler", worker)]


def wait_for(condition, what, seconds=60, pause=0.001):
    """The condition's first true value, and the monotonic time it was seen."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value, time.monotonic()
        time.sleep(pause)
    raise SystemExit("waited %d s in vain: %s" % (seconds, what))


def summary(seconds):
    """Median and worst, in ms."""
    if not seconds:
        return "-"
    return "median %4.0f ms  worst %4.0f ms" % (statistics.median(seconds) * 1000,
                                                max(seconds) * 1000)
