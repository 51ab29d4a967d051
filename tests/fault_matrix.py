"""``make fault-matrix``: plays both parts of the fault matrix and writes docs/fault-matrix.md."""

from collections.abc import Sequence
from pathlib import Path

from tests.integration.functions import matrix

PAGE = Path(__file__).parents[1] / "docs" / "fault-matrix.md"


def in_process(found: Sequence[matrix.Cell]) -> str:
    """The page's part about the handlers in one process."""
    broken = sum(bool(cell.broken) for cell in found)
    twice = sum(cell.mails > 1 for cell in found)
    text = f"{len(found)} cells; {broken} break a promise, {twice} end with two mails.\n"
    for scenario, verdict in matrix.SCENARIOS.items():
        own = [cell for cell in found if cell.scenario == scenario.__name__]
        title = scenario.__name__.replace("_", " ").capitalize()
        text += f"\n### {title}: `{verdict}`\n\n{scenario.__doc__}\n\n{matrix.table(own, verdict)}"
    return text


if __name__ == "__main__":
    everything = matrix.whole()
    PAGE.write_text(in_process(everything))
    for cell in everything:
        if cell.broken:
            print(cell)
