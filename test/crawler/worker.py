"""The worker's side of the socket, for tests: see core/wf_message.h."""
import fcntl
import mmap
import os
import select
import signal
import socket
import struct
import time

OUTCOMES = ("ok bad_url policy robots dns dns_temporary connect timeout reset tls tls_certificate "
            "redirect too_large protocol http_client http_throttled http_server http_empty "
            "content_type extract crash worker store internal not_modified deferred "
            "not_sitemap partial none_found").split()

PAGE, SITEMAP, DOMAIN = range(3)   # stages of a FETCH
WANT_BODY, GATEWAY = 1, 2          # its flags


def string(data):
    return struct.pack("=I", len(data)) + data


def frame(kind, payload):
    return struct.pack("=IB", len(payload) + 1, ord(kind)) + payload


class Result:
    """The leading fields of a RESULT; findings only as their number."""

    def __init__(self, payload):
        (self.seq, outcome, self.status, self.retry_after_ms, self.elapsed_ms,
         self.body_bytes) = struct.unpack_from("=QHHIIQ", payload)
        self.outcome = OUTCOMES[outcome]
        rest = payload[28:]
        texts = []
        for _ in range(7):
            (length,) = struct.unpack_from("=I", rest)
            texts.append(rest[4:4 + length])
            rest = rest[4 + length:]
        (self.error, self.url, self.content_type, self.etag, self.last_modified, self.body,
         self.title) = texts
        (self.findings,) = struct.unpack_from("=I", rest, 1)
        self.by_gateway, self.credits = struct.unpack("=Bi", payload[-5:])


def take_string(data):
    """(string, what is behind it)"""
    (length,) = struct.unpack_from("=I", data)
    return data[4:4 + length], data[4 + length:]


def site_of(payload):
    """What a SITE says: (site, wait_ms, delay_ms, slow_ms, failures, openings)."""
    site, rest = take_string(payload)
    return (site.decode(),) + struct.unpack("=5I", rest)


def robots_of(payload):
    """What a ROBOTS says: (site, origin, valid_ms, body)."""
    site, rest = take_string(payload)
    origin, rest = take_string(rest)
    body, _ = take_string(rest[4:])
    return site.decode(), origin.decode(), struct.unpack_from("=I", rest)[0], body


def entries_of(payload):
    """What an ENTRIES says: (seq, number of entries)."""
    return struct.unpack_from("=QI", payload)


def ask_of(payload):
    """What an ASK says: (id, seq, site)."""
    number, seq = struct.unpack_from("=QQ", payload)
    return number, seq, take_string(payload[16:])[0].decode()


class Crawler:
    """A crawler process in worker mode."""

    def __init__(self, program, settings=None):
        ours, theirs = socket.socketpair()
        memory = os.memfd_create("board")
        os.ftruncate(memory, 4096)
        self.board = mmap.mmap(memory, 4096)
        self.socket = ours
        self.data = b""
        self.pid = os.fork()
        if self.pid == 0:
            # numbers that the two targets cannot collide with
            first = fcntl.fcntl(theirs, fcntl.F_DUPFD_CLOEXEC, 5)
            second = fcntl.fcntl(memory, fcntl.F_DUPFD_CLOEXEC, 5)
            os.dup2(first, 3, inheritable=True)
            os.dup2(second, 4, inheritable=True)
            os.execv(program, [program, "--worker"])
        theirs.close()
        os.close(memory)
        if settings is not None:
            self.config(settings)

    def config(self, settings):
        payload = struct.pack("=I", len(settings))
        for name, value in settings.items():
            payload += string(name.encode()) + string(value.encode())
        self.socket.sendall(frame("C", payload))

    def fetch(self, seq, url, flags=0, domain="", version=("", "", ""), stage=PAGE):
        """version: the URL it came from, ETag, Last-Modified."""
        texts = (url, domain) + tuple(version)
        self.socket.sendall(frame("F", struct.pack("=QIB", seq, flags, stage) +
                                  b"".join(string(t.encode()) for t in texts)))

    def cancel(self, seq):
        self.socket.sendall(frame("X", struct.pack("=Q", seq)))

    def grant(self, ask, granted):
        self.socket.sendall(frame("G", struct.pack("=QB", ask, granted)))

    def site(self, site, wait_ms=0, delay_ms=0, slow_ms=0, failures=0, openings=0):
        self.socket.sendall(frame("S", string(site.encode()) + struct.pack(
            "=5I", wait_ms, delay_ms, slow_ms, failures, openings)))

    def robots(self, site, origin, body, valid_ms=86400000):
        self.socket.sendall(frame("B", string(site.encode()) + string(origin.encode()) +
                                  struct.pack("=I", valid_ms) + string(body)))

    def read(self, timeout=10):
        """(type, payload), ("EOF", b"") or None when nothing came."""
        while True:
            if len(self.data) >= 5:
                (length,) = struct.unpack_from("=I", self.data)
                if len(self.data) >= 4 + length:
                    kind, payload = chr(self.data[4]), self.data[5:4 + length]
                    self.data = self.data[4 + length:]
                    return kind, payload
            if not select.select([self.socket], [], [], timeout)[0]:
                return None
            try:
                more = self.socket.recv(1 << 16)
            except ConnectionResetError:
                more = b""
            if not more:
                return "EOF", b""
            self.data += more

    def results(self, count, timeout=10):
        """The next results by seq."""
        found = {}
        while len(found) < count:
            message = self.read(timeout)
            if message is None or message[0] == "EOF":
                break
            if message[0] == "E":
                result = Result(message[1])
                found[result.seq] = result
        return found

    def current(self):
        return struct.unpack_from("=Q", self.board)[0]

    def beat(self):
        return struct.unpack_from("=Q", self.board, 8)[0]

    def ended(self, timeout=5):
        """Wait status of the process; None when it goes on."""
        limit = time.monotonic() + timeout
        while time.monotonic() < limit:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                return status
            time.sleep(0.01)
        return None

    def status_field(self, name):
        with open("/proc/%d/status" % self.pid) as status:
            for line in status:
                if line.startswith(name + ":"):
                    return line.split()[1]
        return None

    def close(self):
        self.socket.close()
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0
