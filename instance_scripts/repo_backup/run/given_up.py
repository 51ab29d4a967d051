"""What ``--full`` gives up where the destination keeps one version of each archive."""

from collections.abc import Iterable

from backup_contract.documents.manifest import Entry, Item
from repo_backup.kinds.compaction import MOST_LINKS
from repo_backup.run.previous_runs import History
from repo_backup.runtime.errors import UsageError, said
from repo_backup.store.base import Store

_NAMED = 5


def check_given_up(store: Store, history: History, run_id: str) -> None:
    """Raise UsageError that names the runs that could not be restored after a full one.

    A new base takes the place of the old one, and with it the overlays over that lead nowhere.
    """
    if store.capabilities.versions or not any(map(_has_overlays, history.entries.values())):
        return
    earlier = [each for each in store.run_ids() if each != run_id][1:]
    if earlier:
        raise UsageError(objection(earlier))


def objection(runs: list[str]) -> str:
    """The sentence that names them, the latest first. Pure."""
    more = f" and {len(runs) - _NAMED} earlier ones" if len(runs) > _NAMED else ""
    return (
        "--full replaces archives, and this destination keeps no versions of them: of what has "
        f"overlays, {', '.join(map(said, runs[:_NAMED]))}{more} could not be restored any more. "
        "Leave --full out, or give them up with --force"
    )


def long_chains(store: Store, items: Iterable[Item]) -> list[str]:
    """A notice about archives with more overlays than are good, where no run makes new bases."""
    if store.capabilities.versions:
        return []
    count = sum(bool(each.result.chain and each.result.chain.links >= MOST_LINKS) for each in items)
    if not count:
        return []
    have = "1 archive has" if count == 1 else f"{count} archives have"
    return [
        f"{have} {MOST_LINKS} overlays or more, all of which a restore reads: this "
        "destination keeps no versions, so that no run replaces an archive by itself. "
        "`backup --full --force` does, and gives up what only earlier runs have"
    ]


def _has_overlays(entry: Entry) -> bool:
    return any(result.chain for result in entry.results.values())
