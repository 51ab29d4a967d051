"""``backup --dry-run``: what a run would fetch, found out as a run does it, and nothing written."""

from backup_contract.documents.command_output import (
    SCHEMA,
    DryRunDocument,
    PlannedRow,
    visibility_rows,
)
from backup_contract.documents.manifest import ItemResult
from backup_contract.kinds import GIT, WIKI
from backup_contract.text import size
from repo_backup.hosts.github.client import Remote
from repo_backup.run.key_ownership import Key, archive_keys
from repo_backup.run.listing import Listing, objection
from repo_backup.run.previous_runs import History
from repo_backup.run.repository_backup import Fetcher
from repo_backup.run.runner import Plan, address_of
from repo_backup.runtime.background import at_once

FETCHED = "fetched"


def preview(plan: Plan, listing: Listing, history: History, fetcher: Fetcher) -> DryRunDocument:
    """Ask every repository and wiki for its refs, and compare them with what earlier runs left."""

    # Whether the destination tells upper from lower case, a run finds out by writing there.
    keys = archive_keys(
        listing.remotes,
        history.claims,
        history.entries,
        wikis=plan.selection.wikis,
        folded=False,
    )
    said = objection(
        listing.remotes,
        plan.owners,
        plan.selection,
        allow_none=plan.allow_shrink,
        has_token=fetcher.http.has_token,
    )

    def row(number: int) -> PlannedRow:
        return _row(plan, listing.remotes[number], history, fetcher, keys)

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


def table(document: DryRunDocument) -> list[tuple[str, str, str, str]]:
    """For people: repository, size, what it would be, what its wiki would be."""
    return [
        (row["repository"], size(row["bytes"]), row["would_be"], row["wiki_would_be"] or "")
        for row in document["repositories"]
    ]


def summary(document: DryRunDocument) -> str:
    """The last line."""
    rows = document["repositories"]
    fetched = sum(FETCHED in (row["would_be"], row["wiki_would_be"]) for row in rows)
    return (
        f"{len(rows)} repositories, {fetched} would be fetched: "
        f"about {size(document['bytes_to_fetch'])} of {size(document['bytes'])}"
    )


def _row(
    plan: Plan,
    remote: Remote,
    history: History,
    fetcher: Fetcher,
    keys: dict[tuple[int, bool], Key],
) -> PlannedRow:
    planned = PlannedRow(
        repository=remote.full_name,
        bytes=remote.size_kib * 1024,
        bytes_to_fetch=0,
        left_out=plan.selection.skip_reason(remote),
        would_be="left out",
        wiki_would_be=None,
    )
    if planned["left_out"]:
        planned["would_be"] = f"left out: {planned['left_out']}"
        return planned
    if remote.refused:
        planned["would_be"] = f"failed: {remote.refused}"
        return planned
    earlier = history.earlier(remote.id)
    before = earlier.results if earlier else {}
    part = fetcher.look(
        address_of(remote, keys[remote.id, False].text, wiki=False), before.get(GIT)
    )
    planned["would_be"] = _said(part)
    planned["bytes_to_fetch"] = _bytes(part, planned["bytes"])
    if remote.has_wiki and plan.selection.wikis:
        wiki_key = keys[remote.id, True].text
        wiki = fetcher.look(address_of(remote, wiki_key, wiki=True), before.get(WIKI))
        planned["wiki_would_be"] = _said(wiki)
        planned["bytes_to_fetch"] += _bytes(wiki, 0)
    return planned


def _said(part: ItemResult) -> str:
    if part.state == "backed-up":
        return FETCHED
    return f"{part.state}: {part.reason}" if part.reason else part.state


def _bytes(part: ItemResult, listed: int) -> int:
    """An earlier archive tells more of the size than GitHub's estimate, which knows no wikis."""
    if part.state != "backed-up":
        return 0
    return part.archive.bytes if part.archive else listed
