#!/usr/bin/env python3
"""A gateway for tests, which behaves as ScraperAPI's documentation says.

    gateway.py FILE_WITH_KEY      prints its port and serves until it is ended

It fetches nothing: the path of the URL it is asked for says what happens.

    200 and 404 cost credits, 1 or more by the options (sa-credit-cost says how
    many); all else is free.  401 for a wrong key, 403 when the credits are used
    up or the call would cost more than max_cost, 410 for a page that is gone,
    429 over the concurrency limit, 500 when the page could not be had, after up
    to 70 seconds.

GET /control?NAME=VALUE changes it: mode (a status for every call; "" none),
concurrency, credits, release (lets go of calls that hang; 0: no more).  GET /log answers
with all calls as JSON.
"""
import json
import sys
import threading
import urllib.parse

import faultserver

PRICES = {(False, False): 1, (True, False): 10, (False, True): 10, (True, True): 25}


class Gateway(faultserver.Server):
    def __init__(self, key, credits=1 << 30, **kwargs):
        super().__init__("127.0.0.1", **kwargs)
        self.key = key
        self.credits = credits
        self.concurrency = 1000
        self.mode = ""
        self.now = 0              # calls being answered
        self.most_calls = 0
        self.charged = 0
        self.calls = []
        self.released = threading.Event()
        self.missing = self.answer

    def answer(self, conn, request):
        query = dict(urllib.parse.parse_qsl(request.query, keep_blank_values=True))
        if request.path == "/control":
            self.control(query)
            faultserver.reply(conn, b"done")
        elif request.path == "/log":
            faultserver.reply(conn, json.dumps({
                "calls": self.calls, "charged": self.charged, "most": self.most_calls,
                "running": self.now}).encode(), kind="application/json")
        else:
            self.call(conn, request, query)

    def control(self, query):
        for name in ("concurrency", "credits"):
            if name in query:
                setattr(self, name, int(query[name]))
        self.mode = query.get("mode", self.mode)
        if query.get("release") == "0":
            self.released.clear()
        elif "release" in query:
            self.released.set()

    def call(self, conn, request, query):
        with self.lock:
            self.calls.append({"path": request.path, "query": query, "headers": request.headers})
            self.now += 1
            self.most_calls = max(self.most_calls, self.now)
            over = self.now > self.concurrency
        try:
            self.decide(conn, query, over)
        finally:
            with self.lock:
                self.now -= 1

    def decide(self, conn, query, over):
        if query.get("api_key") != self.key:
            self.refuse(conn, "401 Unauthorized", b"Unauthorized request, please make sure your API key is valid.")
        elif over or self.mode == "429":
            self.refuse(conn, "429 Too Many Requests", b"You are sending requests too fast.")
        elif self.mode == "403":
            self.refuse(conn, "403 Forbidden", b"You have used up all your API credits.")
        elif self.mode == "500":
            self.refuse(conn, "500 Internal Server Error", b"Request failed. You will not be charged for this request.")
        elif self.mode == "404":
            self.deliver(conn, urllib.parse.urlsplit(query.get("url", "")), 1, "404 Not Found")
        else:
            self.fetch(conn, query)

    @staticmethod
    def refuse(conn, status, body, *fields):
        faultserver.reply(conn, body, *fields, status=status, kind="text/plain")

    def fetch(self, conn, query):
        url = urllib.parse.urlsplit(query.get("url", ""))
        what, _, detail = url.path.strip("/").partition("/")
        cost = PRICES[query.get("render") == "true", query.get("premium") == "true"]
        if what == "cost":
            cost = int(detail.partition("/")[0])
        if cost > int(query.get("max_cost") or cost):
            self.refuse(conn, "403 Forbidden", b"This request would cost more than your max_cost.",
                        "sa-credit-cost: %d" % cost)
        elif self.charged + cost > self.credits:
            self.refuse(conn, "403 Forbidden", b"You have used up all your API credits.")
        elif what == "hang":
            self.released.wait(75)
            self.deliver(conn, url, cost, "200 OK")
        elif what == "close":
            faultserver.close(conn)
        elif what == "redirect":
            self.refuse(conn, "302 Found", b"", "Location: http://10.0.0.1/")
        elif what == "echo":
            faultserver.reply(conn, ("<p>%s</p>" % json.dumps(query)).encode(), status="500 Oops")
        elif what in ("400", "410", "429", "500", "503"):
            self.refuse(conn, what + " Status", b"no page", *(["Retry-After: " + detail] if detail else []))
        else:
            self.deliver(conn, url, cost, "404 Not Found" if what == "404" else "200 OK",
                         priced=what != "unpriced", kind="application/pdf" if what == "pdf" else
                         "text/html; charset=utf-8")

    def deliver(self, conn, url, cost, status, priced=True, kind="text/html"):
        with self.lock:
            self.charged += cost
        body = '<html><title>Gateway</title><a href="mailto:info@%s">us</a>' % url.hostname
        if url.path.endswith(".xml"):
            kind = "text/xml"
            body = '<urlset><url><loc>%s://%s/listed</loc></url></urlset>' % (url.scheme, url.netloc)
        faultserver.reply(conn, body.encode(), *(["sa-credit-cost: %d" % cost] if priced else []),
                          status=status, kind=kind)


if __name__ == "__main__":
    with open(sys.argv[1], encoding="ascii") as file:
        server = Gateway(file.read().strip())
    print(server.port, flush=True)
    threading.Event().wait()
