#!/usr/bin/python3
"""check_emails.py EMAIL_LINES

Compare what email_lines finds with public test data in ../shared/vectors/emails,
where those are at hand (or where WF_VECTORS says).  Hosts that are nobody's
(example.com and the like) are exchanged for others first, as no address there is
ever taken.  Differences are counted by the reason that a rule here gives for
them, see doc/extraction.md; one without a reason is a failure.
"""
import collections
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
VECTORS = os.environ.get("WF_VECTORS", os.path.join(HERE, "../../../shared/vectors"))
DATA = os.path.join(VECTORS, "emails")
VERBOSE = os.environ.get("VERBOSE")


def real(text):
    return re.sub(r"(?i)(@(?:[a-z0-9-]+\.)*)(example|domain|test|some-domain)(?=\.(?:com|org|net|co\.uk))",
                  r"\1hosthaus", text)


def answers(program, mode, texts):
    """The list of addresses of each text."""
    lines = "".join(real(t).encode("utf-8", "replace").hex() + "\n" for t in texts)
    run = subprocess.run([program, mode], input=lines.encode(), stdout=subprocess.PIPE, check=True)
    return [line.split("\t")[:-1] for line in run.stdout.decode().split("\n")[:-1]]


def read(name):
    with open(os.path.join(DATA, name), encoding="utf-8") as file:
        if name.endswith(".jsonl"):
            return [json.loads(line) for line in file]
        return [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]


def rejected_reason(text):
    """Why a valid address is none here."""
    local, _, domain = text.rpartition("@")
    if '"' in local or "\\" in local:
        return "quoted local part"
    if re.search(r"[!#$%&*/=?^`{|}~]", local):
        return "local part of signs that stand beside addresses in texts"
    if "[" in domain or "." not in domain or re.search(r"\(|\)", text) or "<" in text:
        return "no domain name alone"
    if len(text) > 254:
        return "longer than 254 bytes"
    if re.search("[\u2e80-\u9fff]", local) and re.search("[a-z]", local):
        return "letters of two scripts in one word"
    return "no public suffix"


def accepted_reason(text):
    """Why what is no valid address is one here."""
    if re.search("[\uff00-\uffef]", text):
        return "full-width letters are those of ASCII"
    if ".." in text.split("@")[0] or text.split("@")[0].endswith("."):
        return "dots in a row, which some mail services gave out"
    return None


def report(name, differences, total):
    """differences: (reason or None, text, wanted, got)."""
    reasons = collections.Counter(d[0] or "unexplained" for d in differences)
    print("%sok - %s: %d of %d%s" % (
        "not " if reasons["unexplained"] else "", name, total - len(differences), total,
        "".join("; %d %s" % (count, reason) for reason, count in sorted(reasons.items())
                if count)))
    for reason, text, wanted, got in differences:
        if VERBOSE or reason is None:
            print("#", repr(text)[:120], "expected", wanted, "got", got, reason)
    return not reasons["unexplained"]


def check_values(program, name, cases):
    """cases: (text, is it valid?)."""
    differences = []
    for (text, valid), got in zip(cases, answers(program, "value", [c[0] for c in cases])):
        if bool(got) != valid:
            reason = rejected_reason(text) if valid else accepted_reason(text)
            differences.append((reason, text, valid, got))
    return report(name, differences, len(cases))


def check_isemail(program):
    """Of RFC 5321's and 5322's addresses the plain ones."""
    cases = [(c["address"], c["category"] in ("ISEMAIL_VALID_CATEGORY", "ISEMAIL_DNSWARN"))
             for c in read("isemail_tests.jsonl")]
    return check_values(program, "isemail_tests.jsonl", cases)


def check_validator(program):
    cases = [(c["input"], c["expected_valid"]) for c in read("validatorjs_isEmail.jsonl")
             if not c["args"] and not re.search("[\ud800-\udfff]", c["input"])]
    return check_values(program, "validatorjs_isEmail.jsonl (without options)", cases)


def check_mailto(program):
    cases = read("validatorjs_isMailtoURI.jsonl")
    differences = []
    for case, got in zip(cases, answers(program, "link", [c["input"] for c in cases])):
        text = case["input"]
        if bool(got) == case["expected_valid"]:
            continue
        if case["expected_valid"]:
            reason = "valid, but with no receiver" if "@" not in text else None
        else:
            reason = accepted_reason(text) or "a link with faults still has its receivers"
        differences.append((reason, text, case["expected_valid"], got))
    return report("validatorjs_isMailtoURI.jsonl", differences, len(cases))


def plain(address):
    return re.sub("(?i)^mailto:", "", real(address)).lower()


def linkify_reason(text, wanted):
    if '"' in (wanted or [""])[0] or '"' in text.split("@")[0][-2:]:
        return "quoted local part"
    if wanted and "." not in wanted[0].split("@")[-1]:
        return "no domain name alone"
    if not wanted and re.search("mailto:|//", text):
        return "beside or inside a link"
    return None


def check_linkify(program, name):
    """The first link of each text, where an '@' is in it."""
    cases = [c for c in read(name) if "@" in c[1]]
    differences = []
    for case, got in zip(cases, answers(program, "text", [c[1] for c in cases])):
        wanted = [plain(case[2])] if len(case) > 3 and case[3] == "email" else []
        if got[:1] != wanted:
            differences.append((linkify_reason(case[1], wanted), case[1], wanted, got))
    return report(name, differences, len(cases))


def check_crawlee(program):
    cases = [c for c in read("crawlee_social.jsonl")
             if c["op"] == "equal" and isinstance(c["args"][0], (str, list))]
    differences = []
    for case in cases:
        links = isinstance(case["args"][0], list)
        texts = [t for t in case["args"][0] if isinstance(t, str)] if links else case["args"]
        got = sum(answers(program, "link" if links else "text", texts), [])
        wanted = [plain(a) for a in case["expected"]]
        if got != wanted:
            differences.append((crawlee_reason(wanted, got), case["args"][0], wanted, got))
    return report("crawlee_social.jsonl", differences, len(cases))


def crawlee_reason(wanted, got):
    if set(got) - set(wanted) == {"not@an.email.com"}:
        return "spaces around the @, as a disguise"
    if any(a.startswith("this'is'") for a in set(wanted) - set(got)):
        return "local part of signs that stand beside addresses in texts"
    return None


def check_facts(program):
    cases = [(c["input"], c["expected_full_match"]) for c in read("crawlee_regex_facts.jsonl")
             if c["regex"] == "EMAIL_REGEX"]
    return check_values(program, "crawlee_regex_facts.jsonl (EMAIL_REGEX)", cases)


def main():
    program = sys.argv[1]
    if not os.path.isdir(DATA):
        print("1..0 # SKIP no address test data at", os.path.relpath(DATA))
        return 0
    good = [check_isemail(program), check_validator(program), check_mailto(program),
            check_linkify(program, "linkify_it_links.tsv"),
            check_linkify(program, "linkify_it_not_links.tsv"), check_crawlee(program),
            check_facts(program)]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
