"""Lists what to back up, and checks whether a run may rely on the listing."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from backup_contract.documents.manifest import Identity
from backup_contract.visibility import Visibility
from repo_backup.hosts.base import GistListing, Host, ListingError, RemoteRepository, account_of
from repo_backup.run.selection import Selection
from repo_backup.runtime.errors import FatalError

_SHRUNK_BELOW = 0.5


@dataclass(frozen=True)
class Listing:
    """What GitHub listed, the errors in that, and what the token lacks (``notices``).

    ``visibility`` has one item for each owner whose listing is complete. ``viewer`` is the token's
    user. ``upstream`` has the repositories that were not listed and were requested by id; None for
    one that is not visible. ``gists`` are by the owner's login in lower case; empty if they were
    not requested.
    """

    remotes: list[RemoteRepository]
    errors: list[str]
    token_expires_at: str | None = None
    notices: tuple[str, ...] = ()
    visibility: tuple[Visibility, ...] = ()
    viewer: str | None = None
    upstream: Mapping[Identity, RemoteRepository | None] = field(default_factory=dict)
    gists: Mapping[str, GistListing] = field(default_factory=dict)

    def accounts(self, owners: Collection[str]) -> list[RemoteRepository]:
        """The accounts of these ``owners``, in GitHub's spelling. Pure.

        Without owners, the run covers all that the token sees: then it is only the token's user.
        """
        spelled = {remote.owner.lower(): remote.owner for remote in self.remotes}
        wanted = owners or ([self.viewer] if self.viewer else [])
        found = {owner.lower(): spelled.get(owner.lower(), owner) for owner in wanted}
        return [account_of(login) for login in found.values()]


def list_all(
    host: Host, owners: Iterable[str], *, with_gists: bool = False, with_starred: bool = False
) -> Listing:
    """List every owner's repositories, each once; if asked for, also gists and starred ones.

    A listing that fails is an error of the run, but what it had listed is backed up. Raises
    FatalError for an unknown owner or a rejected token, or if nothing could be listed.
    """
    viewer = host.viewer()
    found: dict[Identity, RemoteRepository] = {}
    errors = []
    wanted: list[str | None] = [*owners]
    for owner in wanted or [None]:
        try:
            listed = host.repositories(owner, viewer)
        except ListingError as error:
            errors.append(str(error))
            listed = error.found
        found |= {remote.identity: remote for remote in listed}
    if errors and not found:
        raise FatalError("; ".join(errors))
    starred: dict[Identity, RemoteRepository] = {}
    for owner in wanted or [None] if with_starred else ():
        try:
            listed = host.starred(owner, viewer)
        except ListingError as error:
            errors.append(str(error))
            listed = error.found
        starred |= {remote.identity: remote for remote in listed}
    found = {**starred, **found}
    remotes = sorted(found.values(), key=lambda r: r.full_name.lower())
    gists: dict[str, GistListing] = {}
    for owner in wanted or [None] if with_gists else ():
        if login := owner or viewer:
            gists[login.lower()] = host.gists(owner, viewer)
    visible = {each.owner.lower(): each for each in host.visibility}
    return Listing(
        remotes,
        errors,
        host.token_expires_at,
        (*host.notices, *(each.notice for each in gists.values() if each.notice)),
        tuple(visible.values()),
        viewer,
        gists=gists,
    )


def covered_owners(
    asked: Iterable[str], met: Collection[str], remotes: Iterable[RemoteRepository]
) -> set[str]:
    """The owners (lower case) that a run covers. Pure.

    They are those it was ``asked`` for, or ``met`` by earlier runs over all that a token sees, and
    the owners of listed repositories, except those listed only because of a star.
    """
    owners = {owner.lower() for owner in asked} or {*met}
    return owners | {remote.owner.lower() for remote in remotes if not remote.starred}


def shrunk(remotes: list[RemoteRepository], before: dict[str, int]) -> list[str]:
    """Errors for owners with far fewer repositories than in their last complete run. Pure."""
    errors = []
    for owner, count in sorted(before.items()):
        now = sum(each.owner.lower() == owner and not each.starred for each in remotes)
        if now < count * _SHRUNK_BELOW:
            errors.append(
                f"{owner} lists {now} repositories, {count} in the last complete run "
                "(--allow-shrink accepts that)"
            )
    return errors


def objection(
    remotes: list[RemoteRepository],
    owners: Sequence[str],
    selection: Selection,
    *,
    allow_none: bool,
    has_token: bool,
) -> str | None:
    """Why a run would back up nothing, with the remedy; None if there is something. Pure."""
    if not remotes:
        if allow_none:
            return None
        remedy = "give a token (or a GitHub App) that may read this account's repositories"
        if not has_token:
            remedy = "without a token only public repositories are seen: give GITHUB_TOKEN"
        return (
            f"GitHub lists no repository of {', '.join(owners) or 'anybody'}; {remedy} "
            "(--allow-shrink accepts an account that is empty)"
        )
    if not any(map(selection.names, remotes)):
        return f"no repository matches --only {' '.join(selection.only)}"
    reasons = Counter(selection.skip_reason(remote) for remote in remotes)
    if None in reasons:
        return None
    message = ", ".join(f"{count} ({reason})" for reason, count in reasons.most_common(3))
    return f"the options exclude all {len(remotes)} repositories: {message}"
