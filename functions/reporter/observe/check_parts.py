"""What each thread of the archives' check found, and what all of it comes to. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from backup_contract.documents.manifest import Item
from reporter.judge.archive_state import Accepted, Checked, Superseded, dropped

MOST_SUPERSEDED = 10_000
"""Chains that nobody needs any more, of which one check remembers so many."""


@dataclass(slots=True)
class Part:
    """What one thread found; ``late`` are the items that the time did not suffice for.

    ``copies`` are the objects that were found to be copies now, ``copied`` the lists of the chains
    that hold such, now or before.
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


def together(
    items: Sequence[Item], accepted: Mapping[str, Accepted], parts: Sequence[Part]
) -> Checked:
    """What all threads found, in the order of the keys, each line once."""
    put = {key: at for part in parts for key, at in part.bases.items()}
    late = set().union(*(part.late for part in parts))
    problems = [line for part in parts for line in part.problems]
    if late:
        problems.append(f"{len(late)} of {len(items)} archives were not looked at: time was up")
    lost = ((item.name, line) for item in items if (line := dropped(item, accepted)))
    others = dict.fromkeys(each for part in parts for each in part.others)
    superseded = [
        Superseded(base, chain, newest, put[base])
        for base, chain, newest in others
        if base in put and newest < put[base]
    ]
    notices = [line for part in parts for line in part.notices]
    if copies := sum(part.copies for part in parts):
        notices.append(
            f"this bucket is a copy: {copies} archives and overlays lie here under other version "
            "ids than were recorded, with the SHA-256 that was"
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
