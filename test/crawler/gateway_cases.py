"""How the crawler uses a gateway: what it sends, what it makes of each answer."""
import os
import subprocess
import tempfile

import faultserver
import worker
from common import CRAWLER, LOOPBACK
from gateway import Gateway
from tables import ALLOWED, REFUSED
from watched import Cases, Watched

case = Cases("gateway")
KEY = "CaNaRy-k3y&%/+"


def crawler(gateway, **settings):
    return Watched(**dict({"gateway_url": "http://127.0.0.1:%d/" % gateway.port, "gateway_key": KEY,
                           "gateway_timeout": "3000"}, **settings))


def fetch(gateway, *paths, **settings):
    """Fetch those pages of sites of their own; the crawler, when all have ended."""
    c = crawler(gateway, **settings)
    for i, path in enumerate(paths):
        c.fetch(i + 1, "http://site%d.example.org%s" % (i, path), worker.GATEWAY)
    c.ended(len(paths))
    c.close()
    return c


def ends(c):
    """(outcome, status, decided by the gateway, credits) of each."""
    found = [c.found[seq] for seq in sorted(c.found)]
    return [(r.outcome, r.status, r.by_gateway, r.credits) for r in found]


@case("url, options, key and max_cost are sent, and nothing else of ours")
def request():
    g = Gateway(KEY)
    c = fetch(g, "/a%20b?c=d&e#f", gateway_options="render=true, country_code=us,device_type=desktop")
    call = g.calls[0]
    return (ends(c) == [("ok", 200, 1, 10)] and c.found[1].findings == 1 and call["path"] == "/" and
            call["query"] == {"api_key": KEY, "url": "http://site0.example.org/a%20b?c=d&e", "render": "true",
                              "country_code": "us", "device_type": "desktop", "max_cost": "10"} and
            c.found[1].url == b"http://site0.example.org/a%20b?c=d&e" and
            "authorization" not in call["headers"] and "cookie" not in call["headers"]), (ends(c), call)


@case("another vendor by a template")
def template():
    g = Gateway(KEY)
    c = fetch(g, "/ok", gateway_url="http://127.0.0.1:%d/v1/get?api_key={key}&to=x&url={url}{options}" % g.port,
              gateway_options="premium=true")
    return (ends(c) == [("ok", 200, 1, 10)] and g.calls[0]["path"] == "/v1/get" and
            g.calls[0]["query"] == {"api_key": KEY, "to": "x", "url": "http://site0.example.org/ok",
                                    "premium": "true"}), (ends(c), g.calls)


@case("a sitemap: its URLs; no text of an error is taken for one")
def sitemap():
    g = Gateway(KEY)
    c = crawler(g)
    for i, path in enumerate(("/map.xml", "/404/map.xml", "/cost/7/map.xml", "/500/map.xml")):
        c.fetch(i + 1, "http://site%d.example.org%s" % (i, path), worker.GATEWAY, stage=worker.SITEMAP)
    c.ended(4)
    c.close()
    return (ends(c) == [("ok", 200, 1, 1), ("http_client", 404, 1, 1), ("http_client", 403, 1, 0),
                        ("http_server", 500, 1, 0)] and sum(count for _, count in c.entries) == 1 and
            b"costs more credits" in c.found[3].error and len(g.calls) == 4), (ends(c), c.found[3].error, c.entries)


def search(gateway, domain="site.example.org", **settings):
    """A search for the sitemaps of a domain that nobody but the gateway reaches."""
    c = crawler(gateway, **settings)
    c.fetch(1, domain, worker.GATEWAY, stage=worker.DOMAIN)
    c.ended(1)
    c.close()
    return c


@case("a search of a domain: all but robots.txt")
def domain():
    g = Gateway(KEY)
    c = search(g)
    urls = [call["query"]["url"] for call in g.calls]
    return (ends(c)[0][0] == "ok" and ends(c)[0][3] == len(urls) and
            any(url.endswith("/sitemap.xml") for url in urls) and
            not any("robots" in url for url in urls)), (ends(c), urls)


@case("a search of a domain: no more calls than credits were set aside for")
def domain_limit():
    g = Gateway(KEY)
    g.mode = "404"
    c = search(g)
    return (ends(c)[0][0] == "none_found" and ends(c)[0][3] == 8 and len(g.calls) == 8), (ends(c), len(g.calls))


@case("a search of a domain: a gateway that takes no calls says nothing of the domain")
def domain_throttled():
    g = Gateway(KEY)
    g.mode = "429"
    c = search(g)
    return ends(c)[0][:3] == ("deferred", 429, 1) and len(g.calls) == 1, (ends(c), len(g.calls))


@case("a search of a domain: robots.txt that cannot be had, where it counts")
def domain_robots():
    g = Gateway(KEY)
    c = search(g, respect_robots="on")
    return ends(c)[0][0] in ("dns", "dns_temporary") and g.calls == [], (ends(c), g.calls)


ANSWERS = (
    # path, options, outcome, status, credits, text
    ("/ok", "", "ok", 200, 1, ""),
    ("/ok", "premium=true,render=true", "ok", 200, 25, ""),
    ("/unpriced", "", "ok", 200, -1, ""),
    ("/cost/7", "max_cost=9", "ok", 200, 7, ""),
    ("/cost/10", "max_cost=9", "http_client", 403, 0, "more credits than max_cost"),
    ("/404", "", "http_client", 404, 1, "HTTP status 404"),
    ("/410", "", "http_client", 410, 0, "HTTP status 410"),
    ("/400", "", "http_client", 400, 0, "HTTP status 400"),
    ("/pdf", "", "content_type", 200, 1, "not text"),
    ("/500", "", "http_server", 500, 0, "the gateway could not fetch the page (HTTP status 500)"),
    ("/429", "", "deferred", 429, 0, "the gateway takes no more calls for now (HTTP status 429)"),
    ("/redirect", "", "redirect", 302, 0, "the gateway hands on a redirect (HTTP status 302)"),
    ("/close", "", "reset", 0, -1, "gateway: server closed the connection"),
    ("/echo", "", "http_server", 500, 0, "the gateway could not fetch the page"),
)


@case("%d answers: outcome, credits and text" % len(ANSWERS))
def answers():
    wrong = []
    for path, options, outcome, status, credits, text in ANSWERS:
        g = Gateway(KEY)
        c = fetch(g, path, gateway_options=options)
        error = c.found[1].error.decode() if c.found else "nothing"
        if ends(c) != [(outcome, status, 1, credits)] or text not in error or KEY in error:
            wrong.append((path, options, ends(c), error))
    return not wrong, wrong


@case("no answer within its own limit, longer than request_timeout")
def timeout():
    g = Gateway(KEY)
    c = fetch(g, "/hang", request_timeout="300", gateway_timeout="1500")
    g.released.set()
    late = Gateway(KEY)
    c2 = crawler(late, request_timeout="300", gateway_timeout="8000")
    c2.fetch(1, "http://e.example.org/hang", worker.GATEWAY)
    early = bool(c2.collect(lambda: c2.found, 3))
    late.released.set()
    c2.ended(1)
    c2.close()
    return (ends(c) == [("timeout", 0, 1, -1)] and b"within 1.5 s" in c.found[1].error and
            1400 <= c.found[1].elapsed_ms and not early and ends(c2) == [("ok", 200, 1, 1)]), (ends(c), ends(c2), c.found[1].error, c.found[1].elapsed_ms, early)


@case("a wrong key and used-up credits: pages wait, and the gateway is left alone")
def refused():
    bad = []
    for key, credits, status in (("wrong", 100, 401), (KEY, 0, 403)):
        g = Gateway(KEY, credits)
        c = crawler(g, gateway_key=key)
        for i in range(1, 4):
            c.fetch(i, "http://site%d.example.org/ok" % i, worker.GATEWAY)
            c.ended(i)
        c.close()
        results = [c.found[i] for i in sorted(c.found)]
        if (len(g.calls) != 1 or [r.outcome for r in results] != ["deferred"] * 3 or
                results[0].status != status or any(r.credits != 0 or not r.by_gateway for r in results) or
                results[2].retry_after_ms < 250000 or c.sites[0][0] != "127.0.0.1:%d" % g.port):
            bad.append((status, len(g.calls), ends(c), c.sites))
    return not bad, bad


@case("429 and 500 slow down the gateway, not the site")
def backoff():
    g = Gateway(KEY)
    site = faultserver.Server()
    c = crawler(g)
    c.fetch(1, "http://site.example.org/429/120", worker.GATEWAY)
    c.ended(1)
    c.fetch(2, "http://other.example.org/ok", worker.GATEWAY)
    c.fetch(3, "http://127.0.0.1:%d/ok" % site.port)
    c.ended(3)
    c.close()
    states = {s[0] for s in c.sites}
    c2 = crawler(g, retry_delay="60000")
    for i in range(1, 13):
        c2.fetch(i, "http://site%d.example.org/500" % i, worker.GATEWAY)
        c2.ended(i)
    c2.close()
    outcomes = c2.outcomes()
    return (c.outcomes() == ["deferred", "deferred", "ok"] and 110000 < c.found[2].retry_after_ms <= 120000 and
            states == {"127.0.0.1:%d" % g.port} and outcomes == ["http_server"] * 10 + ["deferred"] * 2 and
            len(g.calls) == 11), (c.outcomes(), c.sites, outcomes, len(g.calls))


@case("what the worker knows of it is kept, and one call is tried first")
def inherited():
    g = Gateway(KEY)
    c = crawler(g)
    c.site("127.0.0.1:%d" % g.port, 60000, 0, 0, 10, 1)
    c.fetch(1, "http://site.example.org/ok", worker.GATEWAY)
    c.ended(1)
    c.site("127.0.0.1:%d" % g.port, 0, 0, 0, 10, 1)
    for i in range(2, 5):
        c.fetch(i, "http://site%d.example.org/hang" % i, worker.GATEWAY)
    c.ended(3)
    c.collect(lambda: g.calls, 3)
    calls = len(g.calls)
    g.released.set()
    c.ended(4)
    c.fetch(5, "http://site.example.org/ok", worker.GATEWAY)
    c.ended(5)
    c.close()
    return (c.outcomes() == ["deferred", "ok", "deferred", "deferred", "ok"] and calls == 1), (c.outcomes(), calls)


@case("a gateway that is down: pages wait")
def down():
    dead = faultserver.Server(accept=False)
    c = Watched(gateway_url="http://127.0.0.1:%d/" % dead.port, gateway_key=KEY, connect_timeout="200")
    c.fetch(1, "http://site.example.org/ok", worker.GATEWAY)
    c.fetch(2, "http://127.0.0.1:1/ok", 0)
    c.ended(2)
    c.close()
    forbidden = Watched(allowed_networks="", gateway_url="http://127.0.0.1:%d/" % dead.port, gateway_key=KEY)
    forbidden.fetch(1, "http://site.example.org/ok", worker.GATEWAY)
    forbidden.ended(1)
    forbidden.close()
    none = Watched()
    none.fetch(1, "http://site.example.org/ok", worker.GATEWAY)
    none.ended(1)
    none.close()
    return (ends(c)[0] == ("deferred", 0, 1, 0) and ends(c)[1][0] == "connect" and
            ends(forbidden) == [("deferred", 0, 1, 0)] and b"not allowed by policy" in forbidden.found[1].error and
            ends(none) == [("deferred", 0, 1, 0)] and b"gateway_url" in none.found[1].error), (
                ends(c), ends(forbidden), ends(none))


@case("robots.txt and the limits of the site hold")
def polite():
    g = Gateway(KEY)
    c = crawler(g, respect_robots="on", max_concurrency_per_host="2")
    c.robots("site.example.org", "http://site.example.org", b"User-agent: *\nDisallow: /private")
    c.fetch(1, "http://site.example.org/private", worker.GATEWAY)
    c.fetch(2, "http://site.example.org/ok", worker.GATEWAY)
    c.ended(2)
    for i in range(3, 9):
        c.fetch(i, "http://site.example.org/hang?%d" % i, worker.GATEWAY)
    c.collect(lambda: g.now >= 3, 1.5)
    most = g.most_calls
    g.released.set()
    c.ended(8)
    c.close()
    return (ends(c)[:2] == [("robots", 0, 0, 0), ("ok", 200, 1, 1)] and most == 2 and
            c.outcomes()[2:] == ["ok"] * 6), (ends(c), most)


def through_gateway(urls):
    """(gateway, results): with networks listed that must open no target."""
    g = Gateway(KEY)
    c = crawler(g, allowed_networks="127.0.0.0/8,10.0.0.0/8,169.254.0.0/16,::1/128", max_concurrency="16")
    for i, url in enumerate(urls):
        c.fetch(i + 1, url.decode(), worker.GATEWAY)
    c.collect(lambda: len(c.found) >= len(urls), 20)
    c.close()
    return g, c


@case("SSRF: %d URLs that must never be asked for" % len(REFUSED))
def ssrf():
    g, c = through_gateway(REFUSED)
    wrong = [(REFUSED[i], c.found[i + 1].outcome if i + 1 in c.found else None) for i in range(len(REFUSED))
             if i + 1 not in c.found or c.found[i + 1].outcome not in ("policy", "bad_url")]
    return len(REFUSED) >= 200 and not wrong and not g.calls, (wrong, g.calls[:3])


@case("SSRF: %d legitimate URLs" % len(ALLOWED))
def not_ssrf():
    g, c = through_gateway(ALLOWED)
    wrong = [(ALLOWED[i], c.found.get(i + 1) and c.found[i + 1].outcome) for i in range(len(ALLOWED))
             if i + 1 not in c.found or c.found[i + 1].outcome != "ok"]
    return len(ALLOWED) >= 50 and not wrong and len(g.calls) == len(ALLOWED), (wrong, len(g.calls))


@case("by hand: the key comes from a file, never from the command line")
def by_hand():
    g = Gateway(KEY)
    args = [CRAWLER, LOOPBACK, "--respect-robots=off", "--gateway-url=http://127.0.0.1:%d/" % g.port]

    def run(*more):
        return subprocess.run(args + list(more) + ["http://site.example.org/ok"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
    with tempfile.NamedTemporaryFile() as file:
        file.write(KEY.encode() + b"\n")
        file.flush()
        good = run("--gateway-key-file=" + file.name)
        os.chmod(file.name, 0o644)
        readable = run("--gateway-key-file=" + file.name)
    on_line = run("--gateway-key=" + KEY)
    said = good.stdout + good.stderr + readable.stdout + readable.stderr
    return (good.returncode == 0 and b"info@site.example.org" in good.stdout and readable.returncode == 2 and
            b"group or others have permissions" in readable.stderr and on_line.returncode == 2 and
            KEY.encode() not in said and len(g.calls) == 1), (good, readable, on_line)
