"""``make fault-matrix``: plays the fault matrix and writes docs/fault-matrix.md.

Its two parts can be played alone (``--in-process``, ``--embedded``); the other stays as it was.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.etree import ElementTree

from tests.integration.functions import matrix

ROW = "cell"
"""The property under which a test on the embedded cloud records its row, a JSON list of cells."""

PAGE = Path(__file__).parents[1] / "docs" / "fault-matrix.md"
_INTRODUCTION = """\
# The fault matrix

Made by `make fault-matrix`; do not edit. CI plays all of it anew and fails if one cell does not
hold.

Every cell holds a run to what is [promised](../tests/integration/functions/promises.py): one mail,
two at the very worst, never none; its verdict is true; never two instances for one attempt; no
instance left running, or there for much longer than its deadline; no schedule left behind.
"""
_IN_PROCESS = """\
## Every call of both handlers

Each scenario is played once without a fault, to count its calls, and then once for every call and
every fault, to the end of the third day. botocore's own retries have failed already: *once*
is a call that failed in spite of them.

- **once**: a server error, not done.
- **repeatedly**: throttled four times in a row: an invocation and both of Lambda's retries fail.
- **for long**: every call of this kind fails for 26 hours: until after the daily watchdog.
- **answer lost**: it was done, and the answer is a server error.
- **crash before**, **crash after**: the function's process ends there.

A tick is a cell, or several, that holds. In brackets: how often something else than one mail with
the scenario's verdict came. That is true then: of an outage that outlasts the deadline, `timed-out`
is the right word.

"""

_EMBEDDED = """\
## On the embedded cloud

Representative cells on the [embedded cloud](embedded-cloud.md): the deployed functions are
processes of their own, and their requests pass [microburst](https://pypi.org/project/microburst/),
which fails them in AWS's wire format. botocore's retries come first, then Lambda's; every event of
EC2's comes twice. *Hits* is how many requests the fault struck. Where it lasts until the watchdog
comes, a dead letter is seen first, and no mail. Requests to S3 go past microburst, which drops the
length of what a HEAD asks for; their faults are in the part above.

"""


def in_process() -> tuple[str, list[str]]:
    """The page's part about the handlers in one process, and what does not hold."""
    found = matrix.whole()
    broken = [str(cell) for cell in found if cell.broken]
    return _IN_PROCESS + _shown(found), broken


def _shown(found: Sequence[matrix.Cell]) -> str:
    broken = sum(bool(cell.broken) for cell in found)
    twice = sum(cell.mails > 1 for cell in found)
    text = f"**{len(found)} cells; {broken} break a promise, {twice} end with two mails.**\n"
    for scenario, verdict in matrix.SCENARIOS.items():
        own = [cell for cell in found if cell.scenario == scenario.__name__]
        title = scenario.__name__.replace("_", " ").capitalize()
        text += f"\n### {title}: `{verdict}`\n\n{scenario.__doc__}\n\n{matrix.table(own, verdict)}"
    return text


def embedded() -> tuple[str, list[str]]:
    """The page's part about the embedded cloud, from the tests' own record, and what fails."""
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder, "record.xml")
        tests = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-m",
            "slow",
            "tests/e2e/test_fault_cells.py",
            *("-o", "junit_family=xunit1", f"--junitxml={record}"),
        ]
        done = subprocess.run(tests, check=False, cwd=PAGE.parents[1])
        cases = list(ElementTree.parse(record).iter("testcase"))
    rows = [["scenario", "call", "what happens to it", "verdict", "hits", "mails"], ["---"] * 6]
    broken = [] if done.returncode == 0 else [f"pytest ended with {done.returncode}"]
    for case in cases:
        played = case.find(f"properties/property[@name='{ROW}']")
        if played is None or case.find("failure") is not None:
            broken.append(case.attrib["name"])
        else:
            rows.append([str(word) for word in json.loads(played.attrib["value"])])
    return _EMBEDDED + "".join(f"| {' | '.join(row)} |\n" for row in rows), broken


PARTS: dict[str, Callable[[], tuple[str, list[str]]]] = {
    "in-process": in_process,
    "embedded": embedded,
}


def main() -> int:
    """Write the page, or its parts that are asked for; 1 if a cell does not hold."""
    parser = argparse.ArgumentParser(prog="make fault-matrix", description=__doc__)
    for name in PARTS:
        parser.add_argument(f"--{name}", action="append_const", const=name, dest="parts")
    asked = parser.parse_args().parts or list(PARTS)
    _, *known = PAGE.read_text().split("\n## ")
    parts = dict(zip(PARTS, (f"## {text}" for text in known), strict=False))
    broken: list[str] = []
    for name in asked:
        parts[name], not_held = PARTS[name]()
        broken += not_held
    played = (parts[name] for name in PARTS if name in parts)
    # What follows is written by hand, and names the tests that try it.
    by_hand = (f"## {text}" for text in known[len(PARTS) :])
    PAGE.write_text("\n".join([_INTRODUCTION, *played, *by_hand]))
    print(*broken, f"{PAGE.name}: {len(broken)} do not hold", sep="\n")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
