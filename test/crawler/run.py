#!/usr/bin/env python3
"""Run the crawler program against servers that misbehave.

    run.py [PATH OF wf_crawler] [NAME...]

Needs no database.  Prints TAP and a closing line; exit status 1 if anything
failed.  With NAMEs only the cases whose name contains one of them are run.
"""
import concurrent.futures
import glob
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import fault_table
import faultserver
import gateway_cases
import site_cases
import ssrf_cases
import survey_cases
import wire_cases
import worker
from common import (CRAWLER, LOOPBACK, RESULTS, SANITIZED, SETTINGS, SHORT, check, crawl, distinct_hosts,
                    wanted)

BAD_ENCODING = "content encoding is malformed or unknown"
TOO_LARGE = r"response is larger than 1048576 bytes \(wf_curation.max_body_size\)"
HEADERS = "response headers are too large"
REFUSED = "address is not allowed by policy$"

# path, outcome, error (regular expression), seconds it may take
CASES = [
    # good
    ("/ok", "ok", "", 1),
    ("/ok-lf-only", "ok", "", 1),
    ("/ok-until-close", "ok", "", 1),
    ("/ok-chunked-trailer", "ok", "", 1),
    ("/ok-early-hints", "ok", "", 1),
    ("/ok-obs-fold", "ok", "", 1),
    ("/ok-206", "ok", "", 1),
    ("/ok-size?1048576", "ok", "", 1),
    ("/ok-size?1048577", "too_large", TOO_LARGE, 1),
    ("/many-headers-ok", "ok", "", 1),
    ("/header-check", "ok", "", 1),
    # time
    ("/hang-response", "timeout", "server stalled without a response|no response within", 3),
    ("/hang-status-line", "timeout", "server stalled without a response|no response within", 3),
    ("/hang-headers", "timeout", "server stalled without a response|no response within", 3),
    ("/hang-body", "timeout", "response is too slow|did not end", 3.2),
    ("/hang-chunk", "timeout", "response is too slow|did not end", 3.2),
    ("/slow-body", "timeout", "response is too slow|did not end", 3.2),
    ("/slow-headers", "timeout", "server stalled without a response|no response within", 3.5),
    ("/slow-enough", "timeout", r"response did not end within 3 s \(wf_curation.request_timeout\)", 3.8),
    # too much
    ("/endless-headers", "too_large", HEADERS, 2),
    ("/endless-header-line", "too_large", HEADERS, 2),
    ("/endless-status-line", "too_large|protocol", HEADERS + "|not HTTP", 2),
    ("/endless-1xx", "protocol", "too many informational", 2),
    ("/endless-100", "protocol", "too many informational", 2),
    ("/endless-body", "too_large", TOO_LARGE, 2),
    ("/endless-body-404", "http_client", "HTTP status 404", 1),
    ("/endless-trailers", "too_large", HEADERS, 2),
    ("/huge-length", "too_large", TOO_LARGE, 1),
    # encodings
    ("/bomb-gzip", "too_large", TOO_LARGE, 2),
    ("/bomb-deflate", "too_large", TOO_LARGE, 2),
    ("/bomb-br", "too_large", TOO_LARGE, 2),
    ("/bomb-zstd", "too_large", TOO_LARGE, 2),
    ("/bomb-gzip-twice", "too_large", TOO_LARGE, 2),
    ("/gzip-ok", "ok", "", 1),
    ("/deflate-ok", "ok", "", 1),
    ("/deflate-raw-ok", "ok", "", 1),
    ("/gzip-truncated-length", "reset", "ended before the response was complete", 1),
    ("/gzip-garbage", "protocol", BAD_ENCODING, 1),
    ("/gzip-broken-inside", "protocol", BAD_ENCODING, 1),
    ("/br-garbage", "protocol", BAD_ENCODING, 1),
    ("/zstd-garbage", "protocol", BAD_ENCODING, 1),
    ("/encoding-unknown", "protocol", BAD_ENCODING, 1),
    ("/encoding-many", "protocol", BAD_ENCODING, 1),
    # framing
    ("/length-too-long", "reset", "ended before the response was complete", 1),
    ("/length-too-short", "ok", "", 1),
    ("/length-negative", "ok|protocol", "|not HTTP", 1),
    ("/length-words", "ok|protocol", "|not HTTP", 1),
    ("/length-twice", "ok|protocol|reset", "", 1),
    ("/chunk-bad-size", "protocol", "malformed chunked encoding", 1),
    ("/chunk-huge-size", "protocol", "malformed chunked encoding", 1),
    ("/chunk-no-end", "reset", "ended before the response was complete", 1),
    ("/chunk-no-crlf", "protocol", "malformed chunked encoding", 1),
    ("/header-nul", "protocol", "not HTTP", 1),
    ("/header-no-colon", "protocol", "not HTTP", 1),
    ("/not-http-ssh", "protocol", "not HTTP", 1),
    ("/not-http-09", "protocol", "not HTTP", 1),
    ("/not-http-random", "protocol", "not HTTP", 1),
    ("/http-version-9", "protocol", "not HTTP", 1),
    ("/status-not-a-number", "protocol", "not HTTP", 1),
    # ends
    ("/close-at-once", "reset", "closed the connection without a response", 1),
    ("/close-in-status", "reset|protocol", "", 1),
    ("/close-in-headers", "reset|http_empty", "", 1),
    ("/reset-at-once", "reset", "", 1),
    ("/reset-in-headers", "reset", "connection was reset", 1),
    ("/reset-in-body", "reset", "connection was reset", 1),
    # bytes and types
    ("/nul-bytes", "ok", "", 1),
    ("/only-nul", "ok", "", 1),
    ("/charset-utf16-bom", "ok", "", 1),
    ("/charset-gb18030", "ok", "", 1),
    ("/charset-shift-jis", "ok", "", 1),
    ("/charset-1252-as-utf8", "ok", "", 1),
    ("/charset-unknown", "ok", "", 1),
    ("/type-none", "ok", "", 1),
    ("/type-xml", "ok", "", 1),
    ("/type-json", "ok", "", 1),
    ("/type-xhtml", "ok", "", 1),
    ("/type-upper", "ok", "", 1),
    ("/type-malformed", "ok", "", 1),
    ("/type-pdf", "content_type", "content type \"application/pdf\" is not text", 1),
    ("/type-image", "content_type", "content type \"image/png\" is not text", 1),
    ("/type-image-huge", "content_type", "content type \"image/png\" is not text", 1),
    ("/type-octets", "content_type", "not text", 1),
    ("/empty", "http_empty", r"response is empty \(HTTP status 200\)", 1),
    # statuses
    ("/status?204", "http_empty", "HTTP status 204", 1),
    ("/status?205", "http_empty", "HTTP status 205", 1),
    ("/status?304", "protocol", "unexpected HTTP status 304", 1),
    ("/status?300", "redirect", "HTTP status 300 without a target", 1),
    ("/status?400", "http_client", "HTTP status 400", 1),
    ("/status?401", "http_client", "HTTP status 401", 1),
    ("/status?403", "http_client", "HTTP status 403", 1),
    ("/status?404", "http_client", "HTTP status 404", 1),
    ("/status?410", "http_client", "HTTP status 410", 1),
    ("/status?451", "http_client", "HTTP status 451", 1),
    ("/status?408", "http_throttled", "HTTP status 408", 1),
    ("/status?425", "http_throttled", "HTTP status 425", 1),
    ("/status?429", "http_throttled", "HTTP status 429", 1),
    ("/status?500", "http_server", "HTTP status 500", 1),
    ("/status?502", "http_server", "HTTP status 502", 1),
    ("/status?503", "http_server", "HTTP status 503", 1),
    ("/status?599", "http_server", "HTTP status 599", 1),
    ("/status?999", "protocol", "unexpected HTTP status 999", 1),
    ("/retry-seconds", "http_throttled", "HTTP status 429", 1),
    ("/retry-date", "http_server", "HTTP status 503", 1),
    ("/retry-nonsense", "http_throttled", "HTTP status 429", 1),
    ("/retry-negative", "http_server", "HTTP status 503", 1),
    ("/retry-huge", "http_throttled", "HTTP status 429", 1),
    # redirects
    ("/redirect?1", "ok", "", 1),
    ("/redirect?5", "ok", "", 1),
    ("/redirect?6", "redirect", r"more than 5 redirects \(wf_curation.max_redirects\)", 1),
    ("/redirect?20", "redirect", "more than 5 redirects", 1),
    ("/redirect-self", "redirect", "more than 5 redirects", 1),
    ("/redirect-ping", "redirect", "more than 5 redirects", 1),
    ("/redirect-empty", "redirect", "HTTP status 302 without a target", 1),
    ("/redirect-none", "redirect", "HTTP status 301 without a target", 1),
    ("/redirect-big-body", "ok", "", 1),
    ("/redirect-crlf", "http_client", "HTTP status 404", 1),
    ("/redirect-to?301,/ok", "ok", "", 1),
    ("/redirect-to?303,ok", "ok", "", 1),
    ("/redirect-to?307,//localhost:PORT/ok", "ok", "", 1),
    ("/redirect-to?308,http://localhost:PORT/ok", "ok", "", 1),
    ("/redirect-to?302,file:///etc/passwd", "redirect", "redirect to an unacceptable URL", 1),
    ("/redirect-to?302,ftp://localhost/", "redirect", "redirect to an unacceptable URL", 1),
    ("/redirect-to?302,gopher://localhost/", "redirect", "redirect to an unacceptable URL", 1),
    ("/redirect-to?302,javascript:alert(1)", "redirect", "redirect to an unacceptable URL", 1),
    ("/redirect-to?302,http://", "redirect", "redirect to an unacceptable URL", 1),
    ("/redirect-to?302,http://u:p@localhost:PORT/ok", "redirect", "redirect to an unacceptable URL", 1),
    ("/redirect-to?302,http://10.0.0.1/", "policy", REFUSED, 1),
    ("/redirect-to?302,http://169.254.169.254/latest/", "policy", REFUSED, 1),
    ("/redirect-to?302,http://[fe80::1]/", "policy", REFUSED, 1),
    ("/redirect-to?302,http://2130706433:PORT/ok", "ok", "", 1),
    ("/cookie", "ok", "", 1),
]


def fault_cases(server):
    base = "http://127.0.0.1:%d" % server.port
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for path, outcome, error, seconds in CASES:
            path = path.replace("PORT", str(server.port))
            pool.submit(check, path, base + path, outcome, error, seconds)


def documented():
    name = "the table of doc/fetching.md is that of the cases"
    if wanted(name):
        wrong = fault_table.missing_lines(CASES)
        RESULTS.report("%s: %d behaviours" % (name, len(CASES)), not wrong, "missing:\n" + "\n".join(wrong))


def all_at_once(server):
    """Every fault in one crawler, with good pages between: none is harmed."""
    name = "all faults at once"
    if not wanted(name):
        return
    good = ["http://127.0.2.%d:%d/ok" % (i, server.port) for i in range(1, 101)]
    # a host of its own each: those that fail would be left alone after a while
    bad = ["http://127.0.9.%d:%d%s" % (i + 1, server.port, c[0].replace("PORT", str(server.port)))
           for i, c in enumerate(CASES)]
    mixed = [u for pair in zip(bad + good[len(bad):], good) for u in pair] + bad[len(good):]
    mixed = list(dict.fromkeys(mixed))
    blocks, code, took, stderr = crawl(mixed, [LOOPBACK, "--max-concurrency-per-host=60"] + SHORT)
    by_url = {b.url: b for b in blocks}
    wrong = [u for u in good if u not in by_url or by_url[u].outcome != "ok"]
    for (path, outcome, error, _), url in zip(CASES, bad):
        b = by_url.get(url)
        if b is None or not re.fullmatch(outcome, b.outcome):
            wrong.append("%s: %s" % (url, b.outcome + ": " + b.error if b else "no answer"))
    RESULTS.report("%s: %d URLs in %.1f s" % (name, len(mixed), took),
                   not wrong and took < 12 and len(blocks) == len(mixed), "\n".join(wrong) + stderr)


def connect_cases():
    never = faultserver.Server(accept=False)
    check("listener that never accepts", "http://127.0.0.1:%d/" % never.port, "timeout",
          r"connection timed out after 1 s \(wf_curation.connect_timeout\)", 1.5)
    free = socket.socket()
    free.bind(("127.0.0.1", 0))
    check("refused", "http://127.0.0.1:%d/" % free.getsockname()[1], "connect",
          "could not connect: Connection refused", 1)
    check("name that does not exist", "http://nosuch.invalid/", "dns|dns_temporary",
          "host name does not exist|could not resolve host", 5)
    try:
        six = faultserver.Server(host="::1", family=socket.AF_INET6)
        check("IPv6 only", "http://[::1]:%d/ok" % six.port, "ok", "", 1)
    except OSError:
        RESULTS.skip("IPv6 only", "no IPv6 here")


def usage_cases(server):
    for name, args, expect in (("no URL", [], 2), ("unknown setting", ["--nonsense=1", "http://x/"], 2),
                               ("bad value", ["--max-redirects=many", "http://x/"], 2),
                               ("help", ["--help"], 0), ("version", ["--version"], 0)):
        if wanted("usage"):
            done = subprocess.run([CRAWLER] + args, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            RESULTS.report("usage: " + name, done.returncode == expect, done.stderr.decode())
    for name, url in (("not a URL", "nonsense"), ("file", "file:///etc/passwd"),
                      ("user info", "http://user:secret@localhost/"), ("too long", "http://h/" + "a" * 9000)):
        check("bad URL: " + name, url, "bad_url", "URL", 1)


def policy_cases(server):
    """The same server, out of the allowed networks."""
    for args, url in (
            ([], "http://127.0.0.1:PORT/ok"),
            ([], "http://localhost:PORT/ok"),
            ([], "http://[::1]:PORT/ok"),
            ([], "http://[::ffff:127.0.0.1]:PORT/ok"),
            ([], "http://0.0.0.0:PORT/ok"),
            ([], "http://127.1:PORT/ok"),
            ([], "http://0x7f000001:PORT/ok"),
            (["--allowed-networks=127.0.0.1/32"], "http://127.0.0.2:PORT/ok"),
            (["--allowed-networks=127.0.0.1/32"],
             "http://127.0.0.1:PORT/redirect-to?302,http://127.0.0.2:PORT/ok"),
            # by name: only the address connected to can tell
            (["--allowed-networks=127.0.0.2/32"], "http://localhost:PORT/ok"),
            (["--allowed-networks=10.0.0.0/8", "--allowed-ports=PORT"], "http://localhost:PORT/ok")):
        url = url.replace("PORT", str(server.port))
        args = ["--allowed-networks="] + [a.replace("PORT", str(server.port)) for a in args]
        before = server.requests["/ok"]
        check("policy %s %s" % (" ".join(args[1:]), url.replace(str(server.port), "PORT")), url,
              "policy", REFUSED, 1, args)
        if wanted("policy") and server.requests["/ok"] != before:
            RESULTS.report("policy: no request may reach the server", False)
    check("policy port", "http://93.184.216.34:8080/", "policy", "port 8080 is not allowed by policy", 1)
    check("policy denied host", "http://localhost:%d/ok" % server.port, "policy",
          "host is not allowed by policy", 1, ["--denied-hosts=localhost"])
    check("policy not an allowed host", "http://localhost:%d/ok" % server.port, "policy",
          "host is not allowed by policy", 1, ["--allowed-hosts=example.org,*.example.org"])
    check("policy redirect to a denied host",
          "http://127.0.0.1:%d/redirect-to?302,http://localhost:%d/ok" % (server.port, server.port),
          "policy", "host is not allowed by policy", 1, ["--denied-hosts=localhost"])


def environment_cases(server):
    trap = faultserver.Server()
    proxy = "http://127.0.0.1:%d" % trap.port
    env = {"http_proxy": proxy, "https_proxy": proxy, "all_proxy": proxy, "HOME": "/tmp"}
    home = tempfile.mkdtemp()
    with open(os.path.join(home, ".netrc"), "w") as netrc:
        netrc.write("machine 127.0.0.1 login me password secret\n")
    env["HOME"] = home
    check("environment: proxies and .netrc", "http://127.0.0.1:%d/header-check" % server.port, "ok", "", 1,
          env=env)
    if wanted("environment"):
        RESULTS.report("environment: proxy not used", trap.connections == 0)
    shutil.rmtree(home)


def tls_cases():
    if not wanted("TLS"):
        return
    certs = faultserver.Certificates()
    names = ("good", "expired", "wrongname", "self")
    servers = {n: faultserver.Server(tls=certs.context(n)) for n in names}
    servers["old"] = faultserver.Server(tls=certs.context("good", old=True))
    servers["hang"] = faultserver.Server(tls="hang")
    servers["garbage"] = faultserver.Server(tls="garbage")
    url = {n: "https://localhost:%d/ok" % s.port for n, s in servers.items()}

    trust = certs.trusted()
    certificate = "TLS certificate is not acceptable"
    if trust:
        check("TLS good", url["good"], "ok", "", 1, prefix=trust)
        check("TLS expired", url["expired"], "tls_certificate", certificate + ".*expired", 1, prefix=trust)
        check("TLS wrong name", url["wrongname"], "tls_certificate", certificate + ".*name", 1, prefix=trust)
        check("TLS redirect to http", "https://localhost:%d/redirect-to?302,http://localhost:%d/ok" %
              (servers["good"].port, http_port()), "ok", "", 1, prefix=trust)
    else:
        RESULTS.skip("TLS with an authority of ours", "needs root")
    for n in ("good", "expired", "wrongname", "self"):
        check("TLS untrusted " + n, url[n], "tls_certificate", certificate, 1)
        check("TLS unverified " + n, url[n], "ok", "", 1, ["--verify-tls=off"])
    check("TLS old protocol", url["old"], "tls", "TLS handshake failed", 1, ["--verify-tls=off"])
    check("TLS garbage", url["garbage"], "tls", "TLS handshake failed", 1)
    check("TLS hangs", url["hang"], "timeout", "connection or TLS handshake timed out after 1 s", 1.5)
    check("TLS not asked for", "http://127.0.0.1:%d/" % servers["good"].port, "reset|protocol", "", 1)
    check("TLS http to https", "http://localhost:%d/redirect-to?302,%s" % (http_port(), url["good"]), "ok", "", 1,
          ["--verify-tls=off"])
    certs.remove()


MAIN = None


def http_port():
    return MAIN.port


# ---------- many pages ----------

def hanging_host():
    name = "one hanging host delays nobody"
    if not wanted(name):
        return
    server = faultserver.Server()
    urls = ["http://127.0.0.9:%d/hang-response?%d" % (server.port, i) for i in range(10)]
    fast = distinct_hosts(server, 100, 6)
    started = time.monotonic()
    process = subprocess.Popen([CRAWLER, LOOPBACK, "--request-timeout=4000"] + urls + fast,
                               stdout=subprocess.PIPE)
    count = 0
    for line in process.stdout:
        count += line.startswith(b"  outcome   ok")
        if count == len(fast):
            break
    took = time.monotonic() - started
    process.kill()
    process.wait()
    process.stdout.close()
    limit = 10 if SANITIZED else 1.5
    RESULTS.report("%s: %d fast pages in %.2f s" % (name, count, took), count == 600 and took < limit)


def reuse():
    name = "connections are reused"
    if not wanted(name):
        return
    server = faultserver.Server()
    urls = distinct_hosts(server, 50, 20)
    blocks, code, took, _ = crawl(urls, [LOOPBACK, "--respect-robots=off"])
    ratio = 1 - server.connections / len(urls)
    RESULTS.report("%s: %d pages over %d connections, ratio %.3f" % (name, len(urls), server.connections, ratio),
                   code == 0 and ratio >= 0.9)


def politeness():
    name = "limit of one host"
    if wanted(name):
        server = faultserver.Server()
        urls = ["http://127.0.0.1:%d/ok-size?%d" % (server.port, 100000 + i) for i in range(100)]
        _, code, _, _ = crawl(urls, [LOOPBACK])
        most = max(server.most.values())
        RESULTS.report("%s: at most %d at once" % (name, most), code == 0 and most <= 2)
    name = "delay of one host"
    if wanted(name):
        server = faultserver.Server()
        urls = ["http://127.0.0.1:%d/ok?%d" % (server.port, i) for i in range(6)]
        _, code, took, _ = crawl(urls, [LOOPBACK, "--host-delay=200"])
        times = sorted(t for t, _, path in server.starts if path == "/ok")
        gap = min(b - a for a, b in zip(times, times[1:]))
        RESULTS.report("%s: smallest gap %.0f ms" % (name, gap * 1000),
                       code == 0 and gap >= 0.19 and took < 2.5)


def robots_cases():
    """One server per case, for the file is kept."""
    if not wanted("robots"):
        return

    def slow(conn, request):
        faultserver.hang(conn)

    def failing(conn, request):
        faultserver.reply(conn, b"", status="503 Service Unavailable")

    def status_of(code):
        return lambda conn, request: faultserver.reply(conn, b"x", status=code)

    def redirected(conn, request):
        faultserver.redirect(conn, "/real-robots.txt")

    def endless(conn, request):
        faultserver.redirect(conn, "/robots.txt")

    def elsewhere(conn, request):
        faultserver.redirect(conn, "http://10.0.0.1/robots.txt")

    def garbage(conn, request):
        faultserver.reply(conn, os.urandom(100000))

    def long_file(conn, request):
        line = b"# nothing here " + b"x" * 100 + b"\n"
        faultserver.reply(conn, b"User-agent: *\nDisallow: /no\n" + line * 20000 + b"Disallow: /ok\n")

    def bomb(conn, request):
        faultserver.reply(conn, faultserver.BOMB_BYTES["/bomb-gzip"], "Content-Encoding: gzip")

    faultserver.PATHS["/real-robots.txt"] = lambda conn, request: faultserver.reply(
        conn, b"User-agent: *\nDisallow: /ok\n", kind="text/plain")
    faultserver.PATHS["/no"] = faultserver.ok
    deny = b"User-agent: *\nDisallow: /ok\n"
    for name, text, path, outcome, error, seconds, requests in (
            ("absent", None, "/ok", "ok", "", 1, 1),
            ("empty", b"", "/ok", "ok", "", 1, 1),
            ("deny", deny, "/ok", "robots", "^disallowed by robots.txt$", 1, 0),
            ("deny another path", deny, "/gzip-ok", "ok", "", 1, 0),
            ("deny another robot", b"User-agent: other\nDisallow: /\n", "/ok", "ok", "", 1, 1),
            ("deny us", b"User-agent: wf_curation\nDisallow: /\n\nUser-agent: *\nAllow: /\n", "/ok", "robots",
             "disallowed", 1, 0),
            ("deny the target of a redirect", deny, "/redirect?1", "robots", "disallowed", 1, 0),
            ("forbidden", status_of("403 Forbidden"), "/ok", "ok", "", 1, 1),
            ("throttled", status_of("429 Too Many Requests"), "/ok", "http_throttled",
             "robots.txt could not be fetched: HTTP status 429", 1, 0),
            ("unavailable", failing, "/ok", "http_server", "robots.txt could not be fetched: HTTP status 503", 1, 0),
            ("hanging", slow, "/ok", "timeout", "robots.txt could not be fetched: (server stalled|no response)", 3.2, 0),
            ("reset", lambda c, r: faultserver.reset(c), "/ok", "reset", "robots.txt could not be fetched", 1, 0),
            ("redirected", redirected, "/ok", "robots", "disallowed", 1, 0),
            ("redirected for ever", endless, "/ok", "ok", "", 1, 1),
            ("redirected to a refused address", elsewhere, "/ok", "ok", "", 1, 1),
            ("garbage", garbage, "/ok", "ok", "", 1, 1),
            ("over 500 KB: the first part counts", long_file, "/no", "robots", "disallowed", 1, 0),
            ("over 500 KB: the rest does not", long_file, "/ok", "ok", "", 1, 1),
            ("a bomb", bomb, "/ok", "ok", "", 1, 1)):
        server = faultserver.Server()
        server.robots = text
        check("robots: " + name, "http://127.0.0.1:%d%s" % (server.port, path), outcome, error, seconds)
        if server.requests["/ok"] != requests:
            RESULTS.report("robots: %s: %d requests" % (name, server.requests["/ok"]), False)
    server = faultserver.Server()
    server.robots = deny
    check("robots: not respected", "http://127.0.0.1:%d/ok" % server.port, "ok", "", 1, ["--respect-robots=off"])
    RESULTS.report("robots: not asked for then", server.requests["/robots.txt"] == 0)
    urls = distinct_hosts(server, 5, 20, "/gzip-ok")
    _, code, _, _ = crawl(urls, [LOOPBACK])
    RESULTS.report("robots: fetched %d times for 5 authorities" % server.requests["/robots.txt"],
                   code == 0 and server.requests["/robots.txt"] == 5)
    server = faultserver.Server()
    server.robots = b"User-agent: *\nCrawl-delay: 0.3\n"
    urls = ["http://127.0.0.1:%d/ok?%d" % (server.port, i) for i in range(4)]
    _, code, took, _ = crawl(urls, [LOOPBACK])
    times = sorted(t for t, _, _ in server.starts)
    gap = min(b - a for a, b in zip(times, times[1:]))
    RESULTS.report("robots: crawl-delay kept, smallest gap %.0f ms" % (gap * 1000), code == 0 and gap >= 0.28)
    server = faultserver.Server()
    server.robots = slow
    c = worker.Crawler(CRAWLER, dict(SETTINGS, respect_robots="on"))
    c.read()
    for i in range(1, 11):
        c.fetch(i, "http://127.0.0.1:%d/ok?%d" % (server.port, i))
    time.sleep(0.3)
    for i in range(1, 11):
        c.cancel(i)
    c.fetch(11, "http://127.0.0.2:%d/ok" % MAIN.port)
    found = c.results(1)
    RESULTS.report("robots: pages waiting for it can be cancelled", list(found) == [11] and c.read(0.3) is None)
    c.close()


def memory():
    """Many large bodies, and bombs just under the limit, at the same time."""
    if SANITIZED:
        return
    server = faultserver.Server()
    for name, urls, args in (
            ("64 bodies of 9 MB", distinct_hosts(server, 64, 1, "/ok-size")[:64], []),
            ("64 bombs", distinct_hosts(server, 64, 1, "/bomb-br"), [])):
        if not wanted("memory"):
            continue
        urls = [re.sub(r"\?\d+$", "?9000000", u) for u in urls]
        process = subprocess.Popen([CRAWLER, LOOPBACK, "--respect-robots=off"] + args + urls,
                                   stdout=subprocess.PIPE)
        peak = [0]

        def watch():
            while process.poll() is None:
                try:
                    with open("/proc/%d/status" % process.pid) as f:
                        text = f.read()
                    peak[0] = max(peak[0], int(re.search(r"VmHWM:\s+(\d+)", text).group(1)))
                except (OSError, AttributeError):
                    pass
                time.sleep(0.01)
        watcher = threading.Thread(target=watch)
        watcher.start()
        out = process.stdout.read().decode()
        process.wait()
        watcher.join()
        ended = len(re.findall(r"^  outcome", out, re.M))
        RESULTS.report("memory: %s: peak %d MB" % (name, peak[0] / 1024),
                       ended == 64 and peak[0] < 64 * 1024, out[:2000])


# ---------- as a worker sees it ----------

def worker_basics(server):
    if not wanted("worker"):
        return
    base = "http://127.0.0.1:%d" % server.port
    c = worker.Crawler(CRAWLER, SETTINGS)
    kind, payload = c.read()
    RESULTS.report("worker: READY comes first", kind == "R" and payload == b"\5\0\0\0")
    for i in range(1, 101):
        c.fetch(i, base + "/ok?%d" % i, i % 2)
    found = c.results(100)
    RESULTS.report("worker: one RESULT for each FETCH",
                   sorted(found) == list(range(1, 101)) and all(r.outcome == "ok" for r in found.values()))
    RESULTS.report("worker: bodies on request only",
                   found[1].body == faultserver.PAGE and found[2].body == b"" and found[1].findings == 1)
    c.fetch(200, base + "/status?404", 1)
    r = c.results(1)[200]
    RESULTS.report("worker: body of a failure on request",
                   r.outcome == "http_client" and r.status == 404 and r.body == faultserver.PAGE)
    for i, name in enumerate(("seconds", "date", "huge", "nonsense", "negative")):
        # of hosts of their own: they are left alone then
        c.fetch(201 + i, "http://127.0.8.%d:%d/retry-%s" % (1 + i, server.port, name))
    found = c.results(5)
    waits = [found[i].retry_after_ms for i in range(201, 206)]
    RESULTS.report("worker: Retry-After %s" % waits, waits[0] == 120000 and 290000 <= waits[1] <= 300000 and
                   waits[2] == 7 * 24 * 3600000 and waits[3:] == [0, 0])
    c.fetch(300, base + "/hang-response")
    c.fetch(301, base + "/ok")
    r = c.results(1)
    c.cancel(300)
    c.cancel(999)
    c.fetch(302, base + "/ok")
    r2 = c.results(1)
    RESULTS.report("worker: no RESULT after CANCEL", list(r) == [301] and list(r2) == [302] and c.read(0.5) is None)
    RESULTS.report("worker: nothing is handled now", c.current() == 0 and c.beat() > 0)
    c.fetch(400, "http://127.0.0.1:%d/ok" % server.port, 0, "elsewhere.example")
    c.config(dict(SETTINGS, require_domain_match="on"))
    c.fetch(401, "http://127.0.0.1:%d/ok" % server.port, 0, "elsewhere.example")
    c.fetch(402, "http://localhost:%d/ok" % server.port, 0, "localhost")
    found = c.results(3)
    RESULTS.report("worker: CONFIG applies to what comes after it",
                   [found[i].outcome for i in (400, 401, 402)] == ["ok", "policy", "ok"])
    c.config({"max_redirects": "many"})
    kind, payload = c.read()
    c.fetch(500, base + "/ok")
    r = c.results(1)[500]
    RESULTS.report("worker: nothing is fetched under a bad CONFIG",
                   kind == "L" and r.outcome == "internal" and b"max_redirects" in r.error)
    c.config(SETTINGS)
    c.fetch(501, base + "/ok")
    RESULTS.report("worker: until a good one comes", c.results(1)[501].outcome == "ok" or c.config({}))
    c.close()


def worker_ends(server):
    if not wanted("worker"):
        return
    for name, last in (("EOF", None), ("an impossible frame", b"\xff\xff\xff\xff"),
                       ("an unknown message", worker.frame("?", b"")),
                       ("a message of our own side", worker.frame("R", b"\1\0\0\0")),
                       ("a truncated FETCH", worker.frame("F", b"\1"))):
        c = worker.Crawler(CRAWLER, SETTINGS)
        c.read()
        for i in range(1, 65):
            c.fetch(i, "http://127.0.0.1:%d/hang-response?%d" % (server.port, i))
        time.sleep(0.1)
        started = time.monotonic()
        if last is None:
            c.socket.shutdown(socket.SHUT_WR)
        else:
            c.socket.sendall(last)
        status = c.ended()
        took = time.monotonic() - started
        RESULTS.report("worker: ends at %s, %.3f s" % (name, took), status == 0 and took < 1, status)
        c.close()


def worker_sandbox(server):
    if not wanted("worker") or SANITIZED:
        return
    c = worker.Crawler(CRAWLER, SETTINGS)
    c.read()
    links = [os.readlink(fd) for fd in glob.glob("/proc/%d/fd/*" % c.pid)]
    with open("/proc/%d/environ" % c.pid) as environ:
        inherited = environ.read()
    with open("/proc/%d/limits" % c.pid) as limits:
        text = limits.read()
    RESULTS.report("worker: seccomp and no_new_privs",
                   c.status_field("Seccomp") == "2" and c.status_field("NoNewPrivs") == "1")
    RESULTS.report("worker: limits", re.search(r"Max core file size\s+0 ", text) is not None and
                   re.search(r"Max file size\s+0 ", text) is not None and
                   re.search(r"Max address space\s+1073741824 ", text) is not None, text)
    RESULTS.report("worker: open descriptors", not [l for l in links if l.startswith("/") and l not in
                   ("/dev/null",) and "/dev/pts" not in l and not l.startswith("/tmp")], links)
    RESULTS.report("worker: first to go when memory is short",
                   open("/proc/%d/oom_score_adj" % c.pid).read().strip() == "500")
    RESULTS.report("worker: works at /", os.readlink("/proc/%d/cwd" % c.pid) == "/", inherited)
    c.close()


def worker_backpressure(server):
    """A worker that does not read stops the crawler, not its memory."""
    name = "worker: slow reader"
    if not wanted("worker"):
        return
    c = worker.Crawler(CRAWLER, SETTINGS)
    c.read()
    for i in range(1, 201):
        c.fetch(i, "http://127.0.0.1:%d/ok-size?900000" % server.port, 1)
    time.sleep(2)
    size = int(c.status_field("VmRSS"))
    beat = c.beat()
    time.sleep(1.2)
    alive = c.beat() != beat
    found = c.results(200, 20)
    limit = 1 << 30 if SANITIZED else 64 * 1024
    RESULTS.report("%s: %d MB, then %d results" % (name, size / 1024, len(found)),
                   len(found) == 200 and size < limit and alive and
                   all(len(r.body) == 900000 for r in found.values()))
    c.close()


def worker_faults(server):
    """The crawler that hostile pages can hit: the board names the page."""
    program = os.path.join(os.path.dirname(CRAWLER), "wf_crawler_faults")
    if not wanted("worker"):
        return
    if not os.path.exists(program) or SANITIZED:
        RESULTS.skip("worker: faults", "needs wf_crawler_faults")
        return
    for fault, ends in (("crash", lambda s: os.WIFSIGNALED(s) and os.WTERMSIG(s) == signal.SIGSEGV),
                        ("exit", lambda s: os.WIFEXITED(s) and os.WEXITSTATUS(s) == 7),
                        ("leak", os.WIFSIGNALED)):
        faultserver.PATHS["/wf-fault/" + fault] = faultserver.ok
        c = worker.Crawler(program, SETTINGS)
        c.read()
        for i in range(1, 11):
            c.fetch(i, "http://127.0.0.1:%d/hang-response?%d" % (server.port, i))
        c.fetch(77, "http://127.0.0.5:%d/wf-fault/%s" % (server.port, fault))
        status = c.ended(20)
        RESULTS.report("worker: %s is blamed on its page" % fault,
                       status is not None and ends(status) and c.current() == 77, (status, c.current()))
        c.close()
    faultserver.PATHS["/wf-fault/loop"] = faultserver.ok
    c = worker.Crawler(program, SETTINGS)
    c.read()
    c.fetch(78, "http://127.0.0.1:%d/wf-fault/loop" % server.port)
    time.sleep(0.5)
    beat = c.beat()
    time.sleep(1.5)
    RESULTS.report("worker: an endless loop is seen on the board", c.current() == 78 and c.beat() == beat)
    c.close()
    c = worker.Crawler(program, SETTINGS)
    c.read()
    os.kill(c.pid, signal.SIGTERM)
    status = c.ended()
    RESULTS.report("worker: SIGTERM ends it", status is not None and os.WIFSIGNALED(status))
    c.close()


def main():
    global MAIN
    faultserver.prepare_bombs()
    MAIN = faultserver.Server()
    started = time.monotonic()
    fault_cases(MAIN)
    documented()
    connect_cases()
    usage_cases(MAIN)
    policy_cases(MAIN)
    ssrf_cases.run()
    environment_cases(MAIN)
    tls_cases()
    all_at_once(MAIN)
    worker_basics(MAIN)
    worker_ends(MAIN)
    worker_sandbox(MAIN)
    worker_backpressure(MAIN)
    worker_faults(MAIN)
    hanging_host()
    reuse()
    politeness()
    robots_cases()
    site_cases.case.run()
    survey_cases.case.run()
    gateway_cases.case.run()
    memory()
    wire_cases.run()
    print("1..%d" % RESULTS.count)
    print("# %d passed, %d failed in %.0f s" %
          (RESULTS.count - RESULTS.failed, RESULTS.failed, time.monotonic() - started))
    sys.stdout.flush()
    os._exit(1 if RESULTS.failed else 0)


main()
