"""What earlier runs listed and this one does not: GitHub is asked for each by its id.

A listing that lacks a repository is no proof that it is gone. The answer to this second question
tells a repository that was transferred or is not visible any more from a listing that is short.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from backup_contract.documents.manifest import Entry, Identity
from backup_contract.documents.parts.upstream import upstream_of
from repo_backup.hosts.base import Remote
from repo_backup.run.listing import Listing, covered_owners, shrunk
from repo_backup.run.previous_runs import History
from repo_backup.runtime.background import at_once
from repo_backup.runtime.errors import RepositoryError, TransientError

MOST_QUESTIONS = 100
MOST_QUESTIONS_WITHOUT_TOKEN = 10
"""GitHub answers 60 requests an hour to whoever has no token."""
_AT_ONCE = 4
_NAMED = 10

Ask = Callable[[int, str], Remote | None]
"""The repository with this id, asked for with the token for this owner; None where there is none.
Raises RepositoryError."""


@dataclass(frozen=True)
class Answers:
    """By id: the repository, or None for one that is not visible; or why GitHub refused to say.

    ``broken_off`` is why the rest was not asked for, if they could not be.
    """

    found: Mapping[Identity, Remote | None]
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
    """The listing, completed by what GitHub answers for those that only earlier runs listed.

    Nobody is asked for where the listing is an error already: what it lacks is not known then.
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
    remotes: Sequence[Remote],
    entries: Mapping[Identity, Entry],
    answered: Collection[Identity],
    owners: Collection[str],
) -> list[Entry]:
    """The entries of ``owners`` (lower case) that are not listed, without those that GitHub has
    ``answered`` for since, by name. Pure."""
    known = {remote.identity for remote in remotes}.union(answered)
    missing = (
        entry
        for identity, entry in entries.items()
        if identity not in known and not entry.is_account and entry.owner.lower() in owners
    )
    return sorted(missing, key=lambda entry: (entry.full_name.lower(), entry.id))


def ask_for(missing: Sequence[Entry], ask: Ask) -> Answers:
    """Ask for each of them; a GitHub that cannot be reached is not asked again and again."""
    found: dict[Identity, Remote | None] = {}
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

    What GitHub shows though it should have been listed is backed up, and an error of the run.
    ``owners`` (lower case) are those that the run was asked for, none for all that a token sees.
    ``more`` were not asked for in this run.
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
            told = upstream_of(entry.full_name, remote.full_name).sentence
            notices.append(f"{entry.full_name} {told}, and is no longer listed")
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


def _belongs(remote: Remote, viewer: str | None, owners: Collection[str]) -> bool:
    """Whether a listing of these owners has it: of all that a token sees, public repositories of
    others are listed only while the token's user collaborates there."""
    if owners:
        return remote.owner.lower() in owners
    return remote.private or (viewer or "").lower() == remote.owner.lower()


def _not_asked(rest: Sequence[Entry], why: str) -> str:
    named = ", ".join(entry.full_name for entry in rest[:_NAMED])
    others = f" and {len(rest) - _NAMED} more" if len(rest) > _NAMED else ""
    reason = f" ({why})" if why else ""
    return f"no longer listed, and not yet asked for by id{reason}: {named}{others}; later runs ask"
