#!/usr/bin/python3
"""check_names.py EXTRACT_CORPUS

Precision and recall of the names and job titles of addresses in the pages of
../shared/corpus (or where WF_CORPUS says): against the names of its gold labels,
and against the entities of webstruct_entities.tsv, where a person (PER) and a
position (FUNC) count as those of an address (EMAIL) that no other address stands
nearer to.  Fails when precision against the gold labels falls below LEAST.
"""
import collections
import glob
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.environ.get("WF_CORPUS", os.path.join(HERE, "../../../shared/corpus"))
VERBOSE = os.environ.get("VERBOSE")
LEAST = 0.90


def extract(program):
    pages = sorted(glob.glob(os.path.join(CORPUS, "html/*.html")))
    run = subprocess.run([program] + pages, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                         check=True)
    return {page["file"]: page for page in map(json.loads, run.stdout.decode().splitlines())}


def words(name):
    """A name without title, initials and punctuation."""
    return tuple(w for w in re.findall(r"\w+", name.lower())
                 if len(w) > 1 and w not in ("dr", "prof", "mr", "mrs", "ms", "phd", "md"))


def ratio(a, b):
    return a / b if b else 1.0


def show(what, right, wrong, missed):
    print("# %s: %d right, %d wrong, %d missed: precision %.3f, recall %.3f" % (
        what, right, wrong, missed, ratio(right, right + wrong), ratio(right, right + missed)))
    return ratio(right, right + wrong)


def check_gold(found):
    right = wrong = missed = 0
    for path in sorted(glob.glob(os.path.join(CORPUS, "gold/*.json"))):
        with open(path, encoding="utf-8") as file:
            gold = json.load(file)
        names = found[gold["file"]]["names"]
        for address in set(names) & set(gold["emails"]) | set(gold["names"]):
            wanted, got = gold["names"].get(address), names.get(address)
            good = bool(wanted and got and words(wanted) == words(got))
            right += good
            wrong += bool(got) and not good
            missed += bool(wanted) and not good
            if VERBOSE and not good:
                print("#", gold["file"], address, "gold", wanted, "found", got)
    return show("names, gold labels", right, wrong, missed)


def check_entities(found):
    """Of each address of the entities, what stands between it and the others."""
    pages = collections.defaultdict(list)
    with open(os.path.join(CORPUS, "webstruct_entities.tsv"), encoding="utf-8") as file:
        for line in file:
            fields = line.rstrip("\n").split("\t")
            if len(fields) == 3 and not line.startswith("#"):
                pages[fields[0]].append(fields[1:])
    for kind, field in (("PER", "names"), ("FUNC", "job_titles")):
        right = wrong = missed = 0
        for name, entities in sorted(pages.items()):
            if name not in found or not any(e[0] == kind for e in entities):
                continue
            known = {words(e[1]) for e in entities if e[0] == kind}
            beside = near(entities, kind)
            for address in set(found[name][field]) | set(beside):
                got = found[name][field].get(address)
                good = bool(got) and any(set(words(got)) <= set(k) or set(k) <= set(words(got))
                                         for k in known)
                right += good
                wrong += bool(got) and not good
                missed += address in beside and not got
                if VERBOSE and not good:
                    print("#", name, address, "beside it", beside.get(address), "found", got)
        show("%s, %s of webstruct" % (field, kind), right, wrong, missed)


def near(entities, kind):
    """{address: the entity of that kind right in front of or behind it}."""
    beside = {}
    for i, (what, text) in enumerate(entities):
        if what == "EMAIL":
            for j in (i - 1, i - 2, i - 3, i + 1):
                if 0 <= j < len(entities) and entities[j][0] == kind and \
                        all(e[0] != "EMAIL" for e in entities[min(i, j) + 1:max(i, j)]):
                    beside[text.lower()] = entities[j][1]
                    break
    return beside


def main():
    if not os.path.isdir(os.path.join(CORPUS, "gold")):
        print("1..0 # SKIP no labelled pages at", os.path.relpath(CORPUS))
        return 0
    found = extract(sys.argv[1])
    precision = check_gold(found)
    check_entities(found)
    print("%sok - names: precision of at least %.2f" % ("" if precision >= LEAST else "not ", LEAST))
    return 0 if precision >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
