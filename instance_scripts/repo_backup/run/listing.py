"""What GitHub lists, and whether a run may rely on it."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from backup_contract.documents.manifest import Identity
from backup_contract.visibility import Visibility
from repo_backup.hosts.base import Host, ListingError, Remote, account_of
from repo_backup.run.selection import Selection
from repo_backup.runtime.errors import FatalError

_SHRUNK_BELOW = 0.5


@dataclass(frozen=True)
class Listing:
    """What GitHub listed, what was wrong with it, and what the token lacks (``notices``).

    ``visibility`` has one item for each owner whose listing is whole. ``viewer`` is the token's
    user. ``upstream`` are repositories that were asked for by their ids because they are not
    listed, None for one that GitHub does not show.
    """

    remotes: list[Remote]
    errors: list[str]
    token_expires_at: str | None = None
    notices: tuple[str, ...] = ()
    visibility: tuple[Visibility, ...] = ()
    viewer: str | None = None
    upstream: Mapping[Identity, Remote | None] = field(default_factory=dict)

    def accounts(self, owners: Collection[str]) -> list[Remote]:
        """The accounts that a run of these ``owners`` is about, spelled as GitHub spells them.

        Of all that a token sees, that is its own user: others are not its user's to save. Pure.
        """
        spelled = {remote.owner.lower(): remote.owner for remote in self.remotes}
        wanted = owners or ([self.viewer] if self.viewer else [])
        found = {owner.lower(): spelled.get(owner.lower(), owner) for owner in wanted}
        return [account_of(login) for login in found.values()]


def list_all(host: Host, owners: Iterable[str]) -> Listing:
    """Every owner's repositories, once each.

    A listing that fails is an error of the run, but what it had listed is backed up. Raises
    FatalError for an unknown owner or a rejected token, or when nothing could be listed.
    """
    viewer = host.viewer()
    found: dict[Identity, Remote] = {}
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
    remotes = sorted(found.values(), key=lambda r: r.full_name.lower())
    visible = {each.owner.lower(): each for each in host.visibility}
    return Listing(
        remotes,
        errors,
        host.token_expires_at,
        tuple(host.notices),
        tuple(visible.values()),
        viewer,
    )


def covered_owners(
    asked: Iterable[str], met: Collection[str], remotes: Iterable[Remote]
) -> set[str]:
    """Whose repositories a run is about (lower case): those that it was ``asked`` for, or whom
    earlier runs of everything that a token sees ``met``, and all that are listed. Pure."""
    owners = {owner.lower() for owner in asked} or {*met}
    return owners | {remote.owner.lower() for remote in remotes}


def shrunk(remotes: list[Remote], before: dict[str, int]) -> list[str]:
    """Which owners list far fewer repositories than in their last complete run. Pure."""
    errors = []
    for owner, count in sorted(before.items()):
        now = sum(remote.owner.lower() == owner for remote in remotes)
        if now < count * _SHRUNK_BELOW:
            errors.append(
                f"{owner} lists {now} repositories, {count} in the last complete run "
                "(--allow-shrink accepts that)"
            )
    return errors


def objection(
    remotes: list[Remote],
    owners: Sequence[str],
    selection: Selection,
    *,
    allow_none: bool,
    has_token: bool,
) -> str | None:
    """Why a run would back up nothing at all, with the remedy; None if there is something. Pure."""
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
    said = ", ".join(f"{count} by {reason}" for reason, count in reasons.most_common(3))
    return f"the options leave out all {len(remotes)} repositories: {said}"
