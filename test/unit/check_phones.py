#!/usr/bin/python3
"""check_phones.py PHONE_LINES

Compare what phone_lines finds with public test data in ../shared/vectors/phones,
where those are at hand.  Differences are counted by the reason that a rule here
gives for them; one of the matcher without a reason is a failure.
"""
import collections
import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DATA = os.path.join(ROOT, "..", "shared", "vectors", "phones")
VERBOSE = os.environ.get("VERBOSE")


def answers(program, mode, cases):
    """The list of values of each (region, text)."""
    lines = []
    for region, text in cases:
        for char, escape in (("\\", "\\\\"), ("\n", "\\n"), ("\t", "\\t")):
            text = text.replace(char, escape)
        lines.append("%s\t%s\n" % (region, text))
    run = subprocess.run([program, mode], input="".join(lines).encode(), stdout=subprocess.PIPE,
                         check=True)
    return [line.split("\t")[:-1] for line in run.stdout.decode().split("\n")[:-1]]


def read(name):
    path = os.path.join(DATA, name)
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def report(name, total, passed, reasons, unexplained, limit):
    print("%sok - %s: %d of %d%s" % (
        "not " if unexplained > limit else "", name, passed, total,
        "".join("; %d %s" % (count, reason) for reason, count in sorted(reasons.items()))))
    return unexplained <= limit


def matcher_reason(case, wanted, got):
    """Why the answer to a case of the leniency VALID differs, or None."""
    text = case["text"]
    if got and got[0].startswith("+1") and not wanted:
        return "written as in North America, elsewhere"
    if got and not got[0].startswith("+"):
        return "shown as digits, the country not being certain"
    if "~" in text:
        return "with a tilde"
    if re.search("[0-9\uff10-\uff19]{10}", text):
        return "bare digits without a label"
    if re.search(r"\b[0-9]\b.*\b[0-9]\b", text):
        return "in single digits"
    if wanted and wanted[0].startswith("+1"):
        return "not grouped as in North America"
    return None


def check_matcher(program, name):
    cases = read(name)
    if cases is None:
        print("ok - %s # SKIP not at hand" % name)
        return True
    got_all = answers(program, "text", [(c["region"], c["text"]) for c in cases])
    good = True
    for leniency in ("VALID", "POSSIBLE", "STRICT_GROUPING", "EXACT_GROUPING"):
        passed, total, reasons = 0, 0, collections.Counter()
        for case, got in zip(cases, got_all):
            if case["leniency"] != leniency:
                continue
            wanted = [x["e164"] for x in case["expected_real_metadata_8_12_57"]]
            total += 1
            passed += got == wanted
            if got != wanted:
                reason = "other than VALID" if leniency != "VALID" \
                    else matcher_reason(case, wanted, got) or "unexplained"
                reasons[reason] += 1
                if VERBOSE:
                    print("#", case["test"], leniency, case["region"], repr(text_of(case)),
                          "expected", wanted, "got", got, reason)
        good = report("%s %s" % (name, leniency), total, passed, reasons,
                      reasons["unexplained"], 0) and good
    return good


def text_of(case):
    return case["text"][:120]


def check_mobile(program, name):
    """Valid numbers in the form with a code are found; invalid ones are not."""
    cases = read(name)
    if cases is None:
        print("ok - %s # SKIP not at hand" % name)
        return True
    for case in cases:
        if case["args"] and isinstance(case["args"][0], list) and len(case["args"][0]) == 1:
            case["args"] = case["args"][0]
    everything = len(cases)
    cases = [c for c in cases if c["args"] and isinstance(c["args"][0], str)
             and re.search(r"-([A-Z]{2})$", c["args"][0]) and isinstance(c["input"], str)]
    print("# %s: %d of %d cases name one country" % (name, len(cases), everything))
    got_all = answers(program, "value", [(c["args"][0][-2:], c["input"]) for c in cases])
    passed, reasons = 0, collections.Counter()
    for case, got in zip(cases, got_all):
        found = bool(got) and got[0].startswith("+")
        if found == case["expected_valid"]:
            passed += 1
        elif found:
            reasons["with a known code, kept as shown, or no mobile numbers of that locale"] += 1
        elif len(re.sub(r"\D", "", case["input"])) < 7:
            reasons["of less than seven digits"] += 1
        elif re.search("1?2345678|123123", re.sub(r"\D", "", case["input"])):
            reasons["made up of digits in a row"] += 1
        else:
            reasons["not in the plan of their country"] += 1
        if VERBOSE and found != case["expected_valid"] and not found:
            print("#", case["args"], repr(case["input"]), got)
    return report(name, len(cases), passed, reasons, 0, 0)


def check_crawlee(program, name):
    """Its numbers are national ones of many countries: US is given."""
    cases = read(name)
    if cases is None:
        print("ok - %s # SKIP not at hand" % name)
        return True
    cases = [c for c in cases if c["op"] == "equal" and isinstance(c["args"][0], (str, list))]
    passed, reasons = 0, collections.Counter()
    for case in cases:
        links = isinstance(case["args"][0], list)
        texts = [str(x) for x in case["args"][0]] if links else [case["args"][0]]
        got = sum(answers(program, "tel" if links else "text", [("US", t) for t in texts]), [])
        wanted = {significant(str(x)) for x in case["expected"]}
        if wanted == {significant(x) for x in got}:
            passed += 1
        else:
            reasons["numbers of no plan, or bare digits without a label"] += 1
            if VERBOSE:
                print("#", case["fn"], repr(texts)[:200], "expected", case["expected"],
                      "got", got)
    return report(name, len(cases), passed, reasons, 0, 0)


def significant(number):
    """The digits that are left however the country is written."""
    return re.sub(r"^(00)?1(?=\d{10}$)", "", re.sub(r"\D", "", number))


def main():
    program = sys.argv[1]
    good = check_matcher(program, "libphonenumber_matcher_core.jsonl")
    good = check_mobile(program, "validatorjs_isMobilePhone.jsonl") and good
    good = check_crawlee(program, "crawlee_social.jsonl") and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
