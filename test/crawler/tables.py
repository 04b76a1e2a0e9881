"""URLs that are refused, and URLs that are not: those of the unit test."""
import os
import re

from common import HERE


def c_table(name):
    """The strings of a table in test/unit/test_netguard.c, as bytes."""
    with open(os.path.join(HERE, "..", "unit", "test_netguard.c"), encoding="utf-8") as source:
        text = source.read()
    body = re.search(r"%s\[\] = \{(.*?)\n\};" % name, text, re.S).group(1)
    body = re.sub(r"(?<=,)\s*/\*.*?\*/|^\s*/\*.*?\*/", "", body, flags=re.S | re.M)
    table = []
    for literals in re.findall(r'"(?:[^"\\]|\\.)*"(?:\s+"(?:[^"\\]|\\.)*")*', body):
        joined = b"".join(part[1:-1].encode().decode("unicode_escape").encode("latin-1")
                          for part in re.findall(r'"(?:[^"\\]|\\.)*"', literals))
        table.append(joined.split(b"\0")[0])
    return table


REFUSED = c_table("refused_urls")
ALLOWED = c_table("allowed_urls")
