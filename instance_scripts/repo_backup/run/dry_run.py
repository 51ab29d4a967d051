"""``backup --dry-run``: what a run would fetch, found out as a run does it, and nothing written."""

from dataclasses import replace

from backup_contract.documents.manifest import Identity, ItemResult
from backup_contract.documents.output.commands import (
    SCHEMA,
    DryRunDocument,
    PlannedRow,
)
from backup_contract.documents.output.rows import visibility_rows
from backup_contract.kinds import GIT, WIKI, kinds_beside_git
from backup_contract.text import size
from repo_backup.hosts.base import Remote
from repo_backup.kinds.base import Resources
from repo_backup.kinds.item_backup import ItemBackup
from repo_backup.kinds.item_results import is_unheard_of
from repo_backup.run.key_ownership import Key, archive_keys
from repo_backup.run.listing import Listing, objection
from repo_backup.run.previous_runs import History
from repo_backup.run.runner import Plan
from repo_backup.runtime.background import at_once

FETCHED = "fetched"


def preview(plan: Plan, listing: Listing, history: History, resources: Resources) -> DryRunDocument:
    """Ask what is there of every repository, and compare it with what earlier runs left."""

    # Whether the destination tells upper from lower case, a run finds out by writing there.
    keys = archive_keys(
        listing.remotes,
        history.claims,
        history.entries,
        kinds_of=plan.selection.kinds_of,
        folded=False,
    )
    said = objection(
        listing.remotes,
        plan.owners,
        plan.selection,
        allow_none=plan.allow_shrink,
        has_token=resources.http.has_token,
    )

    if resources.data:
        selected = (each for each in listing.remotes if not plan.selection.skip_reason(each))
        resources.data.announce(selected)

    def row(number: int) -> PlannedRow:
        return _row(plan, listing.remotes[number], history, resources, keys)

    rows = at_once(row, len(listing.remotes), plan.jobs)
    return DryRunDocument(
        schema=SCHEMA,
        command="backup",
        repositories=rows,
        visibility=visibility_rows(listing.visibility),
        bytes=sum(row["bytes"] for row in rows if row["left_out"] is None),
        bytes_to_fetch=sum(row["bytes_to_fetch"] for row in rows),
        errors=[*listing.errors, *([said] if said else ())],
    )


def table(document: DryRunDocument) -> list[tuple[str, ...]]:
    """For people, the heading first: repository, size, what it and each further kind would be."""
    further = kinds_beside_git()
    heading = ("repository", "size", "would be", *(kind.one for kind in further))
    rows = [
        (
            row["repository"],
            size(row["bytes"]),
            row["would_be"],
            *(row["further_would_be"].get(kind.name, "") for kind in further),
        )
        for row in document["repositories"]
    ]
    return [heading, *rows]


def summary(document: DryRunDocument) -> str:
    """The last line."""
    rows = document["repositories"]
    fetched = sum(FETCHED in (row["would_be"], *row["further_would_be"].values()) for row in rows)
    return (
        f"{len(rows)} repositories, {fetched} would be fetched: "
        f"about {size(document['bytes_to_fetch'])} of {size(document['bytes'])}"
    )


def _row(
    plan: Plan,
    remote: Remote,
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
        part = item.look(before.get(kind.name))
        if is_unheard_of(kind.name, part):
            continue
        if kind.name == GIT:
            planned["would_be"] = _said(part)
        else:
            planned["further_would_be"][kind.name] = _said(part)
        planned["bytes_to_fetch"] += _bytes(part, planned["bytes"] if kind.name == GIT else 0)
    planned["wiki_would_be"] = planned["further_would_be"].get(WIKI)
    return planned


def _said(part: ItemResult) -> str:
    if part.state == "backed-up":
        return FETCHED
    return f"{part.state}: {part.reason}" if part.reason else part.state


def _bytes(part: ItemResult, listed: int) -> int:
    """An earlier archive tells more of the size than GitHub's estimate, which is of git only.

    Of what has overlays it is the last one that tells.
    """
    if part.state != "backed-up":
        return 0
    if part.chain:
        return part.chain.last_bytes
    return part.archive.bytes if part.archive else listed
