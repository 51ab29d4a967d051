"""Finds the runs that ``--full`` makes unrestorable if the destination keeps only one version."""

from collections.abc import Iterable

from backup_contract.documents.manifest import Item, ItemResult
from backup_contract.text import one_line
from repo_backup.kinds.git.compaction import MOST_LINKS
from repo_backup.run.previous_runs import History
from repo_backup.runtime.errors import UsageError
from repo_backup.store.base import Store
from repo_backup.store.chain_store import keeps_versions

_NAMED = 5


def check_lost_runs(store: Store, history: History, run_id: str) -> None:
    """Raise a UsageError that names the runs that could not be restored after a full run.

    A new base replaces the old one, and overlays over the old one become useless.
    """
    results = (each for entry in history.entries.values() for each in entry.results.values())
    if not any(each.chain and not _keeps(store, each) for each in results):
        return
    earlier = [each for each in store.run_ids() if each != run_id][1:]
    if earlier:
        raise UsageError(objection(earlier))


def objection(runs: list[str]) -> str:
    """The message that names these runs, latest first. Pure."""
    more = f" and {len(runs) - _NAMED} earlier ones" if len(runs) > _NAMED else ""
    return (
        "--full replaces archives with overlays, and this destination keeps no versions of them: "
        f"{', '.join(map(one_line, runs[:_NAMED]))}{more} could no longer be restored from them. "
        "Omit --full, or accept this with --force"
    )


def long_chains(store: Store, items: Iterable[Item]) -> list[str]:
    """A notice about archives with too many overlays, for which no run makes a new base."""
    found = (each.result for each in items)
    count = sum(
        bool(each.chain and each.chain.links >= MOST_LINKS and not _keeps(store, each))
        for each in found
    )
    if not count:
        return []
    have = "1 archive has" if count == 1 else f"{count} archives have"
    return [
        f"{have} {MOST_LINKS} overlays or more, all of which a restore reads: this "
        "destination keeps no versions, so that no run replaces an archive by itself. "
        "`backup --full --force` does, and gives up what only earlier runs have"
    ]


def _keeps(store: Store, result: ItemResult) -> bool:
    return result.archive is not None and keeps_versions(store, result.archive)
