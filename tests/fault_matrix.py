"""``make fault-matrix``: plays the fault matrix and writes docs/fault-matrix.md."""

import sys
from collections.abc import Sequence
from pathlib import Path

from tests.integration.functions import matrix

PAGE = Path(__file__).parents[1] / "docs" / "fault-matrix.md"
_INTRODUCTION = """\
# The fault matrix

Made by `make fault-matrix`; do not edit. CI plays all of it anew and fails if one cell does not
hold.

Every cell holds a run to what is [promised](../tests/integration/functions/promises.py): one mail,
two at the very worst, never none; its verdict is true; never two instances for one attempt; no
instance left running, or there for much longer than its deadline; no schedule left behind.
"""
_IN_PROCESS = """
## Every call of both handlers

Each scenario is played once without a fault, to count its calls, and then once for every call and
every fault, to the end of the third day. botocore's own retries have been in vain already: *once*
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


def in_process(found: Sequence[matrix.Cell]) -> str:
    """The page's part about the handlers in one process."""
    broken = sum(bool(cell.broken) for cell in found)
    twice = sum(cell.mails > 1 for cell in found)
    text = f"**{len(found)} cells; {broken} break a promise, {twice} end with two mails.**\n"
    for scenario, verdict in matrix.SCENARIOS.items():
        own = [cell for cell in found if cell.scenario == scenario.__name__]
        title = scenario.__name__.replace("_", " ").capitalize()
        text += f"\n### {title}: `{verdict}`\n\n{scenario.__doc__}\n\n{matrix.table(own, verdict)}"
    return text


def main() -> int:
    """Write the page; 1 if a cell does not hold."""
    found = matrix.whole()
    PAGE.write_text(_INTRODUCTION + _IN_PROCESS + in_process(found))
    broken = [cell for cell in found if cell.broken]
    for cell in broken:
        print(cell)
    print(f"{PAGE.name}: {len(found)} cells, {len(broken)} do not hold")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
