"""The result of each thread of the archive check, and how they are combined. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from backup_contract.documents.manifest import Item
from reporter.judge.archive_state import Accepted, Checked, Superseded, lost_overlays

MOST_SUPERSEDED = 10_000
"""How many chains that are no longer needed one check remembers."""


@dataclass(slots=True)
class Part:
    """The result of one thread. ``late`` are the items that were not checked in time.

    ``copies`` is the number of objects newly found to be copies, ``copied`` the keys of the
    documents of chains with a copied object.
    """

    problems: list[str] = field(default_factory=list)
    chain_problems: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    bases: dict[str, str] = field(default_factory=dict)
    late: set[int] = field(default_factory=set)
    unlisted: bool = False
    chains: int = 0
    others: list[tuple[str, str, str]] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    copied: list[str] = field(default_factory=list)
    copies: int = 0


def combine(
    items: Sequence[Item], accepted: Mapping[str, Accepted], parts: Sequence[Part]
) -> Checked:
    """Combine the results of all threads, in key order and without duplicate lines."""
    put = {key: at for part in parts for key, at in part.bases.items()}
    late = set().union(*(part.late for part in parts))
    problems = [line for part in parts for line in part.problems]
    if late:
        problems.append(f"{len(late)} of {len(items)} archives were not checked: time ran out")
    lost = ((item.name, line) for item in items if (line := lost_overlays(item, accepted)))
    others = dict.fromkeys(each for part in parts for each in part.others)
    superseded = [
        Superseded(base, chain, newest, put[base])
        for base, chain, newest in others
        if base in put and newest < put[base]
    ]
    notices = [line for part in parts for line in part.notices]
    if copies := sum(part.copies for part in parts):
        notices.append(
            f"this bucket is a copy: {copies} archives and overlays have other version ids here "
            "than recorded, and the recorded SHA-256"
        )
    return Checked(
        problems=tuple(dict.fromkeys(problems)),
        chain_problems=tuple(
            dict.fromkeys(
                (
                    *(line for part in parts for line in part.chain_problems),
                    *(f"{name}: {line}" for name, line in lost),
                )
            )
        ),
        notices=tuple(dict.fromkeys(notices)),
        chains=sum(part.chains for part in parts),
        superseded=tuple(superseded[:MOST_SUPERSEDED]),
        damaged_chains=tuple(dict.fromkeys(key for part in parts for key in part.damaged)),
        copied_chains=tuple(dict.fromkeys(key for part in parts for key in part.copied)),
    )
