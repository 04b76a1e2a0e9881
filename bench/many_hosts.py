"""Fetch a page of each of many hosts: rate, pages per CPU second, memory.

    many_hosts.py TREE PORT HOSTS

Exit status 1 when the last sixth has less than half of the first one's pages
per CPU second, or memory grew by more than 10 MB after the first sixth.
"""
import os
import sys
import time

TREE, PORT, HOSTS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
sys.path.insert(0, os.path.join(TREE, "test", "crawler"))
import worker  # noqa: E402

AT_ONCE = 128


def url(n):
    return "http://127.%d.%d.%d:%d/a.html" % (64 + n // 62500, n // 250 % 250, 1 + n % 250, PORT)


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid) as stat:
        fields = stat.read().split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def main():
    crawler = worker.Crawler(os.path.join(TREE, "wf_crawler"),
                             {"allowed_networks": "127.0.0.0/8", "respect_robots": "off"})
    crawler.read()
    step = HOSTS // 6
    sent = ended = 0
    rates, sizes = [], []
    then, spent = time.monotonic(), 0.0
    print("%8s %9s %16s %9s" % ("hosts", "pages/s", "pages/CPU second", "RSS kB"))
    while ended < 6 * step:
        while sent < 6 * step and sent - ended < AT_ONCE:
            sent += 1
            crawler.fetch(sent, url(sent - 1))
        message = crawler.read()
        if message is None or message[0] == "EOF":
            sys.exit("the crawler does not answer")
        if message[0] != "E":
            continue
        if worker.Result(message[1]).outcome != "ok":
            sys.exit("a page could not be fetched: %s" % worker.Result(message[1]).error)
        ended += 1
        if ended % step == 0:
            now, cpu = time.monotonic(), cpu_seconds(crawler.pid)
            rates.append(step / max(cpu - spent, 0.01))
            sizes.append(int(crawler.status_field("VmRSS")))
            print("%8d %9.0f %16.0f %9d" % (ended, step / (now - then), rates[-1], sizes[-1]))
            then, spent = now, cpu
    crawler.close()
    sys.exit(1 if rates[-1] < rates[0] / 2 or max(sizes) - sizes[0] > 10240 else 0)


main()
