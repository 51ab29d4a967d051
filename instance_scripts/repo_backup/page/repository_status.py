"""The status of each repository: backed up or not, since when, and whether that is proven. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import Entry, Item
from backup_contract.documents.parts.upstream import sentence
from backup_contract.kinds import GIT, KINDS, kinds_beside_git, noun
from repo_backup.page.run_history import (
    EMPTY,
    EXCLUDED,
    FAILED,
    GOOD,
    NO_RESULT,
    PART_FAILED,
    SAVED,
    UNLISTED,
    UNSOUND,
    Repository,
    RunHistory,
)
from repo_backup.page.run_record import Run
from repo_backup.store.inventory import not_in_place

_NO_STATUS = (UNLISTED, NO_RESULT)


class Tone(Enum):
    """How serious something is; never shown by colour alone."""

    BAD = "bad"
    WATCH = "watch"
    QUIET = "quiet"
    GOOD = "good"


class Status(Enum):
    """A repository's status, the worst first. ``word`` is its text."""

    FAILED = "failed"
    MISSING = "archive missing"
    UNSAVED = "not saved"
    UNSOUND = "not to be trusted"
    PART_FAILED = "part failed"
    KNOWN_FAILURE = "known failure"
    NOT_LISTED = "no longer listed"
    BACKED_UP = "backed up"
    EMPTY = "empty"
    EXCLUDED = "excluded"

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
class RepositoryStatus:
    """A repository's status and the reason, and the index of the run in which it was last good."""

    repository: Repository
    status: Status
    reason: str
    last_good: int | None

    @property
    def entry(self) -> Entry:
        """The repository's newest entry."""
        return self.repository.entry


def repository_statuses(run_history: RunHistory) -> list[RepositoryStatus]:
    """The status of every repository, by name."""
    known = {
        text.partition(": ")[0].lower()
        for run in _last(run for run in run_history.runs if run.reported)
        for text in run.acknowledged
    }
    newest_listing = _newest_listing(run_history.runs)
    settled = bool(run_history.runs) and (
        run_history.runs[-1].reported or run_history.runs[-1].complete
    )
    found = []
    for each in run_history.repositories:
        status, reason = _status(each, run_history.runs, newest_listing, known)
        if status is Status.NOT_LISTED:
            seen = sentence(run_history.upstream.get(each.entry.id))
            reason = f"{each.entry.full_name} {seen}; its archive is retained."
        gone = not_in_place(each.entry.results.values(), run_history.present, settled=settled)
        if gone and status is Status.NOT_LISTED:
            reason = f"{each.entry.full_name} {seen}; {gone}"
        elif gone and status is not Status.UNSOUND:
            status, reason = Status.MISSING, gone
        found.append(RepositoryStatus(each, status, reason, _last_good(each.letters)))
    return found


def unnamed_archives(run_history: RunHistory) -> list[str]:
    """The sorted keys of archives that belong to no repository in the history."""
    named = set(run_history.kept)
    for each in run_history.repositories:
        named |= {archive.key for archive in each.entry.archives}
        for name in (*each.former_names, each.entry.full_name):
            owner, _, repository = name.partition("/")
            named |= {
                layout.archive(owner, repository, kind, repository_id=number)
                for kind in KINDS
                for number in (None, each.entry.id)
            }
    unnamed = filter(layout.is_archive, run_history.present.keys() - named)
    # Archives of accounts' own data, and of gists, do not belong to repositories.
    return sorted(key for key in unnamed if KINDS[layout.named_by(key)[1]].of == "repository")


def _status(
    each: Repository, runs: Sequence[Run], newest_listing: dict[str, int], known: set[str]
) -> tuple[Status, str]:
    """A repository that narrowed runs excluded has the status of the last run that included it."""
    entry = each.entry
    listed = [index for index, letter in enumerate(each.letters) if letter not in _NO_STATUS]
    since = newest_listing.get(entry.owner.lower(), newest_listing.get("", -1))
    if not listed or listed[-1] < since:
        return Status.NOT_LISTED, ""
    if entry.unsaved:
        return Status.UNSAVED, entry.git.reason or ""
    letter = _current_letter(each, listed, runs)
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
        return Status.UNSOUND, "Its archive is not what the run recorded."
    statuses = {EXCLUDED: Status.EXCLUDED, EMPTY: Status.EMPTY}
    return statuses.get(letter, Status.BACKED_UP), reason


def failed_beside(entry: Entry) -> list[Item]:
    """The failed items of a repository besides its own git."""
    return [each for each in entry.items if each.kind != GIT and each.state == "failed"]


def _current_letter(each: Repository, listed: Sequence[int], runs: Sequence[Run]) -> int:
    entry = each.entry
    for index in reversed(listed):
        letter = each.letters[index]
        if letter == EXCLUDED and runs[index].only:
            continue
        if entry.asked or letter != EXCLUDED:
            return letter
        break
    # No run in this history included it; its entry says what it was before.
    if entry.failed:
        return FAILED if entry.git.state == "failed" else PART_FAILED
    return EMPTY if entry.git.state == "empty" else SAVED


def _newest_listing(runs: Sequence[Run]) -> dict[str, int]:
    """The index of the newest complete run that listed each owner; ``""`` for runs of everything
    that a token sees."""
    newest: dict[str, int] = {}
    for index, run in enumerate(runs):
        if run.complete:
            newest |= dict.fromkeys((owner.lower() for owner in run.owners or ("",)), index)
    return newest


def _last_good(letters: bytearray) -> int | None:
    return next((i for i in range(len(letters) - 1, -1, -1) if letters[i] in GOOD), None)


def _last(runs: Iterable[Run]) -> list[Run]:
    return list(runs)[-1:]
