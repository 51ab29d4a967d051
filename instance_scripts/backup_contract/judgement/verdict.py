"""The verdict: what can be claimed about a run, from evidence alone. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from backup_contract.documents.date_marker import Marker
from backup_contract.documents.manifest import Identity, Item, Manifest
from backup_contract.documents.parts.restore_drill import DrilledArchive
from backup_contract.judgement import advice_texts
from backup_contract.judgement.object_problems import NO_OBJECT_PROBLEMS, ObjectProblems
from backup_contract.judgement.unsaved_data import lacking_data
from backup_contract.kinds import KINDS
from backup_contract.visibility import describe

_LACKING_ACCOUNTS = (
    "account lacks some of its data",
    "accounts lack some of their data",
)
_WITHOUT_ARCHIVE = ("empty", "absent", "skipped", "failed")
"""States that need no archive in the bucket."""


COMPLETED = "completed"
"""The ending of a run that can be verified. Any other ending is itself the verdict."""


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
    """A kind, its reason, and all problems, worst first.

    A repository that failed together with its wiki is two problems, but one failed repository.
    Among ``failed_repositories``, a narrowed run did not select ``unsaved``, and the bucket has
    nothing of them; ``lacking_data`` lack only some of their project data. ``failed_accounts``
    counts accounts, not repositories, whose own data is incomplete. ``advice`` comes before the
    advice for the kind; ``{launcher}`` in it is the launcher's function name.
    """

    kind: Kind
    reason: str
    problems: tuple[str, ...] = ()
    acknowledged: tuple[str, ...] = ()
    failed_repositories: int = 0
    unsaved: int = 0
    advice: str = ""
    lacking_data: int = 0
    failed_accounts: int = 0


@dataclass(frozen=True, slots=True)
class Findings:
    """The problems of a complete run, from its manifest and the checks of its archives."""

    archive_problems: tuple[str, ...]
    chain_problems: tuple[str, ...]
    object_problems: ObjectProblems
    drilled_bad: tuple[DrilledArchive, ...]
    failed: list[Item]
    known: list[Item]
    unsaved: list[Item]
    nothing: bool

    @property
    def kind(self) -> Kind:
        """The kind of verdict: a bad archive outweighs a missing one."""
        if self.archive_problems or self.drilled_bad:
            return Kind.UNVERIFIED
        if self.failed or self.unsaved or self.chain_problems or self.object_problems.lines:
            return Kind.PARTIAL
        return Kind.UNVERIFIED if self.nothing else Kind.VERIFIED


def find(
    manifest: Manifest,
    archive_problems: Sequence[str] = (),
    known_failures: Collection[str] = (),
    chain_problems: Sequence[str] = (),
    object_problems: ObjectProblems = NO_OBJECT_PROBLEMS,
) -> Findings:
    """Find the problems on which the reporter's verdict and the program's outcome rest.

    ``chain_problems`` concern overlays that an earlier run's check covered. Everything up to the
    overlay before can be restored, so they outweigh no other problem. Neither do
    ``object_problems``, which concern binaries that archives refer to, and their lists, whether the
    reporter or the restore drill found them: the next run brings these back.
    """
    if manifest.drill:
        lacking = tuple(_drill_failed(each) for each in manifest.drill.lacking)
        object_problems = replace(object_problems, drilled=lacking)
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
        object_problems=object_problems,
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
    object_problems: ObjectProblems = NO_OBJECT_PROBLEMS,
) -> Verdict:
    """The verdict on a run that is over. ``ending`` is :data:`COMPLETED` or a kind's value.

    ``illegible`` says why an existing manifest cannot be read.

    Only a completed run can be verified. Its marker and manifest must be this run's and match each
    other. There must be at least one archive, and every archive must be in the bucket as the
    manifest says. Nothing may have failed except ``known_failures`` (owner/name). A repository that
    a narrowed run did not select counts as earlier runs left it: failed, or not saved.
    """
    if ending != COMPLETED:
        return Verdict(Kind(ending), reason)
    if marker is None or manifest is None:
        message = illegible or "The run's manifest is missing or cannot be read."
        return Verdict(Kind.UNVERIFIED, message)
    if (manifest.run_id, manifest.attempt) != (run_id, marker.attempt):
        message = f"The manifest is of {manifest.run_id}, attempt {manifest.attempt}."
        return Verdict(Kind.UNVERIFIED, message)
    if not manifest.complete or manifest_sha256 != marker.manifest_sha256:
        return Verdict(Kind.UNVERIFIED, "The manifest is not the one that the marker names.")
    found = find(manifest, archive_problems, known_failures, chain_problems, object_problems)
    failed, known, unsaved = found.failed, found.known, found.unsaved
    archive_problems, drilled_bad = found.archive_problems, found.drilled_bad
    problems = (
        *archive_problems,
        *map(_drill_failed, drilled_bad),
        *found.chain_problems,
        *found.object_problems.lines,
        *(f"{entry.name}: {_reason(entry)}" for entry in (*failed, *unsaved)),
    )
    acknowledged = tuple(f"{entry.name}: {entry.reason}" for entry in known)
    if archive_problems or drilled_bad:
        count = len(archive_problems) + len(drilled_bad)
        what = "archive in the bucket is" if count == 1 else "archives in the bucket are"
        message = f"{count} {what} not what the backup put there."
        return Verdict(Kind.UNVERIFIED, message, problems, acknowledged)
    if found.kind is Kind.PARTIAL:
        message = _visible(manifest) + _partial(manifest, found, _but(manifest, known))
        wrong = (*failed, *unsaved)
        advice = advice_texts.OBJECTS if found.object_problems.lines else advice_texts.CHAIN
        advice = "" if wrong else advice
        advice = advice_texts.NOT_ASKED if manifest.only else advice
        others = found.chain_problems or found.object_problems.lines or manifest.only
        if wrong and not others and all(map(_lacks_data, wrong)):
            advice = advice_texts.DATA
        repositories = _repositories(wrong)
        return Verdict(
            *(Kind.PARTIAL, message, problems, acknowledged, len(repositories), len(unsaved)),
            advice=advice,
            lacking_data=len(repositories - _repositories(e for e in wrong if not _lacks_data(e))),
            failed_accounts=_accounts(wrong),
        )
    if found.nothing:
        but = _but(manifest, known)
        message = f"{_visible(manifest)}Of all that GitHub lists{but} nothing is in the bucket."
        listed = len(manifest.repositories)
        why = f"{', '.join(manifest.owners)}: {listed} repositories listed, no archive"
        return Verdict(Kind.UNVERIFIED, message, (why,), acknowledged, advice=advice_texts.NOTHING)
    message = _visible(manifest) + _verified(manifest, _but(manifest, known))
    if manifest.drill and manifest.drill.undone:
        return Verdict(Kind.VERIFIED, message, (), acknowledged, advice=advice_texts.NOT_DRILLED)
    return Verdict(Kind.VERIFIED, message, (), acknowledged)


def _visible(manifest: Manifest) -> str:
    """The first sentence, about what the token could see; empty if it could see everything."""
    sentence = describe(manifest.visibility).sentence
    return f"{sentence}. " if sentence else ""


def doubted(verdict: Verdict) -> Verdict:
    """The verdict after some evidence could not be read: it does not claim success."""
    if verdict.kind not in (Kind.VERIFIED, Kind.PARTIAL):
        return verdict
    message = "Some documents of the run could not be read; they are named below."
    return replace(verdict, kind=Kind.UNVERIFIED, reason=message, advice="")


def _verified(manifest: Manifest, but: str) -> str:
    if not manifest.only:
        seen = describe(manifest.visibility)
        what = f"All {'visible' if seen.sentence else 'listed'} repositories{but} are"
        if seen.complete:
            what = f"Everything that GitHub lists{but} is"
        return f"{what} in the bucket, and every archive was checked."
    return (
        f"Only {' '.join(manifest.only)} was backed up, as requested. The other repositories{but} "
        "are in the bucket as earlier runs saved them. Every archive was checked."
    )


def _partial(manifest: Manifest, found: Findings, but: str) -> str:
    accounts, chains = _accounts(found.failed), len(found.chain_problems)
    failed = [entry for entry in found.failed if entry.entry.of != "account"]
    part = [entry for entry in failed if entry.asked and _lacks_data(entry)]
    tried = [entry for entry in failed if entry.asked and entry not in part]
    has = "chain of overlays is" if chains == 1 else "chains of overlays are"
    counts = (
        (len(failed) - len(tried) - len(part), "failed before and not tried this time"),
        (len(found.unsaved), "not saved and not tried this time"),
        (accounts, _LACKING_ACCOUNTS[accounts != 1]),
        (chains, f"{has} not what earlier runs were checked with"),
    )
    failures = [f"{_counted(tried)} could not be backed up"] if tried else []
    failures += lacking_data(part)
    counted = (f"{count} {what}" for count, what in counts if count)
    wrong = "; ".join([*failures, *counted, *found.object_problems.phrases])
    if found.nothing:
        return f"{wrong}; of all that GitHub lists{but} nothing is in the bucket."
    since = ", as this run or an earlier one left them" if manifest.only else ""
    others = "others" if failed or found.unsaved or chains else "repositories"
    return f"{wrong}; all {others}{but} are in the bucket{since}, and were checked."


def _repositories(items: Iterable[Item]) -> set[Identity]:
    return {item.identity for item in items if item.entry.of == "repository"}


def _accounts(items: Iterable[Item]) -> int:
    """How many of these are accounts."""
    return len({item.identity for item in items if item.entry.of == "account"})


def _counted(items: Sequence[Item]) -> str:
    """``2 repositories and 1 wiki``."""
    kinds = Counter(each.kind for each in items)
    return " and ".join(
        KINDS[kind].counted(count) if kind in KINDS else f"{count} {kind}"
        for kind, count in kinds.items()
    )


def _lacks_data(item: Item) -> bool:
    """Whether only sections of its project data failed."""
    return (
        item.archive is not None
        and item.result.data is not None
        and item.result.data.is_failure(item.reason)
    )


def _but(manifest: Manifest, known: Sequence[Item]) -> str:
    """The exceptions: what is not in the bucket, or not up to date, although nothing failed."""
    excluded = [
        item for item in manifest.in_state("skipped") if item.asked and item.entry.of != "account"
    ]
    but = [
        f"{len(entries)} {why}"
        for entries, why in ((excluded, "excluded by options"), (known, "known to fail"))
        if entries
    ]
    return f" (except {' and '.join(but)}, named below)" if but else ""


def _drill_failed(archive: DrilledArchive) -> str:
    return f"restore drill failed: {archive.description}"


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
