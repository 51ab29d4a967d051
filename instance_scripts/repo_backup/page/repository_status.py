"""How each repository stands: backed up or not, since when, and whether that was proven. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import Entry, Item
from backup_contract.documents.parts.upstream import sentence
from backup_contract.kinds import ACCOUNT, GIT, KINDS, kinds_beside_git, noun
from repo_backup.page.run_history import (
    EMPTY,
    FAILED,
    GOOD,
    LEFT_OUT,
    NO_RESULT,
    PART_FAILED,
    SAVED,
    UNLISTED,
    UNSOUND,
    Chronicle,
    Repository,
)
from repo_backup.page.run_record import Run
from repo_backup.store.inventory import not_in_place

_SILENT = (UNLISTED, NO_RESULT)


class Tone(Enum):
    """How loud something is said; never by colour alone."""

    BAD = "bad"
    WATCH = "watch"
    QUIET = "quiet"
    GOOD = "good"


class Status(Enum):
    """A repository's standing, worst first; ``word`` is what the page calls it."""

    FAILED = "failed"
    MISSING = "archive missing"
    UNSAVED = "not saved"
    UNSOUND = "not to be trusted"
    PART_FAILED = "part failed"
    KNOWN_FAILURE = "known failure"
    NOT_LISTED = "no longer listed"
    LEFT_OUT = "left out"
    EMPTY = "empty"
    BACKED_UP = "backed up"

    @property
    def word(self) -> str:
        """For people."""
        if self is Status.PART_FAILED:
            return f"{' or '.join(kind.one for kind in kinds_beside_git())} failed"
        return str(self.value)

    @property
    def tone(self) -> Tone:
        """How loud."""
        if self in (Status.FAILED, Status.MISSING, Status.UNSAVED, Status.UNSOUND):
            return Tone.BAD
        if self in (Status.PART_FAILED, Status.KNOWN_FAILURE):
            return Tone.WATCH
        return Tone.GOOD if self is Status.BACKED_UP else Tone.QUIET


@dataclass(frozen=True, slots=True)
class Standing:
    """A repository now: its status and why, and the index of the run that last had it good."""

    repository: Repository
    status: Status
    reason: str
    last_good: int | None

    @property
    def entry(self) -> Entry:
        """What its newest run wrote down."""
        return self.repository.entry


def standings(chronicle: Chronicle) -> list[Standing]:
    """Every repository's standing, by name."""
    known = {
        text.partition(": ")[0].lower()
        for run in _last(run for run in chronicle.runs if run.reported)
        for text in run.acknowledged
    }
    newest_listing = _newest_listing(chronicle.runs)
    settled = bool(chronicle.runs) and (chronicle.runs[-1].reported or chronicle.runs[-1].complete)
    found = []
    for each in chronicle.repositories:
        status, reason = _status(each, chronicle.runs, newest_listing, known)
        if status is Status.NOT_LISTED:
            told = sentence(chronicle.upstream.get(each.entry.id))
            reason = f"{each.entry.full_name} {told}; its archive is kept."
        gone = not_in_place(each.entry.results.values(), chronicle.present, settled=settled)
        if gone and status is Status.NOT_LISTED:
            reason = f"{each.entry.full_name} {told}; {gone}"
        elif gone and status is not Status.UNSOUND:
            status, reason = Status.MISSING, gone
        found.append(Standing(each, status, reason, _last_good(each.letters)))
    return found


def unnamed_archives(chronicle: Chronicle) -> list[str]:
    """Keys of archives that no repository of the chronicle has or had, sorted."""
    named = set(chronicle.kept)
    for each in chronicle.repositories:
        named |= {archive.key for archive in each.entry.archives}
        for name in (*each.former_names, each.entry.full_name):
            owner, _, repository = name.partition("/")
            named |= {
                layout.archive(owner, repository, kind, repository_id=number)
                for kind in KINDS
                for number in (None, each.entry.id)
            }
    unnamed = filter(layout.is_archive, chronicle.present.keys() - named)
    # Archives of accounts' own data belong to no repository.
    return sorted(key for key in unnamed if layout.named_by(key)[1] != ACCOUNT)


def _status(
    each: Repository, runs: Sequence[Run], newest_listing: dict[str, int], known: set[str]
) -> tuple[Status, str]:
    """What narrowed runs passed over stands as the last run left it that was asked for it."""
    entry = each.entry
    listed = [index for index, letter in enumerate(each.letters) if letter not in _SILENT]
    since = newest_listing.get(entry.owner.lower(), newest_listing.get("", -1))
    if not listed or listed[-1] < since:
        return Status.NOT_LISTED, ""
    if entry.unsaved:
        return Status.UNSAVED, entry.git.reason or ""
    letter = _standing_letter(each, listed, runs)
    reason = entry.git.reason or ""
    if letter in (FAILED, PART_FAILED):
        beside = failed_beside(entry)
        beside_why = "; ".join(
            f"{noun(each.kind)}: {each.reason or 'no reason given'}" for each in beside
        )
        named = beside and all(each.name.lower() in known for each in beside)
        if entry.full_name.lower() in known or (letter == PART_FAILED and named):
            return Status.KNOWN_FAILURE, reason or beside_why
        if letter == FAILED:
            return Status.FAILED, reason or beside_why or "no reason given"
        return Status.PART_FAILED, beside_why
    if letter == UNSOUND:
        return Status.UNSOUND, "Its archive is not what the run wrote down."
    statuses = {LEFT_OUT: Status.LEFT_OUT, EMPTY: Status.EMPTY}
    return statuses.get(letter, Status.BACKED_UP), reason


def failed_beside(entry: Entry) -> list[Item]:
    """What failed of a repository besides its own git."""
    return [each for each in entry.items if each.kind != GIT and each.state == "failed"]


def _standing_letter(each: Repository, listed: Sequence[int], runs: Sequence[Run]) -> int:
    entry = each.entry
    for index in reversed(listed):
        letter = each.letters[index]
        if letter == LEFT_OUT and runs[index].only:
            continue
        if entry.asked or letter != LEFT_OUT:
            return letter
        break
    # Nothing that was read was asked for it: it says itself what it was before.
    if entry.failed:
        return FAILED if entry.git.state == "failed" else PART_FAILED
    return EMPTY if entry.git.state == "empty" else SAVED


def _newest_listing(runs: Sequence[Run]) -> dict[str, int]:
    """The index of the newest complete run that listed each owner; ``""`` for all that a token
    sees, where no owner was named."""
    newest: dict[str, int] = {}
    for index, run in enumerate(runs):
        if run.complete:
            newest |= dict.fromkeys((owner.lower() for owner in run.owners or ("",)), index)
    return newest


def _last_good(letters: bytearray) -> int | None:
    return next((i for i in range(len(letters) - 1, -1, -1) if letters[i] in GOOD), None)


def _last(runs: Iterable[Run]) -> list[Run]:
    return list(runs)[-1:]
