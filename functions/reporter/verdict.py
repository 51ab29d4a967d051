"""The verdict: what may be claimed of a run, from evidence alone. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from reporter.manifest import Entry, Manifest
from reporter.next_step import Ending
from reporter.world import Marker

_WITHOUT_ARCHIVE = ("empty", "absent", "skipped", "failed")
"""States in which there need be nothing in the bucket."""


class Kind(StrEnum):
    """The one word that the mail's subject starts with."""

    VERIFIED = "verified"
    PARTIAL = "partial"
    UNVERIFIED = "unverified"
    INTERRUPTED = "interrupted"
    TIMED_OUT = "timed-out"
    FAILED = "failed"
    NOT_LAUNCHED = "not-launched"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A kind, why, and everything that is wrong, worst first.

    A repository that failed together with its wiki is two problems, and one failed repository.
    """

    kind: Kind
    reason: str
    problems: tuple[str, ...] = ()
    acknowledged: tuple[str, ...] = ()
    failed_repositories: int = 0


def judge(
    ending: Ending,
    reason: str,
    run_id: str,
    marker: Marker | None,
    manifest: Manifest | None,
    manifest_sha256: str,
    archive_problems: Sequence[str],
    known_failures: Collection[str],
) -> Verdict:
    """The verdict on a run that is over.

    Only a completed run can be verified: its marker and manifest must be this run's and belong
    together, every archive must be in the bucket as the manifest says, and nothing failed but
    what ``known_failures`` (owner/name) acknowledges.
    """
    if ending is not Ending.COMPLETED:
        return Verdict(Kind(ending.value), reason)
    if marker is None or manifest is None:
        return Verdict(Kind.UNVERIFIED, "The run's manifest is missing or cannot be read.")
    if (manifest.run_id, manifest.attempt) != (run_id, marker.attempt):
        said = f"The manifest is of {manifest.run_id}, attempt {manifest.attempt}."
        return Verdict(Kind.UNVERIFIED, said)
    if not manifest.complete or manifest_sha256 != marker.manifest_sha256:
        return Verdict(Kind.UNVERIFIED, "The manifest is not the one that the marker vouches for.")
    unproven = [
        f"{entry.name}: called {entry.state}, but no archive is named"
        for entry in manifest.entries
        if entry.archive is None and entry.state not in _WITHOUT_ARCHIVE
    ]
    archive_problems = (*archive_problems, *unproven)
    failed, known = _split(manifest.in_state("failed"), known_failures)
    problems = (
        *archive_problems,
        *(f"restore drill failed: {each}" for each in manifest.drill_failures),
        *(f"{entry.name}: {entry.reason}" for entry in failed),
    )
    acknowledged = tuple(f"{entry.name}: {entry.reason}" for entry in known)
    if archive_problems or manifest.drill_failures:
        count = len(archive_problems) + len(manifest.drill_failures)
        what = "archive in the bucket is" if count == 1 else "archives in the bucket are"
        said = f"{count} {what} not what the backup put there."
        return Verdict(Kind.UNVERIFIED, said, problems, acknowledged)
    if failed:
        said = f"{len(failed)} could not be backed up; all others are in the bucket, checked."
        count = len({entry.id for entry in failed})
        return Verdict(Kind.PARTIAL, said, problems, acknowledged, count)
    but = [
        f"{len(entries)} {why}"
        for entries, why in (
            (manifest.in_state("skipped"), "left out by options"),
            (known, "known to fail"),
        )
        if entries
    ]
    said = (
        "Everything that GitHub lists"
        + (f" (but for {' and '.join(but)}, named below)" if but else "")
        + " is in the bucket, and every archive was checked."
    )
    return Verdict(Kind.VERIFIED, said, (), acknowledged)


def _split(
    failed: Sequence[Entry], known_failures: Collection[str]
) -> tuple[list[Entry], list[Entry]]:
    known = {name.lower() for name in known_failures}
    new = [entry for entry in failed if entry.name.lower() not in known]
    return new, [entry for entry in failed if entry.name.lower() in known]
