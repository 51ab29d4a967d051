"""Requests by id each repository that earlier runs listed and this one does not.

A repository that is missing from a listing may still exist. The second request distinguishes one
that was transferred, or is no longer visible, from an incomplete listing.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from backup_contract.documents.manifest import Entry, Identity
from backup_contract.documents.parts.upstream import upstream_of
from repo_backup.hosts.base import RemoteRepository
from repo_backup.run.listing import Listing, covered_owners, shrunk
from repo_backup.run.previous_runs import History
from repo_backup.runtime.background import at_once
from repo_backup.runtime.errors import RepositoryError, TransientError

MOST_QUESTIONS = 100
MOST_QUESTIONS_WITHOUT_TOKEN = 10
"""GitHub allows 60 requests an hour without a token."""
_AT_ONCE = 4
_NAMED = 10

Ask = Callable[[int, str], RemoteRepository | None]
"""Requests the repository with this id, with the token for this owner; None if it is not visible.
Raises RepositoryError."""


@dataclass(frozen=True)
class Answers:
    """By identity: the repository, or None if it is not visible; or why GitHub refused to answer.

    ``broken_off`` says why the others were not requested, if they were not.
    """

    found: Mapping[Identity, RemoteRepository | None]
    refused: Mapping[Identity, str]
    broken_off: str = ""


def confirmed(
    listing: Listing,
    history: History,
    ask: Ask,
    owners: Collection[str],
    *,
    allow_shrink: bool,
    most: int = MOST_QUESTIONS,
) -> Listing:
    """Complete the listing with the answers for repositories that only earlier runs listed.

    If the listing has failed, nothing is requested: what it lacks is not known then.
    """
    covered = covered_owners(owners, history.owners, listing.remotes)
    missing = unlisted(listing.remotes, history.entries, history.answered, covered)
    cut = not allow_shrink and shrunk(listing.remotes, history.listed)
    if listing.errors or cut or not missing:
        return listing
    asked, more = missing[:most], missing[most:]
    lower = {owner.lower() for owner in owners}
    return completed(listing, asked, ask_for(asked, ask), lower, more)


def unlisted(
    remotes: Sequence[RemoteRepository],
    entries: Mapping[Identity, Entry],
    answered: Collection[Identity],
    owners: Collection[str],
) -> list[Entry]:
    """The entries of ``owners`` (lower case) that are not listed, sorted by name. Pure.

    Those that GitHub has already ``answered`` for are not among them.
    """
    known = {remote.identity for remote in remotes}.union(answered)
    missing = (
        entry
        for identity, entry in entries.items()
        if identity not in known and entry.of == "repository" and entry.owner.lower() in owners
    )
    return sorted(missing, key=lambda entry: (entry.full_name.lower(), entry.id))


def ask_for(missing: Sequence[Entry], ask: Ask) -> Answers:
    """Request each of them. Stops if GitHub cannot be reached."""
    found: dict[Identity, RemoteRepository | None] = {}
    refused: dict[Identity, str] = {}

    def question(index: int) -> None:
        entry = missing[index]
        try:
            found[entry.identity] = ask(entry.id, entry.owner)
        except TransientError:
            raise
        except RepositoryError as error:
            refused[entry.identity] = str(error)

    try:
        at_once(question, len(missing), _AT_ONCE)
    except TransientError as error:
        return Answers(found, refused, str(error))
    return Answers(found, refused)


def completed(
    listing: Listing,
    missing: Sequence[Entry],
    answers: Answers,
    owners: Collection[str],
    more: Sequence[Entry] = (),
) -> Listing:
    """The listing with what the answers add to it. Pure.

    A repository that should have been listed is backed up, and is an error of the run. ``owners``
    (lower case) are those that the run was asked for; none means all that a token sees. ``more``
    were not requested in this run.
    """
    remotes, errors, notices = [*listing.remotes], [*listing.errors], [*listing.notices]
    for entry in missing:
        remote = answers.found.get(entry.identity)
        if remote and _belongs(remote, listing.viewer, owners):
            remotes.append(remote)
            errors.append(
                f"{remote.full_name} (id {remote.id}) is on GitHub but not in its listing: "
                "the listing is short"
            )
        elif remote:
            sentence = upstream_of(entry.full_name, remote.full_name).sentence
            notices.append(f"{entry.full_name} {sentence}, and is no longer listed")
        elif reason := answers.refused.get(entry.identity):
            notices.append(
                f"{entry.full_name} is no longer listed; GitHub does not tell whether it is still "
                f"there: {reason}"
            )
    open_ones = [
        each for each in missing if each.identity not in {*answers.found, *answers.refused}
    ]
    if rest := [*open_ones, *more]:
        notices.append(_not_asked(rest, answers.broken_off))
    remotes.sort(key=lambda remote: remote.full_name.lower())
    return replace(
        listing,
        remotes=remotes,
        errors=errors,
        notices=tuple(notices),
        upstream=answers.found,
    )


def _belongs(remote: RemoteRepository, viewer: str | None, owners: Collection[str]) -> bool:
    """Whether a listing of these owners should have the repository.

    A listing of all that a token sees has public repositories of others only while the token's user
    is a collaborator.
    """
    if owners:
        return remote.owner.lower() in owners
    return remote.private or (viewer or "").lower() == remote.owner.lower()


def _not_asked(rest: Sequence[Entry], why: str) -> str:
    named = ", ".join(entry.full_name for entry in rest[:_NAMED])
    others = f" and {len(rest) - _NAMED} more" if len(rest) > _NAMED else ""
    reason = f" ({why})" if why else ""
    return f"no longer listed, and not yet asked for by id{reason}: {named}{others}; later runs ask"
