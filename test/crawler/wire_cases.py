"""Connections as servers see them: versions of HTTP, reuse, TLS sessions, very many at once."""
import asyncio
import resource
import threading

import faultserver
from common import LOOPBACK, RESULTS, SANITIZED, crawl, distinct_hosts, wanted
from nginx import Nginx

HOSTS = 50
PAGES = 20
MANY = 2000
# what it takes: the crawler keeps half of its descriptors for connections; the server has as many
DESCRIPTORS = 2 * MANY + 500


# ---------- versions, reuse ----------

def crawl_nginx(certs, listen="", directives="", hosts=HOSTS, pages=PAGES):
    """Fetch from nginx: (all pages ended ok, what nginx saw, stderr)."""
    trust = certs.trusted()
    server = Nginx(certs.file("good.pem"), certs.file("good.key"), listen, directives)
    urls = [u.replace("http:", "https:") for u in distinct_hosts(server, hosts, pages)]
    blocks, code, _, stderr = crawl(urls, [LOOPBACK, "--respect-robots=off"] +
                                    ([] if trust else ["--verify-tls=off"]), prefix=trust or ())
    seen = server.seen()
    good = (code == 0 and len(blocks) == len(urls) and all(b.outcome == "ok" for b in blocks) and
            len(seen) >= len(urls) and all(s.status == 200 for s in seen))
    return good, seen, stderr or [b.error for b in blocks if b.error][:5]


def versions(certs):
    for name, listen, expected in (("HTTP/2 where it is offered", "http2", "HTTP/2.0"),
                                   ("HTTP/1.1 where it is not", "", "HTTP/1.1")):
        good, seen, detail = crawl_nginx(certs, listen, hosts=5, pages=4)
        spoken = sorted(set(s.protocol for s in seen))
        RESULTS.report("TLS: %s: %d requests by %s" % (name, len(seen), ", ".join(spoken)),
                       good and spoken == [expected], detail)


# Nearly all; but on a busy machine the next connection is sometimes under way before the
# ticket of the last one was read.
RESUMED = 0.8


def share(part, whole):
    return len(part) / len(whole) if whole else 0


def reopened(seen):
    """
    The first request of each connection to an address whose first answer had
    arrived: it had answered the next request on that connection, too.
    """
    answered = {}
    for s in seen:
        if s.number == 2:
            answered.setdefault(s.address, s.ended)
    return [s for s in seen if s.number == 1 and s.accepted > answered.get(s.address, s.ended)]


def reuse(certs):
    """Connections are kept, and where the server closes them their sessions are resumed."""
    for version, listen, tls in (("HTTP/2", "http2", "TLSv1.3"), ("HTTP/1.1", "", "TLSv1.3"),
                                 ("HTTP/1.1", "", "TLSv1.2")):
        name = "TLS: %s over %s, %d hosts of %d pages" % (version, tls, HOSTS, PAGES)
        protocols = "ssl_protocols %s;" % tls
        good, seen, detail = crawl_nginx(certs, listen, protocols)
        kept = share([s for s in seen if s.number > 1], seen)
        RESULTS.report("%s: %.3f of the requests on connections used before" % (name, kept),
                       good and kept >= 0.9, detail)
        good, seen, detail = crawl_nginx(certs, listen, protocols + " keepalive_requests 5;")
        again = reopened(seen)
        resumed = share([s for s in again if s.resumed], again)
        RESULTS.report("%s, closed after 5: %.3f of %d reopened with the session of before" %
                       (name, resumed, len(again)), good and len(again) >= HOSTS and resumed >= RESUMED, detail)


# ---------- very many at once ----------

class Holder:
    """A server that answers nobody before so many have asked, or 25 s are over."""

    def __init__(self, many):
        self.many = many
        self.waiting = self.most = 0
        self.ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self.serve()), daemon=True).start()
        self.ready.wait()

    async def serve(self):
        self.all = asyncio.Event()
        server = await asyncio.start_server(self.answer, "0.0.0.0", 0, backlog=self.many)
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        await asyncio.Event().wait()

    async def answer(self, reader, writer):
        try:
            await reader.readuntil(b"\r\n\r\n")
            self.waiting += 1
            self.most = max(self.most, self.waiting)
            if self.waiting == self.many:
                self.all.set()
            await asyncio.wait_for(self.all.wait(), 25)
            writer.write(faultserver.head("200 OK", "Content-Type: text/html", "Content-Length: %d" %
                                          len(faultserver.PAGE)) + faultserver.PAGE)
            await writer.drain()
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError):
            pass
        finally:
            self.waiting -= 1
            writer.close()


def many_at_once():
    name = "2,000 transfers at once"
    if not wanted(name):
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < DESCRIPTORS or SANITIZED:
        RESULTS.skip(name, "needs %d descriptors, and no sanitizer" % DESCRIPTORS)
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server = Holder(MANY)
    # one each of a host of its own
    urls = ["http://127.1.%d.%d:%d/" % (i // 200, 1 + i % 200, server.port) for i in range(MANY)]
    blocks, code, took, stderr = crawl(urls, [LOOPBACK, "--respect-robots=off", "--max-concurrency=%d" % MANY])
    good = sum(b.outcome == "ok" for b in blocks)
    RESULTS.report("%s: %d open together, %d ended ok in %.1f s" % (name, server.most, good, took),
                   code == 0 and server.most == MANY and good == len(blocks) == MANY, stderr)


def run():
    if wanted("TLS"):
        certs = faultserver.Certificates()
        versions(certs)
        reuse(certs)
        certs.remove()
    many_at_once()
