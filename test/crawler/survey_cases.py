"""Sitemaps and domains in the crawler: hostile files, slow readers, sites without."""
import gzip
import threading
import time

import faultserver
import worker
from common import SANITIZED
from watched import Cases, Watched, url

case = Cases("survey")

HEAD = b"<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">"
TAIL = b"</urlset>"


def locs(server, count, padding=0):
    return b"".join(b"<url><loc>http://127.0.0.1:%d/%d?%s</loc></url>" % (server.port, i, b"x" * padding)
                    for i in range(count))


def serve(paths):
    """A server of its own; a path is bytes (an XML file) or a behaviour."""
    server = faultserver.Server()
    server.paths = {path: what if callable(what) else
                    lambda conn, request, what=what: faultserver.reply(conn, what, kind="text/xml")
                    for path, what in paths.items()}
    return server


def survey(server, path, **settings):
    """The end of one sitemap file: (result, number of entries before it)."""
    c = Watched(**settings)
    c.fetch(1, url(server, path), stage=worker.SITEMAP)
    c.ended(1)
    c.close()
    return c.found.get(1), sum(count for _, count in c.entries)


def unfinished(end):
    """Announces more than comes: the first 3,000 URLs, then the given end."""
    def behave(conn, request):
        conn.sendall(faultserver.head("200 OK", "Content-Type: text/xml", "Content-Length: 10000000") +
                     HEAD + locs(request.server, 3000))
        end(conn, request)
    return behave


def reset_when_told(conn, request):
    """The network may drop what is not yet read, so wait for the reader."""
    request.server.told.wait(10)
    faultserver.reset(conn)


# ---------- a sitemap ----------

@case("a sitemap in several messages, then its result")
def whole():
    server = serve({})
    server.paths["/s"] = lambda conn, request: faultserver.reply(conn, HEAD + locs(server, 2500) + TAIL)
    result, entries = survey(server, "/s")
    return result.outcome == "ok" and entries == 2500, (result.outcome, result.error, entries)


@case("a worker that does not read stops the server, not only the crawler")
def backpressure():
    server = serve({})
    sent = [0]
    body = HEAD + locs(server, 20000, 1000) + TAIL

    def behave(conn, request):
        conn.sendall(faultserver.head("200 OK", "Content-Type: text/xml", "Content-Length: %d" % len(body)))
        for at in range(0, len(body), 65536):
            conn.sendall(body[at:at + 65536])
            sent[0] += 65536

    server.paths["/s"] = behave
    c = Watched()
    c.fetch(1, url(server, "/s"), stage=worker.SITEMAP)
    before = -1
    limit = time.monotonic() + 20
    while (sent[0] != before or before == 0) and time.monotonic() < limit:  # until nothing moves
        before = sent[0]
        time.sleep(0.5)
    size = int(c.status_field("VmRSS"))
    stalled = sent[0] < len(body)
    c.ended(1)
    c.close()
    entries = sum(count for _, count in c.entries)
    return (stalled and size < (1 << 30 if SANITIZED else 64 * 1024) and c.outcomes() == ["ok"] and
            entries == 20000), (before, len(body), size, c.outcomes(), entries)


@case("cancelled in mid-file: nothing follows, and the crawler goes on")
def cancel():
    server = serve({"/s": unfinished(lambda conn, request: faultserver.hang(conn))})
    server.paths["/t"] = lambda conn, request: faultserver.reply(conn, HEAD + locs(server, 3) + TAIL)
    c = Watched(max_concurrency_per_host="1")
    c.fetch(1, url(server, "/s"), stage=worker.SITEMAP)
    begun = c.collect(lambda: c.entries)
    c.cancel(1)
    c.fetch(2, url(server, "/t"), stage=worker.SITEMAP)
    c.ended(1)
    c.close()
    return begun and list(c.found) == [2] and c.outcomes() == ["ok"] and c.entries[-1] == (2, 3), \
        (begun, c.found.keys(), c.outcomes(), c.entries)


@case("reset in mid-file: the URLs before it, then the reset")
def reset():
    server = serve({"/s": unfinished(reset_when_told)})
    server.told = threading.Event()
    c = Watched()
    c.fetch(1, url(server, "/s"), stage=worker.SITEMAP)
    begun = c.collect(lambda: c.entries)
    server.told.set()
    c.ended(1)
    c.close()
    return begun and c.outcomes() == ["reset"], (begun, c.outcomes(), c.entries)


@case("a gzip bomb ends at the limit, and costs no memory")
def bomb():
    server = serve({})
    packed = gzip.compress(HEAD + locs(server, 1) + b" " * faultserver.BOMB_SIZE + TAIL)
    server.paths["/s.xml.gz"] = lambda conn, request: faultserver.reply(conn, packed, kind="application/gzip")
    c = Watched()
    c.fetch(1, url(server, "/s.xml.gz"), stage=worker.SITEMAP)
    c.ended(1)
    peak = int(c.status_field("VmHWM"))
    c.close()
    result = c.found[1]
    return (result.outcome == "partial" and b"only the first 1 URLs" in result.error and
            peak < (1 << 30 if SANITIZED else 64 * 1024)), (result.outcome, result.error, peak)


@case("a web page with status 200 is no sitemap")
def web_page():
    result, entries = survey(serve({"/s": faultserver.ok}), "/s")
    return result.outcome == "not_sitemap" and b"web page" in result.error and entries == 0, \
        (result.outcome, result.error)


@case("robots.txt forbids it: not even asked for")
def disallowed():
    server = serve({"/s": HEAD + TAIL})
    server.robots = b"User-agent: *\nDisallow: /s\n"
    result, _ = survey(server, "/s", respect_robots="on")
    return result.outcome == "robots" and server.requests["/s"] == 0, (result.outcome, server.requests)


# ---------- a domain ----------

def search(server, **settings):
    c = Watched(**settings)
    c.fetch(1, "", domain="http://127.0.0.1:%d" % server.port, stage=worker.DOMAIN)
    c.ended(1)
    c.close()
    return c.found.get(1), sum(count for _, count in c.entries)


@case("a site that answers everything with a web page has no sitemaps")
def soft_404():
    server = serve({})
    server.missing = faultserver.ok
    server.robots = faultserver.ok
    result, entries = search(server)
    return (result.outcome == "none_found" and entries == 0 and server.requests["/sitemap.xml"] == 1), \
        (result.outcome, result.error, server.requests)


@case("sitemaps that robots.txt names and forbids are not fetched")
def named_and_forbidden():
    server = serve({"/secret/s.xml": HEAD + TAIL})
    server.robots = b"User-agent: *\nDisallow: /\nSitemap: /secret/s.xml\n"
    result, entries = search(server, respect_robots="on")
    return (result.outcome != "ok" and entries == 0 and set(server.requests) == {"/robots.txt"}), \
        (result.outcome, result.error, server.requests)


@case("sitemaps on other sites: the worker is asked first, each time")
def named_elsewhere():
    server = serve({"/s.xml": HEAD + TAIL})
    there = "127.0.0.2:%d" % server.port
    server.robots = ("Sitemap: http://%s/s.xml\nSitemap: /s.xml\nSitemap: http://%s/s.xml?2\n" % (there, there)).encode()
    c = Watched()
    c.fetch(1, "", domain="http://127.0.0.1:%d" % server.port, stage=worker.DOMAIN)
    before = []
    for granted in (1, 2):
        # asked again after a while, and not by another name
        if not c.collect(lambda: len(set(a[0] for a in c.asked)) >= granted):
            break
        before.append([host for _, host, _ in server.starts])
        c.grant(c.asked[-1][0], True)
    c.ended(1)
    c.close()
    return (c.outcomes() == ["ok"] and set(a[1:] for a in c.asked) == {(1, there)} and
            [hosts.count(there) for hosts in before] == [0, 1]), (c.outcomes(), c.asked, before)
