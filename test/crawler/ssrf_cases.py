"""Addresses that must never be connected to, by whatever way a URL leads there.

Runs in user, mount and network namespaces of its own, where every address is one of this
machine, a resolver of ours answers every name, and a web server of ours listens on all
addresses and notes which one each connection was for.  So that what must be refused would
answer if it was asked, and public addresses can be reached without a network.
"""
import base64
import ipaddress
import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading

import faultserver
from common import CRAWLER, RESULTS, SANITIZED, crawl, wanted
from tables import ALLOWED, REFUSED

GOOD = "93.184.216.34"
GOOD6 = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"
GO = "go.example.org"
PORTS = (80, 443, 22, 25, 81, 5432, 6379, 8080)
# where names may lead, and must not
BAD = ("127.0.0.1 127.8.8.8 0.0.0.0 10.0.0.1 172.16.0.1 192.168.0.1 100.64.0.1 169.254.169.254 168.63.129.16"
       " 192.0.0.192 198.18.0.1 240.0.0.1 ::1 :: ::7f00:1 ::ffff:127.0.0.1 ::ffff:10.0.0.1"
       " ::ffff:169.254.169.254 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::1 2002:7f00:1:: 2001:db8::1"
       " fc00::1 fd00:ec2::254 fec0::1 100::1").split()
ARGS = ["--allowed-networks=", "--verify-tls=off", "--max-concurrency-per-host=64",
        "--connect-timeout=3000", "--request-timeout=6000"]

# Inside: the resolver and the hosts are ours; all addresses are local.
SETUP = """
mount --bind "$0/resolv.conf" /etc/resolv.conf && mount --bind "$0/hosts" /etc/hosts &&
ip link set lo up && ip route add local 0.0.0.0/0 dev lo && ip -6 route add local ::/0 dev lo &&
echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start && exec "$@"
"""


# ---------- resolver ----------

def addresses_of(name, turn):
    """
    The addresses of a name when asked for the turn-th time.  N_N-N.rebind.example.org has
    those of the numbers before the '-' at first and those behind it later; of BAD, or g
    for a good one.
    """
    if not name.endswith(".rebind.example.org"):
        return [GOOD]
    turns = name.split(".")[0].split("-")
    return [a for n in turns[min(turn, len(turns) - 1)].split("_")
            for a in ([GOOD, GOOD6] if n == "g" else [BAD[int(n)]])]


class Resolver:
    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.53", 53))
        self.turns = {}
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            query, peer = self.socket.recvfrom(1500)
            labels, at = [], 12
            while query[at]:
                labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1").lower())
                at += 1 + query[at]
            (kind,) = struct.unpack_from(">H", query, at + 1)
            self.socket.sendto(self.answer(query[:at + 5], ".".join(labels), kind), peer)

    def answer(self, asked, name, kind):
        turn = self.turns.get((name, kind), 0)
        self.turns[name, kind] = turn + 1
        version = {1: 4, 28: 6}.get(kind)
        records = [a.packed for a in map(ipaddress.ip_address, addresses_of(name, turn)) if a.version == version]
        body = b"".join(struct.pack(">HHHIH", 0xC00C, kind, 1, 0, len(r)) + r for r in records)
        return asked[:2] + struct.pack(">HHHHH", 0x8180, 1, len(records), 0, 0) + asked[12:] + body


# ---------- web server ----------

class Everywhere:
    """A web server on all addresses; /go?BASE64 redirects."""

    def __init__(self, context):
        self.context = context
        self.lock = threading.Lock()
        self.asked = []             # (address, port) of each connection
        for port in PORTS:
            for family, host in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
                listener = socket.socket(family, socket.SOCK_STREAM)
                if family == socket.AF_INET6:
                    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind((host, port))
                listener.listen(512)
                threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def accept(self, listener):
        while True:
            connection = listener.accept()[0]
            with self.lock:
                self.asked.append(connection.getsockname()[:2])
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            if connection.getsockname()[1] == 443:
                connection = self.context.wrap_socket(connection, server_side=True)
            head = b""
            while b"\r\n\r\n" not in head:
                data = connection.recv(65536)
                if not data:
                    return
                head += data
            target = head.split()[1]
            status, more, body = b"200 OK", b"", b"<p>a page</p>"
            if target.startswith(b"/go?"):
                status, body = b"302 Found", b""
                more = b"Location: " + base64.urlsafe_b64decode(target[4:]) + b"\r\n"
            elif target == b"/robots.txt":
                status, body = b"404 Not Found", b""
            connection.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Type: text/html\r\n" + more +
                               b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
        except (OSError, ssl.SSLError):
            pass
        finally:
            connection.close()

    def take(self):
        with self.lock:
            asked, self.asked = self.asked, []
        return asked


# ---------- cases ----------

def through(url):
    """A URL that redirects there; None if no header can say so."""
    if b"\n" in url or b"\r" in url:
        return None
    return "http://%s/go?%s" % (GO, base64.urlsafe_b64encode(url).decode())


def outcomes(urls, *more):
    blocks = crawl(urls, ARGS + list(more))[0]
    return [b.outcome for b in blocks]


def is_good(asked):
    return asked[0] in (GOOD, GOOD6) and asked[1] in (80, 443)


def refused_directly(server):
    found = outcomes(REFUSED, "--respect-robots=off")
    asked = server.take()
    yield ("SSRF: %d URLs that must be refused" % len(REFUSED),
           len(REFUSED) >= 200 and len(found) == len(REFUSED) and set(found) <= {"policy", "bad_url"} and not asked,
           (set(found), asked[:5]))


def refused_by_redirect(server):
    urls = [u for u in map(through, REFUSED) if u]
    found = outcomes(urls, "--respect-robots=off")
    asked = server.take()
    yield ("SSRF: %d redirects to such" % len(urls),
           len(urls) >= 200 and len(found) == len(urls) and len(asked) >= len(urls) and all(map(is_good, asked)),
           (set(found), [a for a in asked if not is_good(a)][:5]))


def refused_by_name(server):
    """Names with bad addresses: alone, beside a good one, behind it the next time, by a redirect."""
    numbers = range(len(BAD))
    for what, shape, good in (("of bad addresses", "%d", False), ("of two bad addresses", "0_%d", False),
                              ("of a bad and a good address", "%d_g", True),
                              ("rebound: bad from the second query on", "g-%d", None),
                              ("rebound: good from the second query on", "%d-g", None)):
        names = [(shape % n) + ".rebind.example.org" for n in numbers]
        direct = ["http://%s/" % n for n in names]
        redirects = [through(("https://%s/" % n).encode()) for n in names]
        for way, urls, robots in (("", direct, "off"), (", robots.txt first", direct, "on"),
                                  (", by a redirect", redirects, "off")):
            # as a process of its own, which knows no answers from before
            found = outcomes(urls, "--respect-robots=" + robots)
            asked = server.take()
            ends = {True: {"ok"}, False: {"policy"}, None: {"ok", "policy"}}[good]
            yield ("SSRF: %d names %s%s" % (len(names), what, way),
                   len(found) == len(urls) and set(found) <= ends and all(map(is_good, asked)),
                   (set(found), [a for a in asked if not is_good(a)][:5]))


def allowed(server):
    for what, urls in (("URLs", ALLOWED), ("redirects to such", [through(u) for u in ALLOWED])):
        found = outcomes(urls, "--respect-robots=off")
        asked = server.take()
        yield ("SSRF: %d legitimate %s" % (len(urls), what),
               len(urls) >= 50 and found == ["ok"] * len(urls) and len(asked) >= len(urls), set(found))


def inside():
    certs = faultserver.Certificates()
    Resolver()
    server = Everywhere(certs.context("good"))
    for group in (refused_directly, refused_by_redirect, refused_by_name, allowed):
        for name, good, detail in group(server):
            print(json.dumps([name, good, repr(detail)]), flush=True)
    certs.remove()


def run():
    if not wanted("SSRF") or SANITIZED:
        return
    with tempfile.TemporaryDirectory() as directory:
        for name, text in (("resolv.conf", "nameserver 127.0.0.53\n"),
                           ("hosts", "127.0.0.1 localhost\n::1 localhost\n")):
            with open(os.path.join(directory, name), "w") as file:
                file.write(text)
        os.chmod(directory, 0o755)
        enter = ["unshare", "--user", "--map-root-user", "--mount", "--net", "sh", "-c", SETUP, directory]
        if subprocess.run(enter + ["true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
            RESULTS.skip("SSRF", "no namespaces here")
            return
        done = subprocess.run(enter + [sys.executable, os.path.abspath(__file__), CRAWLER],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=300)
    for line in done.stdout.decode().splitlines():
        RESULTS.report(*json.loads(line))
    RESULTS.report("SSRF: the tables were read to their end", done.returncode == 0, done.returncode)


if __name__ == "__main__":
    inside()
    sys.stdout.flush()
    os._exit(0)
