"""``backup --dry-run``: finds out what a run would fetch, as a run does, and writes nothing."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from backup_contract.documents.manifest import Identity, ItemResult
from backup_contract.documents.output.backup import DryRunDocument, PlannedAccount, PlannedRow
from backup_contract.documents.output.rows import visibility_rows
from backup_contract.documents.output.schema import SCHEMA
from backup_contract.kinds import ACCOUNT, GIST, GIT, WIKI, kinds_beside_git
from backup_contract.text import size
from repo_backup.hosts.base import RemoteRepository
from repo_backup.kinds.base import Resources
from repo_backup.kinds.item_backup import ItemBackup
from repo_backup.kinds.item_results import is_unremarkable
from repo_backup.kinds.registry import KINDS
from repo_backup.run.key_ownership import Key, archive_keys
from repo_backup.run.listing import Listing, objection
from repo_backup.run.previous_runs import History
from repo_backup.run.runner import Plan
from repo_backup.runtime.background import at_once

FETCHED = "fetched"


def preview(plan: Plan, listing: Listing, history: History, resources: Resources) -> DryRunDocument:
    """Ask for the current state of every repository, and compare it with earlier results."""

    remotes = [*listing.remotes]
    if GIST not in plan.selection.excluded_kinds:
        remotes += [gist for each in listing.gists.values() for gist in each.found]
    # A run finds out by writing whether the destination's keys are case-sensitive. This does not.
    accounts = listing.accounts(plan.owners)
    keys = archive_keys(
        [*remotes, *accounts],
        history.key_owners,
        history.entries,
        kinds_of=plan.selection.kinds_of,
        folded=False,
    )
    message = objection(
        remotes,
        plan.owners,
        plan.selection,
        allow_none=plan.allow_shrink,
        has_token=resources.http.has_token,
    )

    if resources.data:
        selected = (each for each in listing.remotes if not plan.selection.skip_reason(each))
        resources.data.announce(selected)

    def row(number: int) -> PlannedRow:
        return _row(plan, remotes[number], history, resources, keys)

    rows = at_once(row, len(remotes), plan.jobs)
    return DryRunDocument(
        schema=SCHEMA,
        command="backup",
        repositories=rows,
        accounts=[*_accounts(plan, accounts, history, resources, keys)],
        visibility=visibility_rows(listing.visibility),
        bytes=sum(row["bytes"] for row in rows if row["left_out"] is None),
        bytes_to_fetch=sum(row["bytes_to_fetch"] for row in rows),
        errors=[*listing.errors, *([message] if message else ())],
    )


def table(document: DryRunDocument) -> list[tuple[str, ...]]:
    """The table for people, heading first: repository, size, and the outcome for each kind."""
    further = kinds_beside_git()
    heading = ("repository", "size", "would be", *(kind.one for kind in further))
    rows = [
        (
            row["repository"],
            size(row["bytes"]),
            _shown(row),
            *(row["further_would_be"].get(kind.name, "") for kind in further),
        )
        for row in document["repositories"]
    ]
    return [heading, *rows]


def account_lines(document: DryRunDocument) -> list[str]:
    """The lines for people about each account's data."""
    planned = ((each["account"], each["would_be"]) for each in document["accounts"])
    return [
        f"account data of {account}: {would_be.replace('left out:', 'excluded:', 1)}"
        for account, would_be in planned
    ]


def _shown(row: PlannedRow) -> str:
    """The outcome for a repository. ``--only`` does not select it; other options exclude it."""
    if not row["left_out"]:
        return row["would_be"]
    narrowed = row["left_out"].startswith("not in --only")
    return f"{'not selected' if narrowed else 'excluded'}: {row['left_out']}"


def summary(document: DryRunDocument) -> str:
    """The last line of the output."""
    rows = document["repositories"]
    fetched = sum(FETCHED in (row["would_be"], *row["further_would_be"].values()) for row in rows)
    return (
        f"{len(rows)} repositories, {fetched} would be fetched: "
        f"about {size(document['bytes_to_fetch'])} of {size(document['bytes'])}"
    )


def _row(
    plan: Plan,
    remote: RemoteRepository,
    history: History,
    resources: Resources,
    keys: dict[tuple[Identity, str], Key],
) -> PlannedRow:
    planned = PlannedRow(
        repository=remote.full_name,
        bytes=remote.size_kib * 1024,
        bytes_to_fetch=0,
        left_out=plan.selection.skip_reason(remote),
        would_be="left out",
        wiki_would_be=None,
        further_would_be={},
    )
    if planned["left_out"]:
        planned["would_be"] = f"left out: {planned['left_out']}"
        return planned
    if remote.refused:
        planned["would_be"] = f"failed: {remote.refused}"
        return planned
    earlier = history.earlier(remote.identity)
    before = earlier.results if earlier else {}
    for kind in plan.selection.kinds_of(remote):
        key = keys[remote.identity, kind.name].text
        there, damaged = history.overlays.get(key, {}), history.damaged_chains
        known = replace(resources, beside=before)
        item = ItemBackup(kind, remote, key, known, there, damaged_chains=damaged)
        part = item.dry_run(before.get(kind.name))
        if is_unremarkable(kind.name, part):
            continue
        is_git = kind.name in (GIT, GIST)
        if is_git:
            planned["would_be"] = _would_be(part)
        else:
            planned["further_would_be"][kind.name] = _would_be(part)
        planned["bytes_to_fetch"] += _bytes(part, planned["bytes"] if is_git else 0)
    planned["wiki_would_be"] = planned["further_would_be"].get(WIKI)
    return planned


def _accounts(
    plan: Plan,
    accounts: Iterable[RemoteRepository],
    history: History,
    resources: Resources,
    keys: dict[tuple[Identity, str], Key],
) -> Iterator[PlannedAccount]:
    """The outcome for each account's data, without excluded accounts that were never saved."""
    kind = KINDS[ACCOUNT]
    for remote in accounts:
        earlier = history.earlier(remote.identity)
        before = earlier.results.get(ACCOUNT) if earlier else None
        left_out = plan.selection.kind_reason(kind, remote) or plan.selection.skip_reason(remote)
        if left_out:
            if before and before.archive:
                yield PlannedAccount(account=remote.owner, would_be=f"left out: {left_out}")
            continue
        key = keys[remote.identity, ACCOUNT].text
        there, damaged = history.overlays.get(key, {}), history.damaged_chains
        item = ItemBackup(kind, remote, key, resources, there, damaged_chains=damaged)
        yield PlannedAccount(account=remote.owner, would_be=_would_be(item.dry_run(before)))


def _would_be(part: ItemResult) -> str:
    if part.state == "backed-up":
        return FETCHED
    return f"{part.state}: {part.reason}" if part.reason else part.state


def _bytes(part: ItemResult, listed: int) -> int:
    """The expected size in bytes: that of the earlier archive, or of its last overlay.

    Without one it is GitHub's estimate, which covers git only.
    """
    if part.state != "backed-up":
        return 0
    if part.chain:
        return part.chain.last_bytes
    return part.archive.bytes if part.archive else listed
