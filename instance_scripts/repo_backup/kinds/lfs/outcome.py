"""The results of one run for a repository's LFS objects, and their description for people."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from backup_contract import object_keys as layout
from backup_contract.text import size

_MOST_NAMED = 3


@dataclass
class Outcome:
    """The results for the objects that a run wanted to save, by SHA-256 (hex).

    ``sizes`` has the sizes in bytes of the objects that this run stored, ``left`` those of objects
    that the run's allowance left to later runs, and ``refused`` those of objects that GitHub
    refuses to serve for ``owner``. ``refusal`` is its reason; empty if the result of another
    repository of the owner states it. ``failed`` has reasons. ``false`` objects did not match their
    keys and were replaced.
    """

    owner: str
    saved: set[str] = field(default_factory=set)
    sizes: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    false: set[str] = field(default_factory=set)
    refused: dict[str, int] = field(default_factory=dict)
    is_refused: bool = False
    refusal: str = ""

    def knows(self, oid: str) -> bool:
        """Whether the object needs no other attempt in this run."""
        return oid in self.saved or oid in self.left or oid in self.refused

    @property
    def reason(self) -> str | None:
        """Why the backup is incomplete, if it is."""
        parts = []
        if self.refusal:
            parts.append(f"{_sized(self.refused)} could not be saved: {self.refusal}")
        if self.failed:
            few = [
                f"{oid[:12]}: {message}" for oid, message in [*self.failed.items()][:_MOST_NAMED]
            ]
            more = len(self.failed) - len(few)
            few += [f"and {more} more"] if more else []
            parts.append(f"{_objects(len(self.failed))} could not be saved: {'; '.join(few)}")
        for oid in sorted(self.false):
            parts.append(f"{layout.content(oid)} did not match its key and was replaced")
        return "; ".join(parts) or None

    def warning(self, allowance: int | None) -> str | None:
        """What is left to later runs, if anything. ``allowance`` is in bytes (None: unlimited)."""
        parts = []
        if self.refused and not self.refusal:
            parts.append(
                f"{_sized(self.refused)} left to the next run: GitHub serves no LFS object of "
                f"{self.owner} at present"
            )
        if self.left:
            allowed = size(allowance or 0)
            parts.append(
                f"{_sized(self.left)} left to later runs: --max-lfs allows {allowed} in each"
            )
            too_large = sum(each > (allowance or 0) for each in self.left.values())
            if too_large:
                parts[-1] += (
                    f", and {too_large} of them never {'fits' if too_large == 1 else 'fit'}"
                )
        return "; ".join(parts) or None

    def is_settled(self, allowance: int | None) -> bool:
        """Whether another run with the same allowance could save no more."""
        if self.failed or self.false or self.refused:
            return False
        return all(each > (allowance or 0) for each in self.left.values())


def _sized(sizes: Mapping[str, int]) -> str:
    return f"{_objects(len(sizes))} ({size(sum(sizes.values()))})"


def _objects(count: int) -> str:
    return "1 LFS object" if count == 1 else f"{count} LFS objects"
