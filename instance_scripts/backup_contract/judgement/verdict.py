"""The verdict: what may be claimed of a run, from evidence alone. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from backup_contract.documents.date_marker import Marker
from backup_contract.documents.manifest import Item, Manifest
from backup_contract.documents.parts.restore_drill import DrilledArchive
from backup_contract.visibility import describe

_NOTHING = (
    "Is the token there, does it see the repositories, do BackupOptions leave everything out? "
    'Invoke {launcher} with {{"action": "check"}}; it says what is missing.'
)
_NOT_ASKED = (
    "To back up everything now, invoke {launcher} with {{}}; the next scheduled run does so too. "
    "What was saved before is still there."
)
_NOT_DRILLED = (
    "The restore drill says below what kept it from being done: more memory (InstanceTypes) or "
    "disk (VolumeSizeGiB) is the remedy where it names them. It found nothing wrong."
)
_CHAIN = (
    "A restore stops before an overlay that is named above; what was there before is a version in "
    "the bucket. The next run backs those repositories up whole. If nobody replaced or removed "
    "anything on purpose, find out who may write to the bucket (docs/security.md)."
)
_DATA = (
    "Git and wikis are saved. What is under way goes on with the next run, and what failed is "
    "tried again; to go on now, invoke {launcher} with {{}}."
)
_LACKS_DATA = (
    "repository lacks some of its project data",
    "repositories lack some of their project data",
)
_WITHOUT_ARCHIVE = ("empty", "absent", "skipped", "failed")
"""States in which there need be nothing in the bucket."""


COMPLETED = "completed"
"""The ending of a run that may be verified; any other is its verdict, as it is called."""


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
    ``unsaved`` of ``failed_repositories`` were passed over by a narrowed run, with nothing of
    them in the bucket; ``lacking_data`` lack some of their project data and nothing else.
    ``advice`` goes before what is advised for all of the kind; ``{launcher}``
    in it is the function's name.
    """

    kind: Kind
    reason: str
    problems: tuple[str, ...] = ()
    acknowledged: tuple[str, ...] = ()
    failed_repositories: int = 0
    unsaved: int = 0
    advice: str = ""
    lacking_data: int = 0


@dataclass(frozen=True, slots=True)
class Findings:
    """What speaks against a complete run, by its manifest and what was found of its archives."""

    archive_problems: tuple[str, ...]
    chain_problems: tuple[str, ...]
    object_problems: tuple[str, ...]
    drilled_bad: tuple[DrilledArchive, ...]
    failed: list[Item]
    known: list[Item]
    unsaved: list[Item]
    nothing: bool

    @property
    def kind(self) -> Kind:
        """What may be claimed: an archive that is bad outweighs one that is not there."""
        if self.archive_problems or self.drilled_bad:
            return Kind.UNVERIFIED
        if self.failed or self.unsaved or self.chain_problems or self.object_problems:
            return Kind.PARTIAL
        return Kind.UNVERIFIED if self.nothing else Kind.VERIFIED


def find(
    manifest: Manifest,
    archive_problems: Sequence[str] = (),
    known_failures: Collection[str] = (),
    chain_problems: Sequence[str] = (),
    object_problems: Sequence[str] = (),
) -> Findings:
    """What both the reporter's verdict and the program's outcome go by.

    ``chain_problems`` are of overlays that an earlier run was checked with: up to the one before
    everything can be restored, so that they outweigh nothing else. Nor do ``object_problems``, of
    binaries that archives refer to: the next run fetches them again.
    """
    items = list(manifest.items)
    unproven = [
        f"{entry.name}: called {entry.state}, but no archive is named"
        for entry in items
        if entry.archive is None and entry.state not in _WITHOUT_ARCHIVE
    ]
    failed, known = _split(manifest.in_state("failed"), known_failures)
    return Findings(
        archive_problems=(*archive_problems, *unproven),
        chain_problems=tuple(chain_problems),
        object_problems=tuple(object_problems),
        drilled_bad=tuple(manifest.drill.bad) if manifest.drill else (),
        failed=failed,
        known=known,
        unsaved=[entry for entry in items if entry.unsaved],
        nothing=not any(entry.archive for entry in items),
    )


def judge(
    ending: str,
    reason: str,
    run_id: str,
    marker: Marker | None,
    manifest: Manifest | None,
    manifest_sha256: str,
    archive_problems: Sequence[str],
    known_failures: Collection[str],
    illegible: str = "",
    chain_problems: Sequence[str] = (),
    object_problems: Sequence[str] = (),
) -> Verdict:
    """The verdict on a run that is over, by its ``ending``: :data:`COMPLETED`, or a kind's value.

    ``illegible`` is what keeps a manifest that is there from being read.

    Only a completed run can be verified: its marker and manifest must be this run's and belong
    together, every archive must be in the bucket as the manifest says, there must be one, and
    nothing failed but what ``known_failures`` (owner/name) acknowledges. What a narrowed run
    passed over counts as earlier runs left it: failed, or not saved.
    """
    if ending != COMPLETED:
        return Verdict(Kind(ending), reason)
    if marker is None or manifest is None:
        said = illegible or "The run's manifest is missing or cannot be read."
        return Verdict(Kind.UNVERIFIED, said)
    if (manifest.run_id, manifest.attempt) != (run_id, marker.attempt):
        said = f"The manifest is of {manifest.run_id}, attempt {manifest.attempt}."
        return Verdict(Kind.UNVERIFIED, said)
    if not manifest.complete or manifest_sha256 != marker.manifest_sha256:
        return Verdict(Kind.UNVERIFIED, "The manifest is not the one that the marker vouches for.")
    found = find(manifest, archive_problems, known_failures, chain_problems, object_problems)
    failed, known, unsaved = found.failed, found.known, found.unsaved
    archive_problems, drilled_bad = found.archive_problems, found.drilled_bad
    problems = (
        *archive_problems,
        *(f"restore drill failed: {each.told}" for each in drilled_bad),
        *found.chain_problems,
        *found.object_problems,
        *(f"{entry.name}: {_reason(entry)}" for entry in (*failed, *unsaved)),
    )
    acknowledged = tuple(f"{entry.name}: {entry.reason}" for entry in known)
    if archive_problems or drilled_bad:
        count = len(archive_problems) + len(drilled_bad)
        what = "archive in the bucket is" if count == 1 else "archives in the bucket are"
        said = f"{count} {what} not what the backup put there."
        return Verdict(Kind.UNVERIFIED, said, problems, acknowledged)
    nothing = found.nothing
    if found.kind is Kind.PARTIAL:
        said = _partial(manifest, found, _but(manifest, known))
        said = _visible(manifest) + said
        count = len({entry.identity for entry in (*failed, *unsaved)})
        advice = "" if failed or unsaved or found.object_problems else _CHAIN
        advice = _NOT_ASKED if manifest.only else advice
        lacking = count - len({e.identity for e in (*failed, *unsaved) if not _lacks_data(e)})
        if lacking == count and not (
            found.chain_problems or found.object_problems or manifest.only
        ):
            advice = _DATA if lacking else advice
        return Verdict(
            *(Kind.PARTIAL, said, problems, acknowledged, count, len(unsaved), advice, lacking)
        )
    if nothing:
        said = f"Of all that GitHub lists{_but(manifest, known)} nothing is in the bucket."
        said = _visible(manifest) + said
        listed = len(manifest.repositories)
        why = f"{', '.join(manifest.owners)}: {listed} repositories listed, no archive"
        return Verdict(Kind.UNVERIFIED, said, (why,), acknowledged, advice=_NOTHING)
    said = _visible(manifest) + _verified(manifest, _but(manifest, known))
    if manifest.drill and manifest.drill.undone:
        return Verdict(Kind.VERIFIED, said, (), acknowledged, advice=_NOT_DRILLED)
    return Verdict(Kind.VERIFIED, said, (), acknowledged)


def _visible(manifest: Manifest) -> str:
    """What the token could see, as a sentence to go before the others; empty if that is all."""
    sentence = describe(manifest.visibility).sentence
    return f"{sentence}. " if sentence else ""


def doubted(verdict: Verdict) -> Verdict:
    """The verdict where something that it may rest on could not be read: no success is claimed."""
    if verdict.kind not in (Kind.VERIFIED, Kind.PARTIAL):
        return verdict
    said = "Not all that the run left behind could be read; what could not is named below."
    return replace(verdict, kind=Kind.UNVERIFIED, reason=said, advice="")


def _verified(manifest: Manifest, but: str) -> str:
    if not manifest.only:
        seen = describe(manifest.visibility)
        what = f"All {'visible' if seen.sentence else 'listed'} repositories{but} are"
        if seen.complete:
            what = f"Everything that GitHub lists{but} is"
        return f"{what} in the bucket, and every archive was checked."
    return (
        f"Nothing but {' '.join(manifest.only)} was backed up, as asked. What earlier runs saved "
        f"of the others{but} is in the bucket too, as it was then. Every archive was checked."
    )


def _partial(manifest: Manifest, found: Findings, but: str) -> str:
    failed, chains = found.failed, len(found.chain_problems)
    part = [entry for entry in failed if entry.asked and _lacks_data(entry)]
    tried = sum(entry.asked for entry in failed) - len(part)
    objects = len(found.object_problems)
    lack = "large file is" if objects == 1 else "large files are"
    has = "chain of overlays is" if chains == 1 else "chains of overlays are"
    counts = (
        (tried, "could not be backed up"),
        (len(part), _LACKS_DATA[len(part) != 1]),
        (len(failed) - tried - len(part), "failed before, untried this time"),
        (len(found.unsaved), "not saved, untried this time"),
        (chains, f"{has} not what earlier runs were checked with"),
        (objects, f"{lack} not in the bucket as saved"),
    )
    wrong = "; ".join(f"{count} {what}" for count, what in counts if count)
    if found.nothing:
        return f"{wrong}; of all that GitHub lists{but} nothing is in the bucket."
    since = ", as this run or an earlier one left them" if manifest.only else ""
    return f"{wrong}; all others{but} are in the bucket{since}, checked."


def _lacks_data(item: Item) -> bool:
    """Whether nothing failed but sections of its project data."""
    return (
        item.archive is not None
        and item.result.data is not None
        and (item.reason == item.result.data.failure)
    )


def _but(manifest: Manifest, known: Sequence[Item]) -> str:
    """What is not in the bucket, or not as GitHub has it now, though nothing went wrong."""
    left_out = [entry for entry in manifest.in_state("skipped") if entry.asked]
    but = [
        f"{len(entries)} {why}"
        for entries, why in ((left_out, "left out by options"), (known, "known to fail"))
        if entries
    ]
    return f" (but for {' and '.join(but)}, named below)" if but else ""


def _reason(entry: Item) -> str:
    if entry.unsaved:
        return f"{entry.reason}, and nothing of it is saved"
    return entry.reason if entry.asked else f"{entry.reason} (not tried this time)"


def _split(
    failed: Sequence[Item], known_failures: Collection[str]
) -> tuple[list[Item], list[Item]]:
    known = {name.lower() for name in known_failures}
    new = [entry for entry in failed if entry.name.lower() not in known]
    return new, [entry for entry in failed if entry.name.lower() in known]
