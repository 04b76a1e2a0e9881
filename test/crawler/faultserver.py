"""A web server that misbehaves in every way we could think of.

Each path of the table PATHS is one behaviour: a function that gets a
connected socket and the request, and writes bytes by hand.  Standard library
only.  "python3 faultserver.py PORT" serves by hand; run.py imports it.
"""
import collections
import email.utils
import gzip
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib

PAGE = (b"<!DOCTYPE html><html><head><title>Fault server</title></head><body>"
        b"<p>Write to <a href=\"mailto:sales@faultserver.org\">us</a>.</p></body></html>")

PATHS = {}


def path(name):
    """Register a behaviour under a path."""
    def register(function):
        PATHS[name] = function
        return function
    return register


class Request:
    """The head of a request: its path, query and header fields."""

    def __init__(self, head, server, port):
        lines = head.split(b"\r\n")
        target = lines[0].split(b" ")[1].decode("latin-1")
        self.path, _, self.query = target.partition("?")
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            self.headers[name.strip().lower().decode("latin-1")] = value.strip().decode("latin-1")
        self.server = server
        self.port = port


def head(status="200 OK", *fields):
    """Bytes of a response head; a field is a string "Name: value"."""
    lines = ["HTTP/1.1 " + status] + list(fields)
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def reply(conn, body, *fields, status="200 OK", kind="text/html; charset=utf-8"):
    """One complete, correct response."""
    fields = list(fields) + ["Content-Length: %d" % len(body)]
    if kind is not None:
        fields.insert(0, "Content-Type: " + kind)
    conn.sendall(head(status, *fields) + body)


def hang(conn):
    """Stay silent until the client goes away."""
    conn.settimeout(60)
    try:
        while conn.recv(4096):
            pass
    except OSError:
        pass


def reset(conn):
    """End with RST instead of FIN."""
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise ConnectionAbortedError


def close(conn):
    raise ConnectionAbortedError


# ---------- good ----------

@path("/ok")
def ok(conn, request):
    reply(conn, PAGE)


@path("/robots.txt")
def robots(conn, request):
    text = request.server.robots
    if callable(text):
        text(conn, request)
    elif text is None:
        reply(conn, b"none here", status="404 Not Found")
    else:
        reply(conn, text, kind="text/plain")


@path("/ok-size")
def ok_size(conn, request):
    """A page of as many bytes as the query says."""
    size = int(request.query)
    reply(conn, (PAGE + b" " * size)[:size])


@path("/ok-lf-only")
def ok_lf_only(conn, request):
    conn.sendall(head("200 OK", "Content-Length: %d" % len(PAGE)).replace(b"\r", b"") + PAGE)


@path("/ok-until-close")
def ok_until_close(conn, request):
    conn.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n" + PAGE)
    close(conn)


@path("/ok-chunked-trailer")
def ok_chunked_trailer(conn, request):
    conn.sendall(head("200 OK", "Content-Type: text/html", "Transfer-Encoding: chunked"))
    conn.sendall(b"%x;ext=1\r\n%s\r\n0\r\nX-Sum: 1\r\n\r\n" % (len(PAGE), PAGE))


@path("/ok-early-hints")
def ok_early_hints(conn, request):
    conn.sendall(head("103 Early Hints", "Link: </a.css>; rel=preload"))
    reply(conn, PAGE)


@path("/ok-obs-fold")
def ok_obs_fold(conn, request):
    conn.sendall(b"HTTP/1.1 200 OK\r\nX-Long: a\r\n b\r\nContent-Length: %d\r\n\r\n" % len(PAGE) + PAGE)


@path("/ok-206")
def ok_206(conn, request):
    reply(conn, PAGE, "Content-Range: bytes 0-99/1000", status="206 Partial Content")


# ---------- time ----------

@path("/hang-response")
def hang_response(conn, request):
    hang(conn)


@path("/hang-status-line")
def hang_status_line(conn, request):
    conn.sendall(b"HTTP/1.1 20")
    hang(conn)


@path("/hang-headers")
def hang_headers(conn, request):
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n")
    hang(conn)


@path("/hang-body")
def hang_body(conn, request):
    conn.sendall(head("200 OK", "Content-Type: text/html", "Content-Length: 100000") + PAGE)
    hang(conn)


@path("/hang-chunk")
def hang_chunk(conn, request):
    conn.sendall(head("200 OK", "Transfer-Encoding: chunked") + b"1000\r\nabc")
    hang(conn)


def trickle(conn, data, pause):
    for i in range(len(data)):
        conn.sendall(data[i:i + 1])
        time.sleep(pause)


@path("/slow-body")
def slow_body(conn, request):
    conn.sendall(head("200 OK", "Content-Type: text/html", "Content-Length: %d" % len(PAGE)))
    trickle(conn, PAGE, 0.2)


@path("/slow-headers")
def slow_headers(conn, request):
    trickle(conn, head("200 OK", "Content-Length: 5"), 0.2)


@path("/slow-enough")
def slow_enough(conn, request):
    """Above the low-speed limit for ever: the total time ends it."""
    conn.sendall(head("200 OK", "Content-Type: text/html", "Transfer-Encoding: chunked"))
    for _ in range(600):
        conn.sendall(b"80\r\n" + b"x" * 128 + b"\r\n")
        time.sleep(0.1)


# ---------- too much ----------

@path("/endless-headers")
def endless_headers(conn, request):
    conn.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        conn.sendall(b"X-More: and more\r\n" * 100)


@path("/endless-header-line")
def endless_header_line(conn, request):
    conn.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while True:
        conn.sendall(b"a" * 10000)


@path("/endless-status-line")
def endless_status_line(conn, request):
    conn.sendall(b"HTTP/1.1 200 ")
    while True:
        conn.sendall(b"a" * 10000)


@path("/endless-1xx")
def endless_1xx(conn, request):
    while True:
        conn.sendall(head("103 Early Hints", "Link: </a.css>; rel=preload"))


@path("/endless-100")
def endless_100(conn, request):
    while True:
        conn.sendall(head("100 Continue"))


@path("/endless-body")
def endless_body(conn, request):
    conn.sendall(head("200 OK", "Content-Type: text/html", "Transfer-Encoding: chunked"))
    while True:
        conn.sendall(b"4000\r\n" + b"a" * 0x4000 + b"\r\n")


@path("/endless-body-404")
def endless_body_404(conn, request):
    conn.sendall(head("404 Not Found", "Content-Type: text/html", "Transfer-Encoding: chunked"))
    while True:
        conn.sendall(b"4000\r\n" + b"a" * 0x4000 + b"\r\n")


@path("/endless-trailers")
def endless_trailers(conn, request):
    conn.sendall(head("200 OK", "Transfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\n")
    while True:
        conn.sendall(b"X-More: and more\r\n" * 100)


@path("/huge-length")
def huge_length(conn, request):
    conn.sendall(head("200 OK", "Content-Type: text/html", "Content-Length: 10737418240"))
    conn.sendall(PAGE)
    hang(conn)


@path("/many-headers-ok")
def many_headers_ok(conn, request):
    reply(conn, PAGE, *["X-Field-%d: some value" % i for i in range(200)])


# ---------- encodings ----------

BOMB_SIZE = 64 * 1024 * 1024


def compress_bomb(window):
    compressor = zlib.compressobj(9, zlib.DEFLATED, window)
    block = b"a" * (1024 * 1024)
    parts = [compressor.compress(block) for _ in range(BOMB_SIZE // len(block))]
    return b"".join(parts) + compressor.flush()


def zstd_bomb():
    """A frame of run-length blocks: 4 bytes for 128 KB each (RFC 8878)."""
    size = 128 * 1024
    block = struct.pack("<I", 1 << 1 | size << 3)[:3] + b"a"
    last = struct.pack("<I", 1 | 1 << 1 | size << 3)[:3] + b"a"
    return (b"\x28\xb5\x2f\xfd\x00\x58" + block * (BOMB_SIZE // size - 1) + last)


# 64 MB of "a", brotli quality 9
BROTLI_BOMB = bytes.fromhex(
    "cfffff7f0024c2e2b14072effff9ffff0f8004401c1680eefd3fffffff01900088c302d0bdffcfffff7f001200"
    "715800baf7ff")

BOMBS = {
    "/bomb-gzip": ("gzip", lambda: compress_bomb(31)),
    "/bomb-deflate": ("deflate", lambda: compress_bomb(15)),
    "/bomb-br": ("br", lambda: BROTLI_BOMB),
    "/bomb-zstd": ("zstd", zstd_bomb),
    "/bomb-gzip-twice": ("gzip, gzip", lambda: gzip.compress(compress_bomb(31))),
}


BOMB_BYTES = {}


def prepare_bombs():
    """Make them beforehand: it takes longer than a request may."""
    for name, (_, make) in BOMBS.items():
        BOMB_BYTES[name] = make()


def bomb(conn, request):
    reply(conn, BOMB_BYTES[request.path], "Content-Encoding: " + BOMBS[request.path][0])


for _name in BOMBS:
    PATHS[_name] = bomb


@path("/gzip-ok")
def gzip_ok(conn, request):
    reply(conn, gzip.compress(PAGE), "Content-Encoding: gzip")


@path("/deflate-ok")
def deflate_ok(conn, request):
    reply(conn, zlib.compress(PAGE), "Content-Encoding: deflate")


@path("/deflate-raw-ok")
def deflate_raw_ok(conn, request):
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    reply(conn, compressor.compress(PAGE) + compressor.flush(), "Content-Encoding: deflate")


@path("/gzip-truncated-length")
def gzip_truncated_length(conn, request):
    data = gzip.compress(os.urandom(20000))
    conn.sendall(head("200 OK", "Content-Encoding: gzip", "Content-Length: %d" % len(data)))
    conn.sendall(data[:len(data) // 2])
    close(conn)


@path("/gzip-garbage")
def gzip_garbage(conn, request):
    reply(conn, b"this is not gzip at all" * 100, "Content-Encoding: gzip")


@path("/gzip-broken-inside")
def gzip_broken_inside(conn, request):
    data = bytearray(gzip.compress(bytes(range(256)) * 400))
    for i in range(200, 260):
        data[i] ^= 0xff
    reply(conn, bytes(data), "Content-Encoding: gzip")


@path("/br-garbage")
def br_garbage(conn, request):
    reply(conn, b"\xff\xfe this is not brotli" * 100, "Content-Encoding: br")


@path("/zstd-garbage")
def zstd_garbage(conn, request):
    reply(conn, b"this is not zstd either" * 100, "Content-Encoding: zstd")


@path("/encoding-unknown")
def encoding_unknown(conn, request):
    reply(conn, PAGE, "Content-Encoding: rot13")


@path("/encoding-many")
def encoding_many(conn, request):
    reply(conn, PAGE, "Content-Encoding: " + ", ".join(["gzip"] * 50))


# ---------- framing ----------

@path("/length-too-long")
def length_too_long(conn, request):
    conn.sendall(head("200 OK", "Content-Length: %d" % (len(PAGE) + 100)) + PAGE)
    close(conn)


@path("/length-too-short")
def length_too_short(conn, request):
    conn.sendall(head("200 OK", "Content-Length: %d" % (len(PAGE) - 10)) + PAGE)
    close(conn)


@path("/length-negative")
def length_negative(conn, request):
    conn.sendall(head("200 OK", "Content-Length: -5") + PAGE)
    close(conn)


@path("/length-words")
def length_words(conn, request):
    conn.sendall(head("200 OK", "Content-Length: many") + PAGE)
    close(conn)


@path("/length-twice")
def length_twice(conn, request):
    conn.sendall(head("200 OK", "Content-Length: 10", "Content-Length: 20") + PAGE)
    close(conn)


@path("/chunk-bad-size")
def chunk_bad_size(conn, request):
    conn.sendall(head("200 OK", "Transfer-Encoding: chunked") + b"zzz\r\nhello\r\n0\r\n\r\n")
    close(conn)


@path("/chunk-huge-size")
def chunk_huge_size(conn, request):
    conn.sendall(head("200 OK", "Transfer-Encoding: chunked") + b"fffffffffffffffff\r\nhello")
    close(conn)


@path("/chunk-no-end")
def chunk_no_end(conn, request):
    conn.sendall(head("200 OK", "Transfer-Encoding: chunked") + b"5\r\nhello\r\n")
    close(conn)


@path("/chunk-no-crlf")
def chunk_no_crlf(conn, request):
    conn.sendall(head("200 OK", "Transfer-Encoding: chunked") + b"5\r\nhelloXX0\r\n\r\n")
    close(conn)


@path("/header-nul")
def header_nul(conn, request):
    conn.sendall(b"HTTP/1.1 200 OK\r\nX-Nul: a\0b\r\nContent-Length: 5\r\n\r\nhello")


@path("/header-no-colon")
def header_no_colon(conn, request):
    conn.sendall(b"HTTP/1.1 200 OK\r\nthis is no field\r\nContent-Length: %d\r\n\r\n" % len(PAGE) + PAGE)


@path("/not-http-ssh")
def not_http_ssh(conn, request):
    conn.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
    close(conn)


@path("/not-http-09")
def not_http_09(conn, request):
    conn.sendall(PAGE)
    close(conn)


@path("/not-http-random")
def not_http_random(conn, request):
    conn.sendall(bytes((i * 37 + 11) % 256 for i in range(5000)))
    close(conn)


@path("/http-version-9")
def http_version_9(conn, request):
    conn.sendall(b"HTTP/9.9 200 OK\r\nContent-Length: 5\r\n\r\nhello")
    close(conn)


@path("/status-not-a-number")
def status_not_a_number(conn, request):
    conn.sendall(b"HTTP/1.1 abc OK\r\nContent-Length: 5\r\n\r\nhello")
    close(conn)


# ---------- ends ----------

@path("/close-at-once")
def close_at_once(conn, request):
    close(conn)


@path("/close-in-status")
def close_in_status(conn, request):
    conn.sendall(b"HTTP/1.1 2")
    close(conn)


@path("/close-in-headers")
def close_in_headers(conn, request):
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Ty")
    close(conn)


@path("/reset-at-once")
def reset_at_once(conn, request):
    reset(conn)


@path("/reset-in-headers")
def reset_in_headers(conn, request):
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Ty")
    time.sleep(0.05)
    reset(conn)


@path("/reset-in-body")
def reset_in_body(conn, request):
    conn.sendall(head("200 OK", "Content-Length: 100000") + PAGE)
    time.sleep(0.05)
    reset(conn)


# ---------- bytes and charsets ----------

CHARSETS = {
    "/nul-bytes": (b"<p>a\0b\0c</p>" + PAGE, "text/html"),
    "/only-nul": (b"\0" * 5000, "text/html"),
    "/charset-utf16-bom": (PAGE.decode().encode("utf-16"), "text/html"),
    "/charset-gb18030": ("<p>联系 info@faultserver.org</p>".encode("gb18030"), "text/html; charset=gb18030"),
    "/charset-shift-jis": ("<p>お問い合わせ info@faultserver.org</p>".encode("shift_jis"),
                           "text/html; charset=Shift_JIS"),
    "/charset-1252-as-utf8": ("<p>Müller info@faultserver.org</p>".encode("cp1252"),
                              "text/html; charset=utf-8"),
    "/charset-unknown": (PAGE, "text/html; charset=klingon"),
    "/type-none": (PAGE, None),
    "/type-xml": (b"<?xml version='1.0'?><a>info@faultserver.org</a>", "application/xml"),
    "/type-json": (b"{\"email\": \"info@faultserver.org\"}", "application/json"),
    "/type-xhtml": (PAGE, "application/xhtml+xml"),
    "/type-upper": (PAGE, "TEXT/HTML"),
    "/type-malformed": (PAGE, "html"),
    "/type-pdf": (b"%PDF-1.4 " + b"\x80" * 5000, "application/pdf"),
    "/type-image": (b"\x89PNG\r\n\x1a\n" + b"\0" * 5000, "image/png"),
    "/type-octets": (b"\x00\x01\x02" * 100, "application/octet-stream"),
    "/empty": (b"", "text/html"),
}


def make_page(body, kind):
    def behaviour(conn, request):
        reply(conn, body, kind=kind)
    return behaviour


for _name, (_body, _kind) in CHARSETS.items():
    PATHS[_name] = make_page(_body, _kind)


@path("/type-image-huge")
def type_image_huge(conn, request):
    conn.sendall(head("200 OK", "Content-Type: image/png", "Content-Length: 10737418240"))
    while True:
        conn.sendall(b"\0" * 65536)


# ---------- statuses ----------

@path("/status")
def status(conn, request):
    """/status?CODE with a body that looks fine."""
    code = request.query
    body = b"" if code in ("204", "205", "304") else PAGE
    if code in ("204", "304"):
        conn.sendall(head(code + " Whatever"))
    else:
        reply(conn, body, status=code + " Whatever")


@path("/retry-seconds")
def retry_seconds(conn, request):
    reply(conn, b"slow down", "Retry-After: 120", status="429 Too Many Requests")


@path("/retry-date")
def retry_date(conn, request):
    when = email.utils.formatdate(time.time() + 300, usegmt=True)
    reply(conn, b"slow down", "Retry-After: " + when, status="503 Service Unavailable")


@path("/retry-nonsense")
def retry_nonsense(conn, request):
    reply(conn, b"slow down", "Retry-After: soon, I hope", status="429 Too Many Requests")


@path("/retry-negative")
def retry_negative(conn, request):
    when = email.utils.formatdate(time.time() - 300, usegmt=True)
    reply(conn, b"slow down", "Retry-After: " + when, status="503 Service Unavailable")


@path("/retry-huge")
def retry_huge(conn, request):
    reply(conn, b"slow down", "Retry-After: 99999999999999999999", status="429 Too Many Requests")


# ---------- redirects ----------

def redirect(conn, target, *fields, status="302 Found"):
    reply(conn, b"moved", "Location: " + target, *fields, status=status)


@path("/redirect")
def redirect_count(conn, request):
    """/redirect?N: N hops, then a page."""
    count = int(request.query)
    redirect(conn, "/redirect?%d" % (count - 1) if count > 1 else "/ok")


@path("/redirect-to")
def redirect_to(conn, request):
    """/redirect-to?STATUS,TARGET; "=" stands for "?"."""
    code, _, target = request.query.partition(",")
    redirect(conn, target.replace("=", "?"), status=code + " Moved")


@path("/redirect-self")
def redirect_self(conn, request):
    redirect(conn, "/redirect-self")


@path("/redirect-ping")
def redirect_ping(conn, request):
    redirect(conn, "/redirect-pong")


@path("/redirect-pong")
def redirect_pong(conn, request):
    redirect(conn, "/redirect-ping")


@path("/redirect-empty")
def redirect_empty(conn, request):
    redirect(conn, "")


@path("/redirect-none")
def redirect_none(conn, request):
    reply(conn, b"moved, but where?", status="301 Moved")


@path("/redirect-big-body")
def redirect_big_body(conn, request):
    conn.sendall(head("302 Found", "Location: /ok", "Content-Length: 100000000"))
    for _ in range(1000):
        conn.sendall(b"a" * 100000)


@path("/redirect-crlf")
def redirect_crlf(conn, request):
    redirect(conn, "/ok%0d%0aX-Injected:%20yes")


@path("/cookie")
def cookie(conn, request):
    redirect(conn, "http://localhost:%d/cookie-check" % request.port,
             "Set-Cookie: id=1; Path=/", "Set-Cookie: all=1; Path=/; Domain=localhost")


@path("/cookie-check")
def cookie_check(conn, request):
    if "cookie" in request.headers:
        reply(conn, b"cookie came back", status="500 Cookie")
    else:
        reply(conn, PAGE)


@path("/header-check")
def header_check(conn, request):
    """What a request of ours must and must not carry."""
    wrong = [name for name in ("cookie", "authorization", "referer", "proxy-connection")
             if name in request.headers]
    if wrong or not request.headers.get("user-agent") or "br" not in request.headers.get("accept-encoding", ""):
        reply(conn, b"wrong headers", status="500 Headers")
    else:
        reply(conn, PAGE)


# ---------- servers ----------

class Server:
    """Listens on one address; a thread per connection."""

    def __init__(self, host="0.0.0.0", port=0, tls=None, family=socket.AF_INET, accept=True):
        self.robots = None
        self.paths = {}           # behaviours of this server only
        self.missing = missing
        self.tls = tls
        self.connections = 0
        self.requests = collections.Counter()
        self.starts = []          # (time, host header) of each request
        self.running = collections.Counter()
        self.most = collections.Counter()
        self.lock = threading.Lock()
        self.socket = socket.socket(family)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((host, port))
        self.socket.listen(512 if accept else 0)
        self.port = self.socket.getsockname()[1]
        self.fillers = []
        if accept:
            threading.Thread(target=self.accept_all, daemon=True).start()
        else:
            self.fill_backlog()

    def fill_backlog(self):
        """A listener whose queue is full answers no SYN."""
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(self.socket.getsockname())
            self.fillers.append(filler)

    def wake(self):
        """A server that accepted nothing does so from now on."""
        for filler in self.fillers:
            filler.close()
        self.socket.listen(512)
        threading.Thread(target=self.accept_all, daemon=True).start()

    def accept_all(self):
        while True:
            try:
                conn, _ = self.socket.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
            threading.Thread(target=self.serve, args=(conn,), daemon=True).start()

    def serve(self, conn):
        try:
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls == "hang":
                hang(conn)
            elif self.tls == "garbage":
                conn.recv(4096)
                conn.sendall(b"HTTP/1.1 200 OK\r\n\r\nno TLS here")
            elif self.tls:
                conn.settimeout(30)
                conn = self.tls.wrap_socket(conn, server_side=True)
            self.serve_requests(conn)
        except (OSError, ValueError, IndexError):
            pass
        finally:
            conn.close()

    def serve_requests(self, conn):
        data = b""
        while True:
            while b"\r\n\r\n" not in data:
                more = conn.recv(65536)
                if not more:
                    return
                data += more
            one, _, data = data.partition(b"\r\n\r\n")
            request = Request(one, self, self.port)
            host = request.headers.get("host", "")
            with self.lock:
                self.requests[request.path] += 1
                self.starts.append((time.monotonic(), host, request.path))
                self.running[host] += 1
                self.most[host] = max(self.most[host], self.running[host])
            try:
                behave = self.paths.get(request.path) or PATHS.get(request.path, self.missing)
                behave(conn, request)
            finally:
                with self.lock:
                    self.running[host] -= 1


def missing(conn, request):
    reply(conn, PAGE, status="404 Not Found")


# ---------- certificates ----------

def openssl(*args):
    subprocess.run(("openssl",) + args, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


class Certificates:
    """An authority of our own and certificates good and bad."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="wf_certs_")
        self.ca = self.file("ca.pem")
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj",
                "/CN=Fault CA", "-keyout", self.file("ca.key"), "-out", self.ca)
        self.make("good", "localhost", 30, ["127.0.3.%d" % i for i in range(1, 51)])
        self.make("expired", "localhost", -1)
        self.make("wrongname", "elsewhere.example", 30)
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj",
                "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
                self.file("self.key"), "-out", self.file("self.pem"))

    def file(self, name):
        return os.path.join(self.dir, name)

    def make(self, name, host, days, addresses=()):
        with open(self.file("ext"), "w") as ext:
            ext.write("subjectAltName=DNS:%s" % host + "".join(",IP:" + a for a in addresses) + "\n")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=" + host, "-keyout",
                self.file(name + ".key"), "-out", self.file(name + ".csr"))
        sign = ("x509", "-req", "-in", self.file(name + ".csr"), "-CA", self.ca, "-CAkey",
                self.file("ca.key"), "-CAcreateserial", "-extfile", self.file("ext"), "-out",
                self.file(name + ".pem"))
        try:
            openssl(*sign, "-days", str(days))
        except subprocess.CalledProcessError:
            # OpenSSL 3.4 and later refuse negative days, and have these instead
            openssl(*sign, "-not_before", "20200101000000Z", "-not_after", "20200102000000Z")

    def context(self, name, old=False):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file(name + ".pem"), self.file(name + ".key"))
        if old:
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        return context

    def trusted(self):
        """
        A prefix for a command that makes it trust our authority: the system's
        list of authorities is replaced for one process, by a mount of its own.
        None where that may not be done.
        """
        prefix = ("unshare", "-m", "sh", "-c",
                  "mount --bind %s /etc/ssl/certs/ca-certificates.crt && exec \"$@\"" % self.ca, "sh")
        can = subprocess.run(list(prefix) + ["true"], stderr=subprocess.DEVNULL).returncode == 0
        return prefix if can else None

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)


if __name__ == "__main__":
    prepare_bombs()
    server = Server(port=int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    print("http://127.0.0.1:%d/ok" % server.port, flush=True)
    threading.Event().wait()
