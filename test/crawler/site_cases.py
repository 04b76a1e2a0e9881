"""How the crawler treats sites: back-off, questions to the worker, versions."""
import time

import faultserver
from common import SANITIZED, SETTINGS
from watched import Cases, Watched, url

case = Cases("site")


# ---------- hosts that ask for less ----------

@case("Retry-After holds for the whole host")
def retry_after():
    server = faultserver.Server()
    c = Watched()
    c.fetch(1, url(server, "/retry-seconds"))
    c.ended(1)
    for i in range(2, 6):
        c.fetch(i, url(server, "/ok?%d" % i))
    c.ended(5)
    waits = [c.found[i].retry_after_ms for i in range(2, 6)]
    c.close()
    return (c.outcomes() == ["http_throttled"] + ["deferred"] * 4 and server.requests["/ok"] == 0 and
            all(110000 < w <= 120000 for w in waits) and c.sites[0][0] == "127.0.0.1:%d" % server.port and
            110000 < c.sites[0][1] <= 120000), (c.outcomes(), waits, c.sites)


@case("429 slows the host down, good answers make it faster again")
def adaptive_delay():
    server = faultserver.Server()
    c = Watched()
    c.fetch(1, url(server, "/status?429"))
    c.ended(1)
    first = c.sites[-1]
    c.collect(lambda: False, first[1] / 1000)
    c.fetch(2, url(server, "/status?429"))
    c.ended(2)
    second = c.sites[-1]
    c.site(first[0], 0, 0, 1000, 0, 0)    # as another worker may have left it
    for i in range(3, 6):
        c.fetch(i, url(server, "/ok?%d" % i))
        c.ended(i)
    c.close()
    slow = [s[3] for s in c.sites]
    return (first[3] == 1000 and second[3] == 2000 and 500 in slow and slow[-1] == 0 and
            c.outcomes() == ["http_throttled"] * 2 + ["ok"] * 3), c.sites


@case("a dead host opens the breaker, which closes by itself")
def breaker():
    server = faultserver.Server(accept=False)
    c = Watched(connect_timeout="100", retry_delay="1600")
    for i in range(1, 21):
        c.fetch(i, url(server, "/ok?%d" % i))
    c.ended(20)
    tried = c.outcomes().count("timeout")
    opened = c.sites[-1]
    server.wake()
    c.collect(lambda: False, opened[1] / 1000)
    c.fetch(21, url(server, "/ok?21"))
    c.ended(21)
    c.fetch(22, url(server, "/ok?22"))
    c.ended(22)
    c.close()
    return (tried == 5 and c.outcomes().count("deferred") == 15 and opened[4] == 10 and opened[5] == 1 and
            1200 <= opened[1] <= 2000 and c.found[21].outcome == c.found[22].outcome == "ok" and
            c.sites[-1][4:] == (0, 0)), (c.outcomes(), c.sites)


@case("half open: one request at a time; a failure opens it for longer")
def half_open():
    server = faultserver.Server()
    c = Watched(request_timeout="400", retry_delay="1600", max_concurrency_per_host="4")
    c.site("127.0.0.1:%d" % server.port, 0, 0, 0, 10, 1)
    for i in range(1, 6):
        c.fetch(i, url(server, "/hang-response?%d" % i))
    c.ended(5)
    c.close()
    opened = c.sites[-1]
    return (c.outcomes().count("timeout") == 1 and c.outcomes().count("deferred") == 4 and
            server.requests["/hang-response"] == 1 and opened[5] == 2 and 2400 <= opened[1] <= 4000), \
        (c.outcomes(), c.sites)


@case("a host's failures are its own: another on the same port goes on")
def no_contagion():
    server = faultserver.Server()
    c = Watched()
    c.site("127.0.0.1:%d" % server.port, 60000, 0, 0, 12, 1)
    c.fetch(1, url(server, "/ok"))
    c.fetch(2, url(server, "/ok", "127.0.0.2"))
    c.ended(2)
    c.close()
    return c.outcomes() == ["deferred", "ok"], c.outcomes()


@case("errors of single pages do not open the breaker")
def healthy_errors():
    server = faultserver.Server()
    c = Watched()
    paths = ["/status?404", "/type-pdf", "/gzip-garbage", "/reset-in-body", "/empty", "/status?403"] * 5
    for i, path in enumerate(paths):
        c.fetch(i + 1, url(server, path))
    c.ended(len(paths))
    c.close()
    return "deferred" not in c.outcomes() and len(c.found) == len(paths), c.outcomes()


# ---------- pauses ----------

@case("what must wait long is handed back, not held")
def long_delay():
    server = faultserver.Server()
    c = Watched(host_delay="5000")
    for i in range(1, 4):
        c.fetch(i, url(server, "/ok?%d" % i))
    c.fetch(9, url(server, "/ok", "127.0.0.2"))
    began = time.monotonic()
    c.ended(4)
    took = time.monotonic() - began
    c.close()
    waits = [r.retry_after_ms for r in c.found.values() if r.outcome == "deferred"]
    return (c.outcomes().count("ok") == 2 and len(waits) == 2 and all(4000 < w <= 5000 for w in waits) and
            took < 1.5 and c.sites[-1][1] > 4000 and c.sites[-1][2] == 5000), (c.outcomes(), waits, c.sites)


@case("short pauses and those on the way of a redirect are waited for")
def short_delay():
    server = faultserver.Server()
    c = Watched(host_delay="300")
    c.fetch(1, url(server, "/redirect?2"))
    c.fetch(2, url(server, "/ok"))
    c.ended(2)
    c.config(dict(SETTINGS, host_delay="1500"))
    c.fetch(3, url(server, "/redirect?1", "127.0.0.2"))
    c.ended(3)
    c.close()
    times = sorted(t for t, host, _ in server.starts if host.startswith("127.0.0.1:"))
    gap = min(b - a for a, b in zip(times, times[1:]))
    last = [t for t, host, _ in server.starts if host.startswith("127.0.0.2:")]
    # the first requests had to connect first
    return c.outcomes() == ["ok"] * 3 and gap >= 0.2 and last[1] - last[0] >= 1.3, (c.outcomes(), gap)


@case("a wait that others began is kept")
def inherited_wait():
    server = faultserver.Server()
    c = Watched()
    c.site("127.0.0.1:%d" % server.port, 700)
    began = time.monotonic()
    c.fetch(1, url(server, "/ok"))
    c.ended(1)
    took = time.monotonic() - began
    c.close()
    return c.outcomes() == ["ok"] and took >= 0.69, took


# ---------- sites of others ----------

@case("a redirect to another site asks the worker first")
def ask():
    server = faultserver.Server()
    c = Watched()
    c.fetch(7, url(server, "/redirect-to?302,http://127.0.0.2:%d/ok" % server.port))
    c.collect(lambda: len(c.asked) >= 2)
    before = server.requests["/ok"]
    c.grant(c.asked[-1][0], False)
    c.collect(lambda: len(c.asked) >= 3)
    c.grant(c.asked[-1][0], True)
    c.ended(1)
    c.close()
    return (c.outcomes() == ["ok"] and before == 0 and len(c.asked) >= 3 and
            set(a[1:] for a in c.asked) == {(7, "127.0.0.2:%d" % server.port)}), (c.outcomes(), c.asked)


@case("a redirect within the site does not")
def no_question():
    server = faultserver.Server()
    c = Watched()
    c.fetch(1, url(server, "/redirect?3"))
    c.ended(1)
    c.close()
    return c.outcomes() == ["ok"] and not c.asked, c.asked


@case("a page that waits for an answer can be cancelled; answers to nobody do no harm")
def cancelled_question():
    server = faultserver.Server()
    c = Watched()
    c.fetch(1, url(server, "/redirect-to?302,http://127.0.0.2:%d/ok" % server.port))
    c.collect(lambda: c.asked)
    c.cancel(1)
    c.grant(c.asked[0][0], True)
    c.grant(4711, True)
    c.fetch(2, url(server, "/ok", "127.0.0.3"))
    c.ended(1)
    c.close()
    return list(c.found) == [2] and server.requests["/ok"] == 1, c.outcomes()


# ---------- robots.txt of others ----------

@case("robots.txt is reported once fetched, and not fetched when known")
def robots_known():
    server = faultserver.Server()
    server.robots = b"User-agent: *\nDisallow: /gzip-ok\n"
    c = Watched(respect_robots="on")
    c.fetch(1, url(server, "/ok"))
    c.ended(1)
    origin = url(server, "")
    c.robots("127.0.0.2:%d" % server.port, origin.replace("127.0.0.1", "127.0.0.2"), b"User-agent: *\nDisallow: /ok\n")
    c.fetch(2, url(server, "/ok", "127.0.0.2"))
    c.fetch(3, url(server, "/gzip-ok", "127.0.0.2"))
    c.ended(3)
    c.close()
    return (c.outcomes() == ["ok", "robots", "ok"] and server.requests["/robots.txt"] == 1 and
            c.files == [("127.0.0.1:%d" % server.port, origin, 86400000, server.robots)]), (c.outcomes(), c.files)


@case("an old robots.txt counts while a fresh one cannot be had")
def robots_stale():
    server = faultserver.Server()
    server.robots = lambda conn, request: faultserver.reply(conn, b"", status="500 Broken")
    c = Watched(respect_robots="on")
    c.robots("127.0.0.1:%d" % server.port, url(server, ""), b"User-agent: *\nDisallow: /gzip-ok\n", 1)
    time.sleep(0.02)
    c.fetch(1, url(server, "/ok"))
    c.fetch(2, url(server, "/gzip-ok"))
    c.ended(2)
    c.close()
    return c.outcomes() == ["ok", "robots"] and server.requests["/robots.txt"] == 1 and not c.files, \
        (c.outcomes(), c.files)


@case("http and https, with and without www, are one site")
def one_site():
    c = Watched(connect_timeout="100")
    c.site("wf-curation-test.invalid", 60000, 0, 0, 12, 1)
    for i, start in enumerate(("http://", "https://", "http://www.", "https://www.")):
        c.fetch(i + 1, start + "wf-curation-test.invalid/")
    c.ended(4)
    c.close()
    return c.outcomes() == ["deferred"] * 4, c.outcomes()


# ---------- versions ----------

def conditional(conn, request):
    """A page with an ETag and a date; 304 to who has them."""
    if request.headers.get("if-none-match") == "\"v1\"" or \
            request.headers.get("if-modified-since") == "Tue, 24 Nov 2026 08:00:00 GMT":
        conn.sendall(faultserver.head("304 Not Modified", "ETag: \"v1\""))
    else:
        faultserver.reply(conn, faultserver.PAGE, "ETag: \"v1\"", "Last-Modified: Tue, 24 Nov 2026 08:00:00 GMT")


@case("a known version is asked for by name, where it came from")
def versions():
    faultserver.PATHS["/versioned"] = conditional
    server = faultserver.Server()
    c = Watched()
    page = url(server, "/versioned")
    there = url(server, "/redirect-to?302,/versioned")
    date = "Tue, 24 Nov 2026 08:00:00 GMT"
    c.fetch(1, page)
    c.fetch(2, page, version=(page, "\"v1\"", ""))
    c.fetch(3, page, version=(page, "", date))
    c.fetch(4, page, version=(page, "\"v0\"", ""))
    c.fetch(5, page, version=(there, "\"v1\"", date))
    c.fetch(6, there, version=(page, "\"v1\"", date))
    c.fetch(7, url(server, "/status?304"))
    c.ended(7)
    c.fetch(8, page)
    c.ended(8)
    c.close()
    first = c.found[1]
    return (c.outcomes() == ["ok", "not_modified", "not_modified", "ok", "ok", "not_modified", "protocol", "ok"] and
            (first.etag, first.last_modified) == (b"\"v1\"", date.encode()) and
            c.found[2].status == 304 and c.found[2].error == b""), c.outcomes()


@case("a validator that could break a header is none")
def bad_validators():
    faultserver.PATHS["/etag-odd"] = lambda conn, request: conn.sendall(
        b"HTTP/1.1 200 OK\r\nETag: \"\xc3\xa9\"\r\nLast-Modified: " + b"x" * 300 +
        b"\r\nContent-Length: 5\r\n\r\nhello")
    server = faultserver.Server()
    c = Watched()
    c.fetch(1, url(server, "/etag-odd"))
    c.ended(1)
    result = c.found[1]
    c.close()
    return (result.outcome, result.etag, result.last_modified) == ("ok", b"", b""), c.outcomes()


# ---------- many hosts ----------

@case("thousands of hosts: the pool is replaced, nothing is lost")
def many_hosts():
    server = faultserver.Server()
    hosts = 2500 if SANITIZED else 5000
    c = Watched()
    for i in range(hosts):
        c.fetch(i + 1, "http://127.%d.%d.%d:%d/ok" % (20 + i // 40000, i // 200 % 200, 1 + i % 200, server.port))
    good = c.collect(lambda: len(c.found) >= hosts, 60)
    for i in range(1, 101):
        c.fetch(hosts + i, "http://127.20.0.%d:%d/ok?again" % (i, server.port))
    good = good and c.collect(lambda: len(c.found) >= hosts + 100, 20)
    c.close()
    return good and set(c.outcomes()) == {"ok"}, len(c.found)
